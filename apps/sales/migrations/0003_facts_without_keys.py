from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from apps.core.tenancy import acting_agency, tied


def agency() -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        default=acting_agency,
        editable=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to="accounts.agency",
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sales", "0002_walls")]
    operations: ClassVar = [
        migrations.RunSQL(
            "ALTER TABLE sales_orderline DROP CONSTRAINT sales_orderline_store_id_tie",
            "ALTER TABLE sales_orderline ADD CONSTRAINT sales_orderline_store_id_tie FOREIGN KEY (agency_id, store_id)"
            " REFERENCES accounts_store (agency_id, id) DEFERRABLE INITIALLY DEFERRED",
        ),
        migrations.AlterField("orderline", "agency", agency()),
        migrations.AlterField("salesday", "agency", agency()),
        migrations.AlterField("trafficday", "agency", agency()),
        migrations.AlterField("orderline", "store", tied("accounts.store", related_name="+", db_index=False)),
    ]
