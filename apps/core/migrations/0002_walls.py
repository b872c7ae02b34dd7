from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("accounts", "0001_initial"),
        ("core", "0001_initial"),
    ]
    operations: ClassVar = [
        isolate("core_chainhead"),
        isolate("core_entry", store="store_id"),
        isolate("core_finding", store="store_id"),
        isolate("core_job"),
        isolate("core_savedview"),
        tie("core_entry", "by_id", "accounts_member"),
        tie("core_entry", "store_id", "accounts_store"),
        tie("core_finding", "store_id", "accounts_store"),
        tie("core_finding", "assigned_id", "accounts_member"),
        tie("core_job", "by_id", "accounts_member"),
        tie("core_savedview", "member_id", "accounts_member"),
    ]
