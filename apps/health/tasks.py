"""When health's read models are made anew, and who is told."""

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from apps.accounts.models import Agency, Store
from apps.accounts.tasks import ring_for_stores
from apps.core.tasks import TenantTask
from apps.core.tenancy import tenant
from apps.health.actions import coverage, evaluating, mails, paper_findings, reminders, sending, telling
from apps.health.actions.attention import refresh_findings
from apps.health.actions.counting import count_figures
from apps.health.actions.failing import review_channels
from apps.health.actions.outlooks import look_ahead
from apps.health.actions.satisfaction import reckon_csat

QUEUE = "bulk"
SETTLES_IN = 10  # seconds: several documents of one sync ring once
ALERTS_SETTLE_IN = 20  # the documents of one sync, and what is worked out from them
SWEEP_SECONDS = 15
PAPERS_SETTLE_IN = 3  # several papers handed in at once


@shared_task(base=TenantTask)
def refresh_store(store_id: int) -> int:
    """What follows from the store's facts, made anew: figures, forecasts, findings. Returns the number of forecasts."""
    store, at = Store.objects.get(pk=store_id), timezone.now()
    count_figures(store, at=at)
    reckon_csat(store, at=at)
    made = look_ahead(store, at=at)
    refresh_findings(store, at=at)
    return made


def refresh_soon(*, agency_id: int, store_id: int) -> None:
    """Ring for one store once things have settled; further rings until then are swallowed."""
    if cache.add(f"agency:{agency_id}:health:{store_id}:rung", True, SETTLES_IN):
        refresh_store.apply_async([store_id], {"agency_id": agency_id}, countdown=SETTLES_IN, queue=QUEUE)


@shared_task
def refresh_all() -> int:
    """Several times a day: defects roll off even where no document comes. Returns the number of stores rung for."""
    return ring_for_stores(refresh_store, queue=QUEUE)


@shared_task(base=TenantTask)
def refresh_papers(store_id: int) -> int:
    """The store's coverage and findings about papers; returns the number of offers."""
    at = timezone.now()
    done = coverage.recompute_store(store_id, at=at)
    paper_findings.refresh_findings(Store.objects.get(pk=store_id), at=at)
    return done.offers


@shared_task(base=TenantTask)
def remind_of_papers(store_id: int) -> int:
    """Mail about papers that end soon or have ended, and about what was asked for; returns the number of mails."""
    return reminders.remind(Store.objects.get(pk=store_id), at=timezone.now())


@shared_task(base=TenantTask)
def send_paper_mails(store_id: int) -> int:
    """Send the store's mails that wait; returns how many went out."""
    return len(mails.send_waiting(Store.objects.get(pk=store_id), at=timezone.now()))


def send_paper_mails_soon(*, agency_id: int, store_id: int) -> None:
    """Ring for one store's mails."""
    send_paper_mails.apply_async([store_id], {"agency_id": agency_id}, queue="interactive")


@shared_task
def sweep_paper_mails() -> int:
    """Each ten minutes: ring for mails that could not go out, and those whose bell was lost; returns how many stores."""
    rung = 0
    for agency_id in Agency.objects.filter(active=True).order_by("pk").values_list("pk", flat=True):
        with tenant(agency_id):
            stores = list(mails.stores_waiting(at=timezone.now()))
        for store_id in stores:
            send_paper_mails_soon(agency_id=agency_id, store_id=store_id)
        rung += len(stores)
    return rung


def refresh_papers_soon(*, agency_id: int, store_id: int) -> None:
    """Ring for one store once things have settled; further rings until then are swallowed."""
    if cache.add(f"agency:{agency_id}:papers:{store_id}:rung", True, PAPERS_SETTLE_IN):
        refresh_papers.apply_async([store_id], {"agency_id": agency_id}, countdown=PAPERS_SETTLE_IN, queue=QUEUE)


@shared_task
def refresh_all_papers() -> int:
    """Every night: papers end as days pass. Returns the number of stores rung for."""
    return ring_for_stores(refresh_papers, remind_of_papers, queue=QUEUE)


# -- alerts


@shared_task(base=TenantTask)
def evaluate_alerts() -> int:
    """Look at the agency's rules, and whether people are reached at all; returns how many incidents were opened."""
    at = timezone.now()
    review_channels(at=at)
    return evaluating.evaluate(at=at).opened


def evaluate_soon(*, agency_id: int, **_more: object) -> None:
    """Ring once things have settled; further rings until then are swallowed."""
    if cache.add(f"agency:{agency_id}:alerts:rung", True, ALERTS_SETTLE_IN):
        evaluate_alerts.apply_async([], {"agency_id": agency_id}, countdown=ALERTS_SETTLE_IN, queue=QUEUE)


@shared_task
def evaluate_all() -> int:
    """Twice an hour: days pass even where no document comes. Returns the number of agencies rung for."""
    rung = 0
    for agency_id in Agency.objects.filter(active=True).values_list("pk", flat=True):
        evaluate_alerts.apply_async([], {"agency_id": agency_id}, queue=QUEUE)
        rung += 1
    return rung


@shared_task(base=TenantTask)
def sweep_agency() -> int:
    """Ring for the agency's messages that are due, and escalate what nobody took; returns how many."""
    at = timezone.now()
    return evaluating.escalate(at=at) + telling.ring_due(at=at)


@shared_task
def sweep_alerts() -> int:
    """Each 15 seconds: one bell for each agency, so that the trouble of one keeps no other waiting; how many.

    A bell nobody has heard until the next one is forgotten.
    """
    rung = 0
    for agency_id in Agency.objects.filter(active=True).order_by("pk").values_list("pk", flat=True):
        sweep_agency.apply_async([], {"agency_id": agency_id}, queue="interactive", expires=SWEEP_SECONDS)
        rung += 1
    return rung


@shared_task(acks_late=True)
def deliver_alert(delivery_id: str, agency_id: int) -> str:
    """Send one message. It opens its own transactions: the network is waited for between them."""
    return sending.deliver(delivery_id, agency_id=agency_id)
