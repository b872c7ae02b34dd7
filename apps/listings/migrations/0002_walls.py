from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("accounts", "0001_initial"),
        ("listings", "0001_initial"),
    ]
    operations: ClassVar = [
        isolate("listings_product", store="store_id"),
        isolate("listings_listing", store="store_id"),
        tie("listings_product", "store_id", "accounts_store"),
        tie("listings_product", "owner_id", "accounts_member"),
        tie("listings_listing", "store_id", "accounts_store"),
    ]
