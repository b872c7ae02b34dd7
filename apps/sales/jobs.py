"""What takes longer than a request. Found by `core` at start."""

from django.utils import timezone, translation

from apps.accounts.queries import rates
from apps.core import exports, jobs
from apps.core.models import Job
from apps.sales.queries.cost import agency_currency
from apps.sales.queries.costs import Scope
from apps.sales.queries.exports import cost_fields, exported_costs

EXPORT_COSTS = "costs.export"


@jobs.works(EXPORT_COSTS)
def export_costs(job: Job) -> None:
    """Write what the page's query shows, all pages, as a file in document storage."""
    wanted, today, currency = job.arguments, timezone.localdate(), agency_currency()
    scope = Scope(job.by, today, currency, rates(currency, today))
    with translation.override(wanted.get("language") or "en"):
        rows, total = exported_costs(scope, wanted["query"], store=wanted["store"])
        exports.keep(job, cost_fields(currency), rows, total=total, name=f"costs-{today:%Y-%m-%d}")
