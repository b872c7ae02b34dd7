"""Jobs: what a page starts and then watches. The work itself belongs to the app that registers it.

A job's work is one transaction, so its progress travels through the cache: nobody could see it in the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from apps.core.models import Job
from apps.core.tenancy import scoped_key, tenant

Work = Callable[[Job], None]
WORK: dict[str, Work] = {}
KEPT = 3600  # seconds progress stays in the cache


class Cancelled(Exception):
    """The person who started the job stopped it."""


@dataclass(frozen=True)
class Progress:
    """How far a job is; `total` 0 means the end is not known yet."""

    done: int
    total: int
    note: str

    @property
    def percent(self) -> int | None:
        return min(100, 100 * self.done // self.total) if self.total else None


def works(kind: str) -> Callable[[Work], Work]:
    """Register the function that does one kind of job. It gets the Job and may call `advance`."""

    def register(work: Work) -> Work:
        if kind in WORK:
            raise ValueError(f"job kind {kind!r} is defined twice")
        WORK[kind] = work
        return work

    return register


def create(kind: str, *, by: Any, title: str, total: int = 0, **arguments: Any) -> Job:
    """Store a job; tell `accounts.tasks.run_job` after commit. Raises KeyError for an unknown kind."""
    if kind not in WORK:
        raise KeyError(f"no work is registered for job kind {kind!r}")
    return Job.objects.create(kind=kind, by=by, title=title[:200], total=total, arguments=arguments)


def advance(job: Job, done: int, *, total: int | None = None, note: str = "") -> None:
    """Show progress. Raises Cancelled when the job was cancelled meanwhile."""
    if cache.get(scoped_key("job", job.pk, "cancel")):
        raise Cancelled
    if total is not None:
        job.total = total
    cache.set(scoped_key("job", job.pk), (done, job.total, note), KEPT)


def progress(job: Job) -> Progress:
    """Where the job is now; a finished job's own columns win."""
    seen = None if job.finished else cache.get(scoped_key("job", job.pk))
    done, total, note = seen or (job.done, job.total, job.note)
    return Progress(done, total, note)


def cancel(job: Job) -> None:
    """Stop a job: at once when it has not begun, else at its next `advance`."""
    cache.set(scoped_key("job", job.pk, "cancel"), True, KEPT)
    Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(state=Job.State.CANCELLED, finished_at=timezone.now())


def run(job_id: Any, *, agency_id: int) -> None:
    """Do a job's work once. Its effects are one transaction; claiming and finishing are others."""
    with tenant(agency_id):
        claimed = Job.objects.filter(pk=job_id, state=Job.State.QUEUED)
        if not claimed.update(state=Job.State.RUNNING, started_at=timezone.now()):
            return
    state, note = Job.State.DONE, None
    try:
        with tenant(agency_id):
            WORK[(job := Job.objects.get(pk=job_id)).kind](job)
            job.save()
    except Cancelled:
        state = Job.State.CANCELLED
    except Exception as error:
        state, note = Job.State.FAILED, f"{type(error).__name__}: {error}"
        raise
    finally:
        with tenant(agency_id):
            _finish(job_id, state, note)


def _finish(job_id: Any, state: str, note: str | None) -> None:
    values: dict[str, Any] = {"state": state, "finished_at": timezone.now()}
    if note is not None:
        values["note"] = note[:200]
    Job.objects.filter(pk=job_id).update(**values)
