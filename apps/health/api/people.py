"""REST: people by their addresses."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.fields import empty

from apps.accounts.models import Member
from apps.accounts.queries import colleagues
from apps.core.rest import refusal


class OwnedRow(serializers.Serializer):
    """Whose something is: what a PATCH takes, and a name for people."""

    owner = serializers.CharField(
        source="owner.user.email",
        allow_null=True,
        default=None,
        help_text=_("Who looks after it, by e-mail address, as a PATCH takes it; null for nobody."),
    )
    owner_name = serializers.StringRelatedField(
        source="owner", allow_null=True, help_text=_("The owner’s name, for people to read; null for nobody.")
    )


class Colleague(serializers.EmailField):
    """One of the agency's own active people by e-mail address; null for nobody."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_null=True, **options)

    def run_validation(self, data: Any = empty) -> Member | None:
        """The person of an address. 422 for one that nobody of the agency has.

        Who has left, but still is its owner, may be said again: what one was told can be sent back.
        """
        address = super().run_validation(data)
        if address is None:
            return None
        held: Member | None = getattr(getattr(self.parent, "instance", None), "owner", None)
        if held and held.user and held.user.email.lower() == address.lower():
            return held
        found = colleagues().filter(user__email__iexact=address).first()
        if found is None:
            raise refusal(self.field_name or "", gettext("Nobody of the agency has this address."))
        return found
