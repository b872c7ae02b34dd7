"""How a run ends: well, or in one of the ways that need somebody."""

import random
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from apps.sync.actions.bell import ring
from apps.sync.actions.webhooks import emit
from apps.sync.breakers import Resting
from apps.sync.domain import retry
from apps.sync.models import Connection, Run, StoredDocument, Stream
from apps.sync.source import NeedsOwner, TryLater, Unreadable

MOST_ERRORS = 100
SOON_SECONDS = 60  # waits shorter than this are rung for; longer ones the sweep finds
UNFINISHED = (Run.State.DUE, Run.State.RUNNING)


def give_up(run: Run, stream: Stream, why: str, *, at: datetime, kind: str = "crash") -> None:
    """A dead letter: kept with its documents until a person replays it."""
    _end(run, Run.State.DEAD, why, kind, at=at)
    _count_failure(stream)
    emit("run.dead", {"run": str(run.pk), "dataset": stream.dataset, "error": why}, store=run.store_id, at=at)


def put_off(run: Run, stream: Stream, error: TryLater, *, at: datetime) -> None:
    """Nobody has to act: the run is due again later, and goes on where it was.

    Where the other side was not even asked, nothing was tried: that counts neither as an attempt nor against patience.
    """
    if isinstance(error, Resting):
        run.attempts -= 1
    elif retry.given_up(0, run.created_at, at):
        give_up(run, stream, str(error), at=at, kind="try_later")
        return
    seconds = retry.pause(run.attempts, random.random(), error.seconds)
    run.state, run.due_at = Run.State.DUE, at + timedelta(seconds=seconds)
    run.lease = run.lease_until = None
    run.cursor = error.cursor or run.cursor
    run.step, run.error, run.error_kind = "waiting", str(error)[:2000], "try_later"
    run.save()
    if seconds < SOON_SECONDS:
        ring(run.pk, priority=run.priority, seconds=seconds + 0.1)


def stop(run: Run, stream: Stream, error: NeedsOwner, *, at: datetime) -> None:
    """The agency has to act: the connection stands still, and says once what is wrong."""
    _end(run, Run.State.NEEDS_OWNER, str(error), "needs_owner", at=at)
    asked = Connection.objects.filter(pk=stream.connection_id, state=Connection.State.ACTIVE)
    if asked.update(state=Connection.State.NEEDS_OWNER, problem=str(error)[:2000], failures=F("failures") + 1):
        emit(
            "connection.needs_owner",
            {"connection": str(stream.connection_id), "problem": str(error)[:500]},
            store=run.store_id,
            at=at,
        )


def set_aside(run: Run, stream: Stream, error: Unreadable, document: Any | None, *, at: datetime) -> None:
    """We have to act: the file is kept whole with its errors, the facts stay as they were."""
    errors = [asdict(each) for each in error.errors[:MOST_ERRORS]]
    if document is not None:
        StoredDocument.objects.filter(pk=document).update(quarantine=str(error)[:2000], errors=errors)
    run.errors = errors
    _end(run, Run.State.QUARANTINED, str(error), "unreadable", at=at)
    _count_failure(stream)
    emit(
        "document.quarantined",
        {"run": str(run.pk), "dataset": stream.dataset, "error": str(error)[:500], "errors": errors[:10]},
        store=run.store_id,
        at=at,
    )


def crash(run: Run, stream: Stream, error: BaseException, *, at: datetime) -> None:
    """Our own fault. It is tried again a few times, and then kept for us."""
    run.crashes += 1
    words = f"{type(error).__name__}: {error}"
    if retry.given_up(run.crashes, run.created_at, at):
        give_up(run, stream, words, at=at)
        return
    seconds = retry.pause(run.attempts + 2, random.random())
    run.state, run.due_at, run.step = (Run.State.DUE, at + timedelta(seconds=seconds), "waiting")
    run.lease = run.lease_until = None
    run.error, run.error_kind = words[:2000], "crash"
    run.save()


def finish(run: Run, stream: Stream, *, at: datetime) -> None:
    """Everything of the window is in the facts, and what went wrong on the way is over."""
    run.crashes = 0
    _end(run, Run.State.DONE if run.documents else Run.State.EMPTY, "", "", at=at)
    door = Connection.objects.filter(pk=stream.connection_id)
    door.update(last_ok_at=at)
    door.filter(state=Connection.State.ACTIVE).update(failures=0, problem="")  # another stream may have stopped it
    stream.rows = F("rows") + run.rows
    stream.fresh_at, stream.failures = at, 0
    # A file that was brought to us says nothing about the days around those it mentions.
    if not run.slot.startswith(("backfill:", "pull:", "upload:")):
        stream.reached = max(run.until, stream.reached or run.until)
    stream.save(update_fields=["rows", "fresh_at", "failures", "reached"])
    extend_history(stream)
    payload = {"run": str(run.pk), "dataset": stream.dataset, "rows": run.rows, "changed": run.changed}
    emit("run.done", payload, store=run.store_id, at=at)


def extend_history(stream: Stream) -> None:
    """How far back the facts are complete: the newest window of the past that is not done yet is the limit."""
    if stream.reached is None:
        return
    runs = Run.objects.filter(stream=stream.pk).exclude(slot__startswith="pull:")
    missing = runs.exclude(state__in=[Run.State.DONE, Run.State.EMPTY]).filter(slot__startswith="backfill:")
    limit = missing.order_by("-until").values_list("until", flat=True).first()
    if limit is None:
        done = runs.filter(state__in=[Run.State.DONE, Run.State.EMPTY])
        limit = done.order_by("since").values_list("since", flat=True).first()
    if limit is not None:
        Stream.objects.filter(pk=stream.pk).update(backfilled_to=limit)


def _end(run: Run, state: str, error: str, kind: str, *, at: datetime) -> None:
    run.state, run.error, run.error_kind, run.finished_at = (state, error[:2000], kind, at)
    run.lease = run.lease_until = None
    run.step = ""
    run.save()


def _count_failure(stream: Stream) -> None:
    Stream.objects.filter(pk=stream.pk).update(failures=F("failures") + 1)
