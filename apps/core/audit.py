"""The ledger: one entry for each change, in the change's own transaction, chained by hash."""

import hashlib
import json
from datetime import datetime
from typing import Any, Protocol

from django.db import models

from apps.core.models import ChainHead, Entry
from apps.core.tenancy import acting_agency

# What verbs are called, by the app that tells the whole ledger; apps below show them by it.
LABELS: dict[str, Any] = {}


class Actor(Protocol):
    """Anyone who can act: a member (person or API key)."""

    pk: Any

    def __str__(self) -> str: ...


def record(  # noqa: PLR0913 - named by keyword
    verb: str,
    target: models.Model,
    *,
    by: Any | None,
    at: datetime,
    store: Any | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    request_id: str = "",
    title: str = "",
) -> Entry:
    """Append to the acting agency's ledger. `before`/`after` hold JSON values of what changed, never secrets."""
    head, _ = ChainHead.objects.select_for_update().get_or_create(agency_id=acting_agency())
    entry = Entry(
        number=head.number + 1,
        at=at,
        by=by,
        actor=str(by) if by else "",
        verb=verb,
        kind=target._meta.label_lower,
        target=str(target.pk),
        title=(title or str(target))[:200],
        store=store,
        before=plain(before or {}),
        after=plain(after or {}),
        reason=reason,
        request_id=request_id,
        previous=head.digest,
    )
    entry.digest = chain_digest(entry)
    entry.save(force_insert=True)
    head.number, head.digest = entry.number, entry.digest
    head.save(update_fields=["number", "digest"])
    return entry


def canonical(entry: Entry) -> str:
    """What the digest covers: every column but the digest itself, as JSON with sorted keys."""
    names = (
        "number",
        "actor",
        "verb",
        "kind",
        "target",
        "title",
        "before",
        "after",
        "reason",
        "request_id",
        "previous",
    )
    values = {name: getattr(entry, name) for name in names}
    values |= {
        "at": entry.at.isoformat(),
        "by": str(entry.by_id or ""),
        "store": str(entry.store_id or ""),
    }
    return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def chain_digest(entry: Entry) -> str:
    return hashlib.sha256(canonical(entry).encode()).hexdigest()


def verify() -> int | None:
    """The number of the first entry of the acting agency that does not fit the chain; None: all fit."""
    previous, number = "", 0
    for entry in Entry.objects.order_by("number").iterator():
        if entry.number != number + 1 or entry.previous != previous or entry.digest != chain_digest(entry):
            return entry.number
        previous, number = entry.digest, entry.number
    head = ChainHead.objects.filter().first()
    return None if head is None or (head.number, head.digest) == (number, previous) else number + 1


def history(target: models.Model, *, limit: int = 20) -> models.QuerySet[Entry]:
    """The newest entries about one object."""
    return Entry.objects.filter(kind=target._meta.label_lower, target=str(target.pk)).order_by("-number")[:limit]


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """As the ledger keeps them: JSON values, everything else as text."""
    return json.loads(json.dumps(values, default=str))
