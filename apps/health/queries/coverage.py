"""The coverage matrix: which paper blocks which sale. Read from rows that the recalculation keeps."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, Min, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member, Store
from apps.accounts.queries import site_filter
from apps.core.lists import ListColumn, ListQuery, dom_id
from apps.core.lists import ordered as by_column
from apps.core.money import convert
from apps.health.models import Coverage, CoverageSum, CoverState, Offer, Paper, PaperGroup
from apps.health.queries.papers import TONES, Kind, Rule, kinds, rule_name, rules

_CODE = re.compile(r"[a-z0-9-]{1,40}")
BLOCKING = ("expired", "missing")
OPEN = (*BLOCKING, "ask", "review")  # what a launch waits for
DEFAULT_SORT = "state"
COLUMNS = (
    ListColumn("product", _("Product"), order="sku", fixed=True),
    ListColumn("site", _("Site"), order="marketplace", fixed=True),
    ListColumn("state", _("State"), order="rank", fixed=True),
    ListColumn(
        "at_stake",
        _("At stake"),
        order="at_stake",
        numeric=True,
        help=_("Sales of 30 days of an offer that is or will be blocked"),
    ),
    *(ListColumn(group.value, group.label) for group in PaperGroup),
    ListColumn("until", _("Next end"), order="until"),
)


@dataclass(frozen=True)
class Cell:
    """One requirement of one offer, in words."""

    rule: str
    name: str
    state: str
    paper: str | None
    until: str | None
    missing: list[str]
    coming: str = ""  # the day its rule holds from

    @property
    def label(self) -> Any:
        """Its state; a requirement that is yet to come with its day."""
        if self.coming and self.state == CoverState.COMING:
            return _("Coming from %(day)s") % {"day": self.coming}
        return CoverState(self.state).label

    @property
    def tone(self) -> str:
        return TONES[self.state]


@dataclass(frozen=True)
class Row:
    """One SKU on one site with its requirements, by the columns of the page; those that only ask stand apart."""

    line: Coverage
    groups: Mapping[str, list[Cell]]
    asks: Mapping[str, list[Cell]]

    @property
    def dom(self) -> str:
        return dom_id(f"{self.line.store_id}/{self.line.marketplace_id}/{self.line.sku}")

    @property
    def label(self) -> Any:
        return label_of(self.line)

    @property
    def tone(self) -> str:
        return TONES[self.line.state]


@dataclass(frozen=True)
class Blocker:
    """What keeps one SKU from being sold on one site: a requirement, how it stands, and what would satisfy it.

    `hard`: the sale is not allowed as it is; otherwise somebody has to decide or to review first.
    """

    rule: str
    name: str
    state: str
    kinds: tuple[str, ...]
    missing: tuple[str, ...] = ()
    hard: bool = True


def coverage_for(member: Member) -> QuerySet[Coverage]:
    """Coverage of the member's stores and sites."""
    return Coverage.objects.filter(site_filter(member)).select_related("store")


UNRECKONED = "new"  # of an offer whose coverage is not worked out yet: nothing is kept of it


def label_of(line: Coverage) -> Any:
    """An offer's state in words."""
    return _("Not worked out yet") if line.state == UNRECKONED else CoverState(line.state).label


def line_of(member: Member, slug: str, site: str, sku: str) -> Coverage | None:
    """One offer of the member's; without a row of its own as “not worked out yet”. None: nobody told of such an offer."""
    found = coverage_for(member).filter(store__slug=slug, marketplace=site, sku=sku).first()
    if found is not None:
        return found
    told = Offer.objects.filter(site_filter(member), store__slug=slug, marketplace=site, sku=sku, active=True)
    offer = told.select_related("store").first()
    if offer is None:
        return None
    same = {
        name: getattr(offer, name) for name in ("store", "marketplace_id", "sku", "asin", "title", "brand", "category")
    }
    return Coverage(state=UNRECKONED, rank=0, cells={}, currency=offer.currency, computed_at=None, **same)


RANKS = {state: n for n, state in enumerate(CoverState.values, 1)}


def chosen(rows: QuerySet[Coverage], query: ListQuery, every: Mapping[str, Rule]) -> QuerySet[Coverage]:
    """The rows a page's query asks for. By rank, not by state: rows are kept in that order."""
    wanted = Q()
    if query.q:
        wanted &= Q(sku__icontains=query.q) | Q(asin__iexact=query.q) | Q(title__icontains=query.q)
    if query.markets:
        wanted &= Q(marketplace__in=query.markets)
    if query.get("store"):
        wanted &= Q(store__slug=query.get("store"))
    state = state_of(query)
    if rule := rule_of(query):
        wanted &= Q(**{f"cells__{rule}__s": state}) if state else Q(cells__has_key=rule)
        if rule in every and (sites := every[rule].marketplaces):  # where nobody else has to be asked
            wanted &= Q(marketplace__in=sites)
    elif state:
        wanted &= Q(rank=RANKS[state])
    return rows.filter(wanted)


def state_of(query: ListQuery) -> str:
    """The state a page's query is about; empty: every one."""
    return query.status if query.status in CoverState.values else ""


def rule_of(query: ListQuery) -> str:
    """The requirement a page's query is about; empty: none, or no code."""
    rule = query.get("rule")
    return rule if _CODE.fullmatch(rule) else ""


def ordered(rows: QuerySet[Coverage], query: ListQuery) -> QuerySet[Coverage]:
    """The worst first, and of those the most money first; or as the reader asked."""
    if query.sort == DEFAULT_SORT and not query.descending:
        return rows.order_by("rank", F("at_stake").desc(nulls_last=True), "marketplace_id", "sku", "store_id")
    return by_column(rows, query, "marketplace_id", "sku", "store_id")


def rows_of(lines: Iterable[Coverage], every: Mapping[str, Rule], known: Mapping[str, Kind]) -> list[Row]:
    """Lines with the words of their cells."""
    return [_row(line, grouped(line.cells, every, known)) for line in lines]


def _row(line: Coverage, cells: Mapping[str, list[Cell]]) -> Row:
    told = {group: [cell for cell in each if cell.state != CoverState.ASK] for group, each in cells.items()}
    asks = {group: [cell for cell in each if cell.state == CoverState.ASK] for group, each in cells.items()}
    return Row(line, told, asks)


def grouped(cells: Mapping[str, Any], every: Mapping[str, Rule], known: Mapping[str, Kind]) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {group: [] for group in PaperGroup.values}
    for code in sorted(cells, key=lambda code: (every[code].position if code in every else 999, code)):
        found[_group(every.get(code), known)].append(cell_of(code, cells[code], every, known))
    return found


def cell_of(code: str, cell: Mapping[str, Any], every: Mapping[str, Rule], known: Mapping[str, Kind]) -> Cell:
    name = rule_name(every.get(code), known) or code
    return Cell(code, name, cell["s"], cell.get("p"), cell.get("u"), list(cell.get("m", ())), cell.get("f", ""))


def _group(rule: Rule | None, known: Mapping[str, Kind]) -> str:
    first = known.get(rule.kinds[0]) if rule and rule.kinds else None
    return first.group if first else PaperGroup.OTHER


@dataclass(frozen=True)
class Totals:
    """Offers by state, and the money of 30 days that is blocked or about to be, by currency."""

    counts: Mapping[str, int]
    blocked: Mapping[str, int]
    expiring: Mapping[str, int]
    coming: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def blocked_offers(self) -> int:
        return sum(self.counts[state] for state in BLOCKING)


def totals(
    member: Member, *, store: Store | None = None, slug: str = "", rule: str = "", sites: Sequence[str] = ()
) -> Totals:
    """Read from the sums: one query, however many offers there are. `rule`: only how offers stand to this one."""
    sums = CoverageSum.objects.filter(site_filter(member), rule=rule)
    if store or slug:
        sums = sums.filter(store=store) if store else sums.filter(store__slug=slug)
    if sites:
        sums = sums.filter(marketplace__in=sites)
    counts: dict[str, int] = dict.fromkeys(CoverState.values, 0)
    money: dict[str, dict[str, int]] = {"blocked": {}, "expiring": {}, "coming": {}}
    found = sums.order_by().values_list("state", "currency").annotate(n=Sum("offers"), total=Sum("sales"))
    for state, currency, offers, total in found:
        counts[state] += offers
        kept = money.get("blocked" if state in BLOCKING else state)
        if total and kept is not None:
            kept[currency] = kept.get(currency, 0) + total
    return Totals(counts, **money)


def in_money(amounts: Mapping[str, int], currency: str, worth: Mapping[str, Decimal]) -> int | None:
    """{currency: minor units} in one currency; None if none of it can be told."""
    known = {each: minor for each, minor in amounts.items() if each in worth}
    if not known:
        return None
    return sum(convert(minor, source=each, target=currency, rate=worth[each]) for each, minor in known.items())


def blocks(store_id: int, marketplace: str, sku: str) -> list[Blocker]:
    """What keeps a SKU from being sold on a site, the worst first: nothing but papers that hold, or were waived, is free.

    One query for the offer (and the house's rules). Raises Coverage.DoesNotExist for an offer nobody has told of, or
    whose coverage is not worked out yet: what is not known is not free.
    """
    line = Coverage.objects.get(store=store_id, marketplace=marketplace, sku=sku)
    return blockers(line.cells, rules(), kinds())


def blockers(cells: Mapping[str, Any], every: Mapping[str, Rule], known: Mapping[str, Kind]) -> list[Blocker]:
    """The cells that block, the worst first."""
    found = [(RANKS[cell["s"]], code, cell) for code, cell in cells.items() if cell["s"] in OPEN]
    return [
        Blocker(
            code,
            rule_name(every.get(code), known) or code,
            cell["s"],
            tuple(every[code].kinds) if code in every else (),
            tuple(cell.get("m", ())),
            cell["s"] in BLOCKING,
        )
        for _n, code, cell in sorted(found, key=lambda each: each[:2])
    ]


def papers_of(line: Coverage) -> QuerySet[Paper]:
    """The accepted papers behind an offer's cells, and those in review: what an evidence pack holds."""
    ids = [cell["p"] for cell in line.cells.values() if cell.get("p")]
    return Paper.objects.filter(pk__in=ids).prefetch_related("files").order_by("kind", "-version")


def computed_at(member: Member) -> Any:
    """The age of the oldest row that is shown."""
    return coverage_for(member).aggregate(at=Min("computed_at"))["at"]
