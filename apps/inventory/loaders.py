"""Stock reports and ERP files → facts."""

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from apps.core import copying
from apps.core.copying import Facts
from apps.core.tenancy import acting_agency
from apps.listings.actions import MASTER, follow_stock, load_masters
from apps.sync.actions.taking import Taken, take_in, withdraw
from apps.sync.loading import Intake, Loaded, loads
from apps.sync.rows import FBA_PLANNING, FBA_STOCK, OWN_STOCK, PRODUCT

STOCK_DAYS = Facts(
    "inventory_stockday",
    key=("marketplace_id", "sku", "date"),
    values=(
        "fnsku",
        "available",
        "reserved",
        "unsellable",
        "inbound_working",
        "inbound_shipped",
        "inbound_receiving",
        "researching",
    ),
    day="date",
)
STOCK_AGES = Facts(
    "inventory_stockage",
    key=("marketplace_id", "sku"),
    values=(
        "date",
        "age_0_90",
        "age_91_180",
        "age_181_270",
        "age_271_365",
        "age_365_plus",
        "days_of_supply",
        "amazon_recommended",
        "amazon_ship_by",
        "aged_fee",
        "storage_fee",
        "currency",
        "alert",
    ),
    version=("date", "as_of"),
)
OWN_STOCKS = Facts(
    "inventory_ownstock",
    key=("warehouse", "sku"),
    values=("date", "available", "reserved", "inbound"),
    stamps=("updated_at",),
    version=("date", "updated_at"),
    part="warehouse",
)


@loads(FBA_STOCK)
def load_fba_stock(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """A snapshot: one row per SKU, site and day. A SKU known from stock alone becomes a product."""
    taken = withdraw(take_in(FBA_STOCK, intake, frames, STOCK_DAYS, also=("asin", "title")), intake, STOCK_DAYS)
    if not taken.quiet and _newest(taken, intake):
        follow_stock(taken.stage, store_id=intake.store_id)
    return taken.loaded


def _newest(taken: Taken, intake: Intake) -> bool:
    """No later snapshot of the store is there: an old one must not bring back an old FNSKU."""
    newest = copying.read(
        "SELECT max(date) FROM inventory_stockday WHERE agency_id = %(agency)s AND store_id = %(store)s",
        values={"agency": acting_agency(), "store": intake.store_id},
    )[0][0]
    return newest is not None and taken.stage.last is not None and taken.stage.last >= newest


@loads(FBA_PLANNING)
def load_fba_planning(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """The newest planning row of each SKU and site."""
    renamed = {"estimated_aged_fee": "aged_fee", "estimated_storage_fee": "storage_fee"}
    taken = take_in(FBA_PLANNING, intake, frames, STOCK_AGES, renamed=renamed)
    return withdraw(taken, intake, STOCK_AGES).loaded


@loads(OWN_STOCK)
def load_own_stock(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """The newest count of each SKU in each warehouse. A file tells what it mentions: it never empties a warehouse."""
    return take_in(OWN_STOCK, replace(intake, first=None, last=None), frames, OWN_STOCKS).loaded


MASTERS = Facts("listings_product", key=("sku",), values=MASTER, stamps=())
# Lead times of a SKU are its restocking policy; a later word of a person stands.
_POLICY = """
    INSERT INTO inventory_policy AS p (id, agency_id, store_id, marketplace, sku, production_days, sea_days, updated_at)
    SELECT gen_random_uuid(), %(agency)s, %(store)s, '', sku, production_days, transit_days, %(at)s
    FROM {stage} WHERE production_days IS NOT NULL OR transit_days IS NOT NULL
    ON CONFLICT ON CONSTRAINT one_policy DO UPDATE SET
        production_days = coalesce(excluded.production_days, p.production_days),
        sea_days = coalesce(excluded.sea_days, p.sea_days), updated_at = excluded.updated_at
    WHERE p.updated_at <= excluded.updated_at
        AND (p.production_days, p.sea_days) IS DISTINCT FROM
            (coalesce(excluded.production_days, p.production_days), coalesce(excluded.sea_days, p.sea_days))"""


@loads(PRODUCT)
def load_products(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """Product masters from an ERP or a file: what a row leaves empty stays as it is. Lead times become policy."""
    copying.lock(intake.store_id, PRODUCT.name)
    stage = copying.stage(
        "staged_product", frames, schema=PRODUCT.schema, facts=MASTERS, constants={"as_of": intake.as_of}, nullable=True
    )
    merged = load_masters(stage, intake)
    copying.lock(intake.store_id, "inventory_policy")
    values = {"agency": acting_agency(), "store": intake.store_id, "at": intake.as_of}
    policies = copying.run(_POLICY, values=values, stage=stage.table)
    return Loaded(stage.rows, merged.new, max(merged.changed, policies - merged.new))
