from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0011_subscriptions")]
    operations: ClassVar = [
        isolate("health_subscription", store="store_id"),
        tie("health_subscription", "store_id", "accounts_store"),
        tie("health_subscription", "connection_id", "sync_connection"),
    ]
