"""SIM-N: 800 made-up stores, a fall of 55 % for three days in 6 % of them. Who sees it, and who cries wolf?

The world is drawn from seeds and its truth is known. Its noise is set so that the rule of the trade ("30 % below the
mean of seven days") behaves as it is known to: about 7.3 false alarm days a store and month.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.health.domain.anomaly import alarms, judge
from bench.measure import tell, timed, title
from bench.sizes import Sizes

STORES, HISTORY, SCORED = 800, 120, 60
AGENCIES = (20, 5, 100)  # stores each; the first is what is asked about
SHARE, FALL, LENGTH = 0.06, 0.55, 3
BIG = 20  # orders a day
QUIET = 7  # days after which an alarm is a new one
AFTER = 3  # days after the fall that are neither right nor wrong: their windows still hold it
SEEDS = range(201, 207)  # the level of alarms was chosen on 1 to 6
WEEKDAYS = np.array([1.08, 1.05, 1.02, 1.0, 0.95, 0.92, 0.98])
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """Orders by store and day, which days fell, and what each store usually sells."""

    orders: NDArray[np.int64]
    fallen: Marks
    rate: NDArray[np.float64]

    @property
    def hit(self) -> Marks:
        return self.fallen.any(1)


@dataclass(frozen=True)
class Score:
    """Per store and month; `caught` is the share of falls that were alarmed while they lasted."""

    false_days: float
    false_alarms: float
    caught: float


def run(sizes: Sizes) -> None:
    title(f"SIM-N: {STORES} stores, {SCORED} scored days, {len(SEEDS)} seeds that nothing was chosen on")
    names = ["30 % below the mean of 7 days", *(f"ours, agencies of {size} stores" for size in AGENCIES)]
    scores: dict[str, list[tuple[Score, Score]]] = {name: [] for name in names}
    with timed() as watch:
        for seed in SEEDS:
            world = draw(seed)
            p = judged(world)
            for name, found in zip(names, (rule_of_thumb(world), *(ours(p, size) for size in AGENCIES)), strict=True):
                scores[name].append((graded(world, found), graded(world, found, world.rate >= BIG)))
    for name, pairs in scores.items():
        for which, kind in ((0, "all stores"), (1, f"{BIG} orders a day and more")):
            mean = [np.mean([getattr(pair[which], key) for pair in pairs]) for key in Score.__annotations__]
            tell(f"{name}, {kind}", f"{mean[2]:.0%} caught", f"false: {mean[1]:.2f} alarms, {mean[0]:.2f} alarm days")
    series = STORES * SCORED * len(SEEDS)
    tell("asked: at most .25 false, 55 % and 74 % caught", f"{series / watch.seconds:,.0f}/s", "series judged")


def draw(seed: int) -> World:
    chance = np.random.default_rng(seed)
    days = np.arange(HISTORY + SCORED)
    rate = np.exp(chance.normal(np.log(15), 1.0, STORES))
    size = np.exp(chance.normal(np.log(13), 0.4, STORES))[:, None]
    level = np.exp(np.cumsum(chance.normal(0, 0.012, (STORES, days.size)), 1))
    weekday = WEEKDAYS * np.exp(chance.normal(0, 0.05, (STORES, 7)))
    weekday /= weekday.mean(1, keepdims=True)
    swing, turn = chance.normal(0, 0.15, STORES)[:, None], chance.uniform(0, 365, STORES)[:, None]
    mean = rate[:, None] * level * weekday[:, days % 7] * np.exp(swing * np.sin(2 * np.pi * (days + turn) / 365))
    start = HISTORY + chance.integers(0, SCORED - LENGTH, STORES)[:, None]
    fallen = (chance.random(STORES) < SHARE)[:, None] & (days >= start) & (days < start + LENGTH)
    mean = np.where(fallen, mean * (1 - FALL), mean)
    return World(chance.poisson(mean * chance.gamma(size, 1 / size, mean.shape)), fallen, rate)


def rule_of_thumb(world: World) -> Marks:
    days = range(HISTORY, HISTORY + SCORED)
    mean = np.stack([world.orders[:, day - 7 : day].mean(1) for day in days], 1)
    return world.orders[:, HISTORY:] < 0.7 * mean


def judged(world: World) -> NDArray[np.float64]:
    """p by store and day, each day judged by what was known on it."""
    return np.stack([judge(world.orders[:, : HISTORY + day + 1], 0).p for day in range(SCORED)], 1)


def ours(p: NDArray[np.float64], size: int = AGENCIES[0]) -> Marks:
    """Alarms chosen within each agency of `size` stores."""
    chosen = np.zeros(p.shape, bool)
    for day in range(SCORED):
        for first in range(0, STORES, size):
            chosen[first : first + size, day] = alarms(p[first : first + size, day])
    return chosen


def graded(world: World, told: Marks, only: Marks | None = None) -> Score:
    chosen = np.ones(STORES, bool) if only is None else only
    fallen = world.fallen[:, HISTORY:]
    spared = fallen.copy()
    for days in range(1, AFTER + 1):
        spared[:, days:] |= fallen[:, :-days]
    false, months = told & ~spared, chosen.sum() * SCORED / 30
    return Score(
        false[chosen].sum() / months,
        (false & _first(told))[chosen].sum() / months,
        (told & fallen).any(1)[chosen & world.hit].mean(),
    )


def _first(told: Marks) -> Marks:
    """The first day of each alarm: the days after it belong to the same incident."""
    first, last = np.zeros_like(told), np.full(len(told), -QUIET - 1)
    for day in range(told.shape[1]):
        first[:, day] = told[:, day] & (day - last > QUIET)
        last = np.where(told[:, day], day, last)
    return first
