"""What takes longer than a request. Found by `core` at start."""

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.accounts.queries import rates
from apps.core import exports, jobs
from apps.core.models import Job
from apps.sales.queries.cost import agency_currency
from apps.sales.queries.costs import Scope
from apps.sales.queries.exports import MOST_LINES, ORDER_FIELDS, cost_fields, exported_costs, exported_orders

EXPORT_COSTS = "costs.export"
EXPORT_ORDERS = "orders.export"


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
