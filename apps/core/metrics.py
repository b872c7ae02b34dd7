"""What a number means, said once. Pages, API, goals, alerts and reports only name its key."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum, auto
from typing import Any

from django.apps import apps
from django.db.models import Max, Q, QuerySet, Sum
from django.utils.functional import Promise

from apps.core.money import convert


class Unit(StrEnum):
    MONEY = auto()  # minor units of the currency asked for
    COUNT = auto()
    PERCENT = auto()  # a share: 0.25 is 25 %
    DAYS = auto()


@dataclass(frozen=True)
class Period:
    """Both ends included; whole days in the marketplace's own calendar."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def before(self) -> "Period":
        """The period of the same length that ends the day before this one."""
        return Period(self.first - (self.last - self.first) - _DAY, self.first - _DAY)

    def year_before(self) -> "Period":
        """The same dates a year earlier; the 29th of February is told by the 28th."""
        return Period(a_year_before(self.first), a_year_before(self.last))

    def compared(self, how: str) -> "Period | None":
        """What this period is held against: "prev" the period before, "yoy" a year ago, anything else nothing."""
        return {"prev": self.before, "yoy": self.year_before}.get(how, lambda: None)()


def a_year_before(day: date) -> date:
    """The same date of the year before."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


_DAY = date(2000, 1, 2) - date(2000, 1, 1)


@dataclass(frozen=True)
class Measure:
    """A number that may be added up: one column of one daily fact table.

    `money`: the column holds minor units of the row's `currency` and is converted before it is added.
    """

    fact: str
    column: str
    money: bool = False


@dataclass(frozen=True)
class Latest(Measure):
    """A snapshot (stock, a rate): taken, for each store and site, on its newest day of the period instead of added
    over days. A store that is a day behind counts with what it had then."""


@dataclass(frozen=True)
class Trailing(Measure):
    """Added up over the `days` days that end with the day, or the period, asked for."""

    days: int = 30


@dataclass(frozen=True)
class Metric:
    """A formula over sums. Ratios are never averaged: sum first, divide last.

    `of_sku` are the inputs for one product by itself, where `inputs` read a roll-up that knows none.
    """

    key: str
    label: str | Promise
    unit: Unit
    inputs: tuple[Measure, ...]
    formula: Callable[..., Decimal | None]
    explanation: str | Promise  # the formula in words
    source: str | Promise  # the report it comes from
    dataset: str = ""  # sync dataset whose freshness is the number's as-of
    up_is_good: bool | None = True
    of_sku: tuple[Measure, ...] = ()

    @property
    def by_product(self) -> tuple[Measure, ...]:
        """The inputs of one product by itself; none where the facts do not tell products apart."""
        found = self.of_sku or self.inputs
        known = all(any(f.name == "sku" for f in apps.get_model(each.fact)._meta.fields) for each in found)
        return found if known else ()


@dataclass(frozen=True)
class Explanation:
    """What the hover on a number says."""

    label: str | Promise
    formula: str | Promise
    source: str | Promise
    as_of: datetime | None


REGISTRY: dict[str, Metric] = {}


@dataclass(frozen=True)
class Judged:
    """A number that somebody else counts, so that it has no inputs here, but that an agency may set a level for."""

    key: str
    label: str | Promise


JUDGED: dict[str, Judged] = {}


# What numbers are judged by where an agency has set nothing: {(key, site, programme): (operator, value in its own unit)}
# on a day. Apps that judge append theirs.
DEFAULTS: list[Callable[[date], Mapping[tuple[str, str, str], tuple[str, Decimal]]]] = []


def defaults(on: date) -> dict[tuple[str, str, str], tuple[str, Decimal]]:
    """All of them."""
    return {key: value for told in DEFAULTS for key, value in told(on).items()}


def judge(key: str, label: str | Promise) -> None:
    """Let agencies set a level of their own for a number. A second definition of a key is refused."""
    if key in JUDGED or key in REGISTRY:
        raise ValueError(f"metric {key!r} is defined twice")
    JUDGED[key] = Judged(key, label)


def define(metric: Metric) -> Metric:
    """Register a metric. A second definition of a key is refused."""
    if metric.key in REGISTRY:
        raise ValueError(f"metric {metric.key!r} is defined twice")
    REGISTRY[metric.key] = metric
    return metric


def explain(key: str, *, as_of: datetime | None) -> Explanation:
    """Formula, source and as-of of one metric; `as_of` comes from the sync page's freshness of its dataset."""
    metric = REGISTRY[key]
    return Explanation(metric.label, metric.explanation, metric.source, as_of)


def total(value: Decimal | int | None) -> Decimal | None:
    """A sum as it is; None (no rows) stays unknown and never becomes 0."""
    return None if value is None else Decimal(value)


def ratio(top: Decimal | int | None, bottom: Decimal | int | None) -> Decimal | None:
    return None if top is None or not bottom else Decimal(top) / Decimal(bottom)


Row = dict[str, Decimal | None]
Sums = dict[tuple[Any, ...], dict[Measure, int | None]]


def evaluate(  # noqa: PLR0913 - named by keyword
    keys: Iterable[str],
    *,
    period: Period,
    stores: Collection[int],
    currency: str,
    rates: Mapping[str, Decimal],
    by: tuple[str, ...] = (),
    only: Mapping[str, Any] | None = None,
) -> dict[tuple[Any, ...], Row]:
    """{group: {metric key: value}}: one query per fact table, however many metrics are asked for, and one
    more for the newest days of snapshots.

    `rates[c]` is `currency` units for one unit of c. `only` are extra filters, e.g. {"marketplace__in": [...]}.
    Raises KeyError for an unknown metric or a currency without a rate.
    """
    metrics = [REGISTRY[key] for key in keys]
    sums: Sums = {}
    for (fact, snapshot, trailing), measures in _by_fact(metrics).items():
        first = period.last - _DAY * (trailing - 1) if trailing else period.first
        first = first - _DAY * (period.days - 1) if trailing and "date" in by else first
        days = apps.get_model(fact).objects.filter(store__in=stores, date__range=(first, period.last))
        days = days.filter(**(only or {}))
        if snapshot and "date" not in by:  # day by day each is told as it was
            days = _newest(days)
        found: Sums = {}
        _add_up(
            found,
            days,
            measures,
            by,
            lambda minor, source: _converted(minor, source, currency, rates),
        )
        if trailing and "date" in by:
            found = _rolled(found, trailing, by.index("date"), period)
        for group, values in found.items():
            sums.setdefault(group, {}).update(values)
    return {
        group: {m.key: m.formula(*(found.get(i) for i in m.inputs)) for m in metrics} for group, found in sums.items()
    }


def _rolled(sums: Sums, days: int, place: int, period: Period) -> Sums:
    """Each day of the period with what the `days` days until then add up to; nothing where none of them has a row."""
    rolled: Sums = {}
    for group, values in sums.items():
        for ahead in range(days):
            day = group[place] + _DAY * ahead
            if period.first <= day <= period.last:
                mine = rolled.setdefault((*group[:place], day, *group[place + 1 :]), {})
                for measure, value in values.items():
                    mine[measure] = (
                        None if value is None and not mine.get(measure) else (mine.get(measure) or 0) + (value or 0)
                    )
    return rolled


def _newest(days: QuerySet) -> QuerySet:
    """Of each store and site the rows of its newest day."""
    sites: dict[tuple[int, date], list[str]] = defaultdict(list)
    newest = days.order_by().values_list("store_id", "marketplace_id").annotate(day=Max("date"))
    for store, site, day in newest:
        sites[store, day].append(site)
    wanted = Q(pk__in=[])
    for (store, day), codes in sites.items():
        wanted |= Q(store=store, date=day, marketplace__in=codes)
    return days.filter(wanted)


def _by_fact(metrics: Iterable[Metric]) -> dict[tuple[str, bool, int], list[Measure]]:
    facts: dict[tuple[str, bool, int], list[Measure]] = {}
    for measure in dict.fromkeys(i for m in metrics for i in m.inputs):
        trailing = measure.days if isinstance(measure, Trailing) else 0
        facts.setdefault((measure.fact, isinstance(measure, Latest), trailing), []).append(measure)
    return facts


def _add_up(
    sums: Sums,
    days: Any,
    measures: list[Measure],
    by: tuple[str, ...],
    money: Callable[[int, str], int],
) -> None:
    has_money = any(m.money for m in measures)
    columns = {f"sum_{m.column}": Sum(m.column) for m in measures}
    groups = (*by, "currency") if has_money else by
    rows = days.values(*groups).annotate(**columns).order_by() if groups else [days.aggregate(**columns)]
    for row in rows:
        found = sums.setdefault(tuple(row[name] for name in by), {})
        for measure in measures:
            value = row[f"sum_{measure.column}"]
            if value is None:
                found.setdefault(measure, None)
                continue
            value = money(int(value), row["currency"]) if measure.money else int(value)
            found[measure] = (found.get(measure) or 0) + value


def _converted(minor: int, source: str, target: str, rates: Mapping[str, Decimal]) -> int:
    return minor if source == target else convert(minor, source=source, target=target, rate=rates[source])
