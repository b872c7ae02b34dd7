"""The read model of the replenishment page, made anew for one store: staged, decided, and written where it differs.

Where nothing has changed that it is made of, nothing is made anew (`prints`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.sql import SQL

from apps.accounts.models import Store
from apps.core import copying
from apps.core.tenancy import acting_agency
from apps.inventory.actions import prints
from apps.inventory.actions.arithmetic import DECISION, MOVEMENT, chain
from apps.inventory.actions.facts import FACTS, INPUTS, SHARED, STAGES
from apps.inventory.models import Calculation

LOOK_BACK = timedelta(days=95)
BEFORE = ("sites", "pools")  # what is staged before it is known whether anything has changed
WIDE = ("sales", "proposed_line")

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
_NEW = ", ".join(f"p.{name}" for name in _WRITTEN)
# Most days most lines stay as they are: those are not written. That orders were looked at once more changes no line.
_DIFFERS = "({}) IS DISTINCT FROM ({})".format(
    *(", ".join(f"{prefix}.{name}" for name in _WRITTEN if name != "sales_as_of") for prefix in ("r", "p"))
)
_UPDATE = f"""
    UPDATE inventory_replenishment r SET ({_NAMES}, computed_at) = ROW({_NEW}, %(at)s::timestamptz)
    FROM proposed_line p WHERE {_MINE} AND {_SAME_LINE} AND {_DIFFERS}"""
_INSERT = f"""
    INSERT INTO inventory_replenishment (agency_id, store_id, pool, sku, chosen_mode, {_NAMES}, computed_at)
    SELECT %(agency)s, %(store)s, pool, sku, '', {_NAMES}, %(at)s FROM proposed_line p
    WHERE NOT EXISTS (SELECT FROM inventory_replenishment r WHERE {_MINE} AND {_SAME_LINE})"""
_DELETE = f"""
    DELETE FROM inventory_replenishment r WHERE {_MINE} AND (%(skus)s::text[] IS NULL OR r.sku = ANY(%(skus)s::text[]))
      AND NOT EXISTS (SELECT FROM proposed_line p WHERE {_SAME_LINE})"""

_KEEP = """
    INSERT INTO inventory_calculation (agency_id, store_id, inputs, lines, sales_as_of, checked_at)
    SELECT %(agency)s, %(store)s, %(inputs)s, %(lines)s, (SELECT max(reached) FROM pools), %(at)s
    ON CONFLICT (agency_id, store_id) DO UPDATE SET (inputs, lines, sales_as_of, checked_at)
        = ROW(excluded.inputs, excluded.lines, excluded.sales_as_of, excluded.checked_at)"""


@dataclass(frozen=True)
class Recomputed:
    """Lines there are, those of them that are new or different, and those that went: the SKU is no longer at FBA."""

    lines: int
    changed: int
    gone: int


def recompute_store(store_id: int, *, at: datetime, skus: Sequence[str] | None = None) -> Recomputed:
    """Make the store's lines anew from its facts, if those have changed; with `skus` only theirs, in any case.

    Safe to run twice, or twice at once: one writer per store.
    """
    Store.objects.select_for_update(no_key=True).get(pk=store_id)
    values: dict[str, Any] = {"agency": acting_agency(), "store": store_id, "at": at}
    values |= {"since": (at - LOOK_BACK).date(), "skus": None if skus is None else list(skus)}
    # Compiling these long lists of columns takes longer than running them.
    copying.run(f"SET LOCAL work_mem = '{copying.WORK_MEM}'; SET LOCAL jit = off")
    for name in BEFORE:
        _stage(name, STAGES[name], values)
    if skus is not None:
        return _made(values)
    inputs, (lines, print_) = prints.of_inputs(values), prints.of_lines(values)
    if Calculation.objects.filter(store=store_id, inputs=inputs, lines=print_).exists():
        _keep(values, inputs, print_)
        return Recomputed(lines, 0, 0)
    made = _made(values)
    _keep(values, inputs, prints.of_lines(values)[1])
    return made


def _made(values: Mapping[str, Any]) -> Recomputed:
    for name, statement in STAGES.items():
        if name not in BEFORE:
            _stage(name, statement, values)
    # Nobody has counted the rows of a store that is new: what is taken for one row must not be gone through for each SKU.
    copying.run("SET LOCAL enable_nestloop = {switch}", switch=SQL("off" if values["skus"] is None else "on"))
    _stage("proposed_line", PROPOSED, values)
    gone, changed, new = (copying.run(statement, values=values) for statement in (_DELETE, _UPDATE, _INSERT))
    copying.run("SET LOCAL enable_nestloop = on")
    lines = copying.read("SELECT count(*) FROM proposed_line")[0][0]
    return Recomputed(lines, changed + new, gone)


def _stage(name: str, statement: str, values: Mapping[str, Any]) -> None:
    copying.temporary(name, SQL(f"ON COMMIT DROP AS {statement}"), values=values)  # type: ignore[arg-type]
    # Only keys are joined by: looking at wide columns takes as long as making them.
    copying.run("ANALYZE {name}{columns}", name=name, columns=SQL(" (pool, sku)" if name in WIDE else ""))


def _keep(values: Mapping[str, Any], inputs: str, lines: str) -> None:
    copying.run(_KEEP, values={**values, "inputs": inputs, "lines": lines})
