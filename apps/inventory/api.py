"""REST: stock at Amazon, own stock, plan lines."""

import datetime as dt
from typing import Annotated, Any

import msgspec
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.queries import site_filter, stores_for
from apps.core.permissions import Permission
from apps.core.rest import Resource
from apps.inventory.models import OwnStock, Plan, PlanLine, PlanPart, StockDay
from apps.inventory.queries.plans import plans_for
from apps.inventory.queries.stock import newest_days
from apps.sync.api import SHORT, PushedSerializer, PushResource
from apps.sync.rows import OWN_STOCK

STORE = OpenApiParameter("store", str, description=_("Only these stores, comma separated."))
SITE = OpenApiParameter("marketplace", str, description=_("Only these sites, e.g. `US,DE`."))
DATE = OpenApiParameter(
    "date", {"format": "date", "type": "string"}, description=_("A past day; without it the newest.")
)


class StockRow(serializers.ModelSerializer):
    """What one SKU had at FBA for one site at the end of one local day."""

    store = serializers.CharField(source="store.slug")
    marketplace = serializers.CharField(source="marketplace_id")

    class Meta:
        model = StockDay
        fields = ("store", "marketplace", "sku", "fnsku", "date", "available", "reserved", "unsellable")
        fields += ("inbound_working", "inbound_shipped", "inbound_receiving", "researching", "as_of")


@extend_schema_view(list=extend_schema(operation_id="list_stock", summary=_("Stock at FBA"), tags=["stock"]))
class Stock(Resource):
    permissions = {"list": Permission.STOCK_VIEW}
    row = StockRow
    order = ("store_id", "marketplace_id", "sku", "date")
    parameters = {"list": [STORE, SITE, DATE]}

    def rows(self) -> QuerySet[StockDay]:
        rows = StockDay.objects.filter(site_filter(self.member)).select_related("store")
        day = self.day("date")
        rows = rows.filter(newest_days(self.member) if day is None else Q(date=day))
        return self.only_sites(self.only_stores(rows))


class OwnStockRow(serializers.ModelSerializer):
    """The newest count of one SKU in one warehouse of the seller's own."""

    store = serializers.CharField(source="store.slug")

    class Meta:
        model = OwnStock
        fields = ("store", "warehouse", "sku", "available", "reserved", "inbound", "date", "updated_at")


Units = Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)]


class OwnStockItem(msgspec.Struct, forbid_unknown_fields=True):
    """One count as an ERP sends it."""

    store: Annotated[str, SHORT]
    sku: Annotated[str, SHORT]
    available: Units
    warehouse: Annotated[str, SHORT] = "main"
    reserved: Units = 0
    inbound: Units = 0
    date: dt.date | None = None


class OwnStockBody(serializers.Serializer):
    items = OwnStockRow(many=True)


@extend_schema_view(
    list=extend_schema(operation_id="list_own_stock", summary=_("Own warehouses"), tags=["stock"]),
)
class OwnStocks(PushResource):
    item, row_type = OwnStockItem, OWN_STOCK
    permissions = {"list": Permission.STOCK_VIEW, "upsert": Permission.STOCK_EDIT}
    row = OwnStockRow
    order = ("updated_at", "store_id", "warehouse", "sku")
    changed = "updated_at"
    parameters: dict[str, Any] = {"list": [STORE]}

    @extend_schema(
        operation_id="put_own_stock",
        summary=_("Write own-warehouse stock in bulk"),
        description=_("All rows are taken, or none."),
        tags=["stock"],
        request={"application/json": OwnStockBody, "application/x-ndjson": OwnStockRow},
        responses=PushedSerializer,
    )
    def upsert(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All rows are taken, or none."""
        return super().upsert(request, *args, **kwargs)

    def rows(self) -> QuerySet[OwnStock]:
        return self.only_stores(OwnStock.objects.filter(store__in=stores_for(self.member)).select_related("store"))


class PartRow(serializers.ModelSerializer):
    """Units of a line that travel by themselves. A line that travels at once has none."""

    class Meta:
        model = PlanPart
        fields = ("mode", "units", "arrives_on")


class PlanLineRow(serializers.ModelSerializer):
    """One SKU of a replenishment plan, with the plan's state."""

    store = serializers.CharField(source="store.slug")
    plan = serializers.IntegerField(source="plan.number")
    state = serializers.ChoiceField(source="plan.state", choices=Plan.State.choices)
    shipments = PartRow(source="parts", many=True)

    class Meta:
        model = PlanLine
        fields = ("id", "plan", "state", "store", "pool", "sku", "title", "units", "suggested", "carton_units", "mode")
        fields += ("unit_cost", "cost_currency", "arrives_on", "shipments", "received", "note", "updated_at")


@extend_schema_view(
    list=extend_schema(operation_id="list_plan_lines", summary=_("What to order or ship"), tags=["plans"]),
    retrieve=extend_schema(operation_id="get_plan_line", summary=_("One plan line"), tags=["plans"]),
)
class PlanLines(Resource):
    permissions = {"list": Permission.PLAN_VIEW, "retrieve": Permission.PLAN_VIEW}
    row = PlanLineRow
    order = ("updated_at", "id")
    changed = "updated_at"
    parameters = {
        "list": [
            STORE,
            OpenApiParameter(
                "state", str, enum=Plan.State.values, many=False, description=_("Only those in this state.")
            ),
        ]
    }

    def rows(self) -> QuerySet[PlanLine]:
        rows = PlanLine.objects.filter(plan__in=plans_for(self.member).values("pk")).select_related("store", "plan")
        rows = rows.prefetch_related("parts")
        if state := self.choice("state", Plan.State.values):
            rows = rows.filter(plan__state=state)
        return self.only_stores(rows)

    def shown(self, rows: Any, *, many: bool = False) -> Any:
        """Costs are absent for a key without the scope."""
        found = super().shown(rows, many=many)
        if not self.member.can(Permission.COST_VIEW):
            for row in found if many else [found]:
                row.pop("unit_cost", None)
                row.pop("cost_currency", None)
        return found
