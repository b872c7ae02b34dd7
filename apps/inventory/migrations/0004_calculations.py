from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from apps.core.tenancy import acting_agency, tied


class Migration(migrations.Migration):
    dependencies: ClassVar = [("accounts", "0005_portal_walls"), ("inventory", "0003_chosen_mode")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Calculation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "agency", "store", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("inputs", models.CharField(max_length=32)),
                ("lines", models.CharField(max_length=60)),
                ("sales_as_of", models.DateTimeField(null=True)),
                ("checked_at", models.DateTimeField()),
                (
                    "agency",
                    models.ForeignKey(
                        default=acting_agency,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.agency",
                    ),
                ),
                ("store", tied("accounts.store", related_name="+")),
            ],
            options={"abstract": False},
        ),
    ]
