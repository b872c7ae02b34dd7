"""What needs a person, over all apps."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.functional import Promise

from apps.accounts.models import Member
from apps.accounts.queries import finding_filter
from apps.core.findings import KINDS, FindingKind
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
        return self.finding.assigned or self.finding.store.owner

    @property
    def tone(self) -> str:
        return self.kind.toned(self.finding.detail)

    @property
    def url(self) -> str:
        """Where the work is done."""
        store = self.finding.store
        return reverse(self.kind.link, kwargs={"agency": store.agency.slug, "store": store.slug}) + self._about()

    def _about(self) -> str:
        """The list there, narrowed to this subject."""
        subject = self.finding.subject
        return f"?{urlencode({'q': subject})}" if self.kind.link.endswith("replenishment") and subject else ""


def visible_findings(member: Member) -> QuerySet[Finding]:
    """Findings of the member's stores and sites, of kinds the member may see."""
    kinds = [kind.key for kind in KINDS.values() if member.can(kind.needs)]
    return Finding.objects.filter(finding_filter(member), kind__in=kinds)


def inbox(member: Member, *, tab: str, me_only: bool, **only: Any) -> QuerySet[Finding]:
    """The inbox, most money first. `tab`: open, snoozed, done. `only`: further field look-ups."""
    states = {"snoozed": [SNOOZED], "done": CLOSED}.get(tab, [OPEN])
    rows = visible_findings(member).filter(state__in=states, **only)
    if me_only:
        rows = rows.filter(Q(assigned=member) | Q(assigned=None, store__owner=member))
    newest = ("-changed_at",) if tab == "done" else ()
    return rows.select_related("store__agency", "assigned__user", "store__owner__user").order_by(
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
    """One query for the tiles, one for the kinds. `kept`: what recovered or was done in the last seven days."""
    week = today - timedelta(days=7)
    rows = visible_findings(member)
    sums = rows.aggregate(
        unranked=Count("id", filter=Q(state=OPEN, rank=0, at_stake__gt=0)),
        open=Count("id", filter=Q(state=OPEN)),
        at_stake=Sum("rank", filter=Q(state=OPEN)),
        due=Count("id", filter=Q(state=OPEN, due__lte=today)),
        snoozed=Count("id", filter=Q(state=SNOOZED)),
        codes=ArrayAgg("currency", filter=Q(state=OPEN, currency__gt=""), distinct=True),
        kept=Sum("rank", filter=Q(state__in=[Finding.State.DONE, Finding.State.RECOVERED], closed_at__date__gte=week)),
    )
    kinds = rows.filter(state=OPEN).values_list("kind").annotate(n=Count("id"))
    return InboxTotals(
        sums["open"],
        sums["at_stake"] or 0,
        sums["due"],
        sums["snoozed"],
        sums["kept"] or 0,
        dict(kinds),
        tuple(sums["codes"] or ()),
        sums["unranked"],
    )


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
    """{store id: (open findings, minor units of the agency's currency)}."""
    rows = visible_findings(member).filter(state=OPEN).values_list("store").annotate(n=Count("id"), money=Sum("rank"))
    return {store: (n, money or 0) for store, n, money in rows.order_by()}
