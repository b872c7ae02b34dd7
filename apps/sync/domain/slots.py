"""Which piece of a stream is due when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Slot:
    """One piece of work. `key` is unique within a stream: however many clocks tick, it is opened once."""

    key: str
    since: datetime
    until: datetime
    due_at: datetime


def current(every: int, salt: int, at: datetime) -> datetime:
    """The beginning of the slot `at` lies in. `salt` shifts each stream's grid, so that not all begin at once."""
    shift = salt % every
    seconds = int(at.timestamp()) - shift
    return datetime.fromtimestamp(seconds - seconds % every + shift, UTC)


def regular(every: int, salt: int, at: datetime, *, reached: datetime | None, overlap: int, first_days: int) -> Slot:
    """What to bring now: everything since the facts reach, asked again a little earlier for what was restated."""
    begin = current(every, salt, at)
    since = reached - timedelta(seconds=overlap) if reached else at - timedelta(days=first_days)
    return Slot(begin.strftime("%Y-%m-%dT%H:%M:%SZ"), since, at, begin if reached else at)


def backfill(created: datetime, *, history: int, window: int) -> Iterator[Slot]:
    """Windows of the past before the first regular one, newest first."""
    until, oldest = created - timedelta(days=window), created - timedelta(days=history)
    while until > oldest:
        since = max(until - timedelta(days=window), oldest)
        yield Slot(f"backfill:{since:%Y-%m-%d}", since, until, created)
        until = since
