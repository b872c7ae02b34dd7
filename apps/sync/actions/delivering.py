"""Sends one webhook: read in a transaction, sent outside it, the answer noted in another."""

import json
from typing import Any

from django.conf import settings
from django.utils import timezone
from standardwebhooks import Webhook

from apps.core.crypto import Sealed
from apps.core.tenancy import tenant
from apps.sync.actions import webhooks
from apps.sync.actions.credentials import opened_secret
from apps.sync.outward import Refused, post

QUIET = 300  # characters of an answer that are kept


def deliver(delivery_id: Any, *, agency_id: int) -> str:
    """One attempt; returns "sent", "failed" or "" if there was nothing to do."""
    with tenant(agency_id):
        attempt = webhooks.claim_delivery(delivery_id, at=timezone.now())
    if attempt is None:
        return ""
    status, error = _attempt(attempt)
    with tenant(agency_id):
        if not error:
            webhooks.delivered(attempt, status or 200, at=timezone.now())
            return "sent"
        webhooks.not_delivered(attempt, error, status, at=timezone.now())
    return "failed"


def signed(attempt: webhooks.Attempt, body: str, *, at: Any) -> dict[str, str]:
    """The headers of Standard Webhooks; while a secret is being rotated both sign."""
    sealed = [s for s in (attempt.endpoint.secret, attempt.endpoint.old_secret) if s]
    keys = [opened_secret(attempt.endpoint, each) for each in sealed]
    name = f"msg_{attempt.delivery.pk.hex}"
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(name, at, body) for key in keys),
        "content-type": "application/json",
    }


def _attempt(attempt: webhooks.Attempt) -> tuple[int | None, str]:
    body = json.dumps(attempt.delivery.payload, ensure_ascii=False, separators=(",", ":"))
    try:
        headers = signed(attempt, body, at=timezone.now())
        status, said = post(attempt.endpoint.url, body.encode(), headers, insecure=settings.ALLOW_HTTP_OUTSIDE)
    except (Refused, Sealed) as error:
        return None, str(error)[:QUIET]
    if 200 <= status < 300:
        return status, ""
    return status, f"HTTP {status} {said}".strip()[:QUIET]
