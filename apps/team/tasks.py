"""By the clock: snoozes that run out, answers of the API nobody may ask for again."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from apps.accounts.models import Agency
from apps.core import findings
from apps.core.idempotency import DAYS_KEPT
from apps.core.models import IdempotentCall
from apps.core.tenancy import tenant
from apps.team import actions


@shared_task(name="apps.team.tasks.wake_findings")
def wake_findings() -> int:
    """Wake what was snoozed until today or before; returns how many findings."""
    now = timezone.now()
    woken = 0
    for agency_id in Agency.objects.filter(active=True).values_list("pk", flat=True):
        with tenant(agency_id):
            woken += findings.wake(today=now.date(), at=now)
            IdempotentCall.objects.filter(created_at__lt=now - timedelta(days=DAYS_KEPT)).delete()
    return woken


@shared_task(name="apps.team.tasks.measure_effects")
def measure_effects() -> int:
    """Keep what has become known of the effects of changes, agency by agency; returns of how many."""
    count = 0
    for agency_id in Agency.objects.filter(active=True).values_list("pk", flat=True):
        with tenant(agency_id):
            count += actions.keep_effects(today=timezone.localdate())
    return count


@shared_task(name="apps.team.tasks.check_ledgers")
def check_ledgers() -> int:
    """Every night: have each agency's ledger checked, so that its page can say when it last was; returns how many."""
    agencies = list(Agency.objects.filter(active=True).values_list("pk", flat=True))
    for agency_id in agencies:
        with tenant(agency_id):
            actions.check_nightly()
    return len(agencies)
