"""Events for the agency's own systems, as Standard Webhooks: signed, retried, replayable."""

import random
import secrets
from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from apps.core import audit
from apps.core.tenancy import acting_agency
from apps.sync.actions.bell import send
from apps.sync.actions.credentials import seal_secret
from apps.sync.domain import retry
from apps.sync.models import WebhookDelivery, WebhookEndpoint

EVENTS = {
    "run.done": _("A run came through"),
    "run.dead": _("A run was given up"),
    "document.quarantined": _("A file could not be read"),
    "connection.needs_owner": _("A connection needs you"),
    "plan.submitted": _("A plan was submitted"),
    "plan.approved": _("A plan was approved"),
    "finding.opened": _("An item came into the inbox"),
    "incident.opened": _("An incident was opened"),
    "incident.raised": _("An incident got worse"),
    "incident.eased": _("An incident got better"),
    "incident.escalated": _("An incident was escalated"),
    "incident.resolved": _("An incident has recovered"),
    "webhook.test": _("A trial"),
}
LEASE_SECONDS = 60
MOST_FAILURES = 50  # in a row: nobody listens there any more
QUEUE = "interactive"


class Attempt:
    """What one delivery needs to be sent: read in one transaction, sent outside it."""

    def __init__(self, delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> None:
        self.delivery, self.endpoint = delivery, endpoint


def emit(event: str, payload: dict[str, Any], *, store: Any = None, at: datetime | None = None) -> int:
    """Write one delivery per endpoint that listens, in the caller's transaction; returns how many.

    `store` is a Store or its id: endpoints belong to the agency, the payload then names the store. Nothing that the
    transaction does not commit is ever told.
    """
    at = at or datetime.now().astimezone()
    endpoints = [e for e in WebhookEndpoint.objects.filter(active=True) if not e.events or event in e.events]
    if not endpoints:
        return 0
    data = dict(payload)
    if store is not None:
        data["store"] = getattr(store, "pk", store)
    body = audit.plain({"type": event, "timestamp": at.isoformat(), "data": data})
    deliveries = WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=endpoint, event=event, payload=body, due_at=at) for endpoint in endpoints
    )
    _ring(deliveries)
    return len(deliveries)


def add_endpoint(*, url: str, events: Iterable[str], by: Any, at: datetime) -> tuple[WebhookEndpoint, str]:
    """A new endpoint and its secret, which is shown once."""
    endpoint = WebhookEndpoint(url=url, events=sorted(events), created_by=by)
    secret = new_secret()
    endpoint.secret = seal_secret(endpoint, secret)
    endpoint.save()
    audit.record("webhook.add", endpoint, by=by, at=at, after={"url": url, "events": endpoint.events}, title=url)
    return endpoint, secret


def change_endpoint(
    endpoint: WebhookEndpoint, *, url: str, events: Iterable[str], active: bool, by: Any, at: datetime
) -> None:
    before = {"url": endpoint.url, "events": endpoint.events, "active": endpoint.active}
    endpoint.failures = 0 if active != endpoint.active else endpoint.failures  # off with failures: we switched it off
    endpoint.url, endpoint.events, endpoint.active = url, sorted(events), active
    endpoint.save()
    after = {"url": url, "events": endpoint.events, "active": active}
    audit.record("webhook.change", endpoint, by=by, at=at, before=before, after=after, title=url)


def rotate_secret(endpoint: WebhookEndpoint, *, by: Any, at: datetime) -> str:
    """A new secret, shown once. Until the next rotation deliveries carry signatures by the new and the old one."""
    secret = new_secret()
    endpoint.old_secret, endpoint.secret = (endpoint.secret, seal_secret(endpoint, secret))
    endpoint.save(update_fields=["secret", "old_secret"])
    audit.record("webhook.rotate", endpoint, by=by, at=at, title=endpoint.url)
    return secret


def remove_endpoint(endpoint: WebhookEndpoint, *, by: Any, at: datetime) -> None:
    """Forget an endpoint with its deliveries."""
    audit.record("webhook.remove", endpoint, by=by, at=at, before={"url": endpoint.url}, title=endpoint.url)
    WebhookDelivery.objects.filter(endpoint=endpoint).delete()
    endpoint.delete()


def test_endpoint(endpoint: WebhookEndpoint, *, at: datetime) -> WebhookDelivery:
    """Send a harmless event to one endpoint."""
    body = {"type": "webhook.test", "timestamp": at.isoformat(), "data": {}}
    delivery = WebhookDelivery.objects.create(endpoint=endpoint, event="webhook.test", payload=body, due_at=at)
    _ring([delivery])
    return delivery


def replay_delivery(delivery: WebhookDelivery, *, by: Any, at: datetime) -> None:
    """Send it again under the same webhook-id, so that a receiver that has it already can tell."""
    delivery.state, delivery.due_at, delivery.attempts, delivery.error = (WebhookDelivery.State.DUE, at, 0, "")
    delivery.lease_until = None
    delivery.save()
    audit.record("webhook.replay", delivery, by=by, at=at, title=delivery.event)
    _ring([delivery])


def new_secret() -> str:
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


def claim_delivery(delivery_id: Any, *, at: datetime) -> Attempt | None:
    """Take a delivery for one attempt; None if it is not due, or somebody has it."""
    found = (
        WebhookDelivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("endpoint")
        .filter(pk=delivery_id, state=WebhookDelivery.State.DUE, due_at__lte=at)
        .first()
    )
    if found is None or (found.lease_until and found.lease_until > at):
        return None
    if not found.endpoint.active:
        found.state, found.error = (WebhookDelivery.State.DEAD, "the endpoint is switched off")
        found.save(update_fields=["state", "error"])
        return None
    found.attempts += 1
    found.lease_until = at + timedelta(seconds=LEASE_SECONDS)
    found.save(update_fields=["attempts", "lease_until"])
    return Attempt(found, found.endpoint)


def delivered(attempt: Attempt, status: int, *, at: datetime) -> None:
    _mine(attempt).update(state=WebhookDelivery.State.SENT, status=status, sent_at=at, lease_until=None, error="")
    WebhookEndpoint.objects.filter(pk=attempt.endpoint.pk).update(failures=0)


def not_delivered(attempt: Attempt, error: str, status: int | None, *, at: datetime) -> None:
    """Try later, or give up; an endpoint that has failed for long (or says it is gone) is switched off."""
    seconds = None if status == 410 else retry.delivery_pause(attempt.delivery.attempts, random.random())
    values: dict[str, Any] = {"status": status, "error": error[:300], "lease_until": None}
    if seconds is None:
        values["state"] = WebhookDelivery.State.DEAD
    else:
        values["due_at"] = at + timedelta(seconds=seconds)
    if not _mine(attempt).update(**values):
        return
    endpoints = WebhookEndpoint.objects.filter(pk=attempt.endpoint.pk)
    endpoints.update(failures=F("failures") + 1)
    endpoint = endpoints.get()
    if endpoint.active and (status == 410 or endpoint.failures >= MOST_FAILURES):
        endpoint.active = False
        endpoint.save(update_fields=["active"])
        audit.record(
            "webhook.switch-off", endpoint, by=None, at=at, after={"active": False}, reason=error, title=endpoint.url
        )


def due_deliveries(*, at: datetime, most: int = 100) -> list[Any]:
    due = WebhookDelivery.objects.filter(state=WebhookDelivery.State.DUE, due_at__lte=at)
    due = due.exclude(lease_until__gt=at)
    return list(due.order_by("due_at").values_list("pk", flat=True)[:most])


def ring_deliveries(*, at: datetime) -> int:
    ids = due_deliveries(at=at)
    for each in ids:
        _send(each, acting_agency())
    return len(ids)


def _mine(attempt: Attempt) -> Any:
    return WebhookDelivery.objects.filter(pk=attempt.delivery.pk, attempts=attempt.delivery.attempts)


def _ring(deliveries: Iterable[WebhookDelivery]) -> None:
    agency = acting_agency()
    ids = [delivery.pk for delivery in deliveries]
    transaction.on_commit(lambda: [_send(each, agency) for each in ids])


def _send(delivery_id: Any, agency_id: int) -> None:
    send("apps.sync.tasks.deliver", queue=QUEUE, delivery_id=str(delivery_id), agency_id=agency_id)
