from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0003_outlooks")]
    operations: ClassVar = [
        isolate("health_outlook", store="store_id"),
        tie("health_outlook", "store_id", "accounts_store"),
    ]
