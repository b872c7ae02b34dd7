"""What a source must be able to do, and the only three ways it may fail. No database here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import ClassVar, Protocol, Self

import polars as pl

from apps.sync.rows import RowType


@dataclass(frozen=True)
class Market:
    """A marketplace as a source needs to know it: our code, Amazon's id, its calendar and money."""

    code: str
    amazon_id: str
    time_zone: str
    currency: str
    language: str


@dataclass(frozen=True)
class Task:
    """What to bring: one dataset for some marketplaces, since a point in time.

    `since`/`until` bound what is asked of the source; `cursor` is the source's own resume token. `begun`: a worker that
    began this then broke down, and may have asked for things since that no cursor tells of.
    """

    dataset: str
    markets: tuple[Market, ...]
    since: datetime
    until: datetime
    cursor: str = ""
    begun: datetime | None = None


@dataclass(frozen=True)
class Document:
    """Bytes exactly as received (decompressed lies in `path`), kept before they are read.

    `first`/`last` name the window of local days a *window report* restates, or are None for an event report.
    `as_of` is the source's own time of creation: precedence between documents is decided by it, never by arrival.
    """

    name: str
    row: RowType
    path: Path
    as_of: datetime
    markets: tuple[Market, ...]
    cursor: str = ""
    first: date | None = None
    last: date | None = None
    encoding: str = ""
    media_type: str = "text/tab-separated-values"
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LineError:
    """Why one line of a document cannot be used. `line` counts from 1 and includes the header."""

    line: int
    column: str
    value: str
    problem: str


class Source(Protocol):
    """One outside system. `fetch` uses the network and no database; `parse` uses neither."""

    kind: ClassVar[str]
    datasets: ClassVar[dict[str, RowType]]

    def fetch(self, task: Task) -> Iterator[Document]: ...
    def parse(self, document: Document) -> Iterator[pl.DataFrame]: ...


@dataclass(frozen=True)
class Call:
    """The call that failed, told without secrets. `request_id` is what the other side's support asks for."""

    operation: str
    status: int = 0
    request_id: str = ""
    excerpt: str = ""


class SourceError(Exception):
    """Base of the three: who has to act is the type, not the message."""

    call: Call | None = None

    def during(self, call: Call) -> Self:
        """The same error, knowing the call it happened in."""
        self.call = call
        return self


class TryLater(SourceError):
    """Nobody: throttled, down or not ready. The run is scheduled again after `seconds` (None: by the retry table).

    `cursor`, where not empty, replaces the task's cursor at the next attempt: what was begun is resumed, not repeated.
    """

    def __init__(self, message: str, seconds: float | None = None, cursor: str = "") -> None:
        super().__init__(message)
        self.seconds = seconds
        self.cursor = cursor


class NeedsOwner(SourceError):
    """The agency: access was revoked, a role is missing. The connection is paused and they are told."""


class Unreadable(SourceError):
    """Us: the format changed, or the file is broken. The document is kept whole; facts stay untouched."""

    def __init__(self, message: str, errors: tuple[LineError, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors
