"""What takes longer than a request, and what follows fresh facts and plans. Found by `core` at start."""

from typing import Any

from django.utils import timezone, translation

from apps.accounts.models import Store
from apps.accounts.queries import rates
from apps.core import exports, jobs
from apps.core.models import Job
from apps.inventory import actions
from apps.inventory.actions.plans import FOLLOWERS, TOLD_BY_TASK
from apps.inventory.queries.exports import LINE_FIELDS, exported_lines
from apps.inventory.queries.plans import agency_currency
from apps.inventory.tasks import refresh_soon
from apps.sync.actions.bell import send
from apps.sync.loading import Loaded, after_load
from apps.sync.rows import COST, FBA_PLANNING, FBA_STOCK, LISTING, ORDER_LINE, OWN_STOCK, PRODUCT

RECALCULATE = "replenishment.recalculate"
EXPORT = "replenishment.export"


@after_load(ORDER_LINE, LISTING, FBA_STOCK, FBA_PLANNING, OWN_STOCK, COST, PRODUCT)
def follow(*, agency_id: int, store_id: int, row: str, loaded: Loaded) -> None:
    """Facts a line is made of have changed. A count of stock may change much by what it does not mention."""
    if loaded.quiet and row != FBA_STOCK.name:
        return
    refresh_soon(agency_id=agency_id, store_id=store_id)


def follow_plan(*, agency_id: int, store_id: int, **plan: Any) -> None:
    """What is on order has changed."""
    refresh_soon(agency_id=agency_id, store_id=store_id)
    if event := TOLD_BY_TASK.get(plan["event"]):
        send(
            "apps.inventory.tasks.tell_plan",
            queue="interactive",
            plan_id=plan["plan_id"],
            event=event,
            agency_id=agency_id,
        )


FOLLOWERS.append(follow_plan)


@jobs.works(RECALCULATE)
def recalculate(job: Job) -> None:
    """Make the lines of the stores in `arguments["stores"]` anew."""
    stores = list(Store.objects.filter(pk__in=job.arguments["stores"]).order_by("name"))
    lines = 0
    for done, store in enumerate(stores):
        jobs.advance(job, done, total=len(stores), note=store.name)
        at = timezone.now()
        lines += actions.recompute_store(store.pk, at=at).lines
        actions.refresh_findings(store, at=at)
    job.done = job.total = len(stores)
    job.note = f"{lines} SKU"


@jobs.works(EXPORT)
def export(job: Job) -> None:
    """Write what the page's query shows, all pages, as a file in document storage."""
    wanted = job.arguments
    today = timezone.localdate()
    rate = rates(agency_currency(), today)
    with translation.override(wanted.get("language") or "en"):
        lines = exported_lines(job.by, wanted["query"], store=wanted["store"], today=today, rates=rate)
        rows = lines.iterator(chunk_size=2000)
        exports.keep(job, LINE_FIELDS, rows, total=lines.count(), name=f"replenishment-{today:%Y-%m-%d}")
