"""What takes longer than a request, and what follows fresh facts, papers and offers. Found by `core` at start."""

from functools import partial
from typing import Any

from django.utils import timezone, translation

from apps.accounts.actions.settings import MONEY_KEPT
from apps.accounts.models import Store
from apps.core import exports, jobs
from apps.core.crypto import REWRAPPERS
from apps.core.metrics import DEFAULTS
from apps.core.models import Job
from apps.health.actions import (
    channels,
    coverage,
    figures,
    mails,
    offers,
    packing,
    paper_findings,
    papers,
    satisfaction,
)
from apps.health.actions.money import tell_in as incidents_tell_in
from apps.health.actions.notifications import take
from apps.health.queries import alert_exports, work_exports
from apps.health.queries.crises import crises_for
from apps.health.queries.exports import FIELDS, exported
from apps.health.queries.standards import told_defaults
from apps.health.tasks import evaluate_soon, refresh_papers_soon, refresh_soon, send_paper_mails_soon
from apps.sync.actions.letters import TAKERS
from apps.sync.loading import Loaded, after_load
from apps.sync.rows import DEFECT, DELIVERY, FEEDBACK, FIGURE, HEALTH, RETURN, ROW_TYPES, SHIPMENT

EXPORT = "health.export"
RECALCULATE = "papers.recalculate"

MONEY_KEPT.append(incidents_tell_in)
DEFAULTS.append(told_defaults)
papers.FOLLOWERS.append(refresh_papers_soon)
offers.FOLLOWERS.append(refresh_papers_soon)
figures.FOLLOWERS += [refresh_soon, evaluate_soon]
satisfaction.FOLLOWERS.append(refresh_soon)
mails.FOLLOWERS.append(send_paper_mails_soon)


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


@jobs.works(EXPORT)
def export(job: Job) -> None:
    """Write what the matrix's query shows, all pages, as a file in document storage."""
    with translation.override(job.arguments.get("language") or "en"):
        rows, total = exported(job.by, job.arguments["query"])
        exports.keep(job, FIELDS, rows, total=total, name=f"health-{timezone.localdate():%Y-%m-%d}")


@after_load(HEALTH, DEFECT, FEEDBACK, RETURN, SHIPMENT, FIGURE, DELIVERY)
def follow(*, agency_id: int, store_id: int, loaded: Loaded, **_row: Any) -> None:
    """Facts have changed: what is foretold and found from them may have, too."""
    if loaded.new or loaded.changed or loaded.gone:
        refresh_soon(agency_id=agency_id, store_id=store_id)


@jobs.works("alerts.export")
def export_alerts(job: Job) -> None:
    """Write what the page of incidents shows, all pages, as a file in document storage."""
    wanted = job.arguments
    with translation.override(wanted.get("language") or "en"):
        rows, total = alert_exports.exported(job.by, wanted["query"], store=wanted["store"])
        name = f"incidents-{timezone.localdate():%Y-%m-%d}"
        exports.keep(job, alert_exports.FIELDS, rows, total=total, name=name)


@jobs.works("health-defects.export")
def export_defects(job: Job) -> None:
    """Write what the page of defect orders shows, all pages, as a file in document storage."""
    with translation.override(job.arguments.get("language") or "en"):
        rows, total = work_exports.exported_defects(job.by, job.arguments["query"], store=job.arguments["store"])
        name = f"defects-{timezone.localdate():%Y-%m-%d}"
        exports.keep(job, work_exports.DEFECT_FIELDS, rows, total=total, name=name)


@jobs.works("health-notices.export")
def export_notices(job: Job) -> None:
    """Write what the page of notices shows, all pages, as a file in document storage."""
    with translation.override(job.arguments.get("language") or "en"):
        rows, total = work_exports.exported_notices(job.by, job.arguments["query"], store=job.arguments["store"])
        name = f"notices-{timezone.localdate():%Y-%m-%d}"
        exports.keep(job, work_exports.NOTICE_FIELDS, rows, total=total, name=name)


after_load(*ROW_TYPES.values())(evaluate_soon)
TAKERS.append(partial(take, by=None))
REWRAPPERS.append(channels.rewrap)


@jobs.works("crisis.pack")
def pack_evidence(job: Job) -> None:
    """Everything that proves what was done in one crisis, as one ZIP."""
    with translation.override(job.arguments.get("language") or "en"):
        packing.pack(job, crises_for(job.by).get(number=job.arguments["crisis"]), at=timezone.now())
