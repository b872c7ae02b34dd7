"""Rows in columns → facts: COPY into a temporary table, one comparison, one set-based write. The only raw bulk SQL.

A document's rows are staged, compared once with the facts of their store, and only what is new or different is
written: a document read twice writes nothing. Everything happens in the caller's transaction.

The comparison is a left join into a small table of *news* rather than MERGE: it tells new rows from changed ones and
keeps the replaced values (which days must be added up again), on every PostgreSQL from 15.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from io import BytesIO
from itertools import chain
from typing import Any

import polars as pl
from django.db import connection
from psycopg.sql import SQL, Composable, Identifier, Literal

from apps.core import changes
from apps.core.tenancy import acting_agency

WORK_MEM = "128MB"  # for the joins and sums of one load
_SQL_TYPES: dict[type[pl.DataType], str] = {
    pl.String: "text",
    pl.Int64: "bigint",
    pl.Date: "date",
    pl.Boolean: "boolean",
    pl.Datetime: "timestamptz",
}


@dataclass(frozen=True)
class Facts:
    """Where rows go. `key` names the columns that identify a row within one store; `values` are compared and written.

    `stamps` are written, not compared. Of two tellings of a row the one with the greater `version` (columns, first
    decides) is right; with equal versions (or none) the later read. `day` is the local-day column by which a fact table is cut,
    `part` the column of the site or warehouse that a document may tell whole. `changed` names the column, filled by its
    default, that keeps when a row's values were last written (see `core.changes`). `reduce` is called with the name of
    a staging table that holds a key more than once, and leaves each once; by default the right telling of it.
    """

    table: str
    key: tuple[str, ...]
    values: tuple[str, ...]
    stamps: tuple[str, ...] = ("as_of",)
    version: tuple[str, ...] = ("as_of",)
    day: str = ""
    part: str = "marketplace_id"
    changed: str = ""
    reduce: Callable[[str], None] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.key, *self.values, *self.stamps)


@dataclass(frozen=True)
class Stage:
    """A temporary table of one document's rows, each key once; `first`/`last` span its local days."""

    table: str
    columns: tuple[str, ...]
    rows: int
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Merged:
    """What a merge did. `news` is the table of new and changed rows, None when every staged row was new.

    It holds the staged columns, `fresh`, `differs`, and the columns asked for in `keep` as `old_<name>`.
    """

    new: int = 0
    changed: int = 0
    news: str | None = None


@dataclass(frozen=True)
class Retold:
    """Local days (null: whatever day) of one part (site, warehouse) that a later document told whole."""

    part: str
    first: date | None
    last: date | None


@dataclass
class _Tally:
    """What passed through: rows, span of days, and a hash of every key, to notice repeated ones."""

    rows: int = 0
    first: date | None = None
    last: date | None = None
    hashes: list[pl.Series] = field(default_factory=list)

    def add(self, frame: pl.DataFrame, key: Sequence[str], day: str) -> None:
        self.rows += frame.height
        self.hashes.append(frame.select(pl.struct(key).hash()).to_series())
        if day and frame.height:
            first, last = frame.select(pl.col(day).min().alias("first"), pl.col(day).max().alias("last")).row(0)
            self.first = min(filter(None, (self.first, first)), default=None)
            self.last = max(filter(None, (self.last, last)), default=None)

    @property
    def repeated(self) -> bool:
        return bool(self.hashes) and pl.concat(self.hashes).n_unique() < self.rows


def run(
    statement: str,
    *,
    values: Mapping[str, Any] | None = None,
    **names: str | Composable,
) -> int:
    """Execute SQL with `{names}` quoted as identifiers (or composed) and `%(values)s` bound; the rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(composed(statement, names), values)
        return cursor.rowcount


def read(
    statement: str,
    *,
    values: Mapping[str, Any] | None = None,
    **names: str | Composable,
) -> list[tuple]:
    """The rows of a query, written like `run`'s."""
    with connection.cursor() as cursor:
        cursor.execute(composed(statement, names), values)
        return cursor.fetchall()


def lock(*what: object) -> None:
    """One writer at a time for `what` of the acting agency, until the transaction ends."""
    name = ":".join(map(str, (acting_agency(), *what)))
    run(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))",
        values={"name": name},
    )


def stage(
    name: str,
    frames: Iterable[pl.DataFrame],
    *,
    schema: Mapping[str, pl.DataType],
    facts: Facts,
    constants: Mapping[str, Any],
    nullable: bool = False,
) -> Stage:
    """COPY frames into the temporary table `name`, frame by frame as they are read. Frames must not use the database.

    `constants` become columns with one value. Missing text becomes "" unless `nullable`. Repeated keys are reduced to
    the greatest version, the last line of equal ones. Must run inside a transaction; the table ends with it.
    """
    run(f"SET LOCAL work_mem = '{WORK_MEM}'")
    temporary(name, _columns(schema, constants))
    tally = _copy(name, schema, _prepared(frames, schema, nullable), facts)
    if tally.repeated:
        (facts.reduce or partial(_reduce, facts))(name)
        tally.rows = read("SELECT count(*) FROM {stage}", stage=name)[0][0]
    run("ANALYZE {stage}", stage=name)
    return Stage(name, (*schema, *constants), tally.rows, tally.first, tally.last)


def temporary(name: str, definition: Composable, *, values: Mapping[str, Any] | None = None) -> None:
    """A temporary table for the rest of the transaction: `definition` is what follows its name."""
    run("DROP TABLE IF EXISTS {temp}", temp=Identifier("pg_temp", name))
    run(
        "CREATE TEMPORARY TABLE {table} {definition}",
        values=values,
        table=name,
        definition=definition,
    )


def merge(stage: Stage, facts: Facts, *, store_id: int, whole: bool, keep: Sequence[str] = ()) -> Merged:
    """Write the staged rows that are new or different. `whole`: the document told its days whole.

    A row that was told again as it is gets the newer version when the document was not `whole`: an older document
    arriving later must not overrule it. (For whole days `prune` knows which document was the last.)
    """
    lock(store_id, facts.table)
    if facts.changed:
        changes.announce(facts.table)
    bounds = {
        "agency": acting_agency(),
        "store": store_id,
        "first": stage.first,
        "last": stage.last,
    }
    if not _any_there(facts, bounds):
        return Merged(new=_insert(stage.table, facts, bounds, SQL("")))
    news = f"{stage.table}_news"
    counted = _compare(stage, facts, news, bounds, whole=whole, keep=keep)
    new, changed, told_again = counted
    if changed or told_again:
        _update(news, facts, bounds)
    if new:
        _insert(news, facts, bounds, SQL("WHERE fresh"))
    return Merged(new, changed, news)


def prune(stage: Stage, facts: Facts, retold: Sequence[Retold]) -> int:
    """Drop staged rows on days that a later document told whole; returns how many."""
    if not retold:
        return 0
    temporary(
        f"{stage.table}_retold",
        SQL("(part text, first date, last date) ON COMMIT DROP"),
    )
    with connection.cursor() as cursor:
        rows = [(later.part, later.first, later.last) for later in retold]
        cursor.executemany(
            composed("INSERT INTO {t} VALUES (%s, %s, %s)", {"t": f"{stage.table}_retold"}),
            rows,
        )
    return run(
        "DELETE FROM {stage} t WHERE {told}",
        stage=stage.table,
        told=_told_later(stage, facts),
    )


def vanished(stage: Stage, facts: Facts, retold: Sequence[Retold]) -> Composable:
    """What makes a fact `t` of a whole telling's days and parts gone: it is not staged, nor told later."""
    condition = SQL("NOT EXISTS (SELECT FROM {stage} s WHERE {same})").format(
        stage=Identifier(stage.table), same=_same_key(facts)
    )
    return condition + SQL(" AND NOT {}").format(_told_later(stage, facts)) if retold else condition


def delete_vanished(stage: Stage, facts: Facts, retold: Sequence[Retold], **bounds: Any) -> int:
    """Delete facts the document does not mention any more. The bounds are repeated here, not left to a join:
    `store`, `parts`, `as_of` and, where facts have days, `first` and `last`."""
    bounds["agency"] = acting_agency()
    return run(
        "DELETE FROM {table} t WHERE {mine} AND t.{part} = ANY(%(parts)s) AND t.{version} <= %(as_of)s AND {vanished}",
        values=bounds,
        table=facts.table,
        mine=mine(facts, bounds),
        part=facts.part,
        version=facts.version[-1],
        vanished=vanished(stage, facts, retold),
    )


def composed(statement: str, names: Mapping[str, str | Composable]) -> Composable:
    """SQL with its `{names}` filled in: text is quoted as an identifier."""
    parts = {key: Identifier(value) if isinstance(value, str) else value for key, value in names.items()}
    return SQL(statement).format(**parts)  # type: ignore[arg-type]


def columns(names: Iterable[str], prefix: str = "") -> Composable:
    """`a, b, c`, or `s.a, s.b, s.c` with the prefix "s"."""
    return SQL(", ").join(Identifier(prefix, name) if prefix else Identifier(name) for name in names)


# -- staging


def _columns(schema: Mapping[str, pl.DataType], constants: Mapping[str, Any]) -> Composable:
    typed = [SQL("{} {}").format(Identifier(name), SQL(_SQL_TYPES[type(kind)])) for name, kind in schema.items()]
    for name, value in constants.items():
        # A constant default is filled in by COPY itself: nothing is sent per row.
        kind = "timestamptz" if hasattr(value, "tzinfo") else "bigint"
        typed.append(SQL("{} {} DEFAULT {}").format(Identifier(name), SQL(kind), Literal(value)))
    return SQL("({}) ON COMMIT DROP").format(SQL(", ").join(typed))


def _prepared(
    frames: Iterable[pl.DataFrame], schema: Mapping[str, pl.DataType], nullable: bool
) -> Iterator[pl.DataFrame]:
    names = [pl.col(name) for name in schema]
    if not nullable:
        names = [pl.col(n).fill_null("") if kind == pl.String else pl.col(n) for n, kind in schema.items()]
    for frame in frames:
        yield frame.select(names)


def _copy(name: str, names: Iterable[str], frames: Iterator[pl.DataFrame], facts: Facts) -> _Tally:
    tally = _Tally()
    # The first frame is read before COPY begins: until it ends, a query on this connection would wait for ever.
    first = [frame] if (frame := next(frames, None)) is not None else []
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(Identifier(name), columns(names))
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for frame in chain(first, frames):
            tally.add(frame, facts.key, facts.day)
            copy.write(csv_of(frame))
    return tally


def csv_of(frame: pl.DataFrame) -> memoryview:
    """Null is nothing, an empty text is "": as COPY's csv format understands them."""
    buffer = BytesIO()
    frame.write_csv(buffer, include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.6f+00")
    return buffer.getbuffer()


def _reduce(facts: Facts, name: str) -> None:
    """Keep one row per key. A temporary table keeps the order of its lines in ctid."""
    version = [c for c in facts.version if c not in facts.key]
    order = SQL(", ").join([SQL("{} DESC").format(Identifier(c)) for c in version] + [SQL("ctid DESC")])
    run(
        "DELETE FROM {stage} WHERE ctid IN (SELECT ctid FROM (SELECT ctid, row_number() OVER"
        " (PARTITION BY {key} ORDER BY {order}) AS place FROM {stage}) AS lines WHERE place > 1)",
        stage=name,
        key=columns(facts.key),
        order=order,
    )


# -- merging


def _any_there(facts: Facts, bounds: Mapping[str, Any]) -> bool:
    found = read(
        "SELECT EXISTS (SELECT FROM {table} t WHERE {mine})",
        values=bounds,
        table=facts.table,
        mine=mine(facts, bounds),
    )
    return bool(found[0][0])


def mine(facts: Facts, bounds: Mapping[str, Any]) -> Composable:
    """`t` is a row of the bounds' agency and store, on its days where the table has days. Every join names this:
    without the bound its cost grows with everybody's data."""
    text = "t.agency_id = %(agency)s AND t.store_id = %(store)s"
    if facts.day and bounds.get("first") is not None:
        text += " AND t.{day} BETWEEN %(first)s AND %(last)s"
        return SQL(text).format(day=Identifier(facts.day))
    return SQL(text)


def _compare(
    stage: Stage,
    facts: Facts,
    news: str,
    bounds: Mapping[str, Any],
    *,
    whole: bool,
    keep: Sequence[str],
) -> tuple[int, int, int]:
    """Fill the table of news; (new, changed, told again as they were)."""
    versions = columns(facts.version, "s"), columns(facts.version, "t")
    temporary(
        news,
        SQL(
            "ON COMMIT DROP AS SELECT s.*, t.store_id IS NULL AS fresh, {differs} AS differs{old}"
            " FROM {stage} s LEFT JOIN {table} t ON {mine} AND {same}"
            " WHERE t.store_id IS NULL OR ({newer} AND ({differs} OR {later}))"
        ).format(
            stage=Identifier(stage.table),
            table=Identifier(facts.table),
            mine=mine(facts, bounds),
            same=_same_key(facts),
            differs=SQL("(({}) IS DISTINCT FROM ({}))").format(columns(facts.values, "s"), columns(facts.values, "t")),
            newer=SQL("(({}) >= ({}))").format(*versions) if facts.version else SQL("true"),
            later=SQL("false") if whole else SQL("(({}) > ({}))").format(*versions),
            old=SQL("").join(SQL(", t.{} AS {}").format(Identifier(c), Identifier(f"old_{c}")) for c in keep),
        ),
        values=bounds,
    )
    run("ANALYZE {news}", news=news)
    return read(
        "SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT fresh AND differs),"
        " count(*) FILTER (WHERE NOT fresh AND NOT differs) FROM {news}",
        news=news,
    )[0]


def _update(news: str, facts: Facts, bounds: Mapping[str, Any]) -> int:
    written = (*facts.values, *facts.stamps)
    assign = [SQL("{c} = s.{c}").format(c=Identifier(c)) for c in written]
    if facts.changed:
        now = SQL("{c} = CASE WHEN s.differs THEN clock_timestamp() ELSE t.{c} END")
        assign.append(now.format(c=Identifier(facts.changed)))
    return run(
        "UPDATE {table} t SET {assign} FROM {news} s WHERE NOT s.fresh AND {mine} AND {key}",
        values=bounds,
        table=facts.table,
        news=news,
        assign=SQL(", ").join(assign),
        mine=mine(facts, bounds),
        key=_same_key(facts),
    )


def _insert(source: str, facts: Facts, bounds: Mapping[str, Any], condition: Composable) -> int:
    return run(
        "INSERT INTO {table} (agency_id, store_id, {columns}) SELECT %(agency)s, %(store)s, {columns} FROM {source}"
        " {condition}",
        values=bounds,
        table=facts.table,
        columns=columns(facts.columns),
        source=source,
        condition=condition,
    )


def _same_key(facts: Facts) -> Composable:
    return SQL(" AND ").join(SQL("t.{c} = s.{c}").format(c=Identifier(c)) for c in facts.key)


def _told_later(stage: Stage, facts: Facts) -> Composable:
    days = SQL(" AND (r.first IS NULL OR t.{} BETWEEN r.first AND r.last)").format(Identifier(facts.day))
    return SQL("EXISTS (SELECT FROM {retold} r WHERE t.{part} = r.part{days})").format(
        retold=Identifier(f"{stage.table}_retold"),
        part=Identifier(facts.part),
        days=days if facts.day else SQL(""),
    )
