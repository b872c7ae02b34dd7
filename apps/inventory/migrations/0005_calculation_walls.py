from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [("inventory", "0004_calculations")]
    operations: ClassVar = [
        isolate("inventory_calculation", store="store_id"),
        tie("inventory_calculation", "store_id", "accounts_store"),
    ]
