"""Days of metrics by product, for rules that look at each SKU by itself: set-based, however many SKUs there are."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
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
# Only offers that are active and have sold in 30 days are looked at, and those that a rule has spoken of already:
# what lies at 0 because nobody sells it any more is no news.
_ROWS = """
    SELECT f.store_id, f.marketplace_id, f.sku, f.currency, array_agg(f.date ORDER BY f.date),
        array_agg(f.n ORDER BY f.date)
    FROM (SELECT store_id, marketplace_id, sku, {currency} AS currency, date, sum({column}) AS n FROM {table}
          WHERE agency_id = %(agency)s AND store_id = ANY(%(stores)s) AND date BETWEEN %(first)s AND %(last)s
          GROUP BY 1, 2, 3, 4, 5) f
    JOIN {offers} o ON o.agency_id = %(agency)s AND o.store_id = f.store_id AND o.marketplace_id = f.marketplace_id
        AND o.sku = f.sku AND o.active
    WHERE o.units_30d > 0 OR (f.store_id, f.marketplace_id, f.sku) IN
        (SELECT * FROM unnest(%(kept_stores)s::bigint[], %(kept_sites)s::text[], %(kept_skus)s::text[]))
    GROUP BY 1, 2, 3, 4"""


def can(key: str) -> bool:
    """Is the metric known of each product?"""
    return key in REGISTRY and bool(REGISTRY[key].by_product)


def days_of(
    rules: Collection[AlertRule],
    first: date,
    ground: Ground,
    complete: Mapping[tuple[Site, str], date],
    kept: Collection[Site],
) -> Days:
    """Readings of each product, complete days only; one query for each column of a fact table."""
    metrics = [REGISTRY[key] for key in sorted({rule.metric for rule in rules}) if can(key)]
    stores = _stores(rules, ground)
    numbers = {
        measure: _numbers(measure, first, ground, stores, kept)
        for measure in dict.fromkeys(each for metric in metrics for each in metric.by_product)
    }
    days: Days = {}
    for metric in metrics:
        inputs = [(measure, numbers[measure]) for measure in metric.by_product]
        for place in set().union(*(found for _measure, found in inputs)):
            if place.whole in ground.zones:
                last = complete.get((place.whole, metric.dataset), ground.at.date() - timedelta(days=1))
                days[Key(place, metric.key)] = list(_readings(metric, inputs, place, first, last))
    return days


def _stores(rules: Collection[AlertRule], ground: Ground) -> list[int]:
    named: set[int] = set().union(*(rule.stores for rule in rules))
    return sorted(ground.stores & named if named and all(rule.stores for rule in rules) else ground.stores)


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


def _numbers(
    measure: Measure, first: date, ground: Ground, stores: list[int], kept: Collection[Site]
) -> dict[Site, Numbers]:
    """{product: {day: number}}, oldest first; money in minor units of the agency's currency."""
    before = measure.days if isinstance(measure, Trailing) else 0 if isinstance(measure, Latest) else KNOWN_FOR
    rows = copying.read(
        _ROWS,
        values={
            "agency": acting_agency(),
            "stores": stores,
            "first": first - timedelta(days=before),
            "last": ground.at.date(),
            "kept_stores": [each.store for each in kept],
            "kept_sites": [each.marketplace for each in kept],
            "kept_skus": [each.sku for each in kept],
        },
        column=measure.column,
        table=apps.get_model(measure.fact)._meta.db_table,
        offers=Offer._meta.db_table,
        currency=SQL("currency" if measure.money else "''"),
    )
    found: dict[Site, Numbers] = defaultdict(dict)
    for store, site, sku, currency, days, numbers in rows:
        if currency and currency not in ground.rates:
            continue
        mine = found[Site(store, site, sku)]
        for day, number in zip(days, numbers, strict=True):
            mine[day] = mine.get(day, 0) + _money(int(number), currency, ground)
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
