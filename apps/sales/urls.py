"""Addresses of orders, sales and costs."""

from django.urls import URLPattern, URLResolver, path

from apps.sales.views import cost, costs, orders

ORDERS = "stores/<slug:store>/orders/"
COSTS = "stores/<slug:store>/costs/"

# A list stands twice: for all stores, and below one store. `reverse` finds the right one by its arguments.
staff: list[URLPattern | URLResolver] = [
    path("orders/", orders.orders, name="orders"),
    path("orders/export/", orders.export, name="orders-export"),
    path(ORDERS, orders.orders, name="orders"),
    path(f"{ORDERS}export/", orders.export, name="orders-export"),
    path(f"{ORDERS}<str:number>/", orders.order, name="order"),
    path("costs/", costs.costs, name="costs"),
    path("costs/act/", costs.act, name="costs-act"),
    path("costs/export/", costs.export, name="costs-export"),
    path("costs/new/", cost.new, name="cost-new"),
    path(COSTS, costs.costs, name="costs"),
    path(f"{COSTS}act/", costs.act, name="costs-act"),
    path(f"{COSTS}export/", costs.export, name="costs-export"),
    path(f"{COSTS}new/", cost.new, name="cost-new"),
    path(f"{COSTS}cell/<path:sku>/", cost.cell, name="cost-cell"),
    path(f"{COSTS}edit/<path:sku>/", cost.edit, name="cost-edit"),
    path(f"{COSTS}drop/<path:sku>/", cost.drop, name="cost-drop"),
    path(f"{COSTS}<path:sku>/", cost.cost, name="cost"),
]
