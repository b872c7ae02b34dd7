from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0003_idempotent_calls")]
    operations: ClassVar = [
        isolate("core_idempotentcall"),
        tie("core_idempotentcall", "member_id", "accounts_member", on_delete="CASCADE"),
    ]
