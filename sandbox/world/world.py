"""The world: catalog, stock and all order lines, simulated day by day and kept in the state folder.

The same (seed, scale, first day) gives the same world whatever the way in which the clock got where it is: every UTC
day has its own random stream, and a day depends only on the state the day before left.
"""

import json
import threading
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from sandbox.world import catalog as catalogs
from sandbox.world import demand, orders, outcomes, policy
from sandbox.world.orders import COLUMNS, DAY, NEVER
from sandbox.world.standing import Standing
from sandbox.world.stock import RINGS, SHIPMENT_COLUMNS, Stock

VERSION = 9


@dataclass
class Trouble:
    """What the desk injected into the health of accounts."""

    shocks: list[outcomes.Shock] = field(default_factory=list)
    fixed: list[outcomes.Fixed] = field(default_factory=list)
    outbreaks: list[policy.Outbreak] = field(default_factory=list)

    @classmethod
    def read(cls, kept: dict) -> "Trouble":
        """From what was saved."""
        fixed = [outcomes.Fixed(f["kind"], tuple(f["on"]), tuple(f["off"]), f["after"]) for f in kept["fixed"]]
        shocks = [outcomes.Shock(**each) for each in kept["shocks"]]
        return cls(shocks, fixed, [policy.Outbreak(**each) for each in kept["outbreaks"]])


class World:
    """All facts of the sandbox. Take ``lock`` around reads that need more than one answer."""

    def __init__(self, seed: int, scale: float, start: int) -> None:
        self.seed, self.scale, self.start = seed, scale, start
        self.lock = threading.RLock()
        self.catalog = catalogs.build(seed, scale)
        self.stock = Stock(seed, self.catalog, start)
        listings, skus = len(self.catalog.listing_sku), len(self.catalog.skus)
        rng = np.random.default_rng([seed, 51])
        self.dispersion = rng.lognormal(np.log(2), 0.6, skus)[self.catalog.listing_sku]
        self.trend = rng.normal(0.08, 0.25, skus) / 365
        self.drift = np.ones(skus)
        self.price = self.catalog.listing_price.copy()
        self.patched = np.zeros(listings, dtype=bool)
        self.touched = np.zeros(listings, dtype=np.int64)
        self.next_day = start
        self.orders_so_far = 1
        self.trouble = Trouble()
        self._health: tuple[outcomes.Outcomes, policy.Violations, Standing] | None = None
        self.lines = {name: np.zeros(0, dtype=kind) for name, kind in COLUMNS.items()}
        self._fresh: list[dict[str, np.ndarray]] = []
        self._rates: list[np.ndarray] = []
        self._opened: list[np.ndarray] = []

    def advance(self, now: int) -> None:
        """Simulate every UTC day up to and including the one of ``now`` (epoch seconds)."""
        with self.lock:
            while self.next_day <= now // DAY:
                self._simulate(self.next_day)
                self.next_day += 1
                self._health = None

    def _simulate(self, day: int) -> None:
        rng = np.random.default_rng([self.seed, 52, day])
        catalog, stock = self.catalog, self.stock
        stock.open_day(day)
        self.drift *= np.exp(self.trend + rng.normal(0, 0.012, len(self.drift)))
        self._reprice(rng)
        launched = catalog.listing_launch <= day - self.start
        rates = demand.rates(self.seed, catalog, day, self.price, self.drift) * launched
        listing, units = orders.wanted(rng, rates, self.dispersion)
        moment = orders.moments(rng, catalog, listing, day)
        pool = catalog.listing_pool[listing]
        opened = stock.level["available"].copy()
        keep = orders.served(pool, moment, units, opened)
        lines = (listing[keep], units[keep], moment[keep])
        sold = np.bincount(pool[keep], units[keep], len(opened)).astype(np.int64)
        rows = orders.make(rng, catalog, lines, (self.seed, day, self.orders_so_far), self.price)
        self.orders_so_far += int(rows["order"].max(initial=self.orders_so_far - 1)) - self.orders_so_far + 1
        for shock in self.trouble.shocks:
            if shock.kind == "cancellation":
                self._sell_out(rows, shock)
        self._fresh.append(rows)
        self._rates.append(rates.astype(np.float32))
        self._opened.append(opened > 0)
        self._come_back(rng, rows)
        stock.close_day(day, sold, opened)

    def _reprice(self, rng: np.random.Generator) -> None:
        """Now and then a seller moves a price, or back; prices set through the API are left alone."""
        draw = rng.random(len(self.price))
        step = np.array([0.9, 0.95, 1.0, 1.0, 1.06])[rng.integers(0, 5, len(self.price))]
        target = (self.catalog.listing_price * step).astype(np.int64) // 10 * 10 + self.catalog.listing_price % 10
        self.price = np.where((draw < 0.004) & ~self.patched, target, self.price)

    def _come_back(self, rng: np.random.Generator, rows: dict[str, np.ndarray]) -> None:
        """Cancelled units are sellable the day after, returned ones three times in four."""
        pool = self.catalog.listing_pool[rows["listing"]]
        gone = (rows["cancelled"] != NEVER) | rows["dropped"]
        when = np.where(rows["dropped"], rows["shipped"], rows["cancelled"]) // DAY + 1
        self.stock.schedule("available", when[gone], pool[gone], rows["units"][gone])
        back = (rows["returned"] != NEVER) & ~rows["dropped"]
        bad = back & (rng.random(len(back)) < 0.27)
        rows["spoiled"][:] = bad
        for name, mask in (("unfulfillable", bad), ("available", back & ~bad)):
            days = np.minimum(rows["returned"][mask] // DAY + 1, rows["purchased"][mask] // DAY + 200)
            self.stock.schedule(name, days, pool[mask], rows["units"][mask])

    def _sell_out(self, rows: dict[str, np.ndarray], shock: outcomes.Shock) -> np.ndarray:
        """The seller cancels orders that a shock strikes, where they are paid; which lines it were."""
        site, merchant = outcomes.sites(self.catalog)[rows["listing"]], self.catalog.listing_merchant[rows["listing"]]
        hit = outcomes.struck(self.seed, shock, rows["order"], site, merchant, rows["purchased"] // DAY)
        hit &= merchant & (rows["opened"] != NEVER) & (rows["purchased"] != NEVER)
        first = np.minimum(rows["opened"] + DAY // 4, rows["cancelled"])
        rows["cancelled"][hit] = first[hit]
        rows["shipped"][hit] = rows["returned"][hit] = NEVER
        return hit

    def table(self) -> dict[str, np.ndarray]:
        """All order lines simulated so far, oldest day first. Do not change the arrays."""
        with self.lock:
            if self._fresh:
                parts = [self.lines, *self._fresh]
                self.lines = {name: np.concatenate([p[name] for p in parts]) for name in COLUMNS}
                self._fresh = []
            return self.lines

    def rates(self, day: int) -> np.ndarray:
        """Expected lines per listing on a UTC day; zeros before the history begins."""
        index = day - self.start
        return self._rates[index] if 0 <= index < len(self._rates) else np.zeros(len(self.price), np.float32)

    def opened(self, day: int) -> np.ndarray:
        """Per pool: was there stock at the beginning of the UTC day."""
        index = day - self.start
        if 0 <= index < len(self._opened):
            return self._opened[index]
        return np.zeros(len(self.catalog.pool_sku), bool)

    def available(self, now: int) -> np.ndarray:
        """Sellable units per pool at a moment of the current (last simulated) day."""
        rows = self.table()
        later = (rows["purchased"] > now) & (rows["purchased"] != NEVER)
        pool = self.catalog.listing_pool[rows["listing"][later]]
        unsold = np.bincount(pool, rows["units"][later], len(self.catalog.pool_sku)).astype(np.int64)
        return self.stock.level["available"] + unsold

    # ---- what clients change -------------------------------------------------------------------------------------

    def set_price(self, listing: int, minor: int, now: int) -> None:
        """A new price: later orders of today and all days to come use it."""
        with self.lock:
            rows = self.table()
            self.price = self.price.copy()
            self.price[listing] = minor
            self.patched[listing] = True
            self.touched[listing] = now
            later = (rows["listing"] == listing) & (rows["purchased"] > now)
            for name in ("tax", "promotion"):
                rows[name][later] = rows[name][later] * minor // np.maximum(rows["price"][later], 1)
            rows["price"][later] = minor

    def set_shelf(self, listing: int, units: int, now: int) -> None:
        """A new quantity of a merchant-fulfilled listing; orders of today not placed yet are dropped."""
        with self.lock:
            rows = self.table()
            pool = self.catalog.listing_pool[listing]
            later = (self.catalog.listing_pool[rows["listing"]] == pool) & (rows["purchased"] > now)
            rows["purchased"][later] = NEVER
            self._health = None
            self.stock.level["available"][pool] = units
            self.stock.ring["available"][:, pool] = 0
            self.touched[listing] = now

    def restate(self, picked: np.ndarray, now: int) -> None:
        """Lower the price of shipped lines by a tenth and mark their orders as updated now (a later correction)."""
        with self.lock:
            rows = self.table()
            for name in ("price", "tax", "promotion"):
                rows[name][picked] -= rows[name][picked] // 10
            rows["amended"][np.isin(rows["order"], rows["order"][picked])] = now

    # ---- account health ------------------------------------------------------------------------------------------

    def health(self) -> tuple[outcomes.Outcomes, policy.Violations, Standing]:
        """What became of the orders, violations of policies, and how every site stands on every day so far."""
        with self.lock:
            if self._health is None:
                what = outcomes.gather(self.seed, self.start, self.catalog, self.table())
                what.shocks, what.fixed = self.trouble.shocks, self.trouble.fixed
                site, days = outcomes.sites(self.catalog), (self.start, self.next_day)
                found = policy.violations(self.seed, self.catalog, site, days, self.trouble.outbreaks)
                self._health = what, found, Standing(what, found, self.next_day)
            return self._health

    def strike(self, shock: outcomes.Shock, now: int) -> int:
        """Add a shock; orders there are already are told again as changed now. How many orders it strikes so far."""
        with self.lock:
            rows, before = self.table(), self.health()[0]
            struck = before.number[before.struck(shock)]
            if shock.kind == "cancellation":
                struck = np.unique(rows["order"][self._sell_out(rows, shock)])
            self.trouble.shocks.append(shock)
            self._retell(before, now)
            return len(struck)

    def _retell(self, before: outcomes.Outcomes, now: int) -> None:
        """Mark the orders whose telling is another than before as changed now."""
        self._health = None
        rows, after = self.table(), self.health()[0]
        names = ("shipped", "cancelled", "ship_by", "deliver_by", "delivered", "tracked", "sold_by_merchant")
        changed = np.any([getattr(before, name) != getattr(after, name) for name in names], axis=0)
        rows["amended"][np.isin(rows["order"], after.number[changed]) & (rows["purchased"] <= now)] = now

    def fix(self, fixed: list[outcomes.Fixed], dropped: np.ndarray, sold: np.ndarray, now: int) -> None:
        """Set what orders have and have not; ``dropped`` are cancelled by the buyer, ``sold`` by the seller.

        Orders are named by their running numbers. A cancellation happens an hour after the payment.
        """
        with self.lock:
            rows, before = self.table(), self.health()[0]
            gone = np.isin(rows["order"], np.concatenate([dropped, sold]))
            paid = np.where(rows["opened"] == NEVER, rows["purchased"], rows["opened"])
            rows["cancelled"][gone] = np.minimum(rows["cancelled"][gone], paid[gone] + 3600)
            rows["shipped"][gone] = rows["returned"][gone] = NEVER
            fixed = [*fixed, outcomes.Fixed("cancellation", tuple(sold.tolist()), tuple(dropped.tolist()))]
            self.trouble.fixed.extend(replace(each, after=len(self.trouble.shocks)) for each in fixed)
            self._retell(before, now)

    def break_out(self, outbreak: policy.Outbreak) -> None:
        """Add violations of a policy."""
        with self.lock:
            self.trouble.outbreaks.append(outbreak)
            self._health = None

    # ---- keeping ------------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Write the whole state, replacing the file at once."""
        with self.lock:
            arrays = {f"line_{n}": c for n, c in self.table().items()}
            arrays |= {f"level_{n}": self.stock.level[n] for n in RINGS}
            arrays |= {f"ring_{n}": self.stock.ring[n] for n in RINGS}
            arrays |= {f"shipment_{n}": self.stock.shipments[n] for n in SHIPMENT_COLUMNS}
            arrays |= {
                "mean": self.stock.mean,
                "drift": self.drift,
                "price": self.price,
                "patched": self.patched,
                "touched": self.touched,
                "rates": np.array(self._rates),
                "opened": np.array(self._opened),
            }
            meta = {
                "version": VERSION,
                "seed": self.seed,
                "scale": self.scale,
                "start": self.start,
                "next_day": self.next_day,
                "orders": self.orders_so_far,
                "trouble": asdict(self.trouble),
            }
            temporary = folder / "world.tmp.npz"
            np.savez(temporary, meta=np.array(json.dumps(meta)), **arrays)
            temporary.replace(folder / "world.npz")

    @classmethod
    def load(cls, folder: Path, seed: int, scale: float) -> "World | None":
        """The saved world, or None when there is none of this seed, scale and version."""
        path = folder / "world.npz"
        if not path.exists():
            return None
        with np.load(path) as saved:
            meta = json.loads(str(saved["meta"]))
            if (meta["version"], meta["seed"], meta["scale"]) != (VERSION, seed, scale):
                return None
            world = cls(seed, scale, meta["start"])
            world._restore(saved, meta)
        return world

    def _restore(self, saved: "np.lib.npyio.NpzFile", meta: dict) -> None:
        self.next_day, self.orders_so_far = meta["next_day"], meta["orders"]
        self.trouble = Trouble.read(meta["trouble"])
        self.lines = {n: saved[f"line_{n}"] for n in COLUMNS}
        self.stock.level = {n: saved[f"level_{n}"] for n in RINGS}
        self.stock.ring = {n: saved[f"ring_{n}"] for n in RINGS}
        self.stock.shipments = {n: saved[f"shipment_{n}"] for n in SHIPMENT_COLUMNS}
        self.stock.mean, self.drift, self.price = saved["mean"], saved["drift"], saved["price"]
        self.patched, self.touched = saved["patched"], saved["touched"]
        self._rates, self._opened = list(saved["rates"]), list(saved["opened"])
