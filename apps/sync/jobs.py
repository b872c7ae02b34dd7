"""What the agency's own systems are told of findings. Found by `core` at start."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apps.core.findings import OPENED
from apps.core.models import Finding
from apps.sync.actions import emit

MOST_NAMED = 100  # a first sync opens hundreds at once: one event, the dearest by name


def tell(kind: str, store: Any, findings: Sequence[Finding], *, at: datetime) -> None:
    """One event per kind and store, the most money first; `count` is how many there are in all."""
    named = [
        {
            "id": str(f.pk), "subject": f.subject, "marketplace": f.marketplace, "at_stake": f.at_stake,
            "currency": f.currency, "due": f.due.isoformat() if f.due else None,
        }
        for f in sorted(findings, key=lambda f: -f.rank)[:MOST_NAMED]
    ]  # fmt: skip
    emit("finding.opened", {"kind": kind, "count": len(findings), "findings": named}, store=store, at=at)


OPENED.append(tell)
