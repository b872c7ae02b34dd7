"""Work that takes longer than a request. PostgreSQL keeps the job, Celery is only told."""

from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction

from apps.accounts.models import Member
from apps.core import jobs
from apps.core.models import Job
from apps.core.tenancy import acting_agency

TASK = "apps.accounts.tasks.run_job"


def start_job(
    kind: str,
    *,
    by: Member | None,
    title: str,
    queue: str = "interactive",
    total: int = 0,
    **arguments: Any,
) -> Job:
    """Store a job and ring for a worker once this transaction is safe. Raises KeyError for an unknown kind.

    A lost ring loses nothing: `tasks.sweep_jobs` rings again for jobs that nobody took.
    """
    job = jobs.create(kind, by=by, title=title, total=total, **arguments)
    ring(job, queue=queue)
    return job


def ring(job: Job, *, queue: str) -> None:
    """Tell a worker about a job after commit."""
    send = partial(
        current_app.send_task,
        TASK,
        kwargs={"job_id": str(job.pk), "agency_id": acting_agency()},
        queue=queue,
        ignore_result=True,
    )
    transaction.on_commit(send, robust=True)


def cancel_job(job: Job) -> None:
    """Stop a job: at once if it has not begun, else at its next sign of progress."""
    jobs.cancel(job)
