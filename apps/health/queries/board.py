"""All stores and sites in one matrix: where each rate stands, and what it puts at stake."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member, Store
from apps.accounts.queries import rates, site_filter, stores_for
from apps.core.lists import ListColumn, ListQuery
from apps.core.money import convert
from apps.health.domain.headroom import UNKNOWN_ROOM, WORST_FIRST, Band
from apps.health.models import CsatDay, Offer, Outlook
from apps.health.queries.csat import newest as newest_csat
from apps.health.queries.figures import REPORT
from apps.health.queries.newest import Reading, newest
from apps.health.queries.wording import STATES as LABELS

STALE_AFTER = 2  # days without a report: Amazon makes one every day
LIKELY = 300_000  # chance of a breach, in millionths, from which a rate is watched
STATES = tuple(LABELS)  # the gravest first
DEFAULT_SORT = "state"

PRIME_COLUMNS = tuple(
    ListColumn(f"{metric}_sfp", label, order=f"{metric}_sfp", numeric=True, shown=False, help=told)
    for metric, label, told in (
        ("on_time_ship", _("Prime shipped"), _("Prime orders shipped on time")),
        ("cancel", _("Prime cancelled"), _("Prime orders cancelled by the seller")),
        ("vtr", _("Prime VTR"), _("Prime packages with valid tracking")),
        ("otdr", _("Prime OTDR"), _("Prime packages delivered on time")),
        ("buy_shipping", _("Buy Shipping"), _("Prime orders with shipping bought at Amazon")),
    )
)
RATE_COLUMNS = (
    ListColumn("odr_afn", _("ODR, FBA"), order="odr_afn", numeric=True, help=_("Order defect rate of FBA orders")),
    ListColumn("odr_mfn", _("ODR, own"), order="odr_mfn", numeric=True, help=_("Order defect rate of the seller's own shipping")),
    ListColumn("lsr", _("LSR"), order="lsr", numeric=True, help=_("Late shipment rate, 30 days")),
    ListColumn(
        "lsr_10d", _("LSR, 10 days"), order="lsr_10d", numeric=True, shown=False,
        help=_("Late shipment rate of 10 days, counted from our own orders: no report tells it"),
    ),
    ListColumn(
        "cancel", _("Cancel rate"), order="cancel", numeric=True, help=_("Cancelled by the seller before shipping, 7 days")
    ),
    ListColumn("vtr", _("VTR"), order="vtr", numeric=True, help=_("Valid tracking rate, 30 days")),
    ListColumn("otdr", _("OTDR"), order="otdr", numeric=True, help=_("On-time delivery rate, 14 days")),
    ListColumn("sfp", _("Prime"), order="sfp", numeric=True, help=_("Seller Fulfilled Prime: the rate nearest to its limit")),
    *PRIME_COLUMNS,
    ListColumn("invoice", _("Invoices"), order="invoice", numeric=True, shown=False, help=_("Invoice defect rate, 7 days")),
    ListColumn("policy", _("Violations"), order="policy", numeric=True, help=_("Open policy violations of 180 days")),
)  # fmt: skip
COLUMNS = (
    ListColumn("store", _("Store and site"), order="store", fixed=True),
    ListColumn("state", _("Account"), order="state", fixed=True),
    ListColumn("at_stake", _("At stake"), order="at_stake", numeric=True, help=_("Sales of the last 30 days on this site")),
    *RATE_COLUMNS,
    ListColumn("csat", _("CSat"), order="csat", numeric=True, help=_("Internal, not an Amazon metric: 100 less what went wrong")),
    ListColumn("room", _("Nearest limit"), order="room", numeric=True, help=_("So many more defects before the limit")),
    ListColumn("owner", _("Owner"), order="owner"),
    ListColumn("date", _("Report of"), order="date"),
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One rate of one site, with what is foretold of it."""

    reading: Reading
    outlook: Outlook | None = None

    @property
    def watched(self) -> bool:
        """Amber, few defects from the limit after the first, or likely to cross."""
        standing = self.reading.standing
        few = standing.near and standing.bad > 0
        likely = self.outlook is not None and self.outlook.chance >= LIKELY
        return self.reading.band == Band.AMBER or few or likely


@dataclass
class Line:
    """One site of one store. `cells` by column key; `policy` counts all kinds of violations."""

    store: Store
    site: str
    cells: dict[str, Cell] = field(default_factory=dict)
    status: Reading | None = None
    ahr: Reading | None = None
    policy: int | None = None
    at_stake: int | None = None
    told_on: date | None = None
    stale: bool = False  # its reports have stopped: what they said last is no comfort
    csat: CsatDay | None = None

    @property
    def prime(self) -> Cell | None:
        """The Seller Fulfilled Prime rate that stands worst; None where none is known."""
        known = [cell for cell in self.cells.values() if cell.reading.row.programme == "sfp"]
        return min(known, key=_worst, default=None)

    @property
    def key(self) -> str:
        return f"{self.store.pk}/{self.site}"

    @property
    def band(self) -> Band:
        """The worst of all rates, the account's own state and the violations."""
        found = {cell.reading.band for cell in self.cells.values()}
        found |= {each.band for each in (self.status, self.ahr) if each}
        found |= {Band.AMBER} if self.policy else set()
        return next((band for band in WORST_FIRST if band in found), Band.UNRATED)

    @property
    def state(self) -> str:
        if self.told_on is None and self.band == Band.UNRATED:
            return "silent"
        if self.band == Band.BREACH:
            return "breach"
        if self.band == Band.AMBER or any(cell.watched for cell in self.cells.values()):
            return "near"
        if self.stale:
            return "silent"
        rated = any(cell.reading.band != Band.UNRATED for cell in self.cells.values())
        return "good" if rated else "unrated"

    @property
    def nearest(self) -> Cell | None:
        """The rate nearest to its limit; None where nothing is rated."""
        known = [cell for cell in self.cells.values() if cell.reading.standing.room is not None]
        return min(known, key=lambda cell: cell.reading.standing.nearness, default=None)


def _worst(cell: Cell) -> tuple[int, tuple[bool, int]]:
    standing = cell.reading.standing
    return WORST_FIRST.index(standing.band), standing.nearness


@dataclass(frozen=True)
class Board:
    """All lines before the filter by state, how many are in each, and the money of those in trouble."""

    lines: list[Line]
    counts: dict[str, int]
    at_stake: int
    newest: date | None


def board(member: Member, query: ListQuery, *, currency: str, today: date) -> Board:
    """The matrix, however many facts there are in a constant number of queries."""
    stores = _chosen(stores_for(member).filter(active=True), query, member)
    lines = _lines(member, stores, query)
    _read(lines, member)
    _please(lines, member)
    _foretell(lines, member)
    _weigh(lines, member, currency, today)
    _age(lines, today)
    counts = {state: sum(line.state == state for line in lines.values()) for state in STATES}
    trouble = sum(line.at_stake or 0 for line in lines.values() if line.state in {"breach", "near"})
    days = [line.told_on for line in lines.values() if line.told_on]
    found = [line for line in lines.values() if _wanted(line, query)]
    return Board(ranked(found, query), counts, trouble, max(days, default=None))


def worst_sites(member: Member, stores: Sequence[Store], query: ListQuery, *, today: date) -> dict[int, Line]:
    """{store: its site that stands worst}, of the sites asked for; stores come with their sites. Eight queries."""
    lines = _lines(member, stores, query)
    _read(lines, member)
    _foretell(lines, member)
    _age(lines, today)
    found: dict[int, Line] = {}
    for line in sorted(lines.values(), key=graveness):
        found.setdefault(line.store.pk, line)
    return found


def graveness(line: Line) -> tuple[Any, ...]:
    """Orders lines, the gravest first: by state, then by what is nearest to its limit."""
    nearest = line.nearest.reading.standing.nearness if line.nearest else (True, UNKNOWN_ROOM)
    return STATES.index(line.state), nearest, line.site


def _age(lines: dict[tuple[int, str], Line], today: date) -> None:
    for line in lines.values():
        line.stale = line.told_on is not None and (today - line.told_on).days > STALE_AFTER


def _chosen(stores: QuerySet[Store], query: ListQuery, member: Member) -> list[Store]:
    stores = stores.select_related("client", "owner__user").prefetch_related("sites")
    if query.q:
        stores = stores.filter(Q(name__icontains=query.q) | Q(client__name__icontains=query.q))
    if query.owner == "me":
        stores = stores.filter(owner=member)
    if store := query.get("store"):
        stores = stores.filter(slug=store)
    if region := query.get("region"):
        stores = stores.filter(region=region)
    return list(stores)


def _lines(member: Member, stores: Iterable[Store], query: ListQuery) -> dict[tuple[int, str], Line]:
    """A line for every site the member may see, also those Amazon has said nothing of."""
    allowed = Store.objects.filter(site_filter(member, store="pk", marketplace="sites__marketplace"))
    seen = set(allowed.values_list("pk", "sites__marketplace"))
    return {
        (store.pk, site.marketplace_id): Line(store, site.marketplace_id)
        for store in stores
        if store.channel == "amazon"
        for site in store.sites.all()
        if site.active and (store.pk, site.marketplace_id) in seen
        if not query.markets or site.marketplace_id in query.markets
    }


def column_of(metric: str, programme: str) -> str:
    """The column of a rate; a rate without one has its own name, which no column has."""
    return f"{metric}_{programme}" if programme else metric


def _read(lines: dict[tuple[int, str], Line], member: Member) -> None:
    keys = {column.key for column in RATE_COLUMNS}
    for each in newest(member, {store for store, _site in lines}):
        line = lines.get((each.row.store_id, each.row.marketplace_id))
        if line is None:
            continue
        if each.origin == REPORT:
            line.told_on = each.row.date
        if each.row.metric == "account_status":
            line.status = each
        elif each.row.metric == "ahr":
            line.ahr = each
        elif each.row.metric.startswith("policy_"):
            line.policy = (line.policy or 0) + (each.row.count or 0)
        elif (key := column_of(each.row.metric, each.row.programme)) in keys:
            line.cells[key] = Cell(each)


def _please(lines: dict[tuple[int, str], Line], member: Member) -> None:
    """How content the buyers of each site are."""
    for key, day in newest_csat(member, {store for store, _site in lines}).items():
        if key in lines:
            lines[key].csat = day


def _foretell(lines: dict[tuple[int, str], Line], member: Member) -> None:
    """Forecasts made for the very reports that are shown."""
    days = {line.told_on for line in lines.values() if line.told_on}
    days |= {cell.reading.row.date for line in lines.values() for cell in line.cells.values()}
    made = Outlook.objects.filter(site_filter(member), store__in={s for s, _m in lines}, date__in=days)
    for each in made:
        line = lines.get((each.store_id, each.marketplace_id))
        key = column_of(each.metric, each.programme)
        if line and key in line.cells and line.cells[key].reading.row.date == each.date:
            line.cells[key] = Cell(line.cells[key].reading, each)


def _weigh(lines: dict[tuple[int, str], Line], member: Member, currency: str, today: date) -> None:
    """What each site sold in 30 days: what a closed account would lose every month."""
    rate = rates(currency, today)
    offers = Offer.objects.filter(site_filter(member), store__in={s for s, _m in lines}, sales_30d__isnull=False)
    sums = offers.values_list("store", "marketplace", "currency").annotate(sum=Sum("sales_30d")).order_by()
    for store, site, source, amount in sums:
        line = lines.get((store, site))
        if line and source in rate:
            money = convert(int(amount), source=source, target=currency, rate=Decimal(rate[source]))
            line.at_stake = (line.at_stake or 0) + money


def _wanted(line: Line, query: ListQuery) -> bool:
    return query.status not in STATES or line.state == query.status


def _rate(key: str) -> Any:
    def read(line: Line) -> int | None:
        return line.cells[key].reading.standing.rate if key in line.cells else None

    return read


ORDER: dict[str, Any] = {column.key: _rate(column.key) for column in RATE_COLUMNS} | {
    "store": lambda line: (line.store.name.casefold(), line.site),
    "state": lambda line: STATES.index(line.state),
    "policy": lambda line: line.policy,
    "sfp": lambda line: _worst(line.prime) if line.prime else None,
    "csat": lambda line: line.csat.score if line.csat else None,
    "room": lambda line: line.nearest.reading.standing.nearness if line.nearest else None,
    "at_stake": lambda line: line.at_stake,
    "owner": lambda line: str(line.store.owner or "") or None,
    "date": lambda line: line.told_on,
}


def ranked(lines: Sequence[Line], query: ListQuery) -> list[Line]:
    """By the chosen column, unknown last; among equals the most money first."""
    key = ORDER[query.sort]
    rest = sorted(lines, key=lambda line: (-(line.at_stake or 0), line.store.name, line.site))
    known = [line for line in rest if key(line) is not None]
    known.sort(key=key, reverse=query.descending)
    return [*known, *(line for line in rest if key(line) is None)]
