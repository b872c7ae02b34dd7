"""Order lines of one UTC day and the later life of their orders, as columns.

Times are epoch seconds; ``NEVER`` marks what does not happen. Money is minor units of the marketplace's currency.
An order's life: purchase -> (pending until ``opened``) -> shipped -> maybe returned; or cancelled, while pending or
after. ``dropped`` marks a line that is cancelled alone when the rest of its order ships, ``spoiled`` one whose units
cannot be sold again when they come back.
"""

import numpy as np

from sandbox.world.catalog import Catalog
from sandbox.world.demand import PROMOTION_OFF, promoted, utc_offsets
from sandbox.world.marketplaces import MARKETPLACES

NEVER = np.int64(2**61)
DAY = 86_400
HOURS = np.array([2, 1, 1, 1, 1, 2, 3, 5, 6, 7, 7, 7, 7, 6, 6, 6, 6, 7, 8, 9, 9, 8, 6, 4], dtype=float)
COLUMNS = {
    "order": np.int64,
    "listing": np.int32,
    "line": np.int16,
    "units": np.int32,
    "price": np.int64,
    "tax": np.int64,
    "promotion": np.int64,
    "shipping": np.int64,
    "purchased": np.int64,
    "opened": np.int64,
    "shipped": np.int64,
    "cancelled": np.int64,
    "returned": np.int64,
    "amended": np.int64,
    "business": np.bool_,
    "dropped": np.bool_,
    "spoiled": np.bool_,
    "place": np.int16,
}
MULTIPLIER, MODULUS = 382_654_321_987, 10**14
TAX = np.array([m.tax_permille for m in MARKETPLACES])
TAX_INSIDE = np.array([m.tax_inside for m in MARKETPLACES])
SAME_ORDER, SAME_SKU_TWICE = 0.08, 0.05


def wanted(rng: np.random.Generator, rates: np.ndarray, dispersion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw (listing, units) of every order line shoppers want: negative binomial lines, one to four units each."""
    lines = rng.poisson(rng.gamma(dispersion, rates / dispersion))
    listing = np.repeat(np.arange(len(rates)), lines)
    units = rng.choice(np.array([1, 2, 3, 4]), len(listing), p=[0.86, 0.1, 0.03, 0.01])
    return listing, units


def moments(rng: np.random.Generator, catalog: Catalog, listing: np.ndarray, day: int) -> np.ndarray:
    """Second of the UTC day of every line, so that local evenings are busy."""
    hour = rng.choice(24, len(listing), p=HOURS / HOURS.sum())
    local = hour * 3600 + rng.integers(0, 3600, len(listing))
    return (local - utc_offsets(day)[catalog.listing_marketplace[listing]]) % DAY


def served(pool: np.ndarray, moment: np.ndarray, units: np.ndarray, available: np.ndarray) -> np.ndarray:
    """Which lines find stock, first come first served per pool; the rest is lost demand nobody sees."""
    order = np.lexsort((moment, pool))
    running = np.cumsum(units[order])
    starts = np.flatnonzero(np.diff(pool[order], prepend=-1))
    before = np.repeat(running[starts] - units[order][starts], np.diff(np.append(starts, len(order))))
    keep = np.zeros(len(pool), dtype=bool)
    keep[order] = running - before <= available[pool[order]]
    return keep


def _split(rng: np.random.Generator, listing: np.ndarray, units: np.ndarray, moment: np.ndarray) -> tuple:
    """Make some lines of two or more units two lines of the same SKU in one order; ``twin`` marks the second."""
    again = (units >= 2) & (rng.random(len(units)) < SAME_SKU_TWICE)
    twins = np.flatnonzero(again)
    units = units.copy()
    units[twins] -= 1
    return (
        np.append(listing, listing[twins]),
        np.append(units, np.ones(len(twins), dtype=units.dtype)),
        np.append(moment, moment[twins]),
        np.append(np.zeros(len(units), bool), np.ones(len(twins), bool)),
    )


def _baskets(rng: np.random.Generator, catalog: Catalog, lines: tuple) -> dict[str, np.ndarray]:
    """Put lines into orders: twins always, others of the same shop and carrier now and then."""
    listing, units, moment, twin = lines
    key = (catalog.listing_auth[listing] * 64 + catalog.listing_marketplace[listing]) * 2
    key = key + catalog.listing_merchant[listing]
    order = np.lexsort((twin, listing, moment, key))
    listing, units, moment, twin, key = (c[order] for c in (listing, units, moment, twin, key))
    same_key = np.diff(key, prepend=-1) == 0
    joined = same_key & (twin | (rng.random(len(key)) < SAME_ORDER))
    basket = np.cumsum(~joined) - 1
    first = np.flatnonzero(~joined)
    line = np.arange(len(key)) - first[basket]
    return {
        "listing": listing,
        "units": units,
        "purchased": moment[first][basket],
        "line": line,
        "basket": basket,
        "first": first,
    }


def _life(rng: np.random.Generator, purchased: np.ndarray, merchant: np.ndarray) -> dict[str, np.ndarray]:
    """Later events of every order, in epoch seconds."""
    count = len(purchased)
    slow = np.where(rng.random(count) < 0.06, rng.uniform(6, 30, count) * 3600, 0)
    opened = purchased + (rng.exponential(1800, count).clip(60, 72_000) + slow).astype(np.int64)
    hours = np.where(merchant, rng.uniform(10, 70, count), rng.uniform(4, 40, count))
    shipped = opened + (hours * 3600).astype(np.int64)
    returned = shipped + ((rng.gamma(3, 4.5, count) + 2) * DAY).astype(np.int64)
    returned = np.where(rng.random(count) < 0.06, returned, NEVER)
    cancel = rng.random(count) < 0.035
    early = cancel & (rng.random(count) < 0.6)
    cancelled = np.where(early, purchased + rng.integers(600, 3 * DAY, count), opened + rng.integers(600, DAY, count))
    return {
        "opened": np.where(early, NEVER, opened),
        "shipped": np.where(cancel, NEVER, shipped),
        "cancelled": np.where(cancel, cancelled, NEVER),
        "returned": np.where(cancel, NEVER, returned),
    }


def _money(rng: np.random.Generator, catalog: Catalog, rows: dict, price: np.ndarray, promo: np.ndarray) -> dict:
    """Unit price, tax of the line, promotion and shipping in minor units."""
    listing, units = rows["listing"], rows["units"]
    place = catalog.listing_marketplace[listing]
    gross = price[listing] * units
    promotion = np.where(promo[listing], (gross * int(PROMOTION_OFF * 100)) // 100, 0)
    taxable = gross - promotion
    inside = (taxable * TAX[place] + (1000 + TAX[place]) // 2) // (1000 + TAX[place])
    outside = np.where(rng.random(len(listing)) < 0.1, 0, (taxable * TAX[place] + 500) // 1000)
    fee = np.where(catalog.listing_merchant[listing] & (rng.random(len(listing)) < 0.5), price[listing] // 7, 0)
    return {
        "price": price[listing],
        "tax": np.where(TAX_INSIDE[place], inside, outside),
        "promotion": promotion,
        "shipping": fee,
    }


def make(
    rng: np.random.Generator, catalog: Catalog, lines: tuple, clock: tuple[int, int, int], price: np.ndarray
) -> dict[str, np.ndarray]:
    """Columns of all order lines of a day.

    ``lines`` = (listing, units, second of day) of lines that found stock; ``clock`` = (seed, day, number of orders
    before this day); ``price`` = current price per listing.
    """
    seed, day, orders_before = clock
    rows = _baskets(rng, catalog, _split(rng, *lines))
    basket, first = rows.pop("basket"), rows.pop("first")
    rows["purchased"] = rows["purchased"].astype(np.int64) + day * DAY
    life = _life(rng, rows["purchased"][first], catalog.listing_merchant[rows["listing"][first]])
    rows.update({name: column[basket] for name, column in life.items()})
    promo = promoted(seed, np.arange(len(catalog.listing_sku)), day)
    rows.update(_money(rng, catalog, rows, price, promo))
    rows["order"] = orders_before + basket
    rows["amended"] = np.full(len(basket), NEVER)
    rows["business"] = (rng.random(len(first)) < 0.07)[basket]
    rows["dropped"] = (rows["line"] > 0) & (rows["cancelled"] == NEVER) & (rng.random(len(basket)) < 0.03)
    rows["spoiled"] = np.zeros(len(basket), bool)
    rows["place"] = rng.integers(0, 1000, len(first))[basket]
    return {name: rows[name].astype(kind) for name, kind in COLUMNS.items()}


def number(order: np.ndarray) -> np.ndarray:
    """The 14 digits of an order id: a bijection of the running number, so ids look random and never repeat."""
    return order * MULTIPLIER % MODULUS
