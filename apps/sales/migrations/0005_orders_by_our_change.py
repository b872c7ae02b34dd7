from typing import ClassVar

from django.db import migrations, models

from apps.core.changes import Moment


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sales", "0004_orders_by_change"), ("core", "0005_changes")]
    operations: ClassVar = [
        migrations.RemoveIndex("orderline", "order_by_change"),
        migrations.AddField("orderline", "changed_at", models.DateTimeField(db_default=Moment(), editable=False)),
        migrations.AddIndex(
            "orderline", models.Index(fields=["agency", "changed_at", "store"], name="order_by_change")
        ),
    ]
