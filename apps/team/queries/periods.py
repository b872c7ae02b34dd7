"""Sales by period, as tiles: today, yesterday, the month, what it will come to, the month before.

Days are each site's own: "today" in Tokyo and in Seattle are two days, both are counted as today.
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from apps.accounts.queries import site_filter
from apps.core.metrics import Explanation, Period, a_year_before
from apps.core.money import digits
from apps.sales.domain.forecast import Forecast, forecast
from apps.sales.models import StoreDay
from apps.team.queries.lens import Site, View, Words

HISTORY = 182  # days a forecast is measured by
DAY = timedelta(days=1)
TOO_OLD = timedelta(days=1)  # orders older than this forecast nothing
PRECISION = 10**9
LABELS: dict[str, Words] = {
    "today": _("Today so far"),
    "yesterday": _("Yesterday"),
    "month": _("Month to date"),
    "forecast": _("Month forecast"),
    "last": _("Last month"),
}
AGAINST: dict[str, dict[str, Words]] = {
    "prev": {
        "today": _("all of yesterday"),
        "yesterday": _("against the day before"),
        "month": _("whole days, against last month’s"),
        "forecast": _("against last month"),
        "last": _("against the month before"),
    },
    "yoy": {
        "today": _("all of the same day last year"),
        "yesterday": _("against the same day last year"),
        "month": _("whole days, against last year’s"),
        "forecast": _("against the same month last year"),
        "last": _("against the same month last year"),
    },
}
HOW = _(
    "Sales of the month’s whole days, plus for every day to come, today among them, the mean of the same weekday in "
    "the four weeks before. The range held eight in ten of the same forecasts made on each day of the last half year. "
    "Sales events to come are not in it."
)
SUM = _(
    "Item price minus promotion of orders not cancelled, without tax and shipping, of the days named; days are those of each "
    "site. The newest days still change while orders come in."
)
SOURCE = _("Amazon all-orders report, by last update")


@dataclass
class Sums:
    """Sums of one period; money in minor units of the page's currency."""

    revenue: int = 0
    units: int = 0
    orders: int = 0


@dataclass(frozen=True)
class Tile:
    """One period. `change` is a share, None where nothing can be compared; `low`, `high` only of the forecast."""

    key: str
    label: Words
    now: Sums | None
    change: Decimal | None = None
    before: int | None = None  # what stands beside a day that is not over, instead of a change
    against: Words = ""
    low: int | None = None
    high: int | None = None
    why: Explanation | None = None

    @property
    def revenue(self) -> int | None:
        return self.now.revenue if self.now else None


@dataclass
class _Book:
    """What was sold, by the name of a period and currency, and whole days by how far back they are.

    `firsts`: the first day of each period on any site; `since`: the first day there are sales of.
    """

    sums: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    back: dict[tuple[date, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * HISTORY))
    firsts: dict[str, date] = field(default_factory=dict)
    since: date | None = None


@dataclass(frozen=True)
class _Seen:
    """The book in the page's currency, held against what the page is held against."""

    book: _Book
    view: View
    against: Mapping[str, Words]

    def sums(self, key: str) -> Sums:
        found = Sums()
        for (name, currency), (revenue, units, orders) in self.book.sums.items():
            if name == key:
                found.revenue += self.view.money(revenue, currency)
                found.units, found.orders = found.units + units, found.orders + orders
        return found

    def before(self, key: str) -> int | None:
        """Sales of what a period is held against; None where our sales do not reach back to its first day."""
        first = self.book.firsts.get(f"{key} before")
        reaches = first is not None and self.book.since is not None and self.book.since <= first
        return self.sums(f"{key} before").revenue if reaches else None

    def change(self, now: int, key: str) -> Decimal | None:
        before = self.before(key)
        return Decimal(now - before) / before if before else None


def period_tiles(
    stores: Collection[int], view: View, sites: Mapping[str, Site], *, now: datetime, as_of: datetime | None
) -> list[Tile]:
    """Five periods of these stores in one query. `as_of`: when the oldest of their orders were brought."""
    rows = list(_rows(stores, view))
    month = _month(min((sites[row[0]].today for row in rows if row[0] in sites), default=view.today))
    book = _read(rows, view, sites, month)
    seen = _Seen(book, view, AGAINST.get(view.query.compare, {}))
    told = _coming(book, seen, month) if as_of is not None and now - as_of <= TOO_OLD else None
    tiles = [
        _open_day(seen),
        _tile("yesterday", seen, "yesterday"),
        _tile("month", seen, "whole"),
        _forecast_tile(told, seen, as_of),
        _tile("last", seen, "last"),
    ]
    return [replace(each, why=each.why or Explanation(each.label, SUM, SOURCE, as_of)) for each in tiles]


def _rows(stores: Collection[int], view: View) -> Iterable[Any]:
    """(site, day, currency, revenue, units, orders) of the half year, and of what it is held against."""
    today, query = view.today, view.query
    last = _before(_month(today - DAY))
    span = Q(date__gte=min(today - timedelta(days=HISTORY + 1), _before(last).first))
    if query.compare == "yoy":  # a month more than needed: whether sales reach back that far is seen by it
        span |= Q(date__range=(a_year_before(_before(last).first), a_year_before(_month(today + DAY).last)))
    found = StoreDay.objects.filter(span, site_filter(view.member), store__in=stores)
    if query.markets:
        found = found.filter(marketplace__in=query.markets)
    sums = found.values_list("marketplace", "date", "currency")
    return sums.annotate(r=Sum("revenue"), u=Sum("units"), o=Sum("orders")).order_by()


def _read(rows: list[Any], view: View, sites: Mapping[str, Site], month: Period) -> _Book:
    """Put every day and site into the periods it belongs to."""
    book = _Book()

    @cache
    def places(day: date, here: date) -> tuple[str, ...]:
        found = _periods(view.query.compare, here, month)
        for key, period in found.items():
            book.firsts[key] = min(period.first, book.firsts.get(key, period.first))
        return tuple(key for key, period in found.items() if period.first <= day <= period.last)

    for code, day, currency, *values in rows:
        here = sites[code].today if code in sites else view.today
        book.since = min(book.since or day, day)
        for key in places(day, here):
            sums = book.sums[key, currency]
            for n, value in enumerate(values):
                sums[n] += value
        if 0 < (ago := (here - day).days) <= HISTORY:
            book.back[here, currency][HISTORY - ago] += values[0]
    return book


@lru_cache(maxsize=64)
def _periods(how: str, here: date, month: Period) -> dict[str, Period]:
    """The periods of a site whose day is `here`, by name; "<name> before" is what a period is held against."""
    yesterday, last = here - DAY, _before(month)
    found = {
        "today": Period(here, here),
        "yesterday": Period(yesterday, yesterday),
        "month": Period(month.first, min(here, month.last)),
        "whole": Period(month.first, min(yesterday, month.last)),
        "last": last,
    }
    against = {"prev": _a_period_before, "yoy": _a_year_before}.get(how)
    return found | against(found, month) if against else found


def _a_period_before(found: Mapping[str, Period], month: Period) -> dict[str, Period]:
    last, yesterday, whole = found["last"], found["yesterday"], found["whole"]
    return {
        "today before": yesterday,
        "yesterday before": yesterday.before(),
        "whole before": Period(last.first, min(last.first + (whole.last - whole.first), last.last)),
        "forecast before": last,
        "last before": _before(last),
    }


def _a_year_before(found: Mapping[str, Period], month: Period) -> dict[str, Period]:
    return {
        "today before": found["today"].year_before(),
        "yesterday before": found["yesterday"].year_before(),
        "whole before": found["whole"].year_before(),
        "forecast before": _month(a_year_before(month.first)),
        "last before": _month(a_year_before(found["last"].first)),
    }


def _month(day: date) -> Period:
    """The whole month of a day."""
    return Period(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))


def _before(month: Period) -> Period:
    return _month(month.first - DAY)


def _tile(key: str, seen: _Seen, compared: str) -> Tile:
    """`compared` names the period whose change is told: of a month that goes on, its whole days."""
    change = seen.change(seen.sums(compared).revenue, compared)
    return Tile(key, LABELS[key], seen.sums(key), change, against="" if change is None else seen.against[key])


def _open_day(seen: _Seen) -> Tile:
    """A day that is not over is not held against a whole one: that one's sum stands beside it."""
    before = seen.before("today")
    return Tile("today", LABELS["today"], seen.sums("today"), before=before,
                against="" if before is None else seen.against["today"])  # fmt: skip


def _forecast_tile(told: Forecast | None, seen: _Seen, as_of: datetime | None) -> Tile:
    why = Explanation(LABELS["forecast"], HOW, SOURCE, as_of)
    if told is None:
        return Tile("forecast", LABELS["forecast"], None, why=why)
    change = seen.change(told.expected, "forecast")
    return Tile("forecast", LABELS["forecast"], Sums(told.expected), change, low=told.low, high=told.high, why=why,
                against="" if change is None else seen.against["forecast"])  # fmt: skip


def _coming(book: _Book, seen: _Seen, month: Period) -> Forecast | None:
    """The whole month: its whole days as they were, the rest as forecast. None: too little history.

    Sites whose day is another are forecast apart; their ranges are added, as if they all missed to the same side.
    """
    sold = seen.sums("whole").revenue
    expected, low, high, trials = sold, sold, sold, 0
    for here in {key[0] for key in book.back}:
        told = forecast(_history(book, seen, here), (month.last - here).days + 1)
        if told is None:
            return None
        expected, low, high = expected + told.expected, low + told.low, high + told.high
        trials = max(trials, told.trials)
    return Forecast(expected, low, high, trials) if book.back else None


def _history(book: _Book, seen: _Seen, here: date) -> list[int]:
    """Whole days in the page's currency, oldest first, from the first with sales on."""
    days = [0] * HISTORY
    for (day, currency), sold in book.back.items():
        if day == here:
            scale = digits(seen.view.query.currency) - digits(currency)
            factor = int(seen.view.rate[currency].scaleb(scale) * PRECISION)  # an estimate's input, not a sum of money
            days = [told + each * factor // PRECISION for told, each in zip(days, sold, strict=True)]
    begun = next((n for n, each in enumerate(days) if each), HISTORY)
    return days[begun:]
