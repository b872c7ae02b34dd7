"""What shoppers want on one UTC day: expected order lines per listing, before stock is asked.

``rate = base x drift x weekday x season x event x price effect x ads effect``. All factors are deterministic in
(seed, listing, day); the drawing of order lines happens in ``day.py``.
"""

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from sandbox.world.catalog import Catalog
from sandbox.world.hashing import uniform
from sandbox.world.marketplaces import MARKETPLACES

WEEKDAY = np.array([1.08, 1.05, 1.02, 1.0, 0.95, 0.92, 0.98])
EPOCH = dt.date(1970, 1, 1)
PRIME_DAY, BIG_DEAL_DAYS, BLACK_FRIDAY = 1, 2, 3
LIFT = {PRIME_DAY: 3.6, BIG_DEAL_DAYS: 2.2, BLACK_FRIDAY: 2.5}
ELASTICITY = 1.4
PROMOTION_DAYS, PROMOTION_OFF = 7, 0.15
AD_BLOCK_DAYS, AD_SHARE, AD_LIFT = 21, 0.45, 1.3


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> dt.date:
    """The nth given weekday (Monday 0) of a month."""
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


@cache
def event(day: int) -> int:
    """Kind of shopping event on a day (days since 1970), 0 for none."""
    date = EPOCH + dt.timedelta(days=day)
    prime = nth_weekday(date.year, 7, 1, 2)
    deals = nth_weekday(date.year, 10, 1, 2)
    friday = nth_weekday(date.year, 11, 3, 4) + dt.timedelta(days=1)
    if prime <= date < prime + dt.timedelta(days=4):
        return PRIME_DAY
    if deals <= date < deals + dt.timedelta(days=2):
        return BIG_DEAL_DAYS
    return BLACK_FRIDAY if friday - dt.timedelta(days=3) <= date <= friday + dt.timedelta(days=3) else 0


@cache
def season(day: int) -> np.ndarray:
    """Factor by season class (flat, fourth-quarter peak, summer)."""
    year_day = (EPOCH + dt.timedelta(days=day)).timetuple().tm_yday

    def bump(centre: int, sd: float, height: float) -> float:
        distance = min(abs(year_day - centre), 365 - abs(year_day - centre))
        return 1 + height * float(np.exp(-0.5 * (distance / sd) ** 2))

    return np.array([1.0, bump(345, 28, 1.8), bump(190, 40, 1.2)])


def promoted(seed: int, listings: np.ndarray, day: int) -> np.ndarray:
    """Which listings run a 15 % promotion on the day: one week in about eleven, and half of them on events."""
    block = (day + listings % PROMOTION_DAYS) // PROMOTION_DAYS
    share = 0.5 if event(day) else 0.09
    return uniform(seed, 21, listings, block) < share


def advertised(seed: int, listings: np.ndarray, day: int) -> np.ndarray:
    """Which listings have a running campaign on the day, in blocks of three weeks."""
    block = (day + listings % AD_BLOCK_DAYS) // AD_BLOCK_DAYS
    return uniform(seed, 22, listings, block) < AD_SHARE


def rates(seed: int, catalog: Catalog, day: int, price: np.ndarray, drift: np.ndarray) -> np.ndarray:
    """Expected order lines of every listing on a UTC day.

    ``price`` is the current price in minor units, ``drift`` the slow random walk of every SKU (1 = as at the start).
    """
    listings = np.arange(len(catalog.listing_sku))
    sku = catalog.listing_sku
    base = catalog.listing_rate * drift[sku]
    factor = WEEKDAY[(day + 3) % 7] * season(day)[np.array([s.season for s in catalog.skus])[sku]]
    kind = event(day)
    if kind:
        factor = factor * (LIFT[kind] * (0.6 + 0.8 * uniform(seed, 23, sku, kind)))
    off = np.where(promoted(seed, listings, day), 1 - PROMOTION_OFF, 1.0)
    relative = np.clip(price * off / catalog.listing_price, 0.2, 5.0)
    ads = np.where(advertised(seed, listings, day), AD_LIFT, 0.92)
    return base * factor * relative**-ELASTICITY * ads


def utc_offsets(day: int) -> np.ndarray:
    """Seconds east of UTC of every marketplace at the day's noon."""
    return np.array([_offset(m.zone, day) for m in MARKETPLACES])


@cache
def _offset(zone: str, day: int) -> int:
    moment = dt.datetime.combine(EPOCH + dt.timedelta(days=day), dt.time(12), ZoneInfo("UTC"))
    return int(moment.astimezone(ZoneInfo(zone)).utcoffset().total_seconds())
