"""Stock of every pool: what is at Amazon or on the merchant's shelf, what is on its way, what comes back.

All figures are units. A day *opens* by taking in what was scheduled for it (receipts, released transfers, returns),
then sales are taken off, then the seller reviews and orders. The seller is imperfect on purpose: each pool has its own
ordering factor, so that some run out (sales are lost and not seen) and some grow old.
"""

import numpy as np

from sandbox.world.catalog import Catalog

HORIZON = 240
RINGS = ("available", "transfer", "processing", "unfulfillable", "inbound")
SHIPMENT_COLUMNS = ("pool", "units", "created", "shipped", "arrived", "done", "number")
TRANSFER_DAYS, PROCESSING_DAYS = 3, 1


class Stock:
    """Mutable stock of all pools plus the list of inbound shipments."""

    def __init__(self, seed: int, catalog: Catalog, start: int) -> None:
        self.seed, self.catalog = seed, catalog
        pools = len(catalog.pool_sku)
        rng = np.random.default_rng([seed, 41])
        self.mean = np.bincount(catalog.listing_pool, catalog.listing_rate * 1.12, pools)
        self.sea = rng.random(pools) < 0.7
        self.habit = rng.lognormal(0.12, 0.42, pools)
        carton = np.array([catalog.skus[i].carton for i in catalog.pool_sku])
        # Slow sellers are sent in small cartons; otherwise one carton would last for years.
        self.carton = np.clip(np.round(self.mean * 30), 1, carton).astype(np.int64)
        launch = np.zeros(pools, dtype=np.int64)
        np.maximum.at(launch, catalog.listing_pool, catalog.listing_launch)
        self.launch = start + launch
        self.level = {name: np.zeros(pools, dtype=np.int64) for name in RINGS}
        self.ring = {name: np.zeros((HORIZON, pools), dtype=np.int32) for name in RINGS}
        self.shipments = {name: np.zeros(0, dtype=np.int64) for name in SHIPMENT_COLUMNS}
        self._begin(rng, start)

    def _begin(self, rng: np.random.Generator, start: int) -> None:
        lead = np.where(self.sea, 48, 21) + 14
        units = self._cartons(np.ceil(self.mean * lead * 1.2 * self.habit) + 3, np.arange(len(lead)))
        self.level["available"] += units
        age = rng.integers(5, 260, len(units))
        self._add_shipments(
            np.arange(len(units)), units, np.stack([start - age - 40, start - age - 35, start - age - 3, start - age])
        )

    def _cartons(self, units: np.ndarray, pools: np.ndarray) -> np.ndarray:
        carton = self.carton[pools]
        return (np.ceil(units / carton) * carton).astype(np.int64)

    def _add_shipments(self, pool: np.ndarray, units: np.ndarray, days: np.ndarray) -> None:
        first = len(self.shipments["pool"])
        new = (pool, units, *days, np.arange(first, first + len(pool)))
        for name, column in zip(SHIPMENT_COLUMNS, new, strict=True):
            self.shipments[name] = np.concatenate([self.shipments[name], column.astype(np.int64)])

    def schedule(self, name: str, days: np.ndarray, pools: np.ndarray, units: np.ndarray) -> None:
        """Add units (may be negative) to a level on the morning of the given days; nothing beyond the horizon."""
        np.add.at(self.ring[name], (days % HORIZON, pools), units)

    def open_day(self, day: int) -> None:
        """Take in everything scheduled for this morning; damaged goods are removed on the first of 30-day cycles."""
        for name in RINGS:
            row = self.ring[name][day % HORIZON]
            self.level[name] += row
            row[:] = 0
        if day % 30 == 0:
            self.level["unfulfillable"] -= (self.level["unfulfillable"] * 0.7).astype(np.int64)

    def close_day(self, day: int, sold: np.ndarray, opened: np.ndarray) -> None:
        """Take off the day's sales, learn the pace on days with stock, and let the seller order."""
        self.level["available"] -= sold
        self.mean = np.where((opened > 0) & (self.launch <= day), 0.95 * self.mean + 0.05 * sold, self.mean)
        rng = np.random.default_rng([self.seed, 42, day])
        due = ((np.arange(len(self.mean)) + day) % 7 == 0) & (self.launch <= day + 60)
        self._order_inbound(day, rng, due & ~self.catalog.pool_merchant)
        self._restock_shelf(day, due & self.catalog.pool_merchant)

    def _order_inbound(self, day: int, rng: np.random.Generator, due: np.ndarray) -> None:
        position = self.level["available"] + self.level["inbound"] + self.level["transfer"] + self.level["processing"]
        lead = np.where(self.sea, 48, 21)
        target = self.mean * (lead + 14) * self.habit
        pools = np.flatnonzero(due & (position < target - self.mean * 7) & (self.mean > 0.004))
        if not len(pools):
            return
        units = self._cartons(np.maximum(target - position, self.mean * 14)[pools] + 1, pools)
        sea = self.sea[pools]
        late = np.where(rng.random(len(pools)) < 0.06, rng.integers(10, 26, len(pools)), 0)
        travel = np.where(sea, rng.gamma(29.5, 1.29, len(pools)), rng.gamma(18.8, 0.69, len(pools))) + late
        shipped = day + rng.integers(3, 7, len(pools))
        arrived = shipped + np.clip(travel, 4, 110).astype(np.int64)
        done = arrived + rng.integers(2, 7, len(pools))
        self._add_shipments(pools, units, np.stack([np.full(len(pools), day), shipped, arrived, done]))
        self.level["inbound"][pools] += units
        self.schedule("inbound", done, pools, -units)
        self._receive(done, pools, units)

    def _receive(self, done: np.ndarray, pools: np.ndarray, units: np.ndarray) -> None:
        transfer, processing = units // 5, units // 10
        self.schedule("available", done, pools, units - transfer - processing)
        for name, part, days in (("transfer", transfer, TRANSFER_DAYS), ("processing", processing, PROCESSING_DAYS)):
            self.schedule(name, done, pools, part)
            self.schedule(name, done + days, pools, -part)
            self.schedule("available", done + days, pools, part)

    def _restock_shelf(self, day: int, due: np.ndarray) -> None:
        pools = np.flatnonzero(due & (self.level["available"] < self.mean * 18))
        units = self._cartons(self.mean[pools] * 30 + 1, pools)
        self.schedule("available", np.full(len(pools), day + 2), pools, units)

    def stages(self, day: int) -> dict[str, np.ndarray]:
        """Inbound units per pool by stage on a day: working (not shipped), shipped (on the way), receiving."""
        s = self.shipments
        masks = {
            "working": (s["created"] <= day) & (day < s["shipped"]),
            "shipped": (s["shipped"] <= day) & (day < s["arrived"]),
            "receiving": (s["arrived"] <= day) & (day < s["done"]),
        }
        pools = len(self.mean)
        return {n: np.bincount(s["pool"][m], s["units"][m], pools).astype(np.int64) for n, m in masks.items()}

    def younger_than(self, day: int, days: int, on_hand: np.ndarray) -> np.ndarray:
        """Units on hand received in the last ``days`` days, first in first out."""
        s = self.shipments
        recent = (s["done"] <= day) & (s["done"] > day - days)
        received = np.bincount(s["pool"][recent], s["units"][recent], len(self.mean)).astype(np.int64)
        return np.minimum(on_hand, received)
