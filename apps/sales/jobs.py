"""What takes longer than a request. Found by `core` at start."""

from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.accounts.queries import rates
from apps.core import exports, jobs
from apps.core.models import Job
from apps.sales.queries.cost import agency_currency
from apps.sales.queries.costs import Scope
from apps.sales.queries.exports import MOST_LINES, ORDER_FIELDS, cost_fields, exported_costs, exported_orders
from apps.sales.tasks import tell_soon
from apps.sync.loading import after_load
from apps.sync.rows import DEFECT, FEEDBACK, LISTING, ORDER_LINE, PRODUCT, SHIPMENT

EXPORT_COSTS = "costs.export"
EXPORT_ORDERS = "orders.export"


@after_load(ORDER_LINE, LISTING, PRODUCT, DEFECT, FEEDBACK, SHIPMENT)
def follow(*, agency_id: int, store_id: int, **loaded: Any) -> None:
    """What an offer is made of has changed, or defects have come whose orders we know."""
    tell_soon(agency_id=agency_id, store_id=store_id)


@jobs.works(EXPORT_COSTS)
def export_costs(job: Job) -> None:
    """Write what the page's query shows, all pages, as a file in document storage."""
    wanted, today, currency = job.arguments, timezone.localdate(), agency_currency()
    scope = Scope(job.by, today, currency, rates(currency, today))
    with translation.override(wanted.get("language") or "en"):
        rows, total = exported_costs(scope, wanted["query"], store=wanted["store"])
        exports.keep(job, cost_fields(currency), rows, total=total, name=f"costs-{today:%Y-%m-%d}")


@jobs.works(EXPORT_ORDERS)
def export_orders(job: Job) -> None:
    """Write what the page's query shows, the newest lines of each store first, up to a file's limit."""
    wanted, today = job.arguments, timezone.localdate()
    with translation.override(wanted.get("language") or "en"):
        rows, total = exported_orders(job.by, wanted["query"], store=wanted["store"], today=today)
        exports.keep(job, ORDER_FIELDS, rows, total=total, name=f"orders-{today:%Y-%m-%d}")
        if job.done >= MOST_LINES:
            job.note = _("A file holds at most %d lines. Choose a shorter period for the rest.") % MOST_LINES
