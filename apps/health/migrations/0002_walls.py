from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0001_facts")]
    operations: ClassVar = [
        isolate("health_defect", store="store_id"),
        isolate("health_feedback", store="store_id"),
        isolate("health_notice", store="store_id"),
        isolate("health_offer", store="store_id"),
        isolate("health_orderday", store="store_id"),
        isolate("health_returnline", store="store_id"),
        isolate("health_shipment", store="store_id"),
        tie("health_healthday", "store_id", "accounts_store"),
        tie("health_defect", "store_id", "accounts_store"),
        tie("health_feedback", "store_id", "accounts_store"),
        tie("health_notice", "store_id", "accounts_store"),
        tie("health_offer", "store_id", "accounts_store"),
        tie("health_orderday", "store_id", "accounts_store"),
        tie("health_returnline", "store_id", "accounts_store"),
        tie("health_shipment", "store_id", "accounts_store"),
        tie("health_defect", "owner_id", "accounts_member"),
        tie("health_notice", "owner_id", "accounts_member"),
        tie("health_offer", "owner_id", "accounts_member"),
    ]
