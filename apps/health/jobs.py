"""What takes longer than a request, and what follows papers and offers. Found by `core` at start."""

from django.utils import timezone

from apps.accounts.models import Store
from apps.core import jobs
from apps.core.models import Job
from apps.health.actions import coverage, offers, paper_findings, papers
from apps.health.tasks import refresh_papers_soon

RECALCULATE = "papers.recalculate"

papers.FOLLOWERS.append(refresh_papers_soon)
offers.FOLLOWERS.append(refresh_papers_soon)


@jobs.works(RECALCULATE)
def recalculate(job: Job) -> None:
    """Make the coverage of the stores in `arguments["stores"]` anew."""
    stores = list(Store.objects.filter(pk__in=job.arguments["stores"]).order_by("name"))
    count = 0
    for done, store in enumerate(stores):
        jobs.advance(job, done, total=len(stores), note=store.name)
        at = timezone.now()
        count += coverage.recompute_store(store.pk, at=at).offers
        paper_findings.refresh_findings(store, at=at)
    job.done = job.total = len(stores)
    job.note = f"{count} SKU"
