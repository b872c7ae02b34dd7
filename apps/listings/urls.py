"""Addresses of products and listings."""

from django.urls import URLPattern, URLResolver, path

from apps.listings.views import product, products

LIST = "stores/<slug:store>/products/"

# The list stands twice: for all stores, and below one store. `reverse` finds the right one by its arguments.
staff: list[URLPattern | URLResolver] = [
    path("products/", products.products, name="products"),
    path("products/act/", products.act, name="products-act"),
    path("products/export/", products.export, name="products-export"),
    path(LIST, products.products, name="products"),
    path(f"{LIST}act/", products.act, name="products-act"),
    path(f"{LIST}export/", products.export, name="products-export"),
    path(f"{LIST}cell/<slug:field>/<path:sku>/", product.cell, name="product-cell"),
    path(f"{LIST}edit/<path:sku>/", product.edit, name="product-edit"),
    path(f"{LIST}<path:sku>/", product.product, name="product"),
]
