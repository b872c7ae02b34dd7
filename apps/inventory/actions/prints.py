"""Has anything changed that a store's lines are made of? Answered without knowing who may change it.

Every version of a row has its place and the transaction that wrote it; whatever writes, updates or deletes a row of a
table changes the sum over these. So two equal prints mean the same rows, whoever forgot to tell. What follows from the
clock or from sync (days, the reach of orders) is compared by value: it moves far more often than it matters.
"""

from collections.abc import Mapping
from typing import Any

from apps.core import copying
from apps.inventory.actions.facts import WHOLE

_OF_STORE = (
    "accounts_storemarketplace",
    "inventory_ownstock",
    "inventory_plan",
    "inventory_planline",
    "inventory_stockage",
    "listings_listing",
    "listings_product",
    "sales_cost",
)
_BY_DAY = ("inventory_stockday", "sales_salesday")
_ROWS = """
    SELECT '{table}' AS what, count(*)::text AS many,
           coalesce(sum(hash_record_extended(ROW(t.tableoid, t.ctid, t.xmin), 0)), 0)::text AS which
    FROM {table} t WHERE t.agency_id = %(agency)s AND {mine}"""
_MINE = "t.store_id = %(store)s"
# As `sites` and `pools` were staged; `reached` and the last sale only say how new the lines are.
_VALUES = f"""
    SELECT 'sites', s.mp, to_jsonb(s)::text FROM sites s
    UNION ALL SELECT 'pools', p.pool,
        (to_jsonb(p) - ARRAY['reached', 'first_sale', 'last_sale', 'whole_from'])::text FROM pools p
    UNION ALL SELECT 'whole', w.whole_mp, w.whole_day::text FROM ({WHOLE}) w
    UNION ALL SELECT 'today', '', (%(at)s::timestamptz)::date::text"""
_INPUTS = "SELECT md5(string_agg(concat_ws(' ', what, many, which), ';' ORDER BY what, many)) FROM ({} UNION ALL {}) p".format(
    " UNION ALL ".join(
        [_ROWS.format(table=table, mine=_MINE) for table in _OF_STORE]
        + [_ROWS.format(table=table, mine=f"{_MINE} AND t.date >= %(since)s") for table in _BY_DAY]
        + [_ROWS.format(table="inventory_policy", mine=f"({_MINE} OR t.store_id IS NULL)")]
    ),
    _VALUES,
)
_LINES = "SELECT many::bigint, which FROM ({}) p".format(_ROWS.format(table="inventory_replenishment", mine=_MINE))


def of_inputs(values: Mapping[str, Any]) -> str:
    """The print of everything a recalculation reads, but for the lines themselves."""
    return copying.read(_INPUTS, values=values)[0][0]


def of_lines(values: Mapping[str, Any]) -> tuple[int, str]:
    """How many lines the store has, and their print."""
    return copying.read(_LINES, values=values)[0]  # type: ignore[return-value]
