from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0024_traits")]
    operations: ClassVar = [
        isolate("health_ownpapertrait"),
        isolate("health_papermail", store="store_id"),
        isolate("health_traitquestion", store="store_id"),
        tie("health_papermail", "store_id", "accounts_store"),
        tie("health_papermail", "member_id", "accounts_member", on_delete="CASCADE"),
        tie("health_traitquestion", "store_id", "accounts_store", on_delete="CASCADE"),
    ]
