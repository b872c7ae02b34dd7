"""The world as Amazon shows it at a moment: order lines with their status, stock by what it is doing.

Nothing here changes the world. Money is minor units; a missing amount is null, never 0.
"""

import numpy as np
import polars as pl

from sandbox.world.marketplaces import INDEX, MARKETPLACES
from sandbox.world.orders import DAY, NEVER, number
from sandbox.world.partners import Authorisation
from sandbox.world.world import World

PENDING, UNSHIPPED, SHIPPED, CANCELLED = range(4)
STATUS = ("Pending", "Unshipped", "Shipped", "Cancelled")
EVENTS = ("purchased", "opened", "shipped", "cancelled", "returned", "amended")
ITEM_MULTIPLIER, ITEM_MODULUS = 987_654_323, 10**14
PREFIX = {"NA": "11", "EU": "30", "FE": "25"}


def changed(rows: dict[str, np.ndarray], index: np.ndarray, now: int) -> np.ndarray:
    """Epoch seconds of the last thing that happened to the orders of these lines."""
    last = np.zeros(len(index), dtype=np.int64)
    for name in EVENTS:
        moment = rows[name][index]
        last = np.maximum(last, np.where(moment <= now, moment, 0))
    return last


def status(rows: dict[str, np.ndarray], index: np.ndarray, now: int) -> np.ndarray:
    """Status number of the order of each line."""
    opened, shipped, cancelled = (rows[n][index] <= now for n in ("opened", "shipped", "cancelled"))
    return np.select([cancelled, shipped, opened], [CANCELLED, SHIPPED, UNSHIPPED], PENDING)


def visible(world: World, now: int, auths: list[Authorisation], codes: list[str]) -> np.ndarray:
    """Indexes of the order lines placed by ``now`` in these accounts and marketplaces."""
    rows, catalog = world.table(), world.catalog
    wanted = np.isin(catalog.listing_auth, [a.index for a in auths])
    wanted &= np.isin(catalog.listing_marketplace, [INDEX[c] for c in codes])
    return np.flatnonzero(wanted[rows["listing"]] & (rows["purchased"] <= now))


def picked(names: list[str], index: np.ndarray) -> pl.Series:
    """Texts by index."""
    return pl.Series(names, dtype=pl.String).gather(pl.Series(index.astype(np.int64)))


def order_ids(rows: dict[str, np.ndarray], index: np.ndarray, place: np.ndarray) -> pl.Series:
    """``112-1234567-1234567``."""
    digits = pl.Series(number(rows["order"][index])).cast(pl.String).str.zfill(14)
    last = pl.Series(rows["order"][index] % 5).cast(pl.String)
    prefix = picked([PREFIX[m.region] for m in MARKETPLACES], place)
    return prefix + last + "-" + digits.str.slice(0, 7) + "-" + digits.str.slice(7)


def frame(world: World, index: np.ndarray, now: int) -> pl.DataFrame:
    """Order lines in columns, in the order of ``index``.

    ``quantity`` is 0 for cancelled lines, ``ordered`` what was ordered; amounts are of the whole line and null while
    the order is pending or when the line is cancelled. ``ordinal`` counts equal SKUs of an order from 1.
    """
    rows, catalog = world.table(), world.catalog
    listing = rows["listing"][index]
    place = catalog.listing_marketplace[listing]
    state = status(rows, index, now)
    gone = (state == CANCELLED) | (rows["dropped"][index] & (state == SHIPPED))
    table = pl.DataFrame(
        {
            "order_id": order_ids(rows, index, place),
            "number": rows["order"][index],
            "item_id": pl.Series((rows["order"][index] * 64 + rows["line"][index]) * ITEM_MULTIPLIER % ITEM_MODULUS),
            "listing": listing,
            "line": rows["line"][index],
            "place": rows["place"][index],
            "marketplace": picked([m.code for m in MARKETPLACES], place),
            "currency": picked([m.currency for m in MARKETPLACES], place),
            "decimals": np.array([m.decimals for m in MARKETPLACES])[place],
            "sku": picked([s.code for s in catalog.skus], catalog.listing_sku[listing]),
            "asin": picked([s.asin for s in catalog.skus], catalog.listing_sku[listing]),
            "title": picked(catalog.listing_title, listing),
            "merchant": catalog.listing_merchant[listing],
            "business": rows["business"][index],
            "status": picked(list(STATUS), state),
            "gone": gone,
            "item_status": picked(
                list(STATUS), np.where(gone, CANCELLED, np.where(state == SHIPPED, SHIPPED, UNSHIPPED))
            ),
            "ordered": rows["units"][index],
            "quantity": np.where(gone, 0, rows["units"][index]),
            "purchased": rows["purchased"][index],
            "updated": changed(rows, index, now),
            **_amounts(rows, index, gone | (state == PENDING)),
        }
    )
    ordinal = pl.int_range(1, pl.len() + 1).over("order_id", "sku")
    return table.with_columns(ordinal.alias("ordinal"), _local_day().alias("purchased_on"))


def _amounts(rows: dict[str, np.ndarray], index: np.ndarray, hidden: np.ndarray) -> dict[str, pl.Series]:
    amounts = {n: rows[n][index] for n in ("tax", "promotion", "shipping")}
    amounts["price"] = rows["price"][index] * rows["units"][index]
    shown = pl.Series(~hidden)
    return {n: pl.select(pl.when(shown).then(pl.Series(v))).to_series() for n, v in amounts.items()}


def _local_day() -> pl.Expr:
    """The calendar day of the purchase in the marketplace's own time zone."""
    moment = pl.from_epoch("purchased").dt.replace_time_zone("UTC")
    day = moment.dt.date()
    for market in MARKETPLACES:
        local = moment.dt.convert_time_zone(market.zone).dt.date()
        day = pl.when(pl.col("marketplace") == market.code).then(local).otherwise(day)
    return day


def listed(world: World, now: int, auth: Authorisation, code: str | None = None) -> np.ndarray:
    """Listings of an account (and marketplace) that exist by now."""
    catalog = world.catalog
    mine = (catalog.listing_auth == auth.index) & (catalog.listing_launch <= now // DAY - world.start + 21)
    if code is not None:
        mine &= catalog.listing_marketplace == INDEX[code]
    return np.flatnonzero(mine)


def sent(world: World, listing: np.ndarray, first: int, now: int) -> np.ndarray:
    """Units shipped per listing from ``first`` to ``now`` (epoch seconds)."""
    rows = world.table()
    done = (rows["shipped"] <= now) & (rows["shipped"] > first) & ~rows["dropped"] & (rows["purchased"] != NEVER)
    units = np.bincount(rows["listing"][done], rows["units"][done], len(world.catalog.listing_sku))
    return units.astype(np.int64)[listing]


def stock(world: World, now: int) -> dict[str, np.ndarray]:
    """Units per pool: available, reserved (customer, transfer, processing), unfulfillable, stages of inbound."""
    rows, catalog = world.table(), world.catalog
    pools = len(catalog.pool_sku)
    waiting = (rows["purchased"] <= now) & (rows["shipped"] > now) & (rows["cancelled"] > now)
    customer = np.bincount(catalog.listing_pool[rows["listing"][waiting]], rows["units"][waiting], pools)
    levels = {n: np.maximum(world.stock.level[n], 0) for n in ("transfer", "processing", "unfulfillable")}
    return {
        "available": np.maximum(world.available(now), 0),
        "customer": customer.astype(np.int64),
        **levels,
        **world.stock.stages(now // DAY),
    }
