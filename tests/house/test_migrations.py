"""Models and migrations say the same."""

import contextlib
import io

import pytest
from django.core.management import call_command
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from apps.core.management.commands.migrate import quick


@pytest.mark.django_db
def test_no_migration_is_missing():
    told = io.StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=told, stderr=told)
    except SystemExit:
        pytest.fail(told.getvalue())


def of(*operations):
    migration = migrations.Migration("0001", "street")
    migration.operations = list(operations)
    return migration


def statements(around) -> list[str]:
    """SQL of two tables, an index, and another type of the key that the second table points to."""
    key, house = [("id", models.AutoField(primary_key=True))], models.ForeignKey("street.House", models.CASCADE)
    state, told = ProjectState(), []
    for migration in (
        of(migrations.CreateModel("House", key), migrations.CreateModel("Door", [*key, ("house", house)])),
        of(migrations.AddIndex("House", models.Index("id", name="by_id"))),
        of(migrations.AlterField("House", "id", models.BigAutoField(primary_key=True))),
    ):
        assert state.apps  # the executor draws all models before the first migration that it applies
        with connection.schema_editor(collect_sql=True, atomic=False) as editor, around(state, migration):
            migration.apply(state, editor, collect_sql=True)
        told += editor.collected_sql
    return told


@pytest.mark.django_db
def test_quick_migrations_say_to_postgres_what_djangos_say():
    """Also where another table points to a key that changes, after its table was drawn without the other."""
    told = statements(quick)
    assert told == statements(lambda *_: contextlib.nullcontext())
    assert any("street_door" in line and "bigint" in line for line in told)
