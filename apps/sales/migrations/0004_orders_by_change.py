from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sales", "0003_facts_without_keys")]
    operations: ClassVar = [
        migrations.RemoveIndex("orderline", "order_by_update"),
        migrations.AddIndex(
            "orderline", models.Index(fields=["agency", "updated_at", "store"], name="order_by_change")
        ),
    ]
