"""Every resource of the REST API, as one table."""

from django.urls import path

from apps.accounts.api import Stores
from apps.health.api.alerts import Incidents
from apps.health.api.facts import Defects, Health, Notices
from apps.health.api.figures import CsatDays, Figures
from apps.health.api.needs import Coverages, KnownKinds, KnownTraits, Requests, Traits, Waivers
from apps.health.api.notifications import Notifications
from apps.health.api.papers import PaperFileBytes, PaperFiles, PaperReviews, Papers, PaperSteps
from apps.health.api.rules import Rules
from apps.inventory.api import OwnStocks, PlanLines, Stock
from apps.listings.api import Products
from apps.sales.api import Costs, Orders
from apps.sync.api import Documents, Runs, Subscriptions
from apps.team.api import Changes

READ, ONE, BULK = {"get": "list"}, {"get": "retrieve"}, {"get": "list", "put": "upsert"}
NEW, EVERY = {"post": "create"}, {"get": "every"}

urlpatterns = [
    path("stores", Stores.as_view(READ), name="api-stores"),
    path("stores/<slug:store>", Stores.as_view(ONE), name="api-store"),
    path("products", Products.as_view(READ), name="api-products"),
    path("products/<slug:store>/<path:sku>", Products.as_view(ONE | {"patch": "partial_update"}), name="api-product"),
    path("stock", Stock.as_view(READ), name="api-stock"),
    path("stock/own", OwnStocks.as_view(BULK), name="api-own-stock"),
    path("costs", Costs.as_view(BULK), name="api-costs"),
    path("orders", Orders.as_view(READ), name="api-orders"),
    path("plan-lines", PlanLines.as_view(READ), name="api-plan-lines"),
    path("plan-lines/<uuid:pk>", PlanLines.as_view(ONE), name="api-plan-line"),
    path("health", Health.as_view(READ), name="api-health"),
    path("health/figures", Figures.as_view(READ), name="api-health-figures"),
    path("health/csat", CsatDays.as_view(READ), name="api-health-csat"),
    path("incidents", Incidents.as_view(READ), name="api-incidents"),
    path("incidents/<int:number>", Incidents.as_view(ONE | {"patch": "partial_update"}), name="api-incident"),
    path("incidents/<int:number>/notes", Incidents.as_view({"post": "note"}), name="api-incident-notes"),
    path("alert-rules", Rules.as_view(READ | {"post": "create"}), name="api-alert-rules"),
    path(
        "alert-rules/<uuid:pk>",
        Rules.as_view(ONE | {"patch": "partial_update", "delete": "destroy"}),
        name="api-alert-rule",
    ),
    path("defects", Defects.as_view(READ), name="api-defects"),
    path(
        "defects/<slug:store>/<str:number>/<slug:kind>",
        Defects.as_view(ONE | {"patch": "partial_update"}),
        name="api-defect",
    ),
    path("notices", Notices.as_view(READ | {"post": "create"}), name="api-notices"),
    path("notices/<uuid:pk>", Notices.as_view(ONE | {"patch": "partial_update"}), name="api-notice"),
    path("notifications", Notifications.as_view({"post": "create"}), name="api-notifications"),
    path("subscriptions", Subscriptions.as_view(READ), name="api-subscriptions"),
    path("documents", Documents.as_view(READ | {"post": "create"}), name="api-documents"),
    path("documents/<uuid:pk>", Documents.as_view(ONE), name="api-document"),
    path("runs", Runs.as_view(READ), name="api-runs"),
    path("runs/<uuid:pk>", Runs.as_view(ONE), name="api-run"),
    path("papers", Papers.as_view(READ | {"post": "create"}), name="api-papers"),
    path("papers/<uuid:pk>", Papers.as_view(ONE | {"patch": "partial_update"}), name="api-paper"),
    path("papers/<uuid:pk>/files", PaperFiles.as_view(NEW), name="api-paper-files"),
    path("papers/<uuid:pk>/steps", PaperSteps.as_view(NEW), name="api-paper-steps"),
    path("papers/<uuid:pk>/review", PaperReviews.as_view(NEW), name="api-paper-review"),
    path("paper-files/<uuid:pk>", PaperFileBytes.as_view(ONE), name="api-paper-file"),
    path("paper-kinds", KnownKinds.as_view(EVERY), name="api-paper-kinds"),
    path("paper-traits", KnownTraits.as_view(EVERY), name="api-paper-traits"),
    path("paper-requests", Requests.as_view(READ | NEW), name="api-paper-requests"),
    path("paper-requests/<uuid:pk>", Requests.as_view(ONE), name="api-paper-request"),
    path("paper-requests/<uuid:pk>/cancel", Requests.as_view({"post": "cancel"}), name="api-paper-request-cancel"),
    path("paper-waivers", Waivers.as_view(READ | NEW), name="api-paper-waivers"),
    path("paper-waivers/<uuid:pk>", Waivers.as_view(ONE), name="api-paper-waiver"),
    path("paper-waivers/<uuid:pk>/decision", Waivers.as_view({"post": "decide"}), name="api-paper-waiver-decide"),
    path("sku-traits", Traits.as_view(BULK), name="api-sku-traits"),
    path("coverage", Coverages.as_view(READ), name="api-coverage"),
    path("coverage/<slug:store>/<str:site>/<path:sku>", Coverages.as_view(ONE), name="api-coverage-of"),
    path("changes", Changes.as_view(READ), name="api-changes"),
    path("changes/<int:number>", Changes.as_view(ONE), name="api-change"),
]
