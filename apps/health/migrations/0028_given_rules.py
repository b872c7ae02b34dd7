import django.db.models.deletion
from django.db import migrations, models

import apps.core.tenancy


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_portal_looks"), ("health", "0027_counts_of_few")]

    operations = [
        migrations.CreateModel(
            name="GivenRule",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "agency", "default", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("default", models.CharField(max_length=40)),
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
            ],
            options={"abstract": False},
        ),
    ]
