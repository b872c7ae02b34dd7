"""Manage FBA Inventory: what is where, one file per marketplace."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sandbox.reports.text import File, amount, tabs
from sandbox.world import view
from sandbox.world.marketplaces import BY_CODE

if TYPE_CHECKING:
    from sandbox.reports.book import Report
    from sandbox.service import Sandbox
    from sandbox.world.partners import Authorisation


def figures(sandbox: "Sandbox", auth: "Authorisation", code: str, now: int) -> pl.DataFrame:
    """FBA units per SKU in one marketplace. Marketplaces that share a pool (Pan-EU) show the same units."""
    world = sandbox.world
    catalog, place = world.catalog, BY_CODE[code]
    with world.lock:
        listing = view.listed(world, now, auth, code)
        listing = listing[~catalog.listing_merchant[listing]]
        levels, price = view.stock(world, now), world.price[listing]
    pool, sku = catalog.listing_pool[listing], catalog.listing_sku[listing]
    skus = catalog.skus
    return pl.DataFrame(
        {
            "listing": listing,
            "pool": pool,
            "pool_name": view.picked(catalog.pool_name, pool),
            "sku": view.picked([s.code for s in skus], sku),
            "fnsku": view.picked(catalog.pool_fnsku, pool),
            "asin": view.picked([s.asin for s in skus], sku),
            "title": view.picked(catalog.listing_title, listing),
            "family": view.picked([s.family for s in skus], sku),
            "volume": np.array([s.volume_cm3 for s in skus])[sku],
            "price": price,
            "decimals": np.full(len(listing), place.decimals),
            "currency": [place.currency] * len(listing),
            **{name: units[pool] for name, units in levels.items()},
        }
    ).with_columns(
        (pl.col("customer") + pl.col("transfer") + pl.col("processing")).alias("reserved"),
        (pl.col("working") + pl.col("shipped") + pl.col("receiving")).alias("inbound"),
    )


def make(sandbox: "Sandbox", report: "Report", now: int) -> File:
    """The report of the first marketplace asked for."""
    code = report.codes[0]
    table = figures(sandbox, report.auth, code, now)
    warehouse = pl.col("available") + pl.col("unfulfillable") + pl.col("reserved")
    zero, empty = pl.lit("0"), pl.lit("")
    cells = {
        "sku": pl.col("sku"),
        "fnsku": pl.col("fnsku"),
        "asin": pl.col("asin"),
        "product-name": pl.col("title"),
        "condition": pl.lit("New"),
        "your-price": amount("price"),
        "mfn-listing-exists": pl.lit("No"),
        "mfn-fulfillable-quantity": empty,
        "afn-listing-exists": pl.lit("Yes"),
        "afn-warehouse-quantity": warehouse,
        "afn-fulfillable-quantity": pl.col("available"),
        "afn-unsellable-quantity": pl.col("unfulfillable"),
        "afn-reserved-quantity": pl.col("reserved"),
        "afn-total-quantity": warehouse + pl.col("inbound"),
        "per-unit-volume": (pl.col("volume") / 28316.8).round(2).cast(pl.String),
        "afn-inbound-working-quantity": pl.col("working"),
        "afn-inbound-shipped-quantity": pl.col("shipped"),
        "afn-inbound-receiving-quantity": pl.col("receiving"),
        "afn-researching-quantity": zero,
        "afn-reserved-future-supply": zero,
        "afn-future-supply-buyable": zero,
        "store": empty,
    }
    return tabs(table.select(cell.alias(name) for name, cell in cells.items()), [code])
