"""When health is told of offers: after what they are made of has changed, and as days pass."""

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from apps.accounts.tasks import ring_for_stores
from apps.core.tasks import TenantTask
from apps.sales.actions.defects import place_defects
from apps.sales.actions.offers import tell_offers
from apps.sales.actions.programmes import count_all_programmes

QUEUE = "bulk"
SETTLES_IN = 10  # seconds: several documents of one sync ring once


@shared_task(base=TenantTask)
def tell_store(store_id: int) -> int:
    """Tell health of the store's offers, and of orders with a defect; returns how many were new or changed."""
    count_all_programmes(store_id)
    place_defects(store_id)
    merged = tell_offers(store_id, at=timezone.now())
    return merged.new + merged.changed


def tell_soon(*, agency_id: int, store_id: int) -> None:
    """Ring for one store once things have settled; further rings until then are swallowed."""
    if cache.add(f"agency:{agency_id}:offers:{store_id}:rung", True, SETTLES_IN):
        tell_store.apply_async([store_id], {"agency_id": agency_id}, countdown=SETTLES_IN, queue=QUEUE)


@shared_task
def tell_all() -> int:
    """Every night: sales of the last 30 days change as days pass. Returns the number of stores rung for."""
    return ring_for_stores(tell_store, queue=QUEUE)
