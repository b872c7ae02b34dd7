"""Django's `migrate`, which spends nine tenths of its time on drawing models anew: here most are drawn once."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.core.management.commands import migrate
from django.db.migrations import operations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

# What is no matter to the tables that point to the one it changes. Functions get all models drawn anew in any case.
OF_ONE_TABLE = (
    operations.CreateModel,
    operations.AddField,
    operations.AddIndex,
    operations.RemoveIndex,
    operations.AddConstraint,
    operations.RemoveConstraint,
    operations.AlterModelOptions,
    operations.RunSQL,
    operations.RunPython,
)


@contextmanager
def quick(state: ProjectState, migration: Migration) -> Iterator[None]:
    """Where a migration is applied to a state, so that few models are drawn anew.

    After each operation Django draws the changed model and all models tied to it, however far. Here every table is
    tied to the agency's: that would be all models, some hundred times. In a migration whose operations are each of
    one table only that table's model is drawn.
    """
    alone = all(isinstance(each, OF_ONE_TABLE) for each in migration.operations)
    with _replaced(ProjectState, "_find_reload_model", _just_it) if alone else nullcontext():
        yield


class QuickExecutor(MigrationExecutor):
    """Django's own, each migration of which is `quick`."""

    def apply_migration(self, state: ProjectState, migration: Migration, *args: Any, **options: Any) -> ProjectState:
        """The state after the migration, as Django's own does it."""
        with quick(state, migration):
            return super().apply_migration(state, migration, *args, **options)


class Command(migrate.Command):
    """`manage.py migrate`, with Django's arguments."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate by the quick executor."""
        with _replaced(migrate, "MigrationExecutor", QuickExecutor):
            super().handle(*args, **options)


def _just_it(state: ProjectState, app_label: str, model_name: str, delay: bool = False) -> set[tuple[str, str]]:
    """Which models to draw anew. `is_delayed` is Django's own mark of a state that is not whole."""
    state.is_delayed = True
    return {(app_label, model_name)}


@contextmanager
def _replaced(owner: Any, name: str, by: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        setattr(owner, name, before)
