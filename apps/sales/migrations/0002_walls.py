from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("accounts", "0001_initial"),
        ("sales", "0001_initial"),
    ]
    operations: ClassVar = [
        isolate("sales_orderline", store="store_id"),
        isolate("sales_storeday", store="store_id"),
        isolate("sales_cost", store="store_id"),
        tie("sales_orderline", "store_id", "accounts_store"),
        tie("sales_storeday", "store_id", "accounts_store"),
        tie("sales_cost", "store_id", "accounts_store"),
    ]
