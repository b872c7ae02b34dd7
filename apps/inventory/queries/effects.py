"""What a receipt of goods did to stock: days without any before it and after it, counted in the facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from apps.core.tenancy import acting_agency

DAYS = 14  # on each side; the day of the receipt itself belongs to neither

# Sites that share a stock are one pool: it is out when none of them has a unit.
SQL = """
WITH receipt AS (SELECT * FROM unnest(%(numbers)s::bigint[], %(plans)s::uuid[], %(days)s::date[]) r(number, plan, day)),
line AS (
  SELECT r.number, r.day, l.store_id, l.sku, l.pool,
         CASE WHEN length(l.pool) = 2 THEN ARRAY[l.pool] ELSE (
           SELECT array_agg(m.marketplace_id) FROM accounts_storemarketplace m
           WHERE m.agency_id = l.agency_id AND m.store_id = l.store_id AND m.pool = l.pool) END AS sites
  FROM receipt r JOIN inventory_planline l ON l.agency_id = %(agency)s AND l.plan_id = r.plan AND l.received > 0
),
stock AS (
  SELECT line.number, s.date > line.day AS later, line.pool, line.sku, s.date, sum(s.available) AS available
  FROM line JOIN inventory_stockday s
    ON s.agency_id = %(agency)s AND s.store_id = line.store_id AND s.sku = line.sku
   AND s.marketplace_id = ANY(line.sites::varchar[]) AND s.date BETWEEN line.day - %(span)s AND line.day + %(span)s
   AND s.date <> line.day
  GROUP BY 1, 2, 3, 4, 5
)
SELECT number, later, count(*), count(*) FILTER (WHERE available <= 0) FROM stock GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Outage:
    """Shares of the plan's SKU-days without stock, in the fourteen days before and after; None: no fact tells."""

    before: Decimal | None
    after: Decimal | None


def outages(receipts: Mapping[int, tuple[UUID, date]]) -> dict[int, Outage]:
    """{entry number: what its receipt did}; one query, however many. `receipts`: {number: (plan, day)}."""
    if not receipts:
        return {}
    values: dict[str, Any] = {
        "agency": acting_agency(),
        "span": DAYS,
        "numbers": list(receipts),
        "plans": [plan for plan, _day in receipts.values()],
        "days": [day for _plan, day in receipts.values()],
    }
    told: dict[int, dict[bool, Decimal]] = {}
    with connection.cursor() as cursor:
        cursor.execute(SQL, values)
        for number, later, days, out in cursor.fetchall():
            told.setdefault(number, {})[later] = Decimal(out) / days
    return {number: Outage(sides.get(False), sides.get(True)) for number, sides in told.items()}
