"""REST: the change ledger."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from apps.accounts.queries import discreet, stores_for
from apps.core.models import Entry
from apps.core.permissions import Permission
from apps.core.rest import Resource


class ChangeRow(serializers.ModelSerializer):
    """One entry of the ledger: who changed what, from what, to what."""

    store = serializers.CharField(source="store.slug", allow_null=True, default=None)

    class Meta:
        model = Entry
        fields = (
            "number",
            "at",
            "actor",
            "verb",
            "kind",
            "target",
            "title",
            "store",
            "before",
            "after",
            "reason",
            "digest",
        )


@extend_schema_view(
    list=extend_schema(operation_id="list_changes", summary=_("Changes, oldest first"), tags=["changes"]),
    retrieve=extend_schema(operation_id="get_change", summary=_("One change"), tags=["changes"]),
)
class Changes(Resource):
    permissions = {"list": Permission.CHANGES_VIEW, "retrieve": Permission.CHANGES_VIEW}
    row = ChangeRow
    order = ("number",)
    changed = "at"
    lookup_field = lookup_url_kwarg = "number"

    def rows(self) -> QuerySet[Entry]:
        """A key for some stores sees their changes, not those of the agency's settings; costs with their scope only."""
        rows = discreet(Entry.objects.select_related("store"), self.member)
        if self.member.can(Permission.ALL_STORES):
            return rows
        return rows.filter(Q(store__in=stores_for(self.member)))
