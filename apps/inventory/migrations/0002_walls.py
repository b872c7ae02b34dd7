from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("accounts", "0001_initial"),
        ("inventory", "0001_initial"),
    ]
    operations: ClassVar = [
        isolate("inventory_stockage", store="store_id"),
        isolate("inventory_ownstock", store="store_id"),
        isolate("inventory_policy", store="store_id"),
        isolate("inventory_replenishment", store="store_id"),
        isolate("inventory_plan", store="store_id"),
        isolate("inventory_planline", store="store_id"),
        tie("inventory_stockage", "store_id", "accounts_store"),
        tie("inventory_ownstock", "store_id", "accounts_store"),
        tie("inventory_policy", "store_id", "accounts_store"),
        tie("inventory_policy", "updated_by_id", "accounts_member"),
        tie("inventory_replenishment", "store_id", "accounts_store"),
        tie("inventory_replenishment", "owner_id", "accounts_member"),
        tie("inventory_plan", "store_id", "accounts_store"),
        tie("inventory_plan", "created_by_id", "accounts_member"),
        tie("inventory_plan", "submitted_by_id", "accounts_member"),
        tie("inventory_plan", "decided_by_id", "accounts_member"),
        tie("inventory_planline", "plan_id", "inventory_plan"),
        tie("inventory_planline", "store_id", "accounts_store"),
    ]
