from typing import ClassVar

from django.db import migrations, models

TABLES = {
    "salesday": ("sales_salesday", ("agency_id", "store_id", "marketplace_id", "sku", "date")),
    "storeday": ("sales_storeday", ("agency_id", "store_id", "marketplace_id", "date")),
}


def keyed(model: str) -> migrations.SeparateDatabaseAndState:
    """The currency joins the key: Django changes no composite keys by itself."""
    table, columns = TABLES[model]
    change = "ALTER TABLE {t} DROP CONSTRAINT {t}_pkey, ADD PRIMARY KEY ({c})"
    names = [name.removesuffix("_id") for name in columns]
    return migrations.SeparateDatabaseAndState(
        [
            migrations.RunSQL(
                change.format(t=table, c=", ".join((*columns, "currency"))),
                change.format(t=table, c=", ".join(columns)),
            )
        ],
        [
            migrations.AlterField(
                model,
                "pk",
                models.CompositePrimaryKey(
                    *names, "currency", blank=True, editable=False, primary_key=True, serialize=False
                ),
            )
        ],
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sales", "0005_orders_by_our_change")]
    operations: ClassVar = [keyed("salesday"), keyed("storeday")]
