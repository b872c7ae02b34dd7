from typing import ClassVar

from django.db import migrations

from apps.core.changes import stamps
from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0020_figures"), ("core", "0005_changes")]
    operations: ClassVar = [
        isolate("health_figure", store="store_id"),
        isolate("health_delivery", store="store_id"),
        isolate("health_csatday", store="store_id"),
        isolate("health_csatterms"),
        tie("health_figure", "store_id", "accounts_store"),
        tie("health_figure", "by_id", "accounts_member"),
        tie("health_delivery", "store_id", "accounts_store"),
        tie("health_csatday", "store_id", "accounts_store"),
        stamps("health_figure", quiet=("as_of",)),
        stamps("health_csatday"),
    ]
