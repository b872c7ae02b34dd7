"""Work in the background. Found by `core` at start."""

from apps.core import audit, jobs
from apps.core.models import ChainHead, Job


@jobs.works(audit.CHECK)
def check_ledger(job: Job) -> None:
    """Read the whole chain of hashes. What came of it stays in the job: `core.audit.last_check`."""
    job.total = ChainHead.objects.values_list("number", flat=True).first() or 0
    job.arguments["broken"] = audit.verify(lambda done, total: jobs.advance(job, done, total=total))
    job.done = job.total
