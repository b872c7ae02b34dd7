"""One worker at a time: a run is claimed with a token, and every later write must show it."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q

from apps.sync.actions.telling import give_up
from apps.sync.domain import retry
from apps.sync.models import Connection, Run, StoredDocument, Stream

AT_ONCE = 3  # runs of one connection: its rate limits are shared, more workers would only wait
BUSY_SECONDS = 5


def lease_end(at: datetime) -> datetime:
    """Until when a worker that shows itself at `at` holds its run."""
    return at + timedelta(seconds=settings.SYNC_LEASE_SECONDS)


class LeaseLost(Exception):
    """Somebody else took over: whatever we hold is stale and must not be written."""


@dataclass(frozen=True)
class Claim:
    """A run that is ours until its lease ends."""

    run: Run
    stream: Stream
    connection: Connection
    region: str
    token: uuid.UUID

    @property
    def uploaded(self) -> bool:
        """Its document was brought to us: there is nothing to fetch."""
        return self.run.slot.startswith("upload:")


def waiting(at: datetime) -> Q:
    """Runs a worker may take now: due ones, and those whose worker fell silent."""
    return Q(state=Run.State.DUE, due_at__lte=at) | Q(state=Run.State.RUNNING, lease_until__lt=at)


def claim(run_id: Any, *, at: datetime) -> Claim | None:
    """Take a run, if it is due, nobody has it, and its connection is free. The attempt counts from here.

    A lease that ended means its worker died: after some of those the run is given up, so that a file which kills
    workers cannot do so for ever.
    """
    run = Run.objects.select_for_update(skip_locked=True).filter(waiting(at), pk=run_id).first()
    if run is None:
        return None
    stream = Stream.objects.get(pk=run.stream_id)
    connection = Connection.objects.select_for_update().select_related("store").get(pk=stream.connection_id)
    if connection.state != Connection.State.ACTIVE or not stream.active:
        return None
    if _busy(run, connection, at):
        run.due_at = at + timedelta(seconds=BUSY_SECONDS)
        run.save(update_fields=["due_at"])
        return None
    if run.state == Run.State.RUNNING:
        run.crashes += 1
        if retry.given_up(run.crashes, run.created_at, at):
            give_up(run, stream, "its worker died again and again", at=at)
            return None
    run.state, run.attempts, run.lease = (Run.State.RUNNING, run.attempts + 1, uuid.uuid4())
    run.lease_until, run.started_at = lease_end(at), run.started_at or at
    run.finished_at, run.step = None, "starting"
    run.save()
    return Claim(run, stream, connection, connection.store.region, run.lease)


def _busy(run: Run, connection: Connection, at: datetime) -> bool:
    """The connection's row is locked, so two workers cannot both find it free."""
    others = Run.objects.filter(stream__connection=connection, state=Run.State.RUNNING, lease_until__gte=at)
    streams = list(others.exclude(pk=run.pk).values_list("stream_id", flat=True))
    return run.stream_id in streams or len(streams) >= AT_ONCE


def held(claim: Claim) -> Run:
    """The run, locked, if it is still ours. Raises LeaseLost."""
    run = Run.objects.select_for_update().filter(pk=claim.run.pk, lease=claim.token, state=Run.State.RUNNING).first()
    if run is None:
        raise LeaseLost(str(claim.run.pk))
    return run


def renew(claim: Claim, *, at: datetime, step: str = "") -> bool:
    """Heartbeat: is the run still ours? Says what it is doing, for those who watch."""
    values: dict[str, Any] = {"lease_until": lease_end(at)}
    if step:
        values["step"] = step
    mine = Run.objects.filter(pk=claim.run.pk, lease=claim.token, state=Run.State.RUNNING)
    return bool(mine.update(**values))


def count(claim: Claim, *, rows: int, changed: int, cursor: str, applied: bool = True) -> None:
    """One document more. Raises LeaseLost if the run is not ours any more.

    A document that was applied is a step forward: crashes are counted from there. One that was in the facts already
    is none, else a run could pass it again and again on its way to what kills its workers.
    """
    mine = Run.objects.filter(pk=claim.run.pk, lease=claim.token, state=Run.State.RUNNING)
    values: dict[str, Any] = {
        "rows": F("rows") + rows,
        "changed": F("changed") + changed,
        "documents": F("documents") + 1,
    }
    if cursor:
        values["cursor"] = cursor
    if applied:
        values["crashes"] = 0
    if not mine.update(**values):
        raise LeaseLost(str(claim.run.pk))


def unread(claim: Claim) -> list[StoredDocument]:
    """Documents of the run that lie in storage but not in the facts, by as-of."""
    return list(StoredDocument.objects.filter(run=claim.run.pk, applied_at=None).order_by("as_of"))
