"""REST: stores."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from apps.accounts.models import Store
from apps.accounts.queries import stores_for
from apps.core.permissions import Permission
from apps.core.rest import Resource


class StoreRow(serializers.ModelSerializer):
    """A selling account in one region, or a shop of another channel."""

    store = serializers.CharField(source="slug", help_text="Names the store in every other call.")
    client = serializers.CharField(source="client.name")
    marketplaces = serializers.SerializerMethodField()

    class Meta:
        model = Store
        fields = ("store", "name", "channel", "region", "seller_id", "client", "marketplaces", "active", "created_at")

    def get_marketplaces(self, store: Store) -> list[str]:
        return sorted(site.marketplace_id for site in store.sites.all() if site.active)


@extend_schema_view(
    list=extend_schema(operation_id="list_stores", summary=_("Stores your key may see"), tags=["stores"]),
    retrieve=extend_schema(operation_id="get_store", summary=_("One store"), tags=["stores"]),
)
class Stores(Resource):
    permissions = {"list": Permission.STORES_VIEW, "retrieve": Permission.STORES_VIEW}
    row = StoreRow
    order = ("slug",)
    lookup_field = "slug"
    lookup_url_kwarg = "store"

    def rows(self) -> QuerySet[Store]:
        return stores_for(self.member).select_related("client").prefetch_related("sites")
