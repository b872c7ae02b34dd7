"""Made-up accounts whose future is known: how good is the forecast of a breach.

500 accounts with log-normal sizes (median 25 orders a day) and a base rate of defects around 0.33 %; for half of them
the rate jumps on a day between 110 and 170. A defect is told some days after its order (gamma, mean 10 days). Every
few days each account that is under 1 % is asked: will it be at or over 1 % within 14 days?
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.health.domain.forecast import HORIZON, History, foresee, learn_delay
from apps.health.domain.headroom import Limit, Window
from bench.measure import tell, timed, title
from bench.sizes import Sizes

ACCOUNTS, DAYS, EVERY, FIRST = 500, 230, 5, 95
WINDOW, LIMIT = Window(60), Limit(10_000)
HELD_OUT = 4


@dataclass(frozen=True)
class Account:
    """Orders by day, and for every order day how many defects are told how many days later."""

    orders: NDArray[np.int64]
    told: NDArray[np.int64]  # [order day, delay]

    def defects(self, today: int) -> NDArray[np.int64]:
        """By order day up to today: the defects known at the end of today."""
        days = np.arange(today + 1)
        known = np.cumsum(self.told, axis=1)
        return known[days, np.minimum(today - days, self.told.shape[1] - 1)]

    def rate(self, today: int) -> float:
        """As Amazon shows it: known defects of the window's orders."""
        inside = slice(max(0, today - WINDOW.days + 1), today + 1)
        orders = self.orders[inside].sum()
        return float(self.defects(today)[inside].sum() / orders) if orders else 0.0


@dataclass(frozen=True)
class Question:
    """One decision on a day: what was said, what a threshold and a trend say, the breach's day if it came in time."""

    day: int
    said: float
    alarm: bool
    trend: bool
    came: int | None


def accounts(seed: int) -> Iterator[Account]:
    chance = np.random.default_rng(seed)
    for _ in range(ACCOUNTS):
        size, base = chance.lognormal(np.log(25), 1), chance.beta(2, 600)
        orders = chance.poisson(size * chance.gamma(20, 1 / 20, DAYS))
        rate = np.full(DAYS, base)
        if chance.random() < 0.5:
            rate[chance.integers(110, 171) :] += chance.uniform(0.006, 0.03)
        yield Account(orders, _told(chance, orders, rate))


def _told(chance: np.random.Generator, orders: NDArray[np.int64], rate: NDArray[np.float64]) -> NDArray[np.int64]:
    told = np.zeros((DAYS, 90), np.int64)
    bad = chance.binomial(orders, np.minimum(rate, 1))
    delay = np.minimum(chance.gamma(2, 5, int(bad.sum())).astype(np.int64), 89)
    np.add.at(told, (np.repeat(np.arange(DAYS), bad), delay), 1)
    return told


def questions(account: Account) -> Iterator[Question]:
    rates = np.array([account.rate(day) for day in range(DAYS)])
    for today in range(FIRST, DAYS - HORIZON, EVERY):
        if account.orders[today - WINDOW.days + 1 : today + 1].sum() == 0 or rates[today] >= 0.01:
            continue
        ahead = np.flatnonzero(rates[today + 1 : today + HORIZON + 1] >= 0.01)
        said = foresee(_history(account, today), LIMIT).probability
        slope = (rates[today] - rates[today - 14]) / 14
        trend = rates[today] + slope * HORIZON >= 0.01
        came = today + 1 + int(ahead[0]) if len(ahead) else None
        yield Question(today, said, bool(rates[today] >= 0.0075), bool(trend), came)


def _history(account: Account, today: int) -> History:
    return History(account.orders[: today + 1], account.defects(today), WINDOW, learn_delay(_delays(account, today)))


def _delays(account: Account, today: int) -> NDArray[np.int64]:
    """Delays of defects of orders old enough for nearly all to be told."""
    old = account.told[: max(0, today - 45), :46].sum(axis=0)
    return np.repeat(np.arange(len(old)), old)


# -- how good


def auc(said: NDArray[np.float64], came: NDArray[np.bool_]) -> float:
    """The chance that a breach was given a higher probability than a non-breach; ties count half."""
    order = np.argsort(said, kind="stable")
    rank = np.empty(len(said))
    rank[order] = np.arange(1, len(said) + 1)
    _values, where = np.unique(said, return_inverse=True)
    rank = (np.bincount(where, rank) / np.bincount(where))[where]
    bad, good = int(came.sum()), int((~came).sum())
    return float((rank[came].sum() - bad * (bad + 1) / 2) / (bad * good))


def calibration(said: NDArray[np.float64], came: NDArray[np.bool_]) -> float:
    """Mean distance of said and seen over ten bands, weighted by how many are in each."""
    band = np.minimum((said * 10).astype(int), 9)
    size = np.bincount(band, minlength=10)
    gap = np.abs(np.bincount(band, said, 10) - np.bincount(band, came, 10))
    return float(gap.sum() / size.sum())


def warnings(asked: list[list[Question]], least: float = 0.3) -> list[int]:
    """Days between the first probability of `least` in a row of them and the breach it was right about; 0: too late."""
    found = []
    for account in asked:
        first = None
        for index, question in enumerate(account):
            first = (first if first is not None else question.day) if question.said >= least else None
            last = index + 1 == len(account) or account[index + 1].day - question.day > EVERY
            if last and question.came is not None:
                found.append(question.came - first if first is not None else 0)
    return found


def _alarms(asked: list[Question]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """What people do, and ours at two levels."""
    yield "baseline: over .75 %", np.array([q.alarm for q in asked])
    yield "baseline: straight line of 14 days", np.array([q.trend for q in asked])
    said = np.array([q.said for q in asked])
    yield "ours at .5", said >= 0.5
    yield "ours at .3", said >= 0.3


def run(sizes: Sizes) -> None:
    title(f"Forecast of a breach: {ACCOUNTS} made-up accounts whose future is known")
    with timed() as watch:
        each = [list(questions(account)) for account in accounts(HELD_OUT)]
    asked = [question for account in each for question in account]
    said = np.array([q.said for q in asked])
    came = np.array([q.came is not None for q in asked])
    tell("decisions", f"{len(asked):,}", f"{came.mean():.1%} of them before a breach")
    tell("Brier", f"{np.mean((said - came) ** 2):.4f}", "asked: at most .040")
    tell("AUC", f"{auc(said, came):.3f}", "asked: at least .93")
    tell("calibration error", f"{calibration(said, came):.3f}", "asked: at most .03")
    for name, alarm in _alarms(asked):
        hits = int((alarm & came).sum())
        precision, recall = hits / max(1, int(alarm.sum())), hits / int(came.sum())
        off = np.mean((alarm - came.astype(float)) ** 2)
        tell(name, f"precision {precision:.2f}, recall {recall:.2f}", f"Brier {off:.4f}")
    tell("warning before the breach", f"{np.median(warnings(each)):.0f} days", "median; asked: at least 6")
    tell("one forecast", f"{watch.seconds / len(asked) * 1000:.2f} ms")
