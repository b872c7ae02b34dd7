"""Fact tables by month: how they are made, walled and extended. Runs as the owner, never while serving."""

from datetime import date
from typing import Any

from django.db import connection as default_connection
from django.db.migrations.operations import CreateModel

from apps.core.walls import no_walls, walls

FIRST_MONTH = date(2024, 1, 1)
MONTHS_AHEAD = 14


class CreateFact(CreateModel):
    """CreateModel for a fact table: PARTITION BY RANGE (date), walls on the parent, children on demand.

    Swap it by hand for the CreateModel that makemigrations wrote. The model needs a composite primary key
    that ends with `date`.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        plain = schema_editor.sql_create_table
        schema_editor.sql_create_table = f"{plain} PARTITION BY RANGE (date)"
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.sql_create_table = plain
        table = to_state.apps.get_model(app_label, self.name)._meta.db_table
        schema_editor.execute(walls(table, store="store_id"))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        schema_editor.execute(no_walls(from_state.apps.get_model(app_label, self.name)._meta.db_table))
        super().database_backwards(app_label, schema_editor, from_state, to_state)


def months(first: date, last: date) -> list[date]:
    """First days of all months from `first` to `last`, both included."""
    count = (last.year - first.year) * 12 + last.month - first.month
    return [_plus(first, n) for n in range(count + 1)]


def extend(table: str, *, today: date, connection: Any = default_connection) -> int:
    """Make the missing monthly children and the default one; returns how many were made."""
    made = 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass",
            [table],
        )
        have = {name for (name,) in cursor.fetchall()}
        bounds = {f"{table}_rest": "DEFAULT"}
        for month in months(FIRST_MONTH, _plus(today.replace(day=1), MONTHS_AHEAD)):
            bounds[f"{table}_{month:%Y_%m}"] = f"FOR VALUES FROM ('{month}') TO ('{_plus(month, 1)}')"
        for child, bound in bounds.items():
            if child not in have:
                cursor.execute(f"CREATE TABLE {child} PARTITION OF {table} {bound}")
                cursor.execute(walls(child, store="store_id"))
                made += 1
    return made


def partitioned_tables(connection: Any = default_connection) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'p' AND n.nspname = 'public' ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def _plus(month: date, count: int) -> date:
    year, index = divmod(month.year * 12 + month.month - 1 + count, 12)
    return date(year, index + 1, 1)
