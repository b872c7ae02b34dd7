"""What became of every order: shipped in time or late, tracked, delivered, rated, claimed, charged back, invoiced.

Nothing here is simulated in turn: every fact is drawn from (seed, fact, order number) alone, so the same order has the
same fate whatever way the clock took, and the orders themselves stay as they are. What the desk injects (`Shock`) or
sets (`Fixed`) is laid over the draws. Columns have one row per order, oldest first; times are epoch seconds, NEVER
marks what does not happen.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sandbox.world.catalog import HISTORY_DAYS, Catalog
from sandbox.world.demand import utc_offsets
from sandbox.world.hashing import uniform
from sandbox.world.marketplaces import INDEX, MARKETPLACES
from sandbox.world.orders import DAY, NEVER
from sandbox.world.partners import AUTHORISATIONS, BY_ID

SITES = 64  # site = account * SITES + marketplace
PROGRAMMES = ("afn", "mfn")
FEEDBACK, CLAIM, CHARGEBACK = range(3)
DEFECTS = ("negative_feedback", "claim", "chargeback")
# Usual share of orders: (fulfilled by Amazon, by the merchant).
USUAL = {
    "negative_feedback": (0.0016, 0.0024),
    "claim": (0.0004, 0.0016),
    "chargeback": (0.0001, 0.0003),
    "late_shipment": (0.0, 0.012),
    "invalid_tracking": (0.0, 0.012),
    "late_delivery": (0.0, 0.035),
    "cancellation": (0.0, 0.5),  # of the orders cancelled after they were paid: by the seller, not the buyer
    "missing_invoice": (0.008, 0.015),
    "late_invoice": (0.006, 0.010),
}
KINDS = tuple(USUAL)
POSITIVE_SHARE = 0.045
STARS = np.array([5, 5, 5, 5, 5, 5, 5, 4, 4, 3])
# (days after shipping before anything is said, mean of the rest in days, share withdrawn, mean days until then)
DELAYS = {FEEDBACK: (2.0, 6.5, 0.16, 9.0), CLAIM: (3.0, 6.5, 0.30, 8.0), CHARGEBACK: (6.0, 20.0, 0.12, 25.0)}
CREEP_DAYS, CREEP_HEIGHT = 150, 2.3
LATE_BREACH, TRACKING_BREACH, BREACH_DAYS = 0.085, 0.10, 100
TRUST_DAYS = 4  # from the end of the ship-by day to the end of the deliver-by day
INVOICE_NONE, INVOICE_GOOD, INVOICE_MISSING, INVOICE_LATE = range(4)
EUROPE = np.array([m.region == "EU" for m in MARKETPLACES])
# Where merchants ship under Seller Fulfilled Prime, and the share of their orders there that are Prime.
PRIME_SITES = np.array(
    [
        BY_ID[account].index * SITES + INDEX[code]
        for account, codes in (
            ("voltnest:NA", ("US",)),
            ("voltnest:EU", ("UK", "DE", "FR", "IT", "ES")),
            ("sorano:FE", ("JP",)),
        )
        for code in codes
    ]
)
PRIME_SHARE = 0.6


@dataclass(frozen=True)
class Shock:
    """More trouble for the orders of one site and programme placed on some UTC days."""

    number: int
    site: int
    merchant: bool | None  # None: both programmes
    kind: str
    share: float
    first: int
    days: int


@dataclass(frozen=True)
class Fixed:
    """Orders (running numbers) that have a trouble for sure, and orders that have not.

    It overrules the first ``after`` shocks; those that came later overrule it.
    """

    kind: str
    on: tuple[int, ...]
    off: tuple[int, ...]
    after: int = 0


@dataclass(frozen=True)
class Troubled:
    """The sites that are not healthy, chosen by the seed."""

    creeping: int
    late: int
    untracked: int


@dataclass
class Outcomes:
    """Columns of all orders; see the module."""

    seed: int
    start: int
    number: np.ndarray
    line: np.ndarray  # index of the order's first line
    listing: np.ndarray
    site: np.ndarray
    merchant: np.ndarray
    business: np.ndarray
    units: np.ndarray
    purchased: np.ndarray
    opened: np.ndarray
    shipped: np.ndarray
    cancelled: np.ndarray
    returned: np.ndarray
    troubled: Troubled
    shocks: list[Shock] = field(default_factory=list)
    fixed: list[Fixed] = field(default_factory=list)

    # ---- drawing -------------------------------------------------------------------------------------------------

    def draw(self, stream: int) -> np.ndarray:
        """A float in [0, 1) per order."""
        return uniform(self.seed, 6000 + stream, self.number)

    @cached_property
    def bought(self) -> np.ndarray:
        """UTC day of the purchase."""
        return self.purchased // DAY

    def _usual(self, kind: str) -> np.ndarray:
        """The share of orders that have this trouble, per order: by programme, site and, for one site, time."""
        share = np.array(USUAL[kind])[self.merchant.astype(int)]
        if kind == "cancellation":
            return share
        share = share * (0.6 + 0.8 * uniform(self.seed, 5900 + KINDS.index(kind), self.site))
        if kind in DEFECTS:
            age = (self.bought - self.start - (HISTORY_DAYS - CREEP_DAYS)) / CREEP_DAYS
            height = 1 + CREEP_HEIGHT * np.clip(age, 0, 1.2)
            here = (self.site == self.troubled.creeping) & self.merchant
            share = np.where(here, np.array(USUAL[kind])[1] * height, share)
        recent = self.bought >= self.start + HISTORY_DAYS - BREACH_DAYS
        for name, site, breach in (
            ("late_shipment", self.troubled.late, LATE_BREACH),
            ("invalid_tracking", self.troubled.untracked, TRACKING_BREACH),
        ):
            share = np.where((self.site == site) & self.merchant & recent & (name == kind), breach, share)
        return share

    def hit(self, kind: str) -> np.ndarray:
        """Which orders have this trouble."""
        hit = self.draw(KINDS.index(kind)) < self._usual(kind)
        steps = [(each.number, each) for each in self.shocks] + [(each.after, each) for each in self.fixed]
        for _when, step in sorted(steps, key=lambda each: each[0]):
            if step.kind != kind:
                continue
            if isinstance(step, Shock):
                hit |= self.struck(step)
            else:
                hit[np.isin(self.number, np.array(step.off, dtype=np.int64))] = False
                hit[np.isin(self.number, np.array(step.on, dtype=np.int64))] = True
        return hit

    def struck(self, shock: Shock) -> np.ndarray:
        """Which orders a shock strikes."""
        return struck(self.seed, shock, self.number, self.site, self.merchant, self.bought)

    # ---- shipping ------------------------------------------------------------------------------------------------

    @cached_property
    def alive(self) -> np.ndarray:
        """Orders that are never cancelled."""
        return self.cancelled == NEVER

    @cached_property
    def sold_by_merchant(self) -> np.ndarray:
        """Orders cancelled by the seller, after payment; all other cancelled ones are the buyer's doing."""
        return self.hit("cancellation") & self.merchant & ~self.alive & (self.opened != NEVER)

    def _offsets(self) -> np.ndarray:
        """Seconds east of UTC at every order's site and day."""
        days = np.arange(self.bought.min(initial=self.start), self.bought.max(initial=self.start) + 1)
        table = np.array([utc_offsets(int(day)) for day in days])
        return table[self.bought - days[0], self.site % SITES]

    @cached_property
    def late(self) -> np.ndarray:
        """Merchant orders shipped after their ship-by moment."""
        return self.hit("late_shipment") & self.merchant & self.alive

    @cached_property
    def ship_by(self) -> np.ndarray:
        """Latest moment to ship: the end of a local day, two days after payment as a rule."""
        offset = self._offsets()
        paid = np.where(self.opened == NEVER, self.purchased, self.opened) + offset
        sent = np.where(self.shipped == NEVER, paid, self.shipped + offset)
        promised = np.maximum(sent, paid + 2 * DAY) // DAY
        end = (promised + 1) * DAY - 1 - offset
        night = np.minimum(sent // DAY * DAY - 1, sent - 3600)  # before the shipping, where the order was paid by then
        missed = np.where(night > paid, night, sent - 3600) - offset
        return np.where(self.opened == NEVER, NEVER, np.where(self.late, missed, end))

    @cached_property
    def deliver_by(self) -> np.ndarray:
        """Latest moment to deliver: the end of a local day."""
        offset = self._offsets()
        day = (self.ship_by + offset) // DAY + TRUST_DAYS
        return np.where(self.ship_by == NEVER, NEVER, (day + 1) * DAY - 1 - offset)

    @cached_property
    def tracked(self) -> np.ndarray:
        """Merchant orders whose package has a valid tracking number."""
        return self.merchant & self.alive & ~self.hit("invalid_tracking")

    @cached_property
    def delivered(self) -> np.ndarray:
        """When a merchant's package arrives."""
        late = self.hit("late_delivery")
        first = self.shipped + DAY // 2
        span = np.maximum(self.deliver_by - first, 3600)
        good = np.minimum(first + (span * (0.1 + 0.85 * self.draw(20))).astype(np.int64), self.deliver_by)
        bad = self.deliver_by + (DAY * (0.2 + 2.3 * self.draw(21))).astype(np.int64)
        return np.where(self.merchant & self.alive, np.where(late, bad, good), NEVER)

    @cached_property
    def prime(self) -> np.ndarray:
        """Merchant orders under Seller Fulfilled Prime."""
        return self.merchant & np.isin(self.site, PRIME_SITES) & (self.draw(90) < PRIME_SHARE)

    @cached_property
    def invoice(self) -> np.ndarray:
        """INVOICE_… of business orders in Europe."""
        needed = self.business & EUROPE[self.site % SITES] & self.alive
        state = np.where(self.hit("late_invoice"), INVOICE_LATE, INVOICE_GOOD)
        state = np.where(self.hit("missing_invoice"), INVOICE_MISSING, state)
        return np.where(needed, state, INVOICE_NONE)

    def fates(self, numbers: list[int]) -> dict[int, dict[str, int | bool]]:
        """What became of some orders, by running number: moments; whether tracked, Prime, cancelled by the seller."""
        at = np.searchsorted(self.number, np.array(numbers, dtype=np.int64))
        columns = {
            "opened": self.opened[at].tolist(),
            "shipped": self.shipped[at].tolist(),
            "ship_by": self.ship_by[at].tolist(),
            "deliver_by": self.deliver_by[at].tolist(),
            "delivered": self.delivered[at].tolist(),
            "tracked": self.tracked[at].tolist(),
            "by_seller": self.sold_by_merchant[at].tolist(),
            "prime": self.prime[at].tolist(),
        }
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        return dict(zip(numbers, rows, strict=True))

    # ---- what buyers say ------------------------------------------------------------------------------------------

    def _told(self, kind: int, hit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(reported, withdrawn) moments of a defect: gamma of shape two after shipping."""
        least, mean, share, later = DELAYS[kind]
        u = [1 - self.draw(30 + 10 * kind + n) for n in range(5)]
        delay = least - mean / 2 * np.log(u[0] * u[1])
        sure = np.isin(self.number, np.array([n for f in self.fixed if f.kind == DEFECTS[kind] for n in f.on]))
        delay = np.where(sure, least, delay)
        told = np.where(hit, self.shipped + (delay * DAY).astype(np.int64), NEVER)
        gone = told + DAY + ((-later / 2 * np.log(u[2] * u[3])) * DAY).astype(np.int64)
        return told, np.where(hit & (u[4] <= share) & ~sure, gone, NEVER)

    @cached_property
    def defects(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """(reported, withdrawn) per kind of order defect. Only orders that were shipped have any."""
        return [self._told(kind, self.hit(name) & self.alive) for kind, name in enumerate(DEFECTS)]

    @cached_property
    def rating(self) -> np.ndarray:
        """Stars of the feedback, 0 when there is none."""
        told, _gone = self.defects[FEEDBACK]
        kind = STARS[(self.draw(25) * len(STARS)).astype(int)]
        kind = np.where((self.draw(26) < POSITIVE_SHARE) & self.alive, kind, 0)
        return np.where(told != NEVER, np.where(self.draw(27) < 0.62, 1, 2), kind)

    @cached_property
    def rated(self) -> np.ndarray:
        """When the feedback was left."""
        told, _gone = self.defects[FEEDBACK]
        usual, _never = self._told(FEEDBACK, self.alive)
        return np.where(told != NEVER, told, np.where(self.rating > 0, usual, NEVER))


def struck(
    seed: int, shock: Shock, number: np.ndarray, site: np.ndarray, merchant: np.ndarray, day: np.ndarray
) -> np.ndarray:
    """Which of these orders a shock strikes."""
    here = (site == shock.site) & (day >= shock.first) & (day < shock.first + shock.days)
    if shock.merchant is not None:
        here &= merchant == shock.merchant
    return here & (uniform(seed, 7000, shock.number, number) < shock.share)


def sites(catalog: Catalog) -> np.ndarray:
    """Site of every listing."""
    return catalog.listing_auth * SITES + catalog.listing_marketplace


def troubled(seed: int, catalog: Catalog) -> Troubled:
    """Three different sites that sell enough by themselves; the creeping one is among the three largest."""
    rate = np.bincount(sites(catalog), catalog.listing_rate * catalog.listing_merchant, len(AUTHORISATIONS) * SITES)
    largest = np.argsort(-rate, kind="stable")[:8]
    creeping = int(largest[int(uniform(seed, 5800, 0)[0] * 2)])
    others = [int(site) for site in largest if site != creeping]
    late = others.pop(int(uniform(seed, 5801, 0)[0] * len(others)))
    return Troubled(creeping, late, others[int(uniform(seed, 5802, 0)[0] * len(others))])


def gather(seed: int, start: int, catalog: Catalog, rows: dict[str, np.ndarray]) -> Outcomes:
    """One row per order from the order lines (which lie order by order)."""
    placed = np.flatnonzero(rows["purchased"] != NEVER)
    order = rows["order"][placed]
    first = np.flatnonzero(np.diff(order, prepend=-1))
    line = placed[first]
    kept = np.where(rows["dropped"][placed], 0, rows["units"][placed])
    units = np.add.reduceat(kept, first) if len(first) else np.zeros(0, np.int64)
    listing = rows["listing"][line]
    names = ("purchased", "opened", "shipped", "cancelled", "returned", "business")
    return Outcomes(
        seed=seed,
        start=start,
        number=rows["order"][line],
        line=line,
        listing=listing,
        site=sites(catalog)[listing],
        merchant=catalog.listing_merchant[listing],
        units=units,
        troubled=troubled(seed, catalog),
        **{name: rows[name][line] for name in names},
    )
