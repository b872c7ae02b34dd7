from typing import ClassVar

from django.db import migrations, models

UNUSUAL = (
    ~models.Q(status__startswith="Shipped") | models.Q(item_status__startswith="Cancel") | ~models.Q(fulfilment="FBA")
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sales", "0006_sums_by_currency")]
    operations: ClassVar = [
        migrations.AddIndex(
            "orderline",
            models.Index(fields=["agency", "store", "purchased_on"], condition=UNUSUAL, name="order_unusual"),
        ),
    ]
