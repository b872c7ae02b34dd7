"""The ledger: one entry for each change, in the change's own transaction, chained by hash."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import models

from apps.core.models import ChainHead, Entry, Job
from apps.core.tenancy import acting_agency

CHECK = "ledger.check"  # the kind of job that verifies the chain
STEP = 2000  # entries between two signs of progress
# {verb: what it is called}; filled at start by the app that shows the ledger, for tables of the apps below it.
WORDS: dict[str, Any] = {}


def verb_words(verb: str) -> str:
    """A verb of the ledger as people read it."""
    return str(WORDS.get(verb) or verb.replace(".", ": ").replace("-", " ").replace("_", " "))


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


def verify(told: Callable[[int, int], None] = lambda done, total: None) -> int | None:
    """The number of the first entry of the acting agency that does not fit the chain; None: all fit.

    It reads the whole ledger, so no page waits for it: a job does (see `last_check`). `told(done, total)` now and then.
    What is appended meanwhile is left to the next check.
    """
    head = ChainHead.objects.first()
    last, digest = (head.number, head.digest) if head else (0, "")
    previous, number = "", 0
    for entry in Entry.objects.filter(number__lte=last).order_by("number").iterator():
        if entry.number != number + 1 or entry.previous != previous or entry.digest != chain_digest(entry):
            return entry.number
        previous, number = entry.digest, entry.number
        if number % STEP == 0:
            told(number, last)
    if (number, previous) != (last, digest):
        return number + 1
    return _behind_the_end()


def _behind_the_end() -> int | None:
    """An entry that the head knows nothing of. Asked in one statement: both are written in one transaction."""
    if not ChainHead.objects.exists():
        return Entry.objects.order_by("number").values_list("number", flat=True).first()
    newest = models.Subquery(Entry.objects.order_by("-number").values("number")[:1])
    ahead = ChainHead.objects.annotate(newest=newest).filter(newest__gt=models.F("number"))
    return ahead.values_list("newest", flat=True).first()


@dataclass(frozen=True)
class Checked:
    """What came of the last check of the whole chain. `broken`: the first entry that does not fit, None: all fit."""

    at: datetime
    entries: int
    broken: int | None


def last_check() -> Checked | None:
    """The last check that came to its end; None: there was none yet."""
    job = Job.objects.filter(kind=CHECK, state=Job.State.DONE).order_by("-finished_at").first()
    if job is None or job.finished_at is None:
        return None
    return Checked(job.finished_at, job.done, job.arguments.get("broken"))


def running_check() -> Job | None:
    """A check that waits or is on its way."""
    return Job.objects.filter(kind=CHECK, state__in=[Job.State.QUEUED, Job.State.RUNNING]).first()


def history(target: models.Model, *, limit: int = 20) -> models.QuerySet[Entry]:
    """The newest entries about one object."""
    return Entry.objects.filter(kind=target._meta.label_lower, target=str(target.pk)).order_by("-number")[:limit]


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """As the ledger keeps them: JSON values, everything else as text."""
    return json.loads(json.dumps(values, default=str))
