"""REST: orders and costs."""

import datetime as dt
from typing import Annotated, Any

import msgspec
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.queries import site_filter, stores_for
from apps.core.permissions import Permission
from apps.core.rest import Resource
from apps.sales.models import Cost, OrderLine
from apps.sync.api import LONG, SHORT, PushedSerializer, PushResource
from apps.sync.rows import COST

STORE = OpenApiParameter("store", str, description=_("Only these stores, comma separated."))
SITE = OpenApiParameter("marketplace", str, description=_("Only these sites, e.g. `US,DE`."))


class OrderRow(serializers.ModelSerializer):
    """One line of an order, without the buyer. Money in minor units of `currency`, for the whole line.

    `updated_at` is when Amazon changed the order; `changed_at` is when we last stored something new about the line.
    """

    store = serializers.CharField(source="store.slug")
    marketplace = serializers.CharField(source="marketplace_id")

    class Meta:
        model = OrderLine
        fields = ("store", "order_id", "sku", "ordinal", "marketplace", "asin", "status", "item_status", "fulfilment")
        fields += ("purchased_at", "purchased_on", "updated_at", "quantity", "currency", "price", "tax", "shipping")
        fields += ("shipping_tax", "promotion", "ship_country", "business", "changed_at")


@extend_schema_view(
    list=extend_schema(
        operation_id="list_order_lines", summary=_("Order lines, longest unchanged here first"), tags=["orders"]
    ),
)
class Orders(Resource):
    permissions = {"list": Permission.ORDERS_VIEW}
    row = OrderRow
    order = ("changed_at", "store_id", "order_id", "sku", "ordinal")
    changed, stamped = "changed_at", True
    parameters = {
        "list": [
            STORE,
            SITE,
            OpenApiParameter("order_id", str, description=_("Only the lines of this order.")),
            OpenApiParameter(
                "from", {"format": "date", "type": "string"}, description=_("Bought on this day or later.")
            ),
        ]
    }

    def rows(self) -> QuerySet[OrderLine]:
        rows = OrderLine.objects.filter(site_filter(self.member)).select_related("store")
        rows = self.only_sites(self.only_stores(rows))
        if first := self.day("from"):
            rows = rows.filter(purchased_on__gte=first)
        if number := self.request.query_params.get("order_id"):
            rows = rows.filter(order_id=number.replace("\x00", ""))
        return rows


class CostRow(serializers.ModelSerializer):
    """What one unit costs from a day on. Minor units of `currency`."""

    store = serializers.CharField(source="store.slug")

    class Meta:
        model = Cost
        fields = ("store", "sku", "valid_from", "unit_cost", "freight", "currency", "note", "updated_at")


Minor = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class CostItem(msgspec.Struct, forbid_unknown_fields=True):
    """One cost as an ERP sends it."""

    store: Annotated[str, SHORT]
    sku: Annotated[str, SHORT]
    unit_cost: Minor
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    valid_from: dt.date | None = None
    freight: Minor | None = None
    note: Annotated[str, LONG] | None = None


class CostBody(serializers.Serializer):
    items = CostRow(many=True)


@extend_schema_view(
    list=extend_schema(operation_id="list_costs", summary=_("Unit costs with their first day"), tags=["costs"]),
)
class Costs(PushResource):
    item, row_type = CostItem, COST
    permissions = {"list": Permission.COST_VIEW, "upsert": Permission.COST_EDIT}
    row = CostRow
    order = ("updated_at", "store_id", "sku", "valid_from")
    changed = "updated_at"
    parameters: dict[str, Any] = {"list": [STORE]}

    @extend_schema(
        operation_id="put_costs",
        summary=_("Write unit costs in bulk"),
        description=_("All rows are taken, or none."),
        tags=["costs"],
        request={"application/json": CostBody, "application/x-ndjson": CostRow},
        responses=PushedSerializer,
    )
    def upsert(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All rows are taken, or none."""
        return super().upsert(request, *args, **kwargs)

    def rows(self) -> QuerySet[Cost]:
        return self.only_stores(Cost.objects.filter(store__in=stores_for(self.member)).select_related("store"))
