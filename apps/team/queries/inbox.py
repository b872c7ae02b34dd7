"""What needs a person, over all apps."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member, Store
from apps.accounts.queries import finding_filter
from apps.core.findings import KINDS, FindingKind, stake, stakes
from apps.core.metrics import Period
from apps.core.models import Finding

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
    def owner(self) -> Member | None:
        """Who it falls to: the one it was given to, else the store's owner."""
        store = self.finding.store
        return self.finding.assigned or (store.owner if store else None)

    @property
    def tone(self) -> str:
        return self.kind.toned(self.finding.detail)

    @property
    def url(self) -> str:
        """Where the work is done."""
        store, place = self.finding.store, self.kind.place
        whose = {"pk": self.finding.detail[place]} if place else {"store": store.slug} if store else {}
        return reverse(self.kind.link, kwargs={"agency": self.finding.agency.slug, **whose}) + self._about()

    def _about(self) -> str:
        """The list there, narrowed to this subject."""
        subject = self.finding.subject
        return f"?{urlencode({'q': subject})}" if self.kind.link.endswith("replenishment") and subject else ""


def visible_findings(member: Member) -> QuerySet[Finding]:
    """Findings of the member's stores and sites and of the agency itself, of kinds the member may see."""
    kinds = [kind.key for kind in KINDS.values() if member.can(kind.needs)]
    return Finding.objects.filter(finding_filter(member), kind__in=kinds)


def inbox(member: Member, *, tab: str, me_only: bool = False, **only: Any) -> QuerySet[Finding]:
    """The inbox, most money first. `tab`: open, snoozed, done. `only`: further field look-ups."""
    states = {"snoozed": [SNOOZED], "done": CLOSED}.get(tab, [OPEN])
    rows = visible_findings(member).filter(state__in=states, **only)
    if me_only:
        rows = rows.filter(Q(assigned=member) | Q(assigned=None, store__owner=member))
    newest = ("-changed_at",) if tab == "done" else ()
    return rows.select_related("agency", "store", "assigned__user", "store__owner__user").order_by(
        *newest, "-rank", "due", "id"
    )


@dataclass(frozen=True)
class InboxTotals:
    """Counts for tiles and tabs. Money in minor units of the agency's currency."""

    open: int
    at_stake: int
    due_today: int
    snoozed: int
    kept: int
    by_kind: dict[str, int]
    codes: tuple[str, ...] = ()  # currencies the open ones are in
    unranked: int = 0  # open ones whose money has no rate


def inbox_totals(member: Member, *, today: date) -> InboxTotals:
    """One query for the counts, one for the kinds, two for the money.

    `kept`: what recovered or was done in the last seven days.
    """
    week = today - timedelta(days=7)
    rows = visible_findings(member)
    counts = rows.aggregate(
        unranked=Count("id", filter=Q(state=OPEN, rank=0, at_stake__gt=0)),
        open=Count("id", filter=Q(state=OPEN)),
        due=Count("id", filter=Q(state=OPEN, due__lte=today)),
        snoozed=Count("id", filter=Q(state=SNOOZED)),
        codes=ArrayAgg("currency", filter=Q(state=OPEN, currency__gt=""), distinct=True),
    )
    kinds = rows.filter(state=OPEN).values_list("kind").annotate(n=Count("id"))
    kept = rows.filter(state__in=[Finding.State.DONE, Finding.State.RECOVERED], closed_at__date__gte=week)
    return InboxTotals(
        counts["open"],
        stake(rows.filter(state=OPEN)),
        counts["due"],
        counts["snoozed"],
        stake(kept),
        dict(kinds),
        tuple(counts["codes"] or ()),
        counts["unranked"],
    )


# -- in groups

AGENCY = "~"  # in the place of a store's slug, which has none of it: what is about the agency itself
GROUPS = {"store": _("By store"), "kind": _("By kind"), "due": _("By due date")}
OVERDUE, WEEK, LATER, NEVER = range(4)
DUES = {OVERDUE: _("Due today or before"), WEEK: _("Due within 7 days"), LATER: _("Due later"), NEVER: _("No due date")}
COLUMN = {"store": "store_id", "kind": "kind", "due": "due_part"}


@dataclass(frozen=True)
class Group:
    """A head of the list: everything in it, also what is on other pages. Money in the agency's currency."""

    key: Any
    label: str | Promise
    count: int
    at_stake: int


def grouped(rows: QuerySet[Finding], by: str, *, today: date) -> tuple[QuerySet[Finding], dict[Any, Group]]:
    """(the rows, group after group, most money first; {key: head}); two queries for the heads, three by store."""
    column = COLUMN[by]
    if by == "due":
        rows = rows.annotate(due_part=_due_part(today))
    money = {key: at_stake for (key,), at_stake in stakes(rows, by=[column]).items()}
    counts = dict(rows.order_by().values_list(column).annotate(n=Count("id")))
    names = _names(by, counts)
    ranked = sorted(counts, key=lambda key: (key if by == "due" else -money.get(key, 0), str(names.get(key, key))))
    heads = {key: Group(key, names.get(key, str(key)), counts[key], money.get(key, 0)) for key in ranked}
    place = Case(
        *(When(**{column: key}, then=Value(n)) for n, key in enumerate(ranked)),
        default=Value(len(ranked)),
        output_field=IntegerField(),
    )
    return rows.annotate(group_place=place).order_by("group_place", *rows.query.order_by), heads


def headed(cards: Iterable[Card], by: str, heads: Mapping[Any, Group]) -> list[tuple[Group | None, Card]]:
    """Each card with the head that stands above it, if it is the first of its group on the page."""
    found: list[tuple[Group | None, Card]] = []
    last: Any = object()
    for card in cards:
        key = getattr(card.finding, COLUMN[by]) if by else last
        found.append((None if key == last else heads.get(key), card))
        last = key
    return found


def _due_part(today: date) -> Case:
    return Case(
        When(due__lte=today, then=Value(OVERDUE)),
        When(due__lte=today + timedelta(days=7), then=Value(WEEK)),
        When(due__isnull=False, then=Value(LATER)),
        default=Value(NEVER),
        output_field=IntegerField(),
    )


def _names(by: str, keys: Iterable[Any]) -> dict[Any, str | Promise]:
    if by == "due":
        return dict(DUES)
    if by == "kind":
        return {key: kind.label for key, kind in KINDS.items()}
    return {None: _("Agency"), **dict(Store.objects.filter(pk__in=[*filter(None, keys)]).values_list("pk", "name"))}


def cards(findings: Iterable[Finding]) -> list[Card]:
    """Findings with their sentences, in the reader's language."""
    return [
        Card(f, kind, _sentence(kind.says(f.detail), said), _sentence(kind.why, said))
        for f in findings
        if (kind := KINDS.get(f.kind)) and (said := kind.words(f.detail)) is not None
    ]


def strip(member: Member, *, period: Period) -> list[dict[str, Any]]:
    """Opened and closed findings a day, for the strip above the inbox."""
    rows = visible_findings(member)
    opened = dict(_per_day(rows, "opened_at", period))
    closed = dict(_per_day(rows.filter(state__in=CLOSED), "closed_at", period))
    days = [period.first + timedelta(days=n) for n in range(period.days)]
    most = max([1, *opened.values(), *closed.values()])
    return [_bar(day, opened.get(day, 0), closed.get(day, 0), most) for day in days]


def _bar(day: date, opened: int, closed: int, most: int) -> dict[str, Any]:
    shares = {"opened_share": 100 * opened // most, "closed_share": 100 * closed // most}
    return {"day": day, "opened": opened, "closed": closed} | shares


def _per_day(rows: QuerySet[Finding], field: str, period: Period) -> QuerySet[Any]:
    days = rows.filter(**{f"{field}__date__range": (period.first, period.last)})
    return days.values_list(f"{field}__date").annotate(n=Count("id")).order_by()


def _sentence(words: str | Promise, detail: dict[str, Any]) -> str:
    """A missing detail shows as a dash rather than breaking the page."""
    return str(words).format_map(defaultdict(lambda: "–", {k: "–" if v is None else v for k, v in detail.items()}))


def at_stake_by_store(member: Member) -> dict[int, tuple[int, int]]:
    """{store id: (open findings, minor units of the agency's currency)}; two queries. Stores add up to the whole."""
    rows = visible_findings(member).filter(state=OPEN, store__isnull=False)
    money = stakes(rows, by=["store_id"])
    return {
        store: (n, money.get((store,), 0)) for store, n in rows.order_by().values_list("store").annotate(Count("id"))
    }
