"""The bell's other end. Messages carry ids only; what is to be done lies in PostgreSQL, and may be done twice."""

from collections.abc import Iterator

from celery import shared_task
from django.utils import timezone

from apps.accounts.models import Agency
from apps.core.tenancy import tenant
from apps.sync import actions
from apps.sync.actions import letters, subscribing
from apps.sync.actions.delivering import deliver as deliver_one
from apps.sync.actions.reviewing import review
from apps.sync.actions.webhooks import ring_deliveries


@shared_task
def open_slots() -> int:
    """Each minute: open what is due, and look what is late."""
    opened = 0
    for agency in _agencies():
        with tenant(agency):
            opened += actions.open_slots(at=timezone.now())
            review(at=timezone.now())
    return opened


@shared_task
def sweep() -> int:
    """Each 15 seconds: ring for runs that wait, and for those whose worker died."""
    rung = 0
    for agency in _agencies():
        with tenant(agency):
            rung += actions.ring_due(at=timezone.now())
    return rung


@shared_task(acks_late=True)
def run(run_id: str, agency_id: int) -> str:
    """Do one run. It opens its own transactions: the network is waited for between them."""
    return actions.run(run_id, agency_id=agency_id)


@shared_task
def sweep_webhooks() -> int:
    """Each 15 seconds: ring for deliveries that are due."""
    rung = 0
    for agency in _agencies():
        with tenant(agency):
            rung += ring_deliveries(at=timezone.now())
    return rung


@shared_task(acks_late=True)
def deliver(delivery_id: str, agency_id: int) -> str:
    return deliver_one(delivery_id, agency_id=agency_id)


@shared_task
def sweep_notifications() -> int:
    """Each half minute: ring for destinations that are due (each is once a day), and for queues to be read."""
    rung = 0
    for agency in _agencies():
        with tenant(agency):
            at = timezone.now()
            rung += subscribing.ring_due(at=at) + letters.ring_readers(at=at)
    return rung


@shared_task(acks_late=True)
def settle_notifications(destination_id: str, agency_id: int) -> str:
    """Compare one store's subscriptions with Amazon. It opens its own transactions."""
    return subscribing.settle(destination_id, agency_id=agency_id)


@shared_task(acks_late=True)
def read_queue(destination_id: str, agency_id: int) -> int:
    """Take what lies in one queue. It opens its own transactions."""
    return letters.read(destination_id, agency_id=agency_id)


def _agencies() -> Iterator[int]:
    """Active agencies. A shared table: read before anybody acts."""
    yield from (Agency.objects.filter(active=True).order_by("pk").values_list("pk", flat=True))
