"""Will a rate cross its limit, when, and how many fewer defects would keep it under.

A defect is known days after its order (a claim, a bad rating), so the newest order days look better than they are.
What is known is therefore divided by the share of defects that *can* be known by now (`Delay`), the rate is estimated
with the possibility that it changed lately, and futures are drawn day by day: what rolls off, what is still to be
told of orders already placed, what orders yet to come will bring. Everything is a function of its arguments: the
draws come from a fixed seed.

Method: gamma-Poisson with delayed reporting and one change point (a mixture over the day of the change, weighted by
marginal likelihood). Measured by `bench` (run "foresee"): simulated accounts whose future is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lgamma

import numpy as np
from numpy.typing import NDArray

from apps.health.domain.headroom import Limit, Window

METHOD = "gamma-poisson, delay, change point"
VERSION = 1
HORIZON = 14  # days that a probability speaks of
FAR = 30  # days that futures are drawn for, so that an interval may end beyond the horizon
FUTURES = 400
SEED = 20_261
# Days ago at which the rate may have changed; 0: it did not.
CHANGES = (0, 5, 7, 10, 14, 18, 22, 28, 35, 45)
LONGEST_DELAY = 60

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Prior:
    """What is believed of a defect rate before anything is seen: gamma, `shape` defects in `orders` orders.

    Published with the product and the same for everybody; nobody's data goes into it.
    """

    shape: float = 1.5
    orders: float = 450.0
    # After a change the rate may be anything: a weaker belief in a higher rate.
    changed_shape: float = 0.7
    changed_orders: float = 60.0
    stays: float = 0.85  # how likely it is that nothing changed


@dataclass(frozen=True)
class Delay:
    """Share of defects that are known `n` days after the order, n = 0, 1, …; rises to 1."""

    known: tuple[float, ...]

    def after(self, days: NDArray[np.int64]) -> Floats:
        """The share known after so many days; 0 before the order, 1 beyond the table."""
        table = np.asarray(self.known)
        return np.where(days < 0, 0.0, table[np.clip(days, 0, len(table) - 1)])


AT_ONCE = Delay((1.0,))  # late shipments and cancellations are known when they happen


def learn_delay(days: Sequence[int], *, mean: float = 10.0, weight: float = 20.0) -> Delay:
    """The delay seen (`days` between order and report, of orders old enough to be complete), and a prior.

    The prior is a geometric-like gamma of shape 2 with `mean`; it weighs as much as `weight` reports.
    """
    ages = np.arange(LONGEST_DELAY + 1)
    rate = 2.0 / mean
    prior = 1 - np.exp(-rate * (ages + 1)) * (1 + rate * (ages + 1))
    seen = np.clip(np.asarray(days, dtype=np.int64), 0, LONGEST_DELAY)
    below = np.searchsorted(np.sort(seen), ages, side="right") if len(seen) else np.zeros(len(ages))
    known = (prior / prior[-1] * weight + below) / (weight + len(seen))
    return Delay(tuple(float(k) for k in known))


@dataclass(frozen=True)
class History:
    """What had been told by a day. Arrays are by order day, oldest first, and end on the day itself.

    `orders`: orders placed; `defects`: those known by now to be defective. They reach back at least one window.
    """

    orders: Counts
    defects: Counts
    window: Window
    delay: Delay = AT_ONCE


@dataclass(frozen=True)
class Outlook:
    """What the futures say. Days count from today; None where no future crosses.

    `probability` of a breach within HORIZON days; `days` the median first day of those that cross within FAR, `low` and
    `high` their 10th and 90th percentile; `fewer`: so many defects fewer, of those still to come, keep 8 of 10 futures
    under the limit; `rate`: the present rate of defects per order, corrected for what is not known yet.
    """

    probability: float
    days: int | None = None
    low: int | None = None
    high: int | None = None
    fewer: int = 0
    rate: float = 0.0
    method: str = METHOD
    version: int = VERSION


def foresee(history: History, limit: Limit, *, prior: Prior | None = None, futures: int = FUTURES) -> Outlook:
    """The outlook of one rate. Already over the limit: probability 1 from day 0."""
    draws = np.random.default_rng(SEED)
    rates = _rates(history, prior or Prior(), draws, futures)
    known, coming, orders = _ahead(history)
    told = np.cumsum(draws.poisson(rates[:, None] * coming[None, 1:]), axis=1)
    count = np.concatenate([np.zeros((futures, 1), np.int64), told], axis=1) + known[None, :]
    most = np.array([limit.most(int(n)) for n in orders])
    excess = np.where(orders > 0, count - most, -1)
    crossed = excess > 0
    ever = crossed.any(axis=1)
    first = np.where(ever, crossed.argmax(axis=1), FAR + 1)
    rate = float(np.mean(rates))
    if not ever.any():
        return Outlook(0.0, rate=rate)
    low, days, high = (int(d) for d in np.quantile(first[ever], (0.1, 0.5, 0.9), method="inverted_cdf"))
    worst = excess[:, : HORIZON + 1].max(axis=1)
    fewer = max(0, int(np.quantile(worst, 0.8, method="inverted_cdf")))
    return Outlook(float(np.mean(first <= HORIZON)), days, low, high, fewer, rate)


def _rates(history: History, prior: Prior, draws: np.random.Generator, futures: int) -> Floats:
    """Draws of the present defect rate per order: over when it changed, then over the rate itself."""
    days = len(history.orders)
    age = np.arange(days - 1, -1, -1)
    exposed = history.orders * history.delay.after(age)
    cuts = [cut for cut in CHANGES if cut < days]
    split = [_evidence(history.defects, exposed, cut, prior) for cut in cuts]
    weight = np.exp(np.array([s.likelihood for s in split]) - max(s.likelihood for s in split))
    chosen = draws.choice(len(split), size=futures, p=weight / weight.sum())
    shape = np.array([s.shape for s in split])[chosen]
    scale = 1 / np.array([s.exposure for s in split])[chosen]
    return draws.gamma(shape, scale)


@dataclass(frozen=True)
class _Split:
    likelihood: float
    shape: float
    exposure: float


def _evidence(defects: Counts, exposed: Floats, cut: int, prior: Prior) -> _Split:
    """How likely the defects are if the rate changed `cut` days ago, and the posterior of the present rate."""
    edge = len(defects) - cut
    old = _Split(*_gamma(defects[:edge].sum(), exposed[:edge].sum(), prior.shape, prior.orders))
    if cut == 0:
        return _Split(old.likelihood + np.log(prior.stays), old.shape, old.exposure)
    new = _gamma(defects[edge:].sum(), exposed[edge:].sum(), prior.changed_shape, prior.changed_orders)
    chance = np.log((1 - prior.stays) / (len(CHANGES) - 1))
    return _Split(old.likelihood + new[0] + chance, new[1], new[2])


def _gamma(count: float, exposure: float, shape: float, orders: float) -> tuple[float, float, float]:
    """Log marginal likelihood of a Poisson count under a gamma rate, and the posterior's shape and exposure."""
    after = shape + float(count)
    gone = orders + float(exposure)
    likelihood = lgamma(after) - lgamma(shape) + shape * np.log(orders) - after * np.log(gone)
    return float(likelihood), after, gone


def _ahead(history: History) -> tuple[Counts, Floats, Counts]:
    """By day ahead (0 is today): defects already known in the window, exposure newly told that day, orders in it."""
    size, window = len(history.orders), history.window
    future = _expected(history.orders)
    orders = np.concatenate([history.orders.astype(np.float64), future])
    defects = np.concatenate([history.defects, np.zeros(FAR, np.int64)])
    day = np.arange(size + FAR)
    known, coming, total = (np.zeros(FAR + 1) for _ in range(3))
    for ahead in range(FAR + 1):
        last = size - 1 + ahead - window.lag
        inside = slice(max(0, last - window.days + 1), last + 1)
        age = size - 1 + ahead - day[inside]
        told = history.delay.after(age) - history.delay.after(age - 1)
        if window.lag and ahead:  # an order entering the window brings what was told of it since today
            entering = age == window.lag
            since = history.delay.after(age) - history.delay.after(np.minimum(age - ahead, age))
            told = np.where(entering, since, told)
        known[ahead] = defects[inside].sum()
        coming[ahead] = (orders[inside] * told).sum()
        total[ahead] = orders[inside].sum()
    return known.astype(np.int64), coming, np.rint(total).astype(np.int64)


def _expected(orders: Counts) -> Floats:
    """Orders of the days to come: the mean of the last four weeks, weekday by weekday."""
    recent = orders[-28:].astype(np.float64)
    weeks = len(recent) // 7
    if weeks == 0:
        return np.full(FAR, recent.mean() if len(recent) else 0.0)
    by_day = recent[-7 * weeks :].reshape(weeks, 7).mean(axis=0)
    return np.resize(by_day, FAR)
