from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sync", "0008_column_maps")]
    operations: ClassVar = [
        isolate("sync_columnmap"),
        tie("sync_columnmap", "by_id", "accounts_member"),
    ]
