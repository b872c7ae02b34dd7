"""When the read model is made anew, and who is told of plans."""

from datetime import datetime, timedelta

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from apps.accounts.models import Store
from apps.accounts.tasks import ring_for_stores
from apps.core.tasks import TenantTask
from apps.core.tenancy import acting_agency
from apps.inventory import actions
from apps.inventory.actions import plans
from apps.inventory.models import Calculation, Plan
from apps.sync.actions.telling import UNFINISHED
from apps.sync.models import Run

QUEUE = "bulk"
SETTLES_IN = 10  # seconds: several documents of one sync ring once
PATIENCE = 60  # seconds between two calculations while a store's history is still coming in
HEARD_IN = 600  # seconds: a bell that nobody has answered by then is rung again


@shared_task(base=TenantTask)
def refresh_store(store_id: int) -> int:
    """The store's lines and findings from its facts; returns the number of lines, 0 if it was put off."""
    at = timezone.now()
    _answered(store_id)
    if _still_coming(store_id, at=at):
        refresh_soon(agency_id=acting_agency(), store_id=store_id)
        return 0
    done = actions.recompute_store(store_id, at=at)
    actions.refresh_findings(Store.objects.get(pk=store_id), at=at)
    return done.lines


@shared_task(base=TenantTask)
def tell_plan(plan_id: str, event: str) -> None:
    """Tell webhooks what a client decided."""
    plans.tell_webhooks(event, Plan.objects.get(pk=plan_id), at=timezone.now())


def refresh_soon(*, agency_id: int, store_id: int) -> None:
    """Ring for one store once things have settled; further rings are swallowed until somebody begins to answer.

    What is committed before that is part of the answer, however long the queue was; what comes later rings anew.
    """
    if cache.add(_mark(agency_id, store_id), True, HEARD_IN):
        refresh_store.apply_async([store_id], {"agency_id": agency_id}, countdown=SETTLES_IN, queue=QUEUE)


def _mark(agency_id: int, store_id: int) -> str:
    return f"agency:{agency_id}:replenishment:{store_id}:rung"


def _answered(store_id: int) -> None:
    """From here on bells are rung again. A cache that is away has swallowed none."""
    cache.touch(_mark(acting_agency(), store_id), 0)


def _still_coming(store_id: int, *, at: datetime) -> bool:
    """More of the store's history is on its way, and its lines were made a moment ago."""
    lately = Calculation.objects.filter(store=store_id, checked_at__gt=at - timedelta(seconds=PATIENCE))
    history = Run.objects.filter(store=store_id, slot__startswith="backfill:", state__in=UNFINISHED)
    return lately.exists() and history.exists()


@shared_task
def refresh_all() -> int:
    """Every hour: days pass even where no document comes. Returns the number of stores rung for."""
    return ring_for_stores(refresh_store, queue=QUEUE)
