"""Dead letters and broken files: tried again at a person's word."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from apps.core import audit
from apps.sync.actions.bell import ring
from apps.sync.actions.slots import PULLED
from apps.sync.models import Run

FAILED = (Run.State.DEAD, Run.State.QUARANTINED, Run.State.NEEDS_OWNER)
OVER = (*FAILED, Run.State.DONE, Run.State.EMPTY)


def replay(run_id: Any, *, by: Any, at: datetime) -> bool:
    """Do a run that has ended again, from the start; False if it has not ended (or is not there).

    Documents it left unread are read again first. Doing so changes nothing that was right already.
    """
    run = Run.objects.select_for_update().select_related("stream", "store").filter(pk=run_id, state__in=OVER).first()
    if run is None:
        return False
    before = {"state": run.state, "error": run.error}
    run.state, run.due_at, run.crashes, run.cursor = Run.State.DUE, at, 0, ""
    run.created_at = at  # patience begins anew
    run.error = run.error_kind = run.step = ""
    run.errors, run.requested_by, run.priority = [], by, min(run.priority, PULLED)
    run.rows = run.changed = run.documents = 0
    run.finished_at = run.started_at = None
    run.save()
    title = f"{run.stream.dataset} {run.slot}"
    audit.record("run.replay", run, by=by, at=at, store=run.store, before=before, after={"state": "due"}, title=title)
    ring(run.pk, priority=run.priority)
    return True


def replay_many(run_ids: Iterable[Any], *, by: Any, at: datetime) -> int:
    """How many of these could be replayed."""
    return sum(replay(run_id, by=by, at=at) for run_id in run_ids)


def drop(run_id: Any, *, by: Any, at: datetime) -> bool:
    """Set a failed run aside as settled: it is not brought up again. Its documents stay."""
    run = Run.objects.select_related("stream", "store").filter(pk=run_id, state__in=FAILED).first()
    if run is None:
        return False
    before = {"state": run.state}
    run.state, run.finished_at = Run.State.EMPTY, at
    run.save(update_fields=["state", "finished_at"])
    audit.record("run.drop", run, by=by, at=at, store=run.store, before=before, after={"state": run.state})
    return True
