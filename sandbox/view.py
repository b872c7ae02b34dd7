"""What the world looks like at a moment: order lines, stock and listings as columns. Reports and truth read it."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from sandbox.world.catalog import Catalog
from sandbox.world.hashing import uniform
from sandbox.world.marketplaces import INDEX, MARKETPLACES
from sandbox.world.orders import DAY, number
from sandbox.world.partners import Authorisation
from sandbox.world.world import World

PREFIX = {"NA": "112", "EU": "302", "FE": "249"}
PLACES = [("Portland", "OR"), ("Leeds", ""), ("Kassel", ""), ("Nantes", ""), ("Sapporo", "Hokkaido"), ("Mesa", "AZ")]


@dataclass(frozen=True)
class Scope:
    """Whose data: one authorisation and some of its marketplaces."""

    auth: Authorisation
    codes: tuple[str, ...]

    def listings(self, catalog: Catalog) -> np.ndarray:
        """Indices of the listings in scope."""
        places = np.array([INDEX[code] for code in self.codes])
        mine = (catalog.listing_auth == self.auth.index) & np.isin(catalog.listing_marketplace, places)
        return np.flatnonzero(mine)


def last_update(rows: dict[str, np.ndarray], now: int) -> np.ndarray:
    """Epoch second of the latest event of every line that has happened by ``now``."""
    latest = rows["purchased"].copy()
    for name in ("opened", "shipped", "cancelled", "amended"):
        happened = rows[name] <= now
        latest = np.where(happened, np.maximum(latest, rows[name]), latest)
    return latest


def order_lines(world: World, scope: Scope, now: int, window: tuple[int, int], *, by: str = "update") -> pl.DataFrame:
    """Order lines of the window [from, to) by last update or purchase, as they stand at ``now``.

    Money in minor units for the whole line; null while an order is pending and after it was cancelled.
    """
    with world.lock:
        rows = world.table()
        chosen = np.isin(rows["listing"], scope.listings(world.catalog)) & (rows["purchased"] <= now)
        rows = {name: column[chosen] for name, column in rows.items()}
    updated = last_update(rows, now)
    moment = updated if by == "update" else rows["purchased"]
    inside = (moment >= window[0]) & (moment < window[1])
    rows = {name: column[inside] for name, column in rows.items()}
    return _frame(world.catalog, scope.auth, rows, updated[inside], now)


def _frame(catalog: Catalog, auth: Authorisation, rows: dict, updated: np.ndarray, now: int) -> pl.DataFrame:
    listing = rows["listing"]
    cancelled, shipped, pending = rows["cancelled"] <= now, rows["shipped"] <= now, rows["opened"] > now
    dropped = rows["dropped"] & shipped
    dead = cancelled | dropped
    status = np.select([cancelled, pending, shipped], ["Cancelled", "Pending", "Shipped"], "Unshipped")
    unpriced = dead | (status == "Pending")
    digits = np.char.zfill(number(rows["order"]).astype("U14"), 14)
    merchant = catalog.listing_merchant[listing]
    codes = np.array(catalog.codes(), dtype=object)
    asins = np.array([catalog.skus[i].asin for i in catalog.listing_sku], dtype=object)
    titles = np.array(catalog.listing_title, dtype=object)
    place = catalog.listing_marketplace[listing]
    units = np.where(dead, 0, rows["units"])
    frame = pl.DataFrame(
        {
            "order": rows["order"],
            "line": rows["line"],
            "digits": digits,
            "sku": codes[listing].astype(str),
            "asin": asins[listing].astype(str),
            "title": titles[listing].astype(str),
            "marketplace": np.array([m.code for m in MARKETPLACES])[place],
            "channel": np.array([m.channel for m in MARKETPLACES])[place],
            "currency": np.array([m.currency for m in MARKETPLACES])[place],
            "country": np.array([m.country for m in MARKETPLACES])[place],
            "purchased": rows["purchased"],
            "updated": updated,
            "status": status,
            "item_status": np.where(dead, "Cancelled", np.where(status == "Pending", "Unshipped", status)),
            "fulfilment": np.where(merchant, "Merchant", "Amazon"),
            "quantity": units,
            "price": np.where(unpriced, -1, rows["price"] * rows["units"]),
            "tax": np.where(unpriced, -1, rows["tax"]),
            "shipping": np.where(unpriced, -1, rows["shipping"]),
            "promotion": np.where(unpriced, -1, rows["promotion"]),
            "business": rows["business"],
            "place": rows["place"],
        }
    )
    money = [pl.when(pl.col(n) >= 0).then(pl.col(n)).alias(n) for n in ("price", "tax", "shipping", "promotion")]
    order_id = pl.concat_str(
        pl.lit(PREFIX[auth.region] + "-"), pl.col("digits").str.head(7), pl.lit("-"), pl.col("digits").str.tail(7)
    )
    frame = frame.with_columns(*money, order_id.alias("order_id")).sort("order", "line")
    return frame.with_columns(pl.int_range(1, pl.len() + 1).over("order_id", "sku").alias("ordinal"))


def local_days(frame: pl.DataFrame, column: str = "purchased") -> pl.DataFrame:
    """Adds ``day``: the calendar day of the moment in the row's own marketplace."""
    stamp = pl.from_epoch(pl.col(column), time_unit="s").dt.replace_time_zone("UTC")
    found = stamp.dt.date()
    for place in MARKETPLACES:
        there = stamp.dt.convert_time_zone(place.zone).dt.date()
        found = pl.when(pl.col("marketplace") == place.code).then(there).otherwise(found)
    return frame.with_columns(found.alias("day"))


@dataclass(frozen=True)
class PoolStock:
    """Stock of every pool at a moment, in units."""

    available: np.ndarray
    transfer: np.ndarray
    processing: np.ndarray
    customer: np.ndarray
    unfulfillable: np.ndarray
    working: np.ndarray
    shipped: np.ndarray
    receiving: np.ndarray

    @property
    def reserved(self) -> np.ndarray:
        """Between warehouses, in processing, and promised to customers."""
        return self.transfer + self.processing + self.customer


def stock(world: World, now: int) -> PoolStock:
    """Stock of all pools at ``now`` (a moment of the last simulated day)."""
    with world.lock:
        rows = world.table()
        open_ = (rows["purchased"] <= now) & (rows["shipped"] > now) & (rows["cancelled"] > now)
        pool = world.catalog.listing_pool[rows["listing"][open_]]
        customer = np.bincount(pool, rows["units"][open_], len(world.catalog.pool_sku)).astype(np.int64)
        level, stages = world.stock.level, world.stock.stages(now // DAY)
        return PoolStock(
            np.maximum(world.available(now), 0),
            np.maximum(level["transfer"], 0),
            np.maximum(level["processing"], 0),
            customer,
            np.maximum(level["unfulfillable"], 0),
            stages["working"],
            stages["shipped"],
            stages["receiving"],
        )


def fba_listings(world: World, scope: Scope) -> np.ndarray:
    """Listings in scope that Amazon fulfils."""
    found = scope.listings(world.catalog)
    return found[~world.catalog.listing_merchant[found]]


def traffic(world: World, scope: Scope, day: str, now: int) -> pl.DataFrame:
    """Sessions, page views, Buy Box and ordered sales of one local day, by SKU, for one marketplace."""
    code = scope.codes[0]
    zone = ZoneInfo(MARKETPLACES[INDEX[code]].zone)
    start, end = _bounds(day, zone)
    lines = order_lines(world, scope, now, (start, min(end, now + 1)), by="purchase")
    sold = lines.group_by("sku").agg(
        pl.col("quantity").sum().alias("units"),
        pl.col("price").sum().alias("sales"),
        pl.col("order_id").n_unique().alias("orders"),
    )
    return (
        _visits(world, scope, start // DAY + (1 if start % DAY > DAY // 2 else 0))
        .join(sold, on="sku", how="left")
        .fill_null(0)
    )


def _visits(world: World, scope: Scope, utc_day: int) -> pl.DataFrame:
    listing = scope.listings(world.catalog)
    listing = listing[world.catalog.listing_active[listing].astype(bool)]
    catalog = world.catalog
    rate = world.rates(utc_day)[listing].astype(float)
    in_stock = world.opened(utc_day)[catalog.listing_pool[listing]]
    noise = 0.8 + 0.4 * uniform(world.seed, 61, listing, utc_day)
    conversion = 0.06 + 0.12 * uniform(world.seed, 62, listing)
    sessions = np.floor(
        rate / conversion * noise * np.where(in_stock, 1.0, 0.55) + uniform(world.seed, 63, listing, utc_day)
    )
    box = np.where(in_stock, 9000 + 1000 * uniform(world.seed, 64, listing, utc_day), 0)
    return pl.DataFrame(
        {
            "sku": [catalog.skus[i].code for i in catalog.listing_sku[listing]],
            "asin": [catalog.skus[i].asin for i in catalog.listing_sku[listing]],
            "parent": [catalog.skus[i].parent_asin for i in catalog.listing_sku[listing]],
            "sessions": sessions.astype(np.int64),
            "page_views": np.floor(sessions * 1.37).astype(np.int64),
            "buy_box": np.floor(box).astype(np.int64),
        }
    ).filter(pl.col("sessions") > 0)


def _bounds(day: str, zone: ZoneInfo) -> tuple[int, int]:
    """Epoch seconds of the beginning and the end of a local day."""
    start = dt.datetime.fromisoformat(day)
    following = start + dt.timedelta(days=1)
    return int(start.replace(tzinfo=zone).timestamp()), int(following.replace(tzinfo=zone).timestamp())
