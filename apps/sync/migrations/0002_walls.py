from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("accounts", "0001_initial"),
        ("sync", "0001_initial"),
    ]
    operations: ClassVar = [
        isolate("sync_connection", store="store_id"),
        isolate("sync_stream", store="store_id"),
        isolate("sync_run", store="store_id"),
        isolate("sync_storeddocument", store="store_id"),
        isolate("sync_command", store="store_id"),
        isolate("sync_webhookendpoint"),
        isolate("sync_webhookdelivery"),
        tie("sync_connection", "store_id", "accounts_store"),
        tie("sync_stream", "connection_id", "sync_connection"),
        tie("sync_stream", "store_id", "accounts_store"),
        tie("sync_run", "stream_id", "sync_stream"),
        tie("sync_run", "store_id", "accounts_store"),
        tie("sync_run", "requested_by_id", "accounts_member"),
        tie("sync_storeddocument", "connection_id", "sync_connection"),
        tie("sync_storeddocument", "store_id", "accounts_store"),
        tie("sync_storeddocument", "run_id", "sync_run"),
        tie("sync_storeddocument", "uploaded_by_id", "accounts_member"),
        tie("sync_command", "connection_id", "sync_connection"),
        tie("sync_command", "store_id", "accounts_store"),
        tie("sync_command", "by_id", "accounts_member"),
        tie("sync_webhookendpoint", "created_by_id", "accounts_member"),
        tie("sync_webhookdelivery", "endpoint_id", "sync_webhookendpoint"),
    ]
