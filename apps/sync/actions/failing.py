"""What the inbox says of ways to tell people that have not worked for days. Closed by the first thing that arrives."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Max, QuerySet

from apps.core.findings import Candidate, update_findings
from apps.sync.models import WebhookDelivery, WebhookEndpoint

WEBHOOK = "webhook-failing"
PATIENCE = timedelta(days=2)


def review_webhooks(*, at: datetime) -> None:
    """Open, refresh and close what is said of webhooks that do not arrive, or that we have switched off."""
    rows = WebhookEndpoint.objects.filter(failures__gt=0).order_by("created_at", "pk")
    told = ((urlsplit(row.url).hostname or row.url, _of_webhook(row, at)) for row in rows)
    of_agency(WEBHOOK, told, at=at)


def of_agency(kind: str, told: Iterable[tuple[str, dict[str, Any] | None]], *, at: datetime) -> None:
    """Findings about what belongs to the agency: (name, detail), or None for what is well."""
    wanted: dict[str, Candidate] = {}
    for name, detail in told:
        if detail is not None:
            subject = name if name not in wanted else f"{name} {len(wanted) + 1}"
            wanted[subject] = Candidate(subject=subject[:120], detail=detail)
    update_findings(kind, None, wanted.values(), at=at)


def failing(deliveries: QuerySet[Any], since: datetime | None, at: datetime) -> dict[str, Any] | None:
    """`days` and `error` of the oldest message that failed after the last one that arrived; None: not for long."""
    failed = deliveries.filter(attempts__gt=0).exclude(error="")
    first = (failed.filter(created_at__gt=since) if since else failed).order_by("created_at").first()
    if first is None or at - first.created_at < PATIENCE:
        return None
    return {"days": (at - first.created_at).days, "error": first.error[:200]}


def _of_webhook(row: WebhookEndpoint, at: datetime) -> dict[str, Any] | None:
    sent = WebhookDelivery.objects.filter(endpoint=row)
    about = {"webhook": str(row.pk), "host": urlsplit(row.url).hostname or "", "on": int(row.active)}
    arrived = sent.aggregate(at=Max("sent_at"))["at"]
    found = failing(sent, arrived, at)
    if found is None and not row.active:
        last = sent.exclude(error="").filter(attempts__gt=0).order_by("-created_at").first()
        found = {"days": 0, "error": last.error[:200] if last else ""}
    return about | found if found else None
