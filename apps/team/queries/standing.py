"""How every store stands: sales against the period before, stock, open findings and the age of its data."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FxRate, Member, Store
from apps.accounts.models.stores import Region
from apps.accounts.queries import rates, site_filter, stores_for
from apps.core.lists import ListQuery
from apps.core.metrics import Period
from apps.core.money import convert, to_decimal
from apps.inventory.queries.lines import lines_for
from apps.sales.models import StoreDay
from apps.sync.queries.freshness import BROKEN, LATE, freshness
from apps.team.queries.inbox import at_stake_by_store

SOON = timedelta(days=7)
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
    known: bool = False  # it has sales data at all
    fresh_at: datetime | None = None  # when its oldest dataset came
    fresh_word: str = "fresh"  # fresh, stale or broken, as components/freshness.html takes it

    @property
    def sites(self) -> list[str]:
        return sorted(site.marketplace_id for site in self.store.sites.all() if site.active)

    @property
    def change(self) -> Decimal | None:
        """Sales against the period before, as a share; None without sales before."""
        return share(self.now.revenue, self.before.revenue)


def share(now: int, before: int) -> Decimal | None:
    """The change as a share of what was before; None if there was nothing."""
    return Decimal(now - before) / before if before else None


@dataclass(frozen=True)
class Standing:
    """All stores, their total, and sales per store and day for the chart."""

    lines: list[Line]
    total: Line
    period: Period
    days: dict[tuple[int, date], int]

    def chart(self, *, by: str, names: dict[str, Any], currency: str) -> dict[str, Any]:
        """Daily sales stacked by region or by store (the eight largest), the period before as a dashed line."""
        days = [self.period.first + timedelta(days=n) for n in range(self.period.days)]
        groups: dict[str, list[int]] = {}
        ranked = sorted(self.lines, key=lambda line: -line.now.revenue)
        for position, line in enumerate(ranked):
            name = str(names.get(line.store.region, "")) if by == "region" else _name(line, position)
            sums = groups.setdefault(name, [0] * len(days))
            for n, day in enumerate(days):
                sums[n] += self.days.get((line.store.pk, day), 0)
        shift = timedelta(days=self.period.days)
        ids = [line.store.pk for line in self.lines]
        before = [sum(self.days.get((pk, day - shift), 0) for pk in ids) for day in days]
        series = [{"name": name, "type": "bar", "data": _plain(sums, currency)} for name, sums in groups.items()]
        line = {"name": str(_("Period before")), "type": "line", "dashed": True, "data": _plain(before, currency)}
        labels = [day.strftime("%m-%d") for day in days]
        return {"labels": labels, "unit": "money", "currency": currency, "stacked": True, "series": [*series, line]}


def _plain(minor: list[int], currency: str) -> list[float]:
    """For drawing only: whole currency units."""
    return [float(to_decimal(value, currency)) for value in minor]


def _name(line: Line, position: int) -> str:
    return line.store.name if position < 8 else str(_("Others"))


def payable(query: ListQuery, currency: str) -> ListQuery:
    """The query, in the agency's `currency` where there is no rate for the one it asks for."""
    known = query.currency in {currency, "USD"} or FxRate.objects.filter(currency=query.currency).exists()
    return query if known else replace(query, currency=currency)


def standing(member: Member, query: ListQuery, *, today: date) -> Standing:
    """Stores, their sites, daily sums of both periods, stock, findings: as many queries however many facts there are."""
    stores = stores_for(member).filter(active=True).select_related("client", "owner__user").prefetch_related("sites")
    stores = _chosen(stores, query, member)
    lines = {store.pk: Line(store) for store in stores}
    days = _sales(lines, query, member)
    _stock(lines, query, member, today)
    for pk, (todo, money) in at_stake_by_store(member).items():
        if pk in lines:
            lines[pk].todo, lines[pk].at_stake = todo, money
    _freshness(lines)
    return Standing(_sorted(lines.values(), query), _total(lines.values()), query.period, days)


def client_standing(stores: Sequence[Store], query: ListQuery, *, member: Member, today: date) -> Standing:
    """What a client sees of the own stores: sales and stock, without our workload; four queries."""
    lines = {store.pk: Line(store) for store in sorted(stores, key=lambda store: store.name)}
    days = _sales(lines, query, member)
    _stock(lines, query, member, today)
    return Standing(list(lines.values()), _total(lines.values()), query.period, days)


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


def _sales(lines: dict[int, Line], query: ListQuery, member: Member) -> dict[tuple[int, date], int]:
    period, before = query.period, query.period.before()
    rows = StoreDay.objects.filter(site_filter(member), store__in=list(lines), date__range=(before.first, period.last))
    if query.markets:
        rows = rows.filter(marketplace__in=query.markets)
    sums = rows.values_list("store", "date", "currency").annotate(r=Sum("revenue"), u=Sum("units"), o=Sum("orders"))
    rate = rates(query.currency, period.last)
    days: dict[tuple[int, date], int] = defaultdict(int)
    for pk, day, currency, revenue, units, orders in sums.order_by():
        line = lines[pk]
        money = convert(revenue, source=currency, target=query.currency, rate=rate[currency])
        days[pk, day] += money
        side = line.now if day >= period.first else line.before
        side.revenue, side.units, side.orders = side.revenue + money, side.units + units, side.orders + orders
        line.known = True
    for pk, line in lines.items():
        line.trend = [days.get((pk, period.first + timedelta(days=n)), 0) for n in range(period.days)]
    return dict(days)


def _stock(lines: dict[int, Line], query: ListQuery, member: Member, today: date) -> None:
    """SKUs that run out within a week, and the days all stock lasts at today's pace."""
    rows = lines_for(member).filter(store__in=list(lines))
    if query.markets:
        rows = rows.filter(marketplaces__has_any_keys=list(query.markets))
    sums = rows.values_list("store").annotate(
        out=Count("sku", filter=Q(out_on__lte=today + SOON)),
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


def _total(lines: Iterable[Line]) -> Line:
    total = Line(Store(name=""))
    for line in lines:
        total.at_stake += line.at_stake
        total.todo += line.todo
        total.out_soon += line.out_soon
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


def store_days(store_id: int, query: ListQuery, *, member: Member, since: date) -> Days:
    """A store's sums per day and site, of those the member may see, in the page's currency."""
    rows = StoreDay.objects.filter(site_filter(member), store=store_id, date__gte=since)
    if query.markets:
        rows = rows.filter(marketplace__in=query.markets)
    rate = rates(query.currency, query.period.last)
    found: Days = {}
    for day, site, currency, revenue, units, orders in rows.values_list(
        "date", "marketplace", "currency", "revenue", "units", "orders"
    ):
        money = convert(revenue, source=currency, target=query.currency, rate=rate[currency])
        found[day, site] = Sales(money, units, orders)
    return found


def sum_of(days: Days, period: Period) -> Sales:
    """Sums of a period over all sites."""
    inside = [sales for (day, _site), sales in days.items() if period.first <= day <= period.last]
    return Sales(sum(s.revenue for s in inside), sum(s.units for s in inside), sum(s.orders for s in inside))


def site_chart(days: Days, period: Period, currency: str) -> dict[str, Any]:
    """Daily sales stacked by site."""
    dates = [period.first + timedelta(days=n) for n in range(period.days)]
    sites = sorted({site for _day, site in days})
    series = [
        {
            "name": site,
            "type": "bar",
            "data": _plain([days[day, site].revenue if (day, site) in days else 0 for day in dates], currency),
        }
        for site in sites
    ]
    labels = [day.strftime("%m-%d") for day in dates]
    return {"labels": labels, "unit": "money", "currency": currency, "stacked": True, "series": series}
