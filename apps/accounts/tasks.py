"""Work in the background."""

from datetime import timedelta

from allauth.usersessions.models import UserSession
from celery import Task, current_app, shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from apps.accounts.actions import rates
from apps.accounts.models import Agency, Store
from apps.core import jobs
from apps.core.models import Job
from apps.core.tenancy import tenant

FORGOTTEN = timedelta(seconds=30)  # a job nobody took: its ring was lost
DEAD = timedelta(minutes=20)  # longer than any task may take (CELERY_TASK_TIME_LIMIT)


def ring_for_stores(*bells: Task, queue: str) -> int:
    """Ring each bell for every active store of every active agency; the number of stores."""
    rung = 0
    for agency_id in Agency.objects.filter(active=True).values_list("pk", flat=True):
        with tenant(agency_id):
            stores = list(Store.objects.filter(active=True).values_list("pk", flat=True))
        for store_id in stores:
            for bell in bells:
                bell.apply_async([store_id], {"agency_id": agency_id}, queue=queue)
        rung += len(stores)
    return rung


@shared_task(acks_late=True)
def run_job(*, job_id: str, agency_id: int) -> None:
    """Do one job. Delivered twice, it is done once: `core.jobs.run` claims it first."""
    jobs.run(job_id, agency_id=agency_id)


@shared_task
def review_rates() -> int:
    """Once a day: which exchange rates have become old; returns how many agencies were looked at."""
    agencies = list(Agency.objects.filter(active=True).values_list("pk", flat=True))
    for agency_id in agencies:
        with tenant(agency_id):
            rates.review(at=timezone.now())
    return len(agencies)


@shared_task
def sweep_jobs() -> int:
    """Ring again for jobs whose ring was lost, and give up those whose worker died; returns how many."""
    return sum(_sweep(agency_id) for agency_id in Agency.objects.filter(active=True).values_list("pk", flat=True))


@shared_task
def forget_sessions() -> int:
    """Delete sessions that have ended, and the notes of where they were; returns how many sessions."""
    gone, _each = Session.objects.filter(expire_date__lte=timezone.now()).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return gone


def _sweep(agency_id: int) -> int:
    now = timezone.now()
    with tenant(agency_id):
        waiting = Job.objects.filter(state=Job.State.QUEUED, created_at__lt=now - FORGOTTEN)
        ids = list(waiting.order_by("created_at").values_list("pk", flat=True)[:100])
        lost = Job.objects.filter(state=Job.State.RUNNING, started_at__lt=now - DEAD)
        ended = lost.update(
            state=Job.State.FAILED,
            finished_at=now,
            note="The worker ended before the job did.",
        )
    for job_id in ids:
        kwargs = {"job_id": str(job_id), "agency_id": agency_id}
        current_app.send_task(
            "apps.accounts.tasks.run_job",
            kwargs=kwargs,
            queue="bulk",
            ignore_result=True,
        )
    return len(ids) + ended
