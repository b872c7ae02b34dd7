"""The read model of the replenishment page, made anew for one store in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from apps.accounts.models import Store
from apps.core.tenancy import acting_agency
from apps.inventory.actions.arithmetic import DECISION, MOVEMENT, chain
from apps.inventory.actions.facts import FACTS, INPUTS, SHARED
from apps.inventory.models import Replenishment

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


def _statement() -> str:
    names = ", ".join(_WRITTEN)
    values = ", ".join(_WRITTEN.values())
    update = ", ".join(f"{name} = excluded.{name}" for name in [*_WRITTEN, "computed_at"])
    parts = chain(*FACTS, *MOVEMENT, ("own_shares", SHARED), ("inputs", INPUTS), *DECISION)
    return (
        f"WITH {parts} INSERT INTO inventory_replenishment (agency_id, store_id, pool, sku, chosen_mode, {names}, computed_at)"
        f" SELECT %(agency)s, %(store)s, pool, sku, chosen_mode, {values}, %(at)s FROM proposed"
        f" ON CONFLICT (agency_id, store_id, pool, sku) DO UPDATE SET {update}"
    )


STATEMENT = _statement()


@dataclass(frozen=True)
class Recomputed:
    """Lines written, and lines that went because the SKU is no longer at FBA."""

    lines: int
    gone: int


def recompute_store(store_id: int, *, at: datetime, skus: Sequence[str] | None = None) -> Recomputed:
    """Make the store's lines anew from its facts; with `skus` only theirs.

    Safe to run twice, or twice at once: one writer per store.
    """
    Store.objects.select_for_update(no_key=True).get(pk=store_id)
    values: dict[str, Any] = {"agency": acting_agency(), "store": store_id, "at": at}
    values |= {"since": (at - LOOK_BACK).date(), "skus": None if skus is None else list(skus)}
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, values)
        lines = cursor.rowcount
    old = Replenishment.objects.filter(store=store_id, computed_at__lt=at)
    gone, _ = (old if skus is None else old.filter(sku__in=skus)).delete()
    return Recomputed(lines, gone)
