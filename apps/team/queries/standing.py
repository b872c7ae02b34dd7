"""How every store stands: sales against the period before, stock, open findings and the age of its data."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Q, Sum
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member, Store
from apps.accounts.models.stores import Region
from apps.accounts.queries import site_filter, stores_for
from apps.core.lists import ListQuery
from apps.core.metrics import Period, a_year_before
from apps.core.money import to_decimal
from apps.core.permissions import Permission
from apps.health.queries.board import STATES, graveness, worst_sites
from apps.health.queries.board import Line as HealthLine
from apps.inventory.queries.lines import lines_for
from apps.sales.models import StoreDay
from apps.sync.queries.freshness import BROKEN, LATE, freshness
from apps.team.queries.inbox import at_stake_by_store
from apps.team.queries.lens import COMPARED, View

SOON = timedelta(days=7)
ORDERS = "orders"
HEALTH = "health"
REGIONS = (*Region.choices[:-1], ("", _("Other channels")))


@dataclass
class Sales:
    """Sums of one store over one period; money in minor units of the page's currency."""

    revenue: int = 0
    units: int = 0
    orders: int = 0


@dataclass
class Line:
    """One store of the table."""

    store: Store
    now: Sales = field(default_factory=Sales)
    before: Sales = field(default_factory=Sales)
    trend: list[int] = field(default_factory=list)
    at_stake: int = 0
    todo: int = 0
    out_soon: int = 0
    cover: int | None = None
    partly: bool = False  # some of its sales are in a currency without a rate: its money is less than all
    since: date | None = None  # the first day it has sales of; None: it has none at all
    covered: bool = False  # its sales reach back over all that is compared with
    fresh_at: datetime | None = None  # when its oldest dataset came
    fresh_word: str = "fresh"  # fresh, stale or broken, as components/freshness.html takes it
    orders_at: datetime | None = None  # when its orders were last brought
    orders_known: bool = True  # False: they were never brought, or there is no source of them
    health: HealthLine | None = None  # the site that stands worst; None: none, or not asked for

    @property
    def known(self) -> bool:
        return self.since is not None

    @property
    def sites(self) -> list[str]:
        return sorted(site.marketplace_id for site in self.store.sites.all() if site.active)

    @property
    def change(self) -> Decimal | None:
        """Sales against what they are compared with, as a share; None where that is not whole."""
        return share(self.now.revenue, self.before.revenue) if self.covered else None


def share(now: int, before: int) -> Decimal | None:
    """The change as a share of what was before; None if there was nothing."""
    return Decimal(now - before) / before if before else None


@dataclass(frozen=True)
class Standing:
    """All stores, their total, and sales per store and day for the chart.

    `like` adds up the stores whose sales can be compared: what a change of the total is told by.
    """

    lines: list[Line]
    total: Line
    like: Line
    query: ListQuery
    days: dict[tuple[int, date], int]

    @property
    def left_out(self) -> int:
        """Stores with sales that have none to compare with."""
        return sum(line.known and not line.covered for line in self.lines) if self.query.before else 0

    @property
    def unit_change(self) -> Decimal | None:
        return share(self.like.now.units, self.like.before.units)

    @property
    def order_change(self) -> Decimal | None:
        return share(self.like.now.orders, self.like.before.orders)

    @property
    def orders_as_of(self) -> datetime | None:
        """When the oldest orders came; None: there are none, or some store's never came."""
        ages = [line.orders_at for line in self.lines if line.orders_at]
        return min(ages, default=None) if all(line.orders_known for line in self.lines) else None

    def chart(self, *, by: str, names: dict[str, Any], currency: str) -> dict[str, Any]:
        """Daily sales stacked by region or by store (the eight largest), what they are compared with as a dashed line."""
        period = self.query.period
        days = [period.first + timedelta(days=n) for n in range(period.days)]
        groups: dict[str, list[int]] = {}
        ranked = sorted(self.lines, key=lambda line: -line.now.revenue)
        for position, line in enumerate(ranked):
            name = str(names.get(line.store.region, "")) if by == "region" else _name(line, position)
            sums = groups.setdefault(name, [0] * len(days))
            for n, day in enumerate(days):
                sums[n] += self.days.get((line.store.pk, day), 0)
        series = [{"name": name, "type": "bar", "data": _plain(sums, currency)} for name, sums in groups.items()]
        since = min((line.since for line in self.lines if line.since), default=None)
        ids = [line.store.pk for line in self.lines]
        series += dashed(self.query, days, since, lambda day: sum(self.days.get((pk, day), 0) for pk in ids))
        labels = [day.strftime("%m-%d") for day in days]
        return {"labels": labels, "unit": "money", "currency": currency, "stacked": True, "series": series}


def dashed(
    query: ListQuery, days: Sequence[date], since: date | None, sold: Callable[[date], int]
) -> list[dict[str, Any]]:
    """What the days are compared with, as a dashed line of one series; days before all sales are gaps."""
    if query.before is None:
        return []
    shift = timedelta(days=query.period.days)
    past = [a_year_before(day) if query.compare == "yoy" else day - shift for day in days]
    values = [_plain([sold(day)], query.currency)[0] if since and day >= since else None for day in past]
    return [{"name": str(COMPARED[query.compare]), "type": "line", "dashed": True, "data": values}]


def _plain(minor: list[int], currency: str) -> list[float]:
    """For drawing only: whole currency units."""
    return [float(to_decimal(value, currency)) for value in minor]


def _name(line: Line, position: int) -> str:
    return line.store.name if position < 8 else str(_("Others"))


def standing(view: View, *, currency: str) -> Standing:
    """Stores, their sites, daily sums of both periods, stock, findings: as many queries however many facts there are.

    `currency` is the agency's, in which findings are ranked.
    """
    stores = stores_for(view.member).filter(active=True).select_related("client", "owner__user")
    stores = _chosen(stores.prefetch_related("sites"), view.query, view.member)
    lines = _by_health({store.pk: Line(store) for store in stores}, view)
    days = _sales(lines, view)
    _stock(lines, view)
    for pk, (todo, money) in at_stake_by_store(view.member).items():
        if pk in lines:
            lines[pk].todo, lines[pk].at_stake = todo, view.money(money, currency)
    _freshness(lines)
    return _standing(_sorted(lines.values(), view.query), days, view.query)


def _by_health(lines: dict[int, Line], view: View) -> dict[int, Line]:
    """Lines with the site that stands worst, those in the state asked for; asked only where a column or filter shows it."""
    query, wanted = view.query, view.query.get(HEALTH)
    if not view.member.can(Permission.HEALTH_VIEW) or not (query.shows(HEALTH) or query.sort == HEALTH or wanted):
        return lines
    stores = [line.store for line in lines.values()]
    for pk, worst in worst_sites(view.member, stores, query, today=view.today).items():
        lines[pk].health = worst
    if wanted not in STATES:
        return lines
    return {pk: line for pk, line in lines.items() if line.health and line.health.state == wanted}


def client_standing(stores: Sequence[Store], view: View) -> Standing:
    """What a client sees of the own stores: sales and stock, without our workload; six queries."""
    lines = {store.pk: Line(store) for store in sorted(stores, key=lambda store: store.name)}
    days = _sales(lines, view)
    _stock(lines, view)
    _freshness(lines)
    return _standing(list(lines.values()), days, view.query)


def _standing(lines: Sequence[Line], days: dict[tuple[int, date], int], query: ListQuery) -> Standing:
    like = _total([line for line in lines if line.covered])
    total = _total(lines)
    total.covered = like.covered = True
    return Standing(list(lines), total, like, query, days)


def _chosen(stores: Any, query: ListQuery, member: Member) -> Any:
    if query.q:
        stores = stores.filter(Q(name__icontains=query.q) | Q(client__name__icontains=query.q))
    if query.owner == "me":
        stores = stores.filter(owner=member)
    if region := query.get("region"):
        stores = stores.filter(region=region)
    if query.markets:
        stores = stores.filter(sites__marketplace__in=query.markets).distinct()
    return stores


def _sales(lines: dict[int, Line], view: View) -> dict[tuple[int, date], int]:
    query = view.query
    period, before = query.period, query.before
    rows = _store_days(list(lines), view)
    span = Q(date__range=(period.first, period.last))
    if before:
        span |= Q(date__range=(before.first, before.last))
    sums = rows.filter(span).values_list("store", "date", "currency")
    days: dict[tuple[int, date], int] = defaultdict(int)
    for pk, day, currency, revenue, units, orders in sums.annotate(
        r=Sum("revenue"), u=Sum("units"), o=Sum("orders")
    ).order_by():
        line, money = lines[pk], view.money(revenue, currency)
        line.partly |= not view.knows(currency)
        days[pk, day] += money
        for side, span_ in ((line.now, period), (line.before, before)):
            if span_ and span_.first <= day <= span_.last:
                side.revenue, side.units, side.orders = side.revenue + money, side.units + units, side.orders + orders
    for pk, since in rows.values_list("store").annotate(Min("date")).order_by():
        lines[pk].since, lines[pk].covered = since, before is not None and since <= before.first
    for pk, line in lines.items():
        line.trend = [days.get((pk, period.first + timedelta(days=n)), 0) for n in range(period.days)]
    return dict(days)


def _store_days(stores: Sequence[int], view: View) -> Any:
    """The roll-up's rows of these stores, of the sites one may see and asked for."""
    rows = StoreDay.objects.filter(site_filter(view.member), store__in=stores)
    return rows.filter(marketplace__in=view.query.markets) if view.query.markets else rows


def _stock(lines: dict[int, Line], view: View) -> None:
    """SKUs that run out within a week, and the days all stock lasts at today's pace."""
    rows = lines_for(view.member).filter(store__in=list(lines))
    if view.query.markets:
        rows = rows.filter(marketplaces__has_any_keys=list(view.query.markets))
    sums = rows.values_list("store").annotate(
        out=Count("sku", filter=Q(out_on__lte=view.today + SOON)),
        stock=Sum("available") + Sum("reserved") + Sum("inbound"),
        pace=Sum("velocity"),
    )
    for pk, out, stock, pace in sums.order_by():
        lines[pk].out_soon = out
        lines[pk].cover = stock * 1000 // pace if pace else None


def _freshness(lines: dict[int, Line]) -> None:
    """The worst dataset of every store."""
    rank = ("fresh", "stale", "broken")
    words = {LATE: "stale", BROKEN: "broken"}
    for each in freshness([line.store for line in lines.values()]):
        line, word = lines[each.store_id], words.get(each.word, "fresh")
        line.fresh_word = max(line.fresh_word, word, key=rank.index)
        if each.fresh_at:
            line.fresh_at = min(line.fresh_at or each.fresh_at, each.fresh_at)
        if each.dataset == ORDERS:
            line.orders_known &= each.fresh_at is not None
            line.orders_at = min(filter(None, (line.orders_at, each.fresh_at)), default=None)


def _total(lines: Iterable[Line]) -> Line:
    total = Line(Store(name=""))
    for line in lines:
        total.at_stake += line.at_stake
        total.todo += line.todo
        total.out_soon += line.out_soon
        total.partly |= line.partly
        for side in ("now", "before"):
            mine, its = getattr(total, side), getattr(line, side)
            mine.revenue, mine.units, mine.orders = (
                mine.revenue + its.revenue,
                mine.units + its.units,
                mine.orders + its.orders,
            )
    return total


ORDER: dict[str, Any] = {
    "name": lambda line: line.store.name.casefold(),
    "at_stake": lambda line: line.at_stake,
    "todo": lambda line: line.todo,
    "out_soon": lambda line: line.out_soon,
    "sales": lambda line: line.now.revenue,
    "change": lambda line: line.change,
    "units": lambda line: line.now.units,
    "orders": lambda line: line.now.orders,
    "cover": lambda line: line.cover,
    HEALTH: lambda line: graveness(line.health) if line.health else None,
    "owner": lambda line: str(line.store.owner or ""),
}


def _sorted(lines: Iterable[Line], query: ListQuery) -> Sequence[Any]:
    """By the chosen column, unknown values last, larger stores first among equals."""
    key = ORDER[query.sort]
    ranked = sorted(lines, key=lambda line: (-line.now.revenue, line.store.name))
    known = [line for line in ranked if key(line) is not None]
    known.sort(key=key, reverse=query.descending)
    return [*known, *(line for line in ranked if key(line) is None)]


# -- one store

# {(day, site): sums}
Days = dict[tuple[date, str], Sales]


def store_days(store_id: int, view: View) -> tuple[Days, date | None]:
    """A store's sums per day and site in both periods, of sites the member may see; and its first day with sales."""
    found: Days = {}
    rows = _store_days([store_id], view)
    span = Q()
    for each in filter(None, (view.query.period, view.query.before)):
        span |= Q(date__range=(each.first, each.last))
    for day, site, currency, revenue, units, orders in rows.filter(span).values_list(
        "date", "marketplace", "currency", "revenue", "units", "orders"
    ):
        there = found.get((day, site), Sales())
        money = there.revenue + view.money(revenue, currency)
        found[day, site] = Sales(money, there.units + units, there.orders + orders)
    return found, rows.aggregate(since=Min("date"))["since"]


def sum_of(days: Days, period: Period) -> Sales:
    """Sums of a period over all sites."""
    inside = [sales for (day, _site), sales in days.items() if period.first <= day <= period.last]
    return Sales(sum(s.revenue for s in inside), sum(s.units for s in inside), sum(s.orders for s in inside))


def site_chart(days: Days, query: ListQuery, since: date | None) -> dict[str, Any]:
    """Daily sales stacked by site, and what they are compared with."""
    period = query.period
    dates = [period.first + timedelta(days=n) for n in range(period.days)]
    sites = sorted({site for day, site in days if period.first <= day <= period.last})
    series = [
        {
            "name": site,
            "type": "bar",
            "data": _plain([days[day, site].revenue if (day, site) in days else 0 for day in dates], query.currency),
        }
        for site in sites
    ]
    by_day: dict[date, int] = defaultdict(int)
    for (day, _site), sales in days.items():
        by_day[day] += sales.revenue
    series += dashed(query, dates, since, lambda day: by_day[day])
    labels = [day.strftime("%m-%d") for day in dates]
    return {"labels": labels, "unit": "money", "currency": query.currency, "stacked": True, "series": series}
