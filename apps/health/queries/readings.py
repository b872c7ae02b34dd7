"""What rules look at: days of metrics by site, in a constant number of queries however many sites there are."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.apps import apps
from django.db.models import Count

from apps.core import copying
from apps.core.metrics import REGISTRY, Measure, Metric, Period, Unit, evaluate
from apps.core.tenancy import acting_agency
from apps.health.domain import anomaly
from apps.health.domain.headroom import Limit
from apps.health.domain.incidents import Site
from apps.health.domain.performance import Told, bad_of, broken
from apps.health.domain.rules import Few, Reading
from apps.health.models import AlertRule, HealthDay, Notice, Outlook, Standard
from apps.health.models.facts import Work
from apps.health.models.names import COUNTED, SILENT
from apps.health.queries import products
from apps.health.queries.figures import FRESH
from apps.health.queries.ground import Days, Ground, Key, complete_days
from apps.health.queries.silence import ages
from apps.health.queries.standards import standards

MILLION = Decimal(1_000_000)
FINE = frozenset({"great", "good", "normal"})  # words that a number may make worse
HISTORY = 400  # days an anomaly's habit is learned from, if they are there


def days_of(
    rules: Collection[AlertRule], ground: Ground, *, back: int = 0, kept: Collection[Site] = ()
) -> dict[Any, Days]:
    """{rule id: {key: readings, oldest first}}; `back` is how many days before today are wanted, at least.

    `kept` are products that a rule has spoken of: they are looked at until they are well, whatever they sell.
    """
    first = ground.at.date() - timedelta(days=max([back + 1, *(rule.days + 4 for rule in rules)]))
    fact = AlertRule.Fact
    health = [rule for rule in rules if rule.fact == fact.HEALTH and rule.metric != SILENT]
    silent = [rule for rule in rules if rule.fact == fact.HEALTH and rule.metric == SILENT]
    plain = [rule for rule in rules if rule.fact == fact.METRIC and rule.condition != AlertRule.Condition.ANOMALY]
    sums = [rule for rule in plain if rule.grain == AlertRule.Grain.SITE]
    single = [rule for rule in plain if rule.grain == AlertRule.Grain.SKU]
    odd = [rule for rule in rules if rule.condition == AlertRule.Condition.ANOMALY]
    notices = [rule for rule in rules if rule.fact == fact.NOTICE]
    found: dict[Any, Days] = {rule.pk: {} for rule in rules}
    if health:
        _deal(found, health, _health(health, first, ground.at.date()))
    if silent:
        _deal(found, silent, ages(first, ground))
    if sums:
        _deal(found, sums, _sums({rule.metric for rule in sums}, first, ground))
    if single:
        wanted = products.Wanted(first, 0 if back else max(rule.days for rule in single), kept)
        _deal(found, single, products.days_of(single, wanted, ground, complete_days(ground)))
    if notices:
        _deal(found, notices, _notices(ground))
    if odd:
        found |= _anomalies(odd, ground, back)
    return found


def _deal(found: dict[Any, Days], rules: Iterable[AlertRule], days: Days) -> None:
    for rule in rules:
        found[rule.pk] = {key: readings for key, readings in days.items() if matches(rule, key)}


def matches(rule: AlertRule, key: Key) -> bool:
    """Does the rule look at this metric? `policy_*` is every metric that begins so."""
    wanted = rule.metric
    named = key.metric.startswith(wanted[:-1]) if wanted.endswith("*") else key.metric == wanted
    return named and (not rule.programme or rule.programme == key.programme)


# -- account health


def _health(rules: Collection[AlertRule], first: date, today: date) -> Days:
    """Newest last. A metric that its site's newest report does not name ends with a reading that knows nothing."""
    patterns = [rule.metric.replace("_", r"\_").replace("*", "%") for rule in rules]
    rows = copying.read(
        "SELECT store_id, marketplace_id, metric, programme, date, rate, count, total, target, operator, status,"
        " max(date) OVER (PARTITION BY store_id, marketplace_id) FROM {table}"
        " WHERE agency_id = %(agency)s AND date >= %(first)s AND metric LIKE ANY(%(patterns)s)"
        " ORDER BY store_id, marketplace_id, metric, programme, date",
        values={"agency": acting_agency(), "first": first, "patterns": patterns},
        table=HealthDay._meta.db_table,
    )
    days: Days = defaultdict(list)
    newest: dict[Site, date] = {}
    asked = standards(today)
    for store, site, metric, programme, *day, last in rows:
        key = Key(Site(store, site), metric, programme)
        days[key].append(_reading(metric, day, asked.get(metric, site, programme)))
        newest[key.site] = last
    for key, readings in days.items():
        if readings[-1].day < newest[key.site]:
            readings.append(Reading(newest[key.site]))
    _figured(days, patterns, first, today)
    _foretold(days, first)
    return days


def _figured(days: Days, patterns: list[str], first: date, today: date) -> None:
    """Put our own figures where reports give no number: their days, or a score beside the report's word."""
    told: dict[Key, dict[date, Reading]] = defaultdict(dict)
    asked = standards(today)
    rows = copying.read(
        "SELECT store_id, marketplace_id, metric, programme, date, CASE WHEN status <> 'none' THEN rate END, count, total"
        " FROM health_figure WHERE agency_id = %(agency)s AND date > %(since)s AND date <= %(today)s"
        " AND metric LIKE ANY(%(patterns)s) ORDER BY date, origin",
        values={
            "agency": acting_agency(), "since": min(first, today - FRESH), "patterns": patterns,
            "today": today + timedelta(days=1),
        },
    )  # fmt: skip
    for store, site, metric, programme, day, rate, count, total in rows:
        key = Key(Site(store, site), metric, programme)
        row = (max(day, first), rate, count, total, None, "", "")
        reading = _reading(metric, row, asked.get(metric, site, programme))
        told[key][row[0]] = _rated(reading, asked.get("ahr_floor", site, "")) if metric == "ahr" else reading
    for key, figures in told.items():
        days[key] = _beside(days[key], figures) if key in days else [figures[day] for day in sorted(figures)]


def _rated(score: Reading, floor: Standard | None) -> Reading:
    """A score below its limit is the marketplace's own "at risk", and worse only below the floor."""
    if score.value is None or score.limit is None or score.value >= score.limit:
        return score
    return replace(score, word="bad" if floor is not None and score.value < floor.target else "at_risk")


def _beside(readings: list[Reading], figures: Mapping[date, Reading]) -> list[Reading]:
    """Readings that have only a word with the number of the newest figure of that day or before."""
    found = []
    for each in readings:
        known = [day for day in figures if day <= each.day] if each.value is None and each.word else []
        figure = figures[max(known)] if known else None
        # A word that says worse than the number stands.
        tells = figure is not None and figure.value is not None and each.word in FINE
        found.append(replace(figure, day=each.day) if figure and tells else each)
    return found


def _reading(metric: str, row: Sequence[Any], asked: Standard | None) -> Reading:
    """The report's own target; where it names none, the official standard."""
    day, rate, count, total, target, operator, status = row
    if (target is None or not operator) and asked:
        target, operator = asked.target, asked.operator
    if metric == "account_status":
        return Reading(day, word=status)
    counted = metric.startswith(COUNTED)
    scale = 1 if counted else MILLION
    value = count if counted else _exact(rate, count, total)
    told = Told(status, count, None if counted else total, rate)
    return Reading(
        day,
        None if value is None else Decimal(value) / scale,
        None if target is None else Decimal(target) / scale,
        operator,
        rate=not counted,
        broken=None if target is None or not operator or value is None else broken(told, operator, target),
        word=status if metric == "ahr" and value is None else "",
        few=None if counted or value is None else _few(metric, told, operator, target),
    )


def _few(metric: str, told: Told, operator: str, target: int | None) -> Few | None:
    """The counts of a rate of so few orders that they say it; None where the rate does."""
    bad = bad_of(metric, told.total, told.count)
    if bad is None or not told.total or target is None or operator not in {"lt", "le", "gt", "ge"}:
        return None
    limit = Limit.of(target, operator)
    return Few(bad, told.total, limit.most(told.total) - bad) if limit.few(told.total) else None


def _exact(rate: int | None, count: int | None, total: int | None) -> Decimal | None:
    """A rate in millionths by its whole numbers, for the report's own is rounded; not rated stays not rated."""
    if rate is None or count is None or not total:
        return None if rate is None else Decimal(rate)
    return count * MILLION / total


def _foretold(days: Days, first: date) -> None:
    """Put the chance of a breach beside the rate of the day it was worked out on, or the last one before."""
    told: dict[Key, dict[date, int]] = defaultdict(dict)
    rows = Outlook.objects.filter(date__gte=first)
    for store, site, metric, programme, day, chance in rows.values_list(
        "store", "marketplace", "metric", "programme", "date", "chance"
    ):
        told[Key(Site(store, site), metric, programme)][day] = round(chance / 10_000)
    for key, chances in told.items():
        days[key] = _with_chances(days.get(key, []), chances)


def _with_chances(readings: list[Reading], chances: dict[date, int]) -> list[Reading]:
    known, chance, merged = {each.day: each for each in readings}, None, []
    for day in sorted({*known, *chances}):
        chance = chances.get(day, chance)
        last = merged[-1] if merged else Reading(day)
        merged.append(replace(known.get(day) or replace(last, day=day), chance=chance))
    return merged


# -- sums of the metric registry


def _sums(metrics: set[str], first: date, ground: Ground) -> Days:
    """Complete days only: what is still coming in is not low, it is unknown."""
    keys = sorted(key for key in metrics if key in REGISTRY)
    last = ground.at.date()
    rows = evaluate(
        keys,
        period=Period(first, last),
        stores=ground.stores,
        currency=ground.currency,
        rates=ground.rates,
        by=("store", "marketplace", "date"),
    )
    complete = complete_days(ground)
    days: Days = defaultdict(list)
    for (store, site, day), values in sorted(rows.items()):
        for key in keys:
            until = complete.get((Site(store, site), REGISTRY[key].dataset), last - timedelta(days=1))
            if day <= until:
                days[Key(Site(store, site), key)].append(Reading(day, values[key]))
    return days


# -- notices


def place_of(notice: Site, ground: Ground, main: Mapping[int, Site]) -> Site | None:
    """Where a notice counts: on its site, else on the store's main one; None where the store has no site."""
    return notice if notice in ground.zones else main.get(notice.store)


def _notices(ground: Ground) -> Days:
    """How many notices of each kind nobody has dealt with; a site without any has none."""
    living = Notice.objects.filter(state__in=[Work.TODO, Work.DOING], store__in=ground.stores)
    counted = living.values_list("store", "marketplace", "kind").annotate(n=Count("pk"))
    days: Days = {
        Key(site, kind): [Reading(ground.today(site), Decimal(0))]
        for site in ground.zones
        for kind in Notice.Kind.values
    }
    main, sums = ground.main(), defaultdict[Key, int](int)
    for store, site, kind, number in counted:
        if place := place_of(Site(store, site), ground, main):
            sums[Key(place, kind)] += number
    for key, number in sums.items():
        days[key] = [Reading(ground.today(key.site), Decimal(number))]
    return days


# -- anomalies


@dataclass(frozen=True)
class _Counts:
    """Daily counts of many sites: `counts[n]` are those of `sites[n]`, the last column its last complete day."""

    sites: list[Site]
    last: list[date]
    counts: np.ndarray


def _anomalies(rules: Collection[AlertRule], ground: Ground, back: int) -> dict[Any, Days]:
    """Each rule's sites judged; alarms chosen over all rules of a day together."""
    complete = complete_days(ground)
    series = {
        key: _counts(REGISTRY[key], ground, complete) for key in {rule.metric for rule in rules if _countable(rule)}
    }
    found: dict[Any, Days] = {rule.pk: defaultdict(list) for rule in rules}
    for ago in range(back, -1, -1):
        judged = [
            (rule, counts, _judged(counts, rule.falling, ago))
            for rule in rules
            if (counts := series.get(rule.metric)) and counts.sites
        ]
        if not judged:
            continue
        marks = anomaly.alarms(np.concatenate([said.p for _rule, _counts, said in judged]))
        start = 0
        for rule, counts, said in judged:
            _note(found[rule.pk], rule.metric, counts, said, marks[start : start + len(counts.sites)], ago)
            start += len(counts.sites)
    return found


def countable(metric: Metric) -> bool:
    """Can a daily count of it be judged: one column of one fact table, added up?"""
    return metric.unit == Unit.COUNT and len(metric.inputs) == 1 and type(metric.inputs[0]) is Measure


def _countable(rule: AlertRule) -> bool:
    return rule.metric in REGISTRY and countable(REGISTRY[rule.metric])


def _counts(metric: Metric, ground: Ground, complete: Mapping[tuple[Site, str], date]) -> _Counts:
    """One row per site out of the database, made a row of numbers. A day without a row between first and last is 0."""
    measure = metric.inputs[0]
    rows = copying.read(
        "SELECT store_id, marketplace_id, array_agg(day ORDER BY day), array_agg(n ORDER BY day) FROM"
        " (SELECT store_id, marketplace_id, date AS day, sum({column}) AS n FROM {table} WHERE agency_id = %(agency)s"
        " AND store_id = ANY(%(stores)s) AND date >= %(first)s GROUP BY 1, 2, 3) AS days GROUP BY 1, 2 ORDER BY 1, 2",
        values={
            "agency": acting_agency(),
            "stores": sorted(ground.stores),
            "first": ground.at.date() - timedelta(days=HISTORY),
        },
        column=measure.column,
        table=apps.get_model(measure.fact)._meta.db_table,
    )
    sites = [Site(store, code) for store, code, _days, _numbers in rows]
    last = [
        complete.get((site, metric.dataset), days[-1] - timedelta(days=1))
        for site, (*_, days, _n) in zip(sites, rows, strict=True)
    ]
    counts = np.full((len(rows), HISTORY), np.nan)
    for place, (_store, _code, days, numbers) in enumerate(rows):
        where = np.array([(day - last[place]).days for day in days]) + HISTORY - 1
        inside = (where >= 0) & (where < HISTORY)
        if inside.any():
            counts[place, where[inside].min() :] = 0
            counts[place, where[inside]] = np.array([float(n) for n in numbers])[inside]
    return _Counts(sites, last, counts)


def _judged(counts: _Counts, falling: bool, ago: int) -> anomaly.Judged:
    """As of `ago` days before the newest. Sites end on different weekdays: those are judged together that agree."""
    shown = counts.counts[:, : HISTORY - ago]
    first = np.array([(day - timedelta(days=HISTORY - 1)).weekday() for day in counts.last])
    parts = [np.empty(len(counts.sites)) for _ in range(4)]
    for weekday in np.unique(first):
        chosen = first == weekday
        said = anomaly.judge(shown[chosen], int(weekday), low=falling)
        for part, values in zip(parts, (said.p, said.observed, said.expected, said.days), strict=True):
            part[chosen] = values
    return anomaly.Judged(*parts)


def _note(days: Days, metric: str, counts: _Counts, said: anomaly.Judged, marks: np.ndarray, ago: int) -> None:
    for place, site in enumerate(counts.sites):
        day = counts.last[place] - timedelta(days=ago)
        if np.isnan(said.expected[place]):
            days[Key(site, metric)].append(Reading(day))
            continue
        a_day = [
            Decimal(round(float(each[place] / said.days[place]), 2)).quantize(Decimal("0.01"))
            for each in (said.observed, said.expected)
        ]
        days[Key(site, metric)].append(
            Reading(day, *a_day, operator="ge", p=float(said.p[place]), alarm=bool(marks[place]))
        )
