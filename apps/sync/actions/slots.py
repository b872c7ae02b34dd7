"""Opens what is due: one run per stream and slot, however many clocks tick."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from apps.core import audit
from apps.sync.actions.bell import ring, rung_lately
from apps.sync.actions.leases import AT_ONCE, waiting
from apps.sync.actions.telling import UNFINISHED
from apps.sync.domain import slots
from apps.sync.models import Connection, Run, Stream
from apps.sync.sources import SOURCES, Dataset

AT_A_TIME = 100  # runs rung per agency and sweep: nobody's backlog fills the broker
PULLED = 5  # priority of what a person waits for
HISTORY = 60  # priority of the newest window of the past; older ones wait behind it


def open_slots(*, at: datetime) -> int:
    """Open the current slot of each active stream of the acting agency; how many were new.

    A stream whose last slot is still open gets none: that run, when it comes to it, brings everything since.
    """
    streams = Stream.objects.filter(active=True, every__gt=0, connection__state=Connection.State.ACTIVE)
    streams = streams.filter(store__active=True).select_related("connection")
    open_ones = set(
        Run.objects.filter(state__in=UNFINISHED).exclude(slot__startswith="backfill:").values_list("stream", flat=True)
    )
    runs = [_run(stream, at) for stream in streams if stream.pk not in open_ones]
    return _insert(runs)


def open_history(stream: Stream, *, at: datetime) -> int:
    """Open the windows of a stream's past, newest first; those that are there already stay."""
    plan = plan_of(stream)
    pieces = slots.backfill(at, history=plan.history, window=plan.window) if plan.history else ()
    runs = [_of(stream, slot, priority=min(HISTORY + place, 32_000), due_at=at) for place, slot in enumerate(pieces)]
    return _insert(runs)


def pull(stream: Stream, *, since: datetime, until: datetime, by: Any, at: datetime) -> Run:
    """Bring a range again because a person asks for it."""
    slot = slots.Slot(f"pull:{since:%Y-%m-%d}:{until:%Y-%m-%d}:{int(at.timestamp())}", since, until, at)
    run = _of(stream, slot, priority=PULLED, due_at=at)
    run.requested_by = by
    run.save(force_insert=True)
    audit.record(
        "sync.pull",
        stream,
        by=by,
        at=at,
        store=stream.store,
        after={"since": since, "until": until},
        title=f"{stream.dataset} {stream.marketplace}".strip(),
    )
    ring(run.pk, priority=run.priority)
    return run


def ring_due(*, at: datetime) -> int:
    """Ring for what waits in the acting agency, the most urgent first, only as much as each connection can do."""
    due = Run.objects.filter(waiting(at), stream__active=True, stream__connection__state=Connection.State.ACTIVE)
    place = Window(
        RowNumber(),
        partition_by=[F("stream__connection_id")],
        order_by=[F("priority").asc(), F("due_at").asc(), F("id").asc()],
    )
    chosen = due.annotate(place=place).filter(place__lte=2 * AT_ONCE).order_by("place", "priority", "due_at")
    rung = 0
    for run_id, priority in chosen.values_list("pk", "priority")[:AT_A_TIME]:
        if not rung_lately(run_id):
            ring(run_id, priority=priority)
            rung += 1
    return rung


def ring_next(connection_id: Any, *, at: datetime) -> None:
    """A worker has come free: the connection's next run need not wait for the sweep."""
    due = Run.objects.filter(waiting(at), stream__connection=connection_id, stream__active=True)
    running = Run.objects.filter(stream__connection=connection_id, state=Run.State.RUNNING, lease_until__gte=at).values(
        "stream_id"
    )
    following = due.exclude(stream__in=running).order_by("priority", "due_at").values_list("pk", "priority")[:AT_ONCE]
    for run_id, priority in following:
        ring(run_id, priority=priority)


def plan_of(stream: Stream) -> Dataset:
    """What the source's table says about the stream's dataset."""
    return SOURCES[stream.connection.kind].datasets[stream.dataset]


def _run(stream: Stream, at: datetime) -> Run:
    plan = plan_of(stream)
    salt = stream.pk.int % (2**31)
    slot = slots.regular(
        stream.every,
        salt,
        at,
        reached=stream.reached,
        overlap=plan.overlap,
        first_days=min(plan.window, plan.history) or 1,
    )
    return _of(stream, slot, priority=plan.priority, due_at=min(slot.due_at, at))


def _of(stream: Stream, slot: slots.Slot, *, priority: int, due_at: datetime) -> Run:
    return Run(
        stream=stream,
        store_id=stream.store_id,
        slot=slot.key,
        since=slot.since,
        until=max(slot.until, slot.since + timedelta(seconds=1)),
        due_at=due_at,
        priority=priority,
    )


def _insert(runs: list[Run]) -> int:
    """ON CONFLICT DO NOTHING; the number that were not there yet."""
    if not runs:
        return 0
    Run.objects.bulk_create(runs, ignore_conflicts=True, batch_size=500)
    there = set(Run.objects.filter(pk__in=[run.pk for run in runs]).values_list("pk", flat=True))
    for run in runs:
        if run.pk in there and run.priority < HISTORY:
            ring(run.pk, priority=run.priority)
    return len(there)
