from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sync", "0005_notifications")]
    operations: ClassVar = [
        isolate("sync_destination", store="store_id"),
        isolate("sync_subscription", store="store_id"),
        isolate("sync_unreadletter", store="store_id"),
        tie("sync_destination", "store_id", "accounts_store"),
        tie("sync_destination", "connection_id", "sync_connection"),
        tie("sync_subscription", "store_id", "accounts_store"),
        tie("sync_subscription", "connection_id", "sync_connection"),
        tie("sync_unreadletter", "destination_id", "sync_destination"),
        tie("sync_unreadletter", "store_id", "accounts_store"),
    ]
