"""What the inbox says about our doors: opened and closed by how fresh the facts are."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from apps.accounts.models import Store
from apps.core.findings import Candidate, update_findings
from apps.core.models import Finding
from apps.sync.models import Connection
from apps.sync.queries.freshness import LATE, freshness
from apps.sync.queries.subscriptions import troubles

NEEDS_OWNER, LATE_KIND, SILENT = "sync-needs-owner", "sync-late", "sync-notifications"


def review(*, at: datetime) -> None:
    """Open, refresh and close the three kinds of findings for all stores of the acting agency."""
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
    for kind, wanted in ((NEEDS_OWNER, needing), (LATE_KIND, late), (SILENT, silent)):
        living = Finding.objects.filter(kind=kind, state__in=["open", "snoozed", "dismissed"])
        touched = set(wanted) | set(living.values_list("store_id", flat=True))
        for store in Store.objects.filter(pk__in=touched):
            update_findings(kind, store, wanted.get(store.pk, []), at=at)


def _needing() -> dict[int, list[Candidate]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for door in Connection.objects.filter(state=Connection.State.NEEDS_OWNER, store__active=True):
        detail = {"connection": door.label or door.kind, "problem": door.problem[:200]}
        found[door.store_id].append(Candidate(subject=door.kind, detail=detail))
    return found
