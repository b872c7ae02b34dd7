from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

import apps.core.models
import apps.core.tenancy


class Migration(migrations.Migration):
    dependencies: ClassVar = [("accounts", "0006_portal_looks"), ("inventory", "0005_calculation_walls")]
    operations: ClassVar = [
        migrations.AddConstraint("planline", models.UniqueConstraint(fields=("agency", "id"), name="planline_tie")),
        migrations.CreateModel(
            name="PlanPart",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.models.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("mode", models.CharField(choices=[("sea", "Sea"), ("air", "Air")], max_length=3)),
                ("units", models.PositiveIntegerField()),
                ("arrives_on", models.DateField()),
                (
                    "agency",
                    models.ForeignKey(
                        default=apps.core.tenancy.acting_agency,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.agency",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="inventory.planline",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.store",
                    ),
                ),
            ],
            options={"ordering": ["arrives_on", "mode"]},
        ),
        migrations.AddIndex("planpart", models.Index(fields=["agency", "line"], name="planpart_by_line")),
    ]
