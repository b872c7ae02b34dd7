from typing import ClassVar

from django.db import migrations

from apps.core.changes import functions


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0004_walls_of_calls")]
    operations: ClassVar = [functions()]
