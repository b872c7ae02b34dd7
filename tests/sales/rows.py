"""Batches for loaders, as sources hand them over: every column of the row type, typed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from apps.sync.loading import LOADERS, Intake, Loaded
from apps.sync.models import StoredDocument
from apps.sync.rows import ROW_TYPES, Kind, RowType
from tests.world import NOW, World

DEFAULTS: dict[Kind, Any] = {
    Kind.TEXT: "",
    Kind.INTEGER: 0,
    Kind.MINOR: 0,
    Kind.DATE: date(2026, 2, 1),
    Kind.INSTANT: datetime(2026, 2, 1, 12, tzinfo=UTC),
    Kind.BASIS: 0,
}


def frame(row: RowType, *rows: dict[str, Any]) -> pl.DataFrame:
    """A batch; a column nobody names is null where it may be, else an empty value."""
    full = [{c.name: None if c.optional else DEFAULTS[c.kind] for c in row.columns} | values for values in rows]
    return pl.DataFrame(full, schema=row.schema)


def load(
    world: World,
    row: RowType,
    *rows: dict[str, Any],
    as_of: int = 0,
    days: tuple[date, date] | None = None,
    markets: tuple[str, ...] = ("US",),
) -> Loaded:
    """Load one document told `as_of` hours after NOW, and note it as applied, as sync does. `with world:` first."""
    first, last = days or (None, None)
    intake = Intake(world.store.pk, NOW + timedelta(hours=as_of), markets, first, last)
    loaded = LOADERS[row.name](intake, iter([frame(row, *rows)]) if rows else iter([]))
    StoredDocument.objects.create(
        connection=world.connection,
        store=world.store,
        name="test",
        row=ROW_TYPES[row.name].name,
        digest=f"{row.name}-{StoredDocument.objects.count()}",
        size=1,
        path="x",
        marketplaces=list(markets),
        as_of=intake.as_of,
        first=first,
        last=last,
        applied_at=NOW,
    )
    return loaded
