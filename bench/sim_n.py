"""SIM-N: 800 made-up stores, a fall of 55 % for three days in 6 % of them. Who sees it, and who cries wolf?

The world is drawn from seeds and its truth is known. Its noise is set so that the rule of the trade ("30 % below the
mean of seven days") behaves as it is known to: about 7.3 false alarm days a store and month.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.health.domain.anomaly import discoveries, judge
from bench.measure import tell, timed, title
from bench.sizes import Sizes

STORES, HISTORY, SCORED, PER_AGENCY = 800, 120, 60, 20
SHARE, FALL, LENGTH = 0.06, 0.55, 3
BIG = 20  # orders a day
QUIET = 7  # days after which an alarm is a new one
AFTER = 3  # days after the fall that are neither right nor wrong: their windows still hold it
SEEDS = range(101, 107)
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
    title(f"SIM-N: {STORES} stores, {SCORED} scored days, {len(SEEDS)} seeds; agencies of {PER_AGENCY} stores")
    scores: dict[str, list[tuple[Score, Score]]] = {"30 % below the mean of 7 days": [], "ours, FDR 10 %": []}
    with timed() as watch:
        for seed in SEEDS:
            world = draw(seed)
            for name, alarms in zip(scores, (rule_of_thumb(world), ours(world)), strict=True):
                scores[name].append((graded(world, alarms), graded(world, alarms, world.rate >= BIG)))
    for name, found in scores.items():
        for which, kind in ((0, "all stores"), (1, f"{BIG} orders a day and more")):
            mean = [np.mean([getattr(pair[which], key) for pair in found]) for key in Score.__annotations__]
            tell(f"{name}, {kind}", f"{mean[2]:.0%} caught", f"false: {mean[1]:.2f} alarms, {mean[0]:.2f} alarm days")
    judged = STORES * SCORED * len(SEEDS)
    tell("asked: at most .25 false, 55 % and 74 % caught", f"{judged / watch.seconds:,.0f}/s", "series judged")


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


def ours(world: World) -> Marks:
    """Each day judged by what was known on it, alarms chosen within each agency."""
    alarms = np.zeros((STORES, SCORED), bool)
    for day in range(SCORED):
        p = judge(world.orders[:, : HISTORY + day + 1], 0).p
        for first in range(0, STORES, PER_AGENCY):
            alarms[first : first + PER_AGENCY, day] = discoveries(p[first : first + PER_AGENCY])
    return alarms


def graded(world: World, alarms: Marks, only: Marks | None = None) -> Score:
    chosen = np.ones(STORES, bool) if only is None else only
    fallen = world.fallen[:, HISTORY:]
    spared = fallen.copy()
    for days in range(1, AFTER + 1):
        spared[:, days:] |= fallen[:, :-days]
    false, months = alarms & ~spared, chosen.sum() * SCORED / 30
    return Score(
        false[chosen].sum() / months,
        (false & _first(alarms))[chosen].sum() / months,
        (alarms & fallen).any(1)[chosen & world.hit].mean(),
    )


def _first(alarms: Marks) -> Marks:
    """The first day of each alarm: the days after it belong to the same incident."""
    first, last = np.zeros_like(alarms), np.full(len(alarms), -QUIET - 1)
    for day in range(alarms.shape[1]):
        first[:, day] = alarms[:, day] & (day - last > QUIET)
        last = np.where(alarms[:, day], day, last)
    return first
