"""What a client is promised to see of the agency's work: what was done to the own stores, without names of staff."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from apps.accounts.models import Member
from apps.accounts.queries import discreet, stores_for
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.team.queries.ledger import VERBS
from apps.team.queries.wording import Difference, differences, titled

# Kinds of work a client is told of. Workload, people, keys, settings and costs are the agency's own matter.
TOLD = ("plan.", "policy.", "replenishment.edited", "replenishment.mode", "product.", "import.",
        "connection.", "store.", "sync.pull", "undo")  # fmt: skip


@dataclass(frozen=True)
class Deed:
    """One thing that was done, as a client reads it. `who`: the agency, the client's own people by name, or a program."""

    at: datetime
    who: str
    label: str
    title: str
    store: str
    differences: list[Difference]
    reason: str


def deeds(member: Member, *, store: str = "", q: str = "") -> QuerySet[Entry]:
    """The ledger of the client's stores, newest first."""
    told = Q()
    for word in TOLD:
        told |= Q(verb__startswith=word)
    rows = discreet(Entry.objects.filter(told, store__in=stores_for(member)), member).select_related("store", "by")
    if store:
        rows = rows.filter(store__slug=store)
    if q:
        rows = rows.filter(Q(title__icontains=q) | Q(target__icontains=q))
    return rows.order_by("-number")


def told(entries: Iterable[Entry], *, agency: str) -> list[Deed]:
    """Entries in the client's words."""
    entries = list(entries)
    changed = differences(entries, staff=False)
    return [
        Deed(
            entry.at,
            entry.actor if entry.by is not None and entry.by.role == Role.CLIENT else agency,
            str(VERBS.get(entry.verb, entry.verb)),
            titled(entry),
            entry.store.name if entry.store else "",
            changed[entry.number] if entry.before else [],
            entry.reason,
        )
        for entry in entries
    ]
