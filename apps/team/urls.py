"""Addresses of the overview, the inbox and the change ledger."""

from django.urls import URLPattern, URLResolver, path

from apps.team import portal as client
from apps.team.views import changes, docs, first, inbox, overview, store

everyone: list[URLPattern | URLResolver] = [
    path("api/docs/", docs.docs, name="api-docs"),
    path("api/schema/", docs.schema, name="api-schema"),
]

staff: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("stores/<slug:store>/", store.store, name="store"),
    path("stores/<slug:store>/first/", first.first, name="store-first"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/act/", inbox.inbox_act, name="inbox-act"),
    path("inbox/sum/", inbox.inbox_sum, name="inbox-sum"),
    path("changes/", changes.changes, name="changes"),
    path("changes/verify/", changes.changes_verify, name="changes-verify"),
    path("changes/undo/", changes.changes_undo, name="changes-undo"),
]

portal: list[URLPattern | URLResolver] = [
    path("", client.home, name="portal"),
    path("sales/", client.sales, name="portal-sales"),
    path("changes/", client.changes, name="portal-changes"),
]
