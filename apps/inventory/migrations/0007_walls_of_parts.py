from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [("inventory", "0006_plan_parts")]
    operations: ClassVar = [
        isolate("inventory_planpart", store="store_id"),
        tie("inventory_planpart", "line_id", "inventory_planline", on_delete="CASCADE"),
        tie("inventory_planpart", "store_id", "accounts_store"),
    ]
