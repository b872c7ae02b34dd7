"""Rates counted again from our own facts, over the very windows of Amazon's reports. All rows asked for in one query
per metric.

What counts on which report day D, in UTC days:

| metric | who counts | what counts |
|---|---|---|
| odr | orders of the window not cancelled, by programme | those with a defect told before D and not withdrawn before D |
| lsr | merchant orders shipped in the window | shipped after their ship-by moment |
| cancel | merchant orders placed in the window, but those the buyer cancelled before D | cancelled by the seller before D |
| vtr | packages shipped in the window | with a valid tracking number |
| otdr, unit_otdr | orders (units) with valid tracking shipped in the window whose delivery is known | delivered by the promised moment |

Under Seller Fulfilled Prime (programme sfp) the same of Prime orders alone, and

| on_time_ship | orders shipped in the window | not after their ship-by moment |
| otdr | orders with valid tracking promised for a day of the window whose delivery is known | delivered by then |
"""  # noqa: E501

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from apps.core import copying
from apps.core.tenancy import acting_agency
from apps.health.domain.performance import Counted

# An order is shipped, at the latest, so many days after it was placed: the index finds orders by the day placed.
SHIPS_WITHIN = 90
_SHIPPED = "(s.shipped_at AT TIME ZONE 'UTC')::date"
_CANCELLED = "(s.cancelled_at AT TIME ZONE 'UTC')::date"
_SHIPMENTS = """FROM health_shipment s WHERE s.agency_id = %(agency)s AND s.store_id = w.store_id
    AND s.marketplace_id = w.marketplace_id"""
_SENT = f"""{_SHIPMENTS} AND s.ordered_on BETWEEN w.window_first - {SHIPS_WITHIN} AND w.window_last
    AND {_SHIPPED} BETWEEN w.window_first AND w.window_last"""
_TRACKED = f"{_SENT} AND s.valid_packages = s.packages"
_ODR = """SELECT (SELECT sum(orders) FROM health_orderday o WHERE o.agency_id = %(agency)s AND o.store_id = w.store_id
              AND o.marketplace_id = w.marketplace_id AND o.programme = w.programme
              AND o.date BETWEEN w.window_first AND w.window_last) AS total,
          (SELECT count(DISTINCT order_id) FROM health_defect d WHERE d.agency_id = %(agency)s
              AND d.store_id = w.store_id AND d.marketplace_id = w.marketplace_id AND d.programme = w.programme
              AND d.kind = ANY(%(kinds)s) AND d.ordered_on BETWEEN w.window_first AND w.window_last
              AND d.reported_on < w.date AND (d.withdrawn_on IS NULL OR d.withdrawn_on >= w.date)) AS count,
          0 AS unknown"""
# Who promised a moment and has no delivery scan is unknown, neither good nor bad.
_OTDR = """SELECT coalesce({many} FILTER (WHERE s.delivered_at IS NOT NULL), 0) AS total,
    coalesce({many} FILTER (WHERE s.delivered_at <= s.deliver_by), 0) AS count,
    count(*) FILTER (WHERE s.delivered_at IS NULL) AS unknown"""
_PRIME = "AND s.programme = 'sfp'"
_PROMISED = f"""{_SHIPMENTS} AND s.ordered_on BETWEEN w.window_first - {SHIPS_WITHIN} AND w.window_last
    AND (s.deliver_by AT TIME ZONE 'UTC')::date BETWEEN w.window_first AND w.window_last
    AND s.valid_packages = s.packages AND s.shipped_at IS NOT NULL"""
_LSR = f"SELECT count(*) AS total, count(*) FILTER (WHERE s.shipped_at > s.ship_by) AS count, 0 AS unknown {_SENT}"
_VTR = f"""SELECT sum(s.packages) AS total,
    CASE WHEN bool_and(s.valid_packages IS NOT NULL) THEN sum(s.valid_packages) END AS count, 0 AS unknown {_SENT}"""
_CANCEL = f"""SELECT count(*) AS total,
    count(*) FILTER (WHERE s.cancelled_by = 'seller' AND {_CANCELLED} < w.date) AS count, 0 AS unknown {_SHIPMENTS}
    AND s.ordered_on BETWEEN w.window_first AND w.window_last
    AND NOT coalesce(s.cancelled_by = 'buyer' AND {_CANCELLED} < w.date, false)"""
COUNTED = {
    "odr": _ODR,
    "odr_claims": _ODR,
    "odr_chargebacks": _ODR,
    "odr_feedback": _ODR,
    "lsr": _LSR,
    "vtr": _VTR,
    "cancel": _CANCEL,
    "otdr": f"{_OTDR.format(many='count(*)')} {_TRACKED}",
    "unit_otdr": f"{_OTDR.format(many='sum(s.units)')} {_TRACKED}",
}
PRIME = {
    "on_time_ship": f"""SELECT count(*) AS total, count(*) FILTER (WHERE NOT coalesce(s.shipped_at > s.ship_by, false))
        AS count, 0 AS unknown {_SENT} {_PRIME}""",
    "vtr": f"{_VTR} {_PRIME}",
    "cancel": f"{_CANCEL} {_PRIME}",
    "otdr": f"{_OTDR.format(many='count(*)')} {_PROMISED} {_PRIME}",
}
KINDS = {"odr_claims": ["claim"], "odr_chargebacks": ["chargeback"], "odr_feedback": ["feedback"]}
ODR_KINDS = ["claim", "chargeback", "feedback"]


@dataclass(frozen=True)
class Asked:
    """One rate of one report: what to count again."""

    store_id: int
    marketplace: str
    metric: str
    programme: str
    date: dt.date
    window_first: dt.date
    window_last: dt.date


def counted(asked: Collection[Asked]) -> dict[Asked, Counted]:
    """What our own facts say of each rate; one query per metric. Rates nobody can count here are left out."""
    found: dict[Asked, Counted] = {}
    for metric, prime in dict.fromkeys((each.metric, each.programme == "sfp") for each in asked):
        if how := (PRIME if prime else COUNTED).get(metric):
            these = [each for each in asked if each.metric == metric and (each.programme == "sfp") is prime]
            found |= _counted(metric, how, these)
    return found


def _counted(metric: str, how: str, asked: list[Asked]) -> dict[Asked, Counted]:
    rows = copying.read(
        "SELECT w.place, c.total::bigint, c.count::bigint, c.unknown::bigint FROM unnest(%(places)s::int[], %(stores)s::bigint[],"
        " %(sites)s::text[], %(programmes)s::text[], %(dates)s::date[], %(firsts)s::date[], %(lasts)s::date[])"
        " AS w (place, store_id, marketplace_id, programme, date, window_first, window_last)"
        f" CROSS JOIN LATERAL ({how}) c",
        values={
            "agency": acting_agency(),
            "kinds": KINDS.get(metric, ODR_KINDS),
            "places": list(range(len(asked))),
            "stores": [each.store_id for each in asked],
            "sites": [each.marketplace for each in asked],
            "programmes": [each.programme for each in asked],
            "dates": [each.date for each in asked],
            "firsts": [each.window_first for each in asked],
            "lasts": [each.window_last for each in asked],
        },
    )
    return {asked[place]: Counted(total, count, unknown) for place, total, count, unknown in rows}


def asked_of(rows: Iterable) -> list[Asked]:
    """The rates of HealthDay rows that name their window."""
    return [
        Asked(row.store_id, row.marketplace_id, row.metric, row.programme, row.date, row.window_first, row.window_last)
        for row in rows
        if row.window_first and row.window_last
    ]
