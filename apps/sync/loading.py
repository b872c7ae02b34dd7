"""Where other apps say how rows of one type become their facts, and what they recompute afterwards.

A loader runs inside the transaction that also marks the document as applied and moves the stream's cursor:
all of a document is loaded, or nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any

import polars as pl
from django.utils.translation import gettext_noop as _

from apps.accounts.models import Store
from apps.sync.rows import ROW_TYPES, RowType
from apps.sync.source import Unreadable


@dataclass(frozen=True)
class Intake:
    """Which document is being loaded. Of two documents telling about the same thing the later `as_of` is right.

    `first`/`last` set: a window report. It restates these local days of `markets` whole: a row that it does not
    mention any more is gone (unless a document with a later `as_of` brought it). Both None: an event report that
    only tells what it mentions. `document` is the file as it is kept (a StoredDocument) and `by` the member who had it
    loaded, for loaders that write to the ledger; None: nobody asked.
    """

    store_id: int
    as_of: datetime
    markets: tuple[str, ...]
    first: date | None = None
    last: date | None = None
    document: Any = None
    by: Any = None


@dataclass(frozen=True)
class Loaded:
    """What a document did to the facts: rows read, new, changed and withdrawn; and the local days it touched."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    first: date | None = None
    last: date | None = None

    @property
    def quiet(self) -> bool:
        """It told nothing that was not known."""
        return not (self.new or self.changed or self.gone)


Loader = Callable[[Intake, Iterator[pl.DataFrame]], Loaded]
# Called after the commit with (store id, row name) keyword arguments; only rings a bell.
Follower = Callable[..., None]
LOADERS: dict[str, Loader] = {}
FOLLOWERS: dict[str, list[Follower]] = {name: [] for name in ROW_TYPES}


def loads(row: RowType) -> Callable[[Loader], Loader]:
    """Register the loader of a row type. A second one is refused."""

    def register(loader: Loader) -> Loader:
        if row.name in LOADERS:
            raise ValueError(f"rows of type {row.name!r} have two loaders")
        LOADERS[row.name] = _of_one_store(loader)
        return loader

    return register


def _of_one_store(loader: Loader) -> Loader:
    """A loader that writes to the document's own store only. Facts have no foreign keys that would refuse others."""

    @wraps(loader)
    def load(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
        if not Store.objects.filter(pk=intake.store_id).exists():
            raise Unreadable(_("The document's store is not one of this agency."))
        return loader(intake, (_own(frame, intake.store_id) for frame in frames))

    return load


def _own(frame: pl.DataFrame, store_id: int) -> pl.DataFrame:
    """A batch may name its store; then all of it must be the document's."""
    if "store_id" not in frame.columns:
        return frame
    if not frame.select(pl.col("store_id").eq_missing(store_id).all()).item():
        raise Unreadable(_("The document holds rows of another store."))
    return frame.drop("store_id")


def after_load(*rows: RowType) -> Callable[[Follower], Follower]:
    """Call `follower(agency_id=, store_id=, row=, loaded=)` after rows of these types were committed."""

    def register(follower: Follower) -> Follower:
        for row in rows:
            FOLLOWERS[row.name].append(follower)
        return follower

    return register


def followers(rows: Iterable[str]) -> list[Follower]:
    """The followers of several row types, each once."""
    return list(dict.fromkeys(f for row in rows for f in FOLLOWERS[row]))
