"""REST: products."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.queries import stores_for
from apps.core.permissions import Permission
from apps.core.rest import Resource
from apps.listings.actions import edit_product
from apps.listings.models import Product

STORE = OpenApiParameter("store", str, description=_("Only these stores, comma separated."))


class ProductRow(serializers.ModelSerializer):
    """A SKU of a store with what the agency knows about it."""

    store = serializers.CharField(source="store.slug")

    class Meta:
        model = Product
        fields = ("store", "sku", "asin", "fnsku", "title", "brand", "category", "supplier", "carton_units", "moq")
        fields += ("active", "updated_at")


class ProductChange(serializers.Serializer):
    """What a program may change of a product; what is left out stays."""

    supplier = serializers.CharField(max_length=120, required=False, allow_blank=True)
    brand = serializers.CharField(max_length=100, required=False, allow_blank=True)
    category = serializers.CharField(max_length=100, required=False, allow_blank=True)
    carton_units = serializers.IntegerField(min_value=1, max_value=100_000, required=False, allow_null=True)
    moq = serializers.IntegerField(min_value=1, max_value=10_000_000, required=False, allow_null=True)


@extend_schema_view(
    list=extend_schema(operation_id="list_products", summary=_("Products"), tags=["products"]),
    retrieve=extend_schema(operation_id="get_product", summary=_("One product"), tags=["products"]),
)
class Products(Resource):
    permissions = {
        "list": Permission.PRODUCTS_VIEW,
        "retrieve": Permission.PRODUCTS_VIEW,
        "partial_update": Permission.STOCK_EDIT,
    }
    row = ProductRow
    order = ("updated_at", "store_id", "sku")
    changed, matched = "updated_at", True
    parameters = {"list": [STORE]}

    def rows(self) -> QuerySet[Product]:
        rows = Product.objects.filter(store__in=stores_for(self.member)).select_related("store")
        return self.only_stores(rows)

    def get_object(self) -> Product:
        """One product; locked for who changes it, so that two with the same ETag do not both find it unchanged."""
        rows = self.rows() if self.action == "retrieve" else self.rows().select_for_update(of=("self",))
        return get_object_or_404(rows, store__slug=self.kwargs["store"], sku=self.kwargs["sku"])

    @extend_schema(
        operation_id="change_product",
        summary=_("Change a product's master data"),
        tags=["products"],
        request=ProductChange,
        responses=ProductRow,
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        product = self.get_object()
        self.must_match(product)
        change = ProductChange(data=request.data)
        change.is_valid(raise_exception=True)
        changed = edit_product(product, change.validated_data, by=self.member, at=timezone.now())
        return self.tagged(self.shown(changed), tag=self.etag(changed))
