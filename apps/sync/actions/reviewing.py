"""What the inbox says about our doors: opened and closed by how fresh the facts are."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from apps.accounts.models import Store
from apps.core.findings import Candidate, update_findings
from apps.core.models import Finding
from apps.sync.actions.failing import review_webhooks
from apps.sync.domain import ages
from apps.sync.models import Connection
from apps.sync.queries.boards import named
from apps.sync.queries.freshness import LATE, freshness
from apps.sync.queries.subscriptions import troubles

NEEDS_OWNER, LATE_KIND, SILENT = "sync-needs-owner", "sync-late", "sync-notifications"
CONSENT, SECRET = "consent-ending", "secret-ending"
Wanted = dict[int, list[Candidate]]


def review(*, at: datetime) -> None:
    """Open, refresh and close the kinds of findings about doors for all stores of the acting agency."""
    stores = list(Store.objects.filter(active=True))
    needing = _needing()
    late: dict[int, list[Candidate]] = defaultdict(list)
    for each in freshness(stores, at=at):
        if each.word == LATE and each.age is not None:
            detail = {
                "dataset": str(each.dataset),
                "hours": int(each.age.total_seconds() // 3600),
                "promise": int(each.promise.total_seconds() // 3600),
            }
            late[each.store_id].append(Candidate(subject=each.dataset, detail=detail))
    silent = {pk: [Candidate(subject="notifications", detail=why)] for pk, why in troubles(at=at).items()}
    consents, secrets = _ending(at)
    found = {NEEDS_OWNER: needing, LATE_KIND: late, SILENT: silent, CONSENT: consents, SECRET: secrets}
    for kind, wanted in found.items():
        living = Finding.objects.filter(kind=kind, state__in=["open", "snoozed", "dismissed"])
        touched = set(wanted) | set(living.values_list("store_id", flat=True))
        for store in Store.objects.filter(pk__in=touched):
            update_findings(kind, store, wanted.get(store.pk, []), at=at)
    review_webhooks(at=at)


def _needing() -> dict[int, list[Candidate]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for door in Connection.objects.filter(state=Connection.State.NEEDS_OWNER, store__active=True):
        detail = {"connection": named(door), "problem": door.problem[:200]}
        found[door.store_id].append(Candidate(subject=door.kind, detail=detail))
    return found


def _ending(at: datetime) -> tuple[Wanted, Wanted]:
    """Consents and client secrets that run out, by store."""
    consents: Wanted = defaultdict(list)
    secrets: Wanted = defaultdict(list)
    doors = Connection.objects.filter(store__active=True).exclude(state=Connection.State.REVOKED)
    for door in doors.exclude(authorised_at=None):
        left = ages.consent_left(door.authorised_at, at)
        _add(consents, door, left, ages.step(left, ages.CONSENT_DAYS, ages.CONSENT_STEPS), at)
        left = ages.secret_left(door.secret_since, at.date())
        _add(secrets, door, left, ages.step(left, ages.SECRET_DAYS, ages.SECRET_STEPS), at)
    return consents, secrets


def _add(found: Wanted, door: Connection, left: int | None, step: int, at: datetime) -> None:
    if left is None or not step:
        return
    label = named(door)
    detail = {"connection": label, "left": max(left, 0), "step": step}
    due = at.date() + timedelta(days=max(left, 0))
    found[door.store_id].append(Candidate(subject=door.kind, detail=detail, due=due))
