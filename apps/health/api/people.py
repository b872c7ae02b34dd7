"""REST: people by their addresses."""

from typing import Any

from django.utils.translation import gettext
from rest_framework import serializers
from rest_framework.fields import empty

from apps.accounts.models import Member
from apps.accounts.queries import colleagues
from apps.core.rest import refusal


class Colleague(serializers.EmailField):
    """One of the agency's own active people by e-mail address; null for nobody."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_null=True, **options)

    def run_validation(self, data: Any = empty) -> Member | None:
        """The person of an address. 422 for one that nobody of the agency has."""
        address = super().run_validation(data)
        if address is None:
            return None
        found = colleagues().filter(user__email__iexact=address).first()
        if found is None:
            raise refusal(self.field_name or "", gettext("Nobody of the agency has this address."))
        return found
