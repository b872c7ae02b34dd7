"""What takes longer than a request. Found by `core` at start."""

from django.utils import timezone, translation

from apps.core import exports, jobs
from apps.core.models import Job
from apps.listings.queries.exports import exported, fields

EXPORT = "products.export"


@jobs.works(EXPORT)
def export(job: Job) -> None:
    """Write what the page's query shows, all pages, as a file in document storage."""
    wanted = job.arguments
    with translation.override(wanted.get("language") or "en"):
        rows, total = exported(job.by, wanted["query"], store=wanted["store"])
        exports.keep(job, fields(), rows, total=total, name=f"products-{timezone.localdate():%Y-%m-%d}")
