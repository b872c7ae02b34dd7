"""What needs a person, over all apps; and what was done."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.functional import Promise

from apps.accounts.models import Member, Store
from apps.accounts.queries import stores_for
from apps.core.findings import KINDS, FindingKind
from apps.core.metrics import Period
from apps.core.models import Entry, Finding
from apps.core.permissions import Permission
from apps.core.undo import UNDO, VERB, undone_numbers

OPEN, SNOOZED = Finding.State.OPEN, Finding.State.SNOOZED
CLOSED = (Finding.State.DONE, Finding.State.DISMISSED, Finding.State.RECOVERED)


@dataclass(frozen=True)
class Card:
    """A finding as a person reads it."""

    finding: Finding
    kind: FindingKind
    title: str
    why: str

    @property
    def overdue(self) -> bool:
        return self.finding.due is not None and self.finding.due < date.today()


def visible_findings(member: Member) -> QuerySet[Finding]:
    """Findings of the member's stores, of kinds the member may see."""
    kinds = [kind.key for kind in KINDS.values() if member.can(kind.needs)]
    return Finding.objects.filter(store__in=stores_for(member), kind__in=kinds)


def inbox(member: Member, *, tab: str, me_only: bool, **only: Any) -> QuerySet[Finding]:
    """The inbox, most money first. `tab`: open, snoozed, done. `only`: further field look-ups."""
    states = {"snoozed": [SNOOZED], "done": CLOSED}.get(tab, [OPEN])
    rows = visible_findings(member).filter(state__in=states, **only)
    if me_only:
        rows = rows.filter(Q(assigned=member) | Q(assigned=None, store__owner=member))
    newest = ("-changed_at",) if tab == "done" else ()
    return rows.select_related("store", "assigned__user", "store__owner__user").order_by(*newest, "-rank", "due", "id")


@dataclass(frozen=True)
class InboxTotals:
    """Counts for tiles and tabs. Money in minor units of the agency's currency."""

    open: int
    at_stake: int
    due_today: int
    snoozed: int
    kept: int
    by_kind: dict[str, int]


def inbox_totals(member: Member, *, today: date) -> InboxTotals:
    """One query for the tiles, one for the kinds. `kept`: what recovered or was done in the last seven days."""
    week = today - timedelta(days=7)
    rows = visible_findings(member)
    sums = rows.aggregate(
        open=Count("id", filter=Q(state=OPEN)),
        at_stake=Sum("rank", filter=Q(state=OPEN)),
        due=Count("id", filter=Q(state=OPEN, due__lte=today)),
        snoozed=Count("id", filter=Q(state=SNOOZED)),
        kept=Sum("rank", filter=Q(state__in=[Finding.State.DONE, Finding.State.RECOVERED], closed_at__date__gte=week)),
    )
    kinds = rows.filter(state=OPEN).values_list("kind").annotate(n=Count("id"))
    return InboxTotals(
        sums["open"], sums["at_stake"] or 0, sums["due"], sums["snoozed"], sums["kept"] or 0, dict(kinds)
    )


def cards(findings: Iterable[Finding]) -> list[Card]:
    """Findings with their sentences, in the reader's language."""
    return [
        Card(f, kind, _sentence(kind.sentence, f.detail), _sentence(kind.why, f.detail))
        for f in findings
        if (kind := KINDS.get(f.kind))
    ]


def strip(member: Member, *, period: Period) -> list[dict[str, Any]]:
    """Opened and closed findings a day, for the strip above the inbox."""
    rows = visible_findings(member)
    opened = dict(_per_day(rows, "opened_at", period))
    closed = dict(_per_day(rows.filter(state__in=CLOSED), "closed_at", period))
    days = [period.first + timedelta(days=n) for n in range(period.days)]
    return [{"day": day, "opened": opened.get(day, 0), "closed": closed.get(day, 0)} for day in days]


def _per_day(rows: QuerySet[Finding], field: str, period: Period) -> QuerySet[Any]:
    days = rows.filter(**{f"{field}__date__range": (period.first, period.last)})
    return days.values_list(f"{field}__date").annotate(n=Count("id")).order_by()


def _sentence(words: str | Promise, detail: dict[str, Any]) -> str:
    """A missing detail shows as a dash rather than breaking the page."""
    return str(words).format_map(defaultdict(lambda: "–", {k: "–" if v is None else v for k, v in detail.items()}))


def at_stake_by_store(member: Member) -> dict[int, tuple[int, int]]:
    """{store id: (open findings, minor units of the agency's currency)}."""
    rows = visible_findings(member).filter(state=OPEN).values_list("store").annotate(n=Count("id"), money=Sum("rank"))
    return {store: (n, money or 0) for store, n, money in rows.order_by()}


# -- the change ledger


@dataclass(frozen=True)
class Change:
    """An entry of the ledger as a person reads it."""

    entry: Entry
    differences: list[tuple[str, Any, Any]]
    may_undo: bool
    undone: bool


def changes(member: Member, *, q: str = "", store: str = "", verb: str = "", actor: str = "") -> QuerySet[Entry]:
    """The ledger, newest first: of the member's stores, and of the agency itself for those who see settings."""
    rows = Entry.objects.select_related("store", "by__user")
    if not member.can(Permission.ALL_STORES):
        rows = rows.filter(Q(store__in=stores_for(member)) | Q(by=member))
    if q:
        rows = rows.filter(Q(title__icontains=q) | Q(target__icontains=q) | Q(reason__icontains=q))
    if store:
        rows = rows.filter(store__slug=store)
    if verb:
        rows = rows.filter(Q(verb=verb) | Q(verb__startswith=f"{verb}."))
    if actor:
        rows = rows.filter(actor=actor)
    return rows.order_by("-number")


def change_rows(entries: Iterable[Entry], member: Member) -> list[Change]:
    """What changed from what to what; one query for what was undone."""
    entries = list(entries)
    undone = undone_numbers([e.number for e in entries])
    may = member.can(Permission.CHANGES_UNDO)
    return [
        Change(
            e,
            [(k, e.before.get(k), e.after.get(k)) for k in {**e.before, **e.after}],
            may and e.verb in UNDO and e.verb != VERB and e.number not in undone,
            e.number in undone,
        )
        for e in entries
    ]


def actors(member: Member) -> list[str]:
    """Names for the filter: who acted in the visible part of the ledger."""
    return list(changes(member).order_by("actor").values_list("actor", flat=True).distinct()[:100])


def chosen_stores(member: Member, slugs: Iterable[str]) -> QuerySet[Store]:
    """The member's active stores, or those of them named."""
    stores = stores_for(member).filter(active=True).select_related("client", "owner__user")
    slugs = list(slugs)
    return stores.filter(slug__in=slugs) if slugs else stores

