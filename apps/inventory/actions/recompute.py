"""The read model of the replenishment page, made anew for one store: staged, decided, and written where it differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.sql import SQL

from apps.accounts.models import Store
from apps.core import copying
from apps.core.tenancy import acting_agency
from apps.inventory.actions.arithmetic import DECISION, MOVEMENT, chain
from apps.inventory.actions.facts import FACTS, INPUTS, SHARED, STAGES

LOOK_BACK = timedelta(days=95)

# Column → expression over `proposed`. What people decided (edited, chosen_mode, snoozed_until) is not here.
_SAME = (
    "asin",
    "title",
    "status",
    "priority",
    "velocity",
    "velocity_7",
    "velocity_30",
    "velocity_90",
    "trend",
    "available",
    "reserved",
    "inbound",
    "own",
    "need",
    "shortfall",
    "suggested",
    "air_units",
    "sea_units",
    "mode",
    "carton_units",
    "moq",
    "out_on",
    "order_by",
    "at_stake",
    "price",
    "unit_cost",
    "aged_units",
    "aged_fee",
    "amazon_recommended",
    "stock_as_of",
    "owner_id",
)
_WRITTEN: dict[str, str] = {name: name for name in _SAME} | {
    "marketplaces": "mps",
    "image_url": "coalesce(image_url, '')",
    "supplier": "coalesce(supplier, '')",
    "in_stock_days": "days_90",
    "cartons": "CASE WHEN carton_units > 1 THEN suggested / carton_units END",
    "cycle_days": "cycle",
    "safety_factor": "safety / 100.0",
    "cover_days": "least(cover, 99999)",
    "cover_fba_days": "least(cover_fba, 99999)",
    "gap_days": "gap",
    "currency": "coalesce(CASE WHEN status = 'excess' THEN nullif(fee_currency, '') END, price_currency, '')",
    "cost_currency": "coalesce(cost_currency, '')",
    "lead": (
        "jsonb_build_object('production', production_days, 'inspection', inspection_days, 'sea', sea_days, 'air', air_days,"
        " 'receiving', receiving_days, 'review', review_days)"
    ),
    "inputs": (
        "jsonb_build_object('receiving', receiving, 'shipped', shipped, 'working', working, 'on_order', on_order,"
        " 'own_total', own_total, 'own_as_of', own_as_of, 'units_7', units_7, 'days_7', days_7, 'units_30', units_30,"
        " 'days_30', days_30, 'units_90', units_90, 'days_90', days_90, 'weight_7', weight_7, 'weight_30', weight_30,"
        " 'weight_90', weight_90, 'excess_days', excess_days, 'first', start, 'last', last, 'today', today, 'main', main,"
        " 'amazon_ship_by', amazon_ship_by, 'price_currency', price_currency, 'fee_currency', fee_currency,"
        " 'grade', CASE WHEN shipped + working > 0 THEN 'B' ELSE 'A' END)"
    ),
    "sales_as_of": "coalesce(reached, (last_sale + 1)::timestamp AT TIME ZONE time_zone)",
}


# Lines as they are to be, named like the table's columns.
PROPOSED = "WITH {parts} SELECT pool, sku, {columns} FROM proposed".format(
    parts=chain(*FACTS, *MOVEMENT, ("own_shares", SHARED), ("inputs", INPUTS), *DECISION),
    columns=", ".join(f"{value} AS {name}" for name, value in _WRITTEN.items()),
)
_MINE = "r.agency_id = %(agency)s AND r.store_id = %(store)s"
_SAME_LINE = "p.pool = r.pool AND p.sku = r.sku"
_NAMES = ", ".join(_WRITTEN)
_OLD, _NEW = (", ".join(f"{prefix}.{name}" for name in _WRITTEN) for prefix in ("r", "p"))
# Most days most lines stay as they are: those are not written.
_UPDATE = f"""
    UPDATE inventory_replenishment r SET ({_NAMES}, computed_at) = ROW({_NEW}, %(at)s::timestamptz)
    FROM proposed_line p WHERE {_MINE} AND {_SAME_LINE} AND ({_OLD}) IS DISTINCT FROM ({_NEW})"""
_INSERT = f"""
    INSERT INTO inventory_replenishment (agency_id, store_id, pool, sku, chosen_mode, {_NAMES}, computed_at)
    SELECT %(agency)s, %(store)s, pool, sku, '', {_NAMES}, %(at)s FROM proposed_line p
    WHERE NOT EXISTS (SELECT FROM inventory_replenishment r WHERE {_MINE} AND {_SAME_LINE})"""
_DELETE = f"""
    DELETE FROM inventory_replenishment r WHERE {_MINE} AND (%(skus)s::text[] IS NULL OR r.sku = ANY(%(skus)s::text[]))
      AND NOT EXISTS (SELECT FROM proposed_line p WHERE {_SAME_LINE})"""


@dataclass(frozen=True)
class Recomputed:
    """Lines there are, those of them that are new or different, and those that went: the SKU is no longer at FBA."""

    lines: int
    changed: int
    gone: int


def recompute_store(store_id: int, *, at: datetime, skus: Sequence[str] | None = None) -> Recomputed:
    """Make the store's lines anew from its facts; with `skus` only theirs.

    Safe to run twice, or twice at once: one writer per store.
    """
    Store.objects.select_for_update(no_key=True).get(pk=store_id)
    values: dict[str, Any] = {"agency": acting_agency(), "store": store_id, "at": at}
    values |= {"since": (at - LOOK_BACK).date(), "skus": None if skus is None else list(skus)}
    # Compiling these long lists of columns takes longer than running them.
    copying.run(f"SET LOCAL work_mem = '{copying.WORK_MEM}'; SET LOCAL jit = off")
    for name, statement in STAGES:
        _stage(name, statement, values)
    # Nobody has counted the rows of a store that is new: what is taken for one row must not be gone through for each SKU.
    copying.run("SET LOCAL enable_nestloop = {switch}", switch=SQL("on" if skus else "off"))
    _stage("proposed_line", PROPOSED, values)
    gone, changed, new = (copying.run(statement, values=values) for statement in (_DELETE, _UPDATE, _INSERT))
    copying.run("SET LOCAL enable_nestloop = on")
    lines = copying.read("SELECT count(*) FROM proposed_line")[0][0]
    return Recomputed(lines, changed + new, gone)


def _stage(name: str, statement: str, values: Mapping[str, Any]) -> None:
    copying.temporary(name, SQL(f"ON COMMIT DROP AS {statement}"), values=values)  # type: ignore[arg-type]
    copying.run("ANALYZE {name}", name=name)
