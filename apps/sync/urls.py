"""Addresses of stores, connections, runs, documents, imports and webhooks."""

from django.urls import URLPattern, URLResolver, path

from apps.sync import portal as client
from apps.sync.views import imports, notifications, store_list, stores, sync, webhooks

everyone: list[URLPattern | URLResolver] = [path("accounts/amazon/consent/", stores.consent_back, name="consent-back")]
staff: list[URLPattern | URLResolver] = [
    path("stores/", store_list.stores, name="stores"),
    path("stores/export/", store_list.export, name="stores-export"),
    path("stores/new/", stores.store_new, name="store-new"),
    path("stores/<slug:store>/connections/", stores.connections, name="connections"),
    path("stores/<slug:store>/connections/consent/", stores.consent, name="connection-consent"),
    path("stores/<slug:store>/connections/consent/done/", stores.consent_done, name="consent-done"),
    path("stores/<slug:store>/connections/new/<slug:kind>/", stores.connect, name="connection-new"),
    path("stores/<slug:store>/connections/<uuid:pk>/<slug:what>/", stores.connection_turn, name="connection-turn"),
    path(
        "stores/<slug:store>/notifications/",
        notifications.notifications_subscribe,
        name="notifications-subscribe",
    ),
    path("stores/<slug:store>/notifications/<slug:what>/", notifications.notifications_act, name="notifications-act"),
    path("stores/<slug:store>/off-board/", stores.off_board, name="store-off-board"),
    path("stores/<slug:store>/take-back/", stores.take_back, name="store-take-back"),
    path("stores/<slug:store>/edit/", stores.edit, name="store-edit"),
    path("stores/<slug:store>/set-up/", stores.end_set_up, name="store-set-up"),
    path("stores/<slug:store>/pack/", stores.pack, name="store-pack"),
    path("stores/<slug:store>/certificate/", stores.certificate, name="store-certificate"),
    path("sync/", sync.sync, name="sync"),
    path("sync/streams/<uuid:pk>/", sync.stream, name="stream"),
    path("sync/streams/<uuid:pk>/pull/", sync.stream_pull, name="stream-pull"),
    path("sync/runs/<uuid:pk>/", sync.run, name="run"),
    path("sync/runs/<uuid:pk>/replay/", sync.run_replay, name="run-replay"),
    path("sync/dead-letters/", sync.dead_letters, name="sync-dead-letters"),
    path("sync/dead-letters/act/", sync.dead_letters_act, name="sync-dead-letters-act"),
    path("sync/documents/", sync.documents, name="sync-documents"),
    path("sync/documents/<uuid:pk>/file/", sync.document_file, name="document-file"),
    path("sync/imports/", imports.imports, name="sync-imports"),
    path("sync/imports/new/", imports.import_new, name="import-new"),
    path("sync/imports/<uuid:pk>/", imports.import_one, name="import"),
    path("sync/imports/<uuid:pk>/columns/", imports.import_columns, name="import-columns"),
    path("sync/imports/<uuid:pk>/discard/", imports.import_discard, name="import-discard"),
    path("settings/webhooks/", webhooks.webhooks, name="settings-webhooks"),
    path("settings/webhooks/new/", webhooks.webhook_new, name="settings-webhook-new"),
    path("settings/webhooks/<uuid:pk>/", webhooks.webhook, name="settings-webhook"),
    path("settings/webhooks/<uuid:pk>/<slug:what>/", webhooks.webhook_act, name="settings-webhook-act"),
    path("settings/deliveries/<uuid:pk>/replay/", webhooks.delivery_replay, name="delivery-replay"),
]
portal: list[URLPattern | URLResolver] = [path("files/", client.portal_uploads, name="portal-uploads")]
