"""Can the numbers be trusted? Every dataset's age against what was promised."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Min, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.sync.models import Connection, Run, Stream
from apps.sync.sources import SOURCES

FRESH, LATE, BROKEN, NEVER, BACKFILLING = ("fresh", "late", "broken", "never", "backfilling")
WORDS: dict[str, str | Promise] = {
    FRESH: _("Fresh"),
    LATE: _("Late"),
    BROKEN: _("Needs you"),
    NEVER: _("Never"),
    BACKFILLING: _("Backfilling"),
}
BAD_STREAK = 3  # failures in a row after which a stream counts as broken
_WORST = (BROKEN, NEVER, LATE, BACKFILLING, FRESH)


@dataclass(frozen=True)
class Freshness:
    """One dataset of one store: the worst of its sites. `age` since the last success; `word` is one of WORDS."""

    store_id: int
    dataset: str
    label: str | Promise
    word: str
    fresh_at: datetime | None
    promise: timedelta
    age: timedelta | None
    rows: int
    connection_id: Any
    running: int = 0
    next_at: datetime | None = None
    streams: tuple[Any, ...] = field(default=())
    progress: int | None = None  # percent of the history that is in, while backfilling

    @property
    def word_label(self) -> str | Promise:
        return WORDS[self.word]

    @property
    def late_by(self) -> timedelta | None:
        """How much older than promised; None if it is not."""
        return self.age - self.promise if self.age is not None and self.age > self.promise else None


def freshness(stores: Iterable[Any], *, at: datetime | None = None) -> list[Freshness]:
    """Every dataset of every connected store, in the stores' order: three queries, however many there are.

    `stores` is a queryset or list of stores, e.g. `stores_for(member)`. Doors through which files are brought
    promise nothing and are left out until something came through them.
    """
    at = at or timezone.now()
    order = {store.pk: place for place, store in enumerate(stores)}
    streams = (
        Stream.objects.filter(store__in=list(order), active=True)
        .exclude(connection__state=Connection.State.REVOKED)
        .exclude(every=0, fresh_at=None)
        .select_related("connection")
        .order_by("dataset", "marketplace")
    )
    groups: dict[tuple[int, str, Any], list[Stream]] = {}
    for stream in streams:
        groups.setdefault((stream.store_id, stream.dataset, stream.connection_id), []).append(stream)
    runs = _runs([stream.pk for group in groups.values() for stream in group])
    found = [_of(group, runs, at) for group in groups.values()]
    places = {key: n for kind in SOURCES.values() for n, key in enumerate(kind.datasets)}
    return sorted(found, key=lambda f: (order[f.store_id], places.get(f.dataset, 99)))


def as_of(dataset: str, stores: Iterable[Any]) -> datetime | None:
    """When the oldest of these stores' streams of one dataset was last brought; None: there is none, or one never."""
    ages = (
        Stream.objects.filter(store__in=stores, dataset=dataset, active=True)
        .exclude(connection__state=Connection.State.REVOKED)
        .exclude(every=0, fresh_at=None)
    )
    if ages.filter(fresh_at=None).exists():
        return None
    return ages.aggregate(oldest=Min("fresh_at"))["oldest"]


def oldest(stores: Iterable[Any]) -> datetime | None:
    """When the oldest of all that these stores have ever been brought came; None: nothing came yet. One query."""
    streams = Stream.objects.filter(store__in=stores, active=True).exclude(connection__state=Connection.State.REVOKED)
    return streams.aggregate(oldest=Min("fresh_at"))["oldest"]


def _runs(streams: list[Any]) -> dict[Any, dict[str, Any]]:
    """Per stream: how many run, when the next is due, and how much of the history is missing."""
    unfinished = Run.objects.filter(stream__in=streams, state__in=[Run.State.DUE, Run.State.RUNNING])
    history = Run.objects.filter(stream__in=streams, slot__startswith="backfill:").values("stream_id")
    counted: dict[Any, dict[str, Any]] = {}
    for row in unfinished.values("stream_id").annotate(
        next_at=Min("due_at"), running=Max("lease_until", filter=Q(state=Run.State.RUNNING))
    ):
        counted[row["stream_id"]] = {"next_at": row["next_at"], "running": int(row["running"] is not None)}
    for row in history.values_list("stream_id", "state"):
        entry = counted.setdefault(row[0], {})
        entry["windows"] = entry.get("windows", 0) + 1
        entry["done"] = entry.get("done", 0) + (row[1] in {Run.State.DONE, Run.State.EMPTY})
    return counted


def _of(group: list[Stream], runs: dict[Any, dict[str, Any]], at: datetime) -> Freshness:
    first = group[0]
    seen = [runs.get(stream.pk, {}) for stream in group]
    windows, done = (sum(r.get("windows", 0) for r in seen), sum(r.get("done", 0) for r in seen))
    oldest = None if any(s.fresh_at is None for s in group) else min(s.fresh_at for s in group if s.fresh_at)
    kind = SOURCES[first.connection.kind]
    word = min((_word(s, r, at) for s, r in zip(group, seen, strict=True)), key=_WORST.index)
    return Freshness(
        store_id=first.store_id,
        dataset=first.dataset,
        label=kind.datasets[first.dataset].label if first.dataset in kind.datasets else first.dataset,
        word=word,
        fresh_at=oldest,
        promise=timedelta(seconds=max(s.promise for s in group)),
        age=None if oldest is None else at - oldest,
        rows=sum(s.rows for s in group),
        connection_id=first.connection_id,
        running=sum(r.get("running", 0) for r in seen),
        next_at=min((r["next_at"] for r in seen if "next_at" in r), default=None),
        streams=tuple(group),
        progress=100 * done // windows if windows else None,
    )


def _word(stream: Stream, runs: dict[str, Any], at: datetime) -> str:
    if stream.connection.state == Connection.State.NEEDS_OWNER or stream.failures >= BAD_STREAK:
        return BROKEN
    missing = runs.get("windows", 0) > runs.get("done", 0)
    if stream.fresh_at is None:
        return BACKFILLING if runs.get("running") or missing else NEVER
    if stream.every and at - stream.fresh_at > timedelta(seconds=stream.promise):
        return LATE
    return BACKFILLING if missing else FRESH
