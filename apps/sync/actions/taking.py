"""How a document becomes facts of its store: staged, merged, and what it tells no more withdrawn."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from apps.core import copying
from apps.core.copying import Facts, Merged, Retold, Stage
from apps.sync.loading import Intake, Loaded
from apps.sync.queries.documents import told_later
from apps.sync.rows import RowType


@dataclass(frozen=True)
class Taken:
    """A document after its rows were written: where they are staged, what changed, what was withdrawn."""

    stage: Stage
    merged: Merged
    retold: list[Retold]
    gone: int = 0

    @property
    def quiet(self) -> bool:
        return not (self.merged.new or self.merged.changed or self.gone)

    @property
    def loaded(self) -> Loaded:
        stage, merged = self.stage, self.merged
        days = (None, None) if self.quiet else (stage.first, stage.last)
        return Loaded(stage.rows, merged.new, merged.changed, self.gone, *days)


def stage_rows(  # noqa: PLR0913 - named by keyword
    row: RowType,
    intake: Intake,
    frames: Iterator[pl.DataFrame],
    facts: Facts,
    *,
    renamed: Mapping[str, str] | None = None,
    flags: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
) -> Stage:
    """COPY a document's batches into a temporary table whose columns are named like the fact table's.

    `flags` are staged as booleans, `also` are columns wanted beside those of the facts.
    """
    names = {"marketplace": "marketplace_id"} | dict(renamed or {})
    names = {old: new for old, new in names.items() if old in row.schema}
    wanted = {names.get(name, name): kind for name, kind in row.schema.items()} | dict.fromkeys(flags, pl.Boolean())
    casts = [pl.col(name) != 0 for name in flags]
    return copying.stage(
        f"staged_{row.name}",
        (frame.rename(names).with_columns(casts) for frame in frames),
        schema={name: kind for name, kind in wanted.items() if name in facts.columns or name in also},
        facts=facts,
        constants={facts.stamps[-1]: intake.as_of},
    )


def take_in(  # noqa: PLR0913 - named by keyword
    row: RowType,
    intake: Intake,
    frames: Iterator[pl.DataFrame],
    facts: Facts,
    *,
    renamed: Mapping[str, str] | None = None,
    also: tuple[str, ...] = (),
    flags: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
) -> Taken:
    """Stage one document and write what it changes; `withdraw` what it does not mention any more is the next step.

    `keep` are columns of the facts whose old values are wanted in the table of news (see `copying.Merged`).

    Two documents give the same facts in either order: days that a later one told whole are left to it, and
    elsewhere the row with the later as-of stands.
    """
    copying.lock(intake.store_id, row.name)
    stage = stage_rows(row, intake, frames, facts, renamed=renamed, also=also, flags=flags)
    retold = told_later(row, intake, by_day=bool(facts.day))
    copying.prune(stage, facts, retold)
    merged = copying.merge(stage, facts, store_id=intake.store_id, whole=intake.first is not None, keep=keep)
    return Taken(stage, merged, retold)


def withdraw(taken: Taken, intake: Intake, facts: Facts) -> Taken:
    """Delete the facts of a window report's days and sites that it does not mention any more."""
    if intake.first is None:
        return taken
    gone = copying.delete_vanished(
        taken.stage,
        facts,
        taken.retold,
        store=intake.store_id,
        parts=list(intake.markets),
        as_of=intake.as_of,
        first=intake.first,
        last=intake.last,
    )
    stage = replace(taken.stage, first=intake.first, last=intake.last) if gone else taken.stage
    return replace(taken, stage=stage, gone=gone)
