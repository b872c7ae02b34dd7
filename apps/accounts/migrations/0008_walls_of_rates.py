from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate


class Migration(migrations.Migration):
    dependencies: ClassVar = [("accounts", "0007_tenants")]
    operations: ClassVar = [isolate("accounts_ownrate")]
