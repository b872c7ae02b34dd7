"""Addresses of stock, replenishment and plans."""

from django.urls import URLPattern, URLResolver, path

from apps.inventory import portal as client
from apps.inventory.views import arrivals, line, lines, plans

STORE = "stores/<slug:store>/inventory/"
PLAN = f"{STORE}plans/<uuid:plan>/"
LIST = f"{STORE}replenishment/"

# A list stands twice: for all stores, and below one store. `reverse` finds the right one by its arguments.
staff: list[URLPattern | URLResolver] = [
    path("replenishment/", lines.replenishment, name="replenishment"),
    path("replenishment/act/", lines.act, name="replenishment-act"),
    path("replenishment/recalculate/", lines.recalculate, name="replenishment-recalculate"),
    path("replenishment/export/", lines.export, name="replenishment-export"),
    path("replenishment/policy/", line.policies, name="replenishment-policies"),
    path("arrivals/", arrivals.arrivals, name="arrivals"),
    path(f"{STORE}arrivals/", arrivals.arrivals, name="arrivals"),
    path(f"{STORE}plan-lines/<uuid:pk>/split/", arrivals.split, name="plan-line-split"),
    path("plans/", plans.plans, name="plans"),
    path(f"{STORE}plans/", plans.plans, name="plans"),
    path(PLAN, plans.plan, name="plan"),
    path(f"{PLAN}edit/", plans.edit, name="plan-edit"),
    path(f"{PLAN}receive/", plans.receive, name="plan-receive"),
    path(f"{PLAN}document/", plans.document, name="plan-document"),
    path(f"{PLAN}file/<slug:kind>/", plans.download, name="plan-file"),
    path(f"{PLAN}step/<slug:step>/", plans.step, name="plan-step"),
    path(LIST, lines.replenishment, name="store-replenishment"),
    path(LIST, lines.replenishment, name="replenishment"),
    path(f"{LIST}act/", lines.act, name="replenishment-act"),
    path(f"{LIST}recalculate/", lines.recalculate, name="replenishment-recalculate"),
    path(f"{LIST}export/", lines.export, name="replenishment-export"),
    path(f"{LIST}policy/", line.policies, name="replenishment-policies"),
    path(f"{LIST}quantity/<str:pool>/<path:sku>/", line.quantity, name="replenishment-quantity"),
    path(f"{LIST}rule/<str:pool>/<path:sku>/", line.policy, name="replenishment-policy"),
    path(f"{LIST}<str:pool>/<path:sku>/", line.line, name="replenishment-line"),
]
portal: list[URLPattern | URLResolver] = [
    path("stock/", client.replenishment, name="portal-replenishment"),
    path("plans/", client.plans, name="portal-plans"),
    path("plans/<uuid:plan>/", client.plan, name="portal-plan"),
    path("plans/<uuid:plan>/decide/", client.decide, name="portal-plan-decide"),
    path("plans/<uuid:plan>/document/", client.document, name="portal-plan-document"),
]
