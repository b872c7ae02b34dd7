"""When the read model is made anew, and who is told of plans."""

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from apps.accounts.models import Agency, Store
from apps.core.tasks import TenantTask
from apps.core.tenancy import tenant
from apps.inventory import actions
from apps.inventory.actions import plans
from apps.inventory.models import Plan

QUEUE = "bulk"
SETTLES_IN = 10  # seconds: several documents of one sync ring once


@shared_task(base=TenantTask)
def refresh_store(store_id: int) -> int:
    """The store's lines and findings from its facts; returns the number of lines."""
    at = timezone.now()
    done = actions.recompute_store(store_id, at=at)
    actions.refresh_findings(Store.objects.get(pk=store_id), at=at)
    return done.lines


@shared_task(base=TenantTask)
def tell_plan(plan_id: str, event: str) -> None:
    """Tell webhooks what a client decided."""
    plans.tell_webhooks(event, Plan.objects.get(pk=plan_id), at=timezone.now())


def refresh_soon(*, agency_id: int, store_id: int) -> None:
    """Ring for one store once things have settled; further rings until then are swallowed.

    The mark goes after as many seconds as the bell waits, so a document that comes later rings anew.
    """
    if cache.add(f"agency:{agency_id}:replenishment:{store_id}:rung", True, SETTLES_IN):
        refresh_store.apply_async([store_id], {"agency_id": agency_id}, countdown=SETTLES_IN, queue=QUEUE)


@shared_task
def refresh_all() -> int:
    """Every hour: days pass even where no document comes. Returns the number of stores rung for."""
    rung = 0
    for agency_id in Agency.objects.filter(active=True).values_list("pk", flat=True):
        with tenant(agency_id):
            stores = list(Store.objects.filter(active=True).values_list("pk", flat=True))
        for store_id in stores:
            refresh_store.apply_async([store_id], {"agency_id": agency_id}, queue=QUEUE)
            rung += 1
    return rung
