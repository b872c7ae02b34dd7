"""Days of metrics by product, for rules that look at each SKU by itself: set-based, however many SKUs there are."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.apps import apps
from psycopg.sql import SQL

from apps.core import copying
from apps.core.metrics import REGISTRY, Latest, Measure, Metric, Trailing
from apps.core.money import convert
from apps.core.tenancy import acting_agency
from apps.health.domain.incidents import Site
from apps.health.domain.rules import Reading
from apps.health.models import AlertRule, Offer
from apps.health.queries.ground import Days, Ground, Key

KNOWN_FOR = 60  # days: a product that had a row within them had none, not an unknown number, on a day without one
Numbers = dict[date, int]
# One row for each product and currency, its days in order.
_ROWS = """
    SELECT store_id, marketplace_id, sku, currency, array_agg(%(last)s::date - date ORDER BY date),
        array_agg(n::bigint ORDER BY date)
    FROM (SELECT store_id, marketplace_id, sku, {currency} AS currency, date, sum({column}) AS n FROM {table}
          WHERE agency_id = %(agency)s AND store_id = ANY(%(stores)s) AND date BETWEEN %(first)s AND %(last)s
              AND sku = ANY(%(skus)s)
          GROUP BY 1, 2, 3, 4, 5) days
    GROUP BY 1, 2, 3, 4"""


@dataclass(frozen=True)
class Wanted:
    """Days from `first` on, of them the last `days` only (0: all); `kept` are products looked at whatever they sell."""

    first: date
    days: int = 0
    kept: Collection[Site] = ()

    def begin(self, last: date) -> date:
        """The first day wanted of facts that are complete until `last`."""
        return max(self.first, last - timedelta(days=self.days - 1)) if self.days else self.first


def can(key: str) -> bool:
    """Is the metric known of each product?"""
    return key in REGISTRY and bool(REGISTRY[key].by_product)


def days_of(
    rules: Collection[AlertRule], wanted: Wanted, ground: Ground, complete: Mapping[tuple[Site, str], date]
) -> Days:
    """Readings of each product, complete days only; one query for each column of a fact table, and one for offers."""
    metrics = [REGISTRY[key] for key in sorted({rule.metric for rule in rules}) if can(key)]
    seen = _seen(_stores(rules, ground), set(wanted.kept))
    numbers = {
        measure: _numbers(measure, wanted.first, ground, seen)
        for measure in dict.fromkeys(each for metric in metrics for each in metric.by_product)
    }
    days: Days = {}
    for metric in metrics:
        inputs = [(measure, numbers[measure]) for measure in metric.by_product]
        for place in set().union(*(found for _measure, found in inputs)):
            if place.whole in ground.zones:
                last = complete.get((place.whole, metric.dataset), ground.at.date() - timedelta(days=1))
                days[Key(place, metric.key)] = list(_readings(metric, inputs, place, wanted.begin(last), last))
    return days


def _stores(rules: Collection[AlertRule], ground: Ground) -> list[int]:
    named: set[int] = set().union(*(rule.stores for rule in rules))
    return sorted(ground.stores & named if named and all(rule.stores for rule in rules) else ground.stores)


def _seen(stores: list[int], kept: set[Site]) -> set[Site]:
    """The products looked at: active offers that have sold in 30 days, and those that a rule has spoken of already.

    What lies at 0 because nobody sells it any more is no news.
    """
    offers = Offer.objects.filter(store__in=stores, active=True).values_list("store", "marketplace", "sku", "units_30d")
    return {Site(*place) for *place, units in offers if units or Site(*place) in kept}


def _readings(
    metric: Metric, inputs: Sequence[tuple[Measure, dict[Site, Numbers]]], place: Site, first: date, last: date
) -> Iterator[Reading]:
    mine = [(measure, found.get(place)) for measure, found in inputs]
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        yield Reading(day, metric.formula(*(_on(measure, known, day) for measure, known in mine)))


def _on(measure: Measure, known: Numbers | None, day: date) -> int | None:
    """What is known of one day: a snapshot is unknown without its row, a sum without one is 0 once it has begun."""
    if known is None:
        return None
    if isinstance(measure, Trailing):
        begin = day - timedelta(days=measure.days)
        return sum(number for each, number in known.items() if begin < each <= day)
    if isinstance(measure, Latest):
        return known.get(day)
    return known.get(day, 0 if next(iter(known)) <= day else None)


def _numbers(measure: Measure, first: date, ground: Ground, seen: set[Site]) -> dict[Site, Numbers]:
    """{product: {day: number}}, oldest first; money in minor units of the agency's currency."""
    before = measure.days if isinstance(measure, Trailing) else 0 if isinstance(measure, Latest) else KNOWN_FOR
    rows = copying.read(
        _ROWS,
        values={
            "agency": acting_agency(),
            "stores": sorted({each.store for each in seen}),
            "skus": sorted({each.sku for each in seen}),
            "first": first - timedelta(days=before),
            "last": ground.at.date(),
        },
        column=measure.column,
        table=apps.get_model(measure.fact)._meta.db_table,
        currency=SQL("currency" if measure.money else "''"),
    )
    today = ground.at.date()  # whole numbers are read faster than days
    calendar = [today - timedelta(days=ago) for ago in range((today - first).days + before + 1)]
    found: dict[Site, Numbers] = defaultdict(dict)
    for store, site, sku, currency, days, numbers in rows:
        place = Site(store, site, sku)
        if place not in seen or (currency and currency not in ground.rates):
            continue
        mine = found[place]
        for ago, number in zip(days, numbers, strict=True):
            day = calendar[ago]
            mine[day] = mine.get(day, 0) + (_money(int(number), currency, ground) if currency else int(number))
    return found


def _money(minor: int, currency: str, ground: Ground) -> int:
    if not currency or currency == ground.currency:
        return minor
    return convert(minor, source=currency, target=ground.currency, rate=ground.rates[currency])


def offered(places: Collection[Site]) -> dict[Site, Offer]:
    """The offers of products, by their place. One query."""
    if not places:
        return {}
    rows = Offer.objects.filter(store__in={each.store for each in places}, sku__in={each.sku for each in places})
    found = {Site(each.store_id, each.marketplace_id, each.sku): each for each in rows}
    return {place: found[place] for place in places if place in found}


def active(kept: Collection[Site]) -> set[Site]:
    """Those that are still offered. One query."""
    return {place for place, offer in offered(kept).items() if offer.active}
