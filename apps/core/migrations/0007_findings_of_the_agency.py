"""Findings may be about the agency itself. Those that were, stood in the inbox of its oldest store."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

from apps.core.tenancy import tenant

KINDS = ("webhook-failing", "channel-failing")


def move(apps: Any, schema_editor: Any) -> None:
    """From the store to the agency, with all that people did to them."""
    for _agency, findings in _by_agency(apps, schema_editor):
        findings.filter(kind__in=KINDS).update(store_id=None)


def put_back(apps: Any, schema_editor: Any) -> None:
    """To the oldest store that is looked after; where there is none, nobody is told."""
    stores = apps.get_model("accounts", "Store").objects
    for agency, findings in _by_agency(apps, schema_editor):
        mine = stores.filter(agency_id=agency)
        home = mine.filter(active=True).order_by("pk").first() or mine.order_by("pk").first()
        rows = findings.filter(store_id=None)
        rows.update(store_id=home.pk) if home else rows.delete()


def _by_agency(apps: Any, schema_editor: Any) -> Any:
    """(agency, its findings), acting for one after the other. Checks what is deferred: tables are altered besides."""
    for agency in apps.get_model("accounts", "Agency").objects.values_list("pk", flat=True):
        with tenant(agency):
            yield agency, apps.get_model("core", "Finding").objects.filter(agency_id=agency)
            schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("accounts", "0001_initial"), ("core", "0006_entry_by_verb")]
    operations: ClassVar = [
        migrations.RemoveConstraint(model_name="finding", name="one_living_finding"),
        migrations.AlterField(
            model_name="finding",
            name="store",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.store",
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["open", "snoozed", "dismissed"])),
                fields=("agency", "store", "kind", "marketplace", "subject"),
                name="one_living_finding",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("store__isnull", False),
                    models.Q(("at_stake", None), ("marketplace", ""), ("rank", 0)),
                    _connector="OR",
                ),
                name="agency_finding_without_money",
            ),
        ),
        migrations.RunPython(move, put_back),
    ]
