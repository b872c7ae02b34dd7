"""Days without stock before and after a change, counted in the facts: of the SKUs it touched, and of the others."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, IntegerField, Max
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from apps.core.tenancy import acting_agency
from apps.inventory.domain.replenishment import DEFAULTS
from apps.inventory.models import PlanLine, PlanPart, Policy, Replenishment

FASTEST = ("production", "inspection", "air", "receiving")  # stages of the fastest new order


@dataclass(frozen=True)
class Asked:
    """Two spans of days of some stores. Touched are `skus` or, with `others`, all but them."""

    stores: tuple[int, ...]
    skus: tuple[str, ...]
    before: tuple[date, date]
    after: tuple[date, date]
    others: bool = False


@dataclass(frozen=True)
class Side:
    """The mean share of days without stock over SKUs (one of a pool each), and how far SKUs differ in their change."""

    skus: int
    before: float
    after: float
    spread: float | None


@dataclass(frozen=True)
class Outage:
    """Both groups; None: no SKU of it has a stock report on both sides."""

    touched: Side | None = None
    others: Side | None = None


# Sites that share a stock are one pool: it is out when none of them has a unit. Days nobody reported do not count.
SQL = """
WITH asked AS (
  SELECT * FROM jsonb_to_recordset(%(asked)s::jsonb)
    a(number bigint, store bigint, skus text[], others boolean, b1 date, b2 date, a1 date, a2 date)
),
stock AS (
  SELECT a.number, (s.sku = ANY(a.skus)) <> a.others AS touched, s.store_id, s.sku,
         coalesce(nullif(m.pool, ''), s.marketplace_id) AS place, s.date >= a.a1 AS later, s.date,
         sum(s.available) <= 0 AS out
  FROM asked a
  JOIN inventory_stockday s ON s.agency_id = %(agency)s AND s.store_id = a.store
    AND (s.date BETWEEN a.b1 AND a.b2 OR s.date BETWEEN a.a1 AND a.a2)
  LEFT JOIN accounts_storemarketplace m
    ON m.agency_id = s.agency_id AND m.store_id = s.store_id AND m.marketplace_id = s.marketplace_id
  GROUP BY 1, 2, 3, 4, 5, 6, 7
),
each AS (
  SELECT number, touched, avg(out::int) FILTER (WHERE NOT later) AS before, avg(out::int) FILTER (WHERE later) AS after
  FROM stock GROUP BY number, touched, store_id, place, sku
)
SELECT number, touched, count(*), avg(before)::float8, avg(after)::float8, stddev_samp(after - before)::float8
FROM each WHERE before IS NOT NULL AND after IS NOT NULL GROUP BY number, touched
"""


def outages(asked: Mapping[int, Asked]) -> dict[int, Outage]:
    """{number: days without stock on both sides}; one query, however many."""
    rows = [
        {"number": number, "store": store, "skus": list(each.skus), "others": each.others,
         "b1": str(each.before[0]), "b2": str(each.before[1]), "a1": str(each.after[0]), "a2": str(each.after[1])}
        for number, each in asked.items()
        for store in each.stores
    ]  # fmt: skip
    found: dict[int, dict[bool, Side]] = {number: {} for number in asked}
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(SQL, {"asked": json.dumps(rows), "agency": acting_agency()})
            for number, touched, *values in cursor.fetchall():
                found[number][touched] = Side(*values)
    return {number: Outage(sides.get(True), sides.get(False)) for number, sides in found.items()}


@dataclass(frozen=True)
class Load:
    """What a plan brings: SKUs of one store, those that came already, and the day the last of it is to arrive."""

    store: int
    skus: tuple[str, ...]
    received: tuple[str, ...]
    arrives: date | None


def loads(plans: Collection[UUID]) -> dict[UUID, Load]:
    """{plan: what it brings}; two queries."""
    skus: dict[UUID, list[tuple[str, int]]] = {}
    stores: dict[UUID, int] = {}
    days: dict[UUID, date] = {}
    lines = PlanLine.objects.filter(plan__in=plans).values_list("plan", "store", "sku", "received", "arrives_on")
    for plan, store, sku, received, day in lines:
        skus.setdefault(plan, []).append((sku, received))
        stores[plan] = store
        _later(days, plan, day)
    for plan, day in PlanPart.objects.filter(line__plan__in=plans).values_list("line__plan", "arrives_on"):
        _later(days, plan, day)
    return {
        plan: Load(stores[plan], tuple(s for s, _n in some), tuple(s for s, n in some if n > 0), days.get(plan))
        for plan, some in skus.items()
    }


def _later(days: dict[UUID, date], plan: UUID, day: date | None) -> None:
    if day is not None:
        days[plan] = max(days.get(plan, day), day)


def fastest(stores: Iterable[int]) -> dict[int, timedelta]:
    """{store: how long the fastest new order takes today, for the SKU that waits longest}; one query."""
    stages = [Cast(KeyTextTransform(stage, "lead"), IntegerField()) for stage in FASTEST]
    rows = Replenishment.objects.filter(store__in=set(stores)).order_by().values_list("store")
    longest = rows.annotate(days=Max(sum(stages[1:], stages[0])))
    return {store: timedelta(days=days or DEFAULTS.air_lead) for store, days in longest}


USUAL = timedelta(days=DEFAULTS.air_lead)


def own_policies() -> dict[int | None, tuple[str, ...]]:
    """{store: SKUs with a policy of their own}; a store with a policy of its own is in it, even without such SKUs."""
    found: dict[Any, list[str]] = {}
    for store, sku in Policy.objects.exclude(store=None).values_list(F("store"), "sku"):
        found.setdefault(store, []).extend([sku] if sku else [])
    return {store: tuple(skus) for store, skus in found.items()}
