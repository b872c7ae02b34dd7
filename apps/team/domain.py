"""Arithmetic of effects: the change of one group against the change of another, with its interval."""

from dataclasses import dataclass
from math import sqrt

LEAST = 5  # of each group: fewer have no interval worth telling
Z = 1.959964


@dataclass(frozen=True)
class Interval:
    """A difference and where it lies with 95 %; None where there are too few to say."""

    change: float
    low: float | None = None
    high: float | None = None

    @property
    def clear(self) -> int:
        """-1: a fall, 1: a rise, 0: neither can be told from chance."""
        if self.low is None or self.high is None:
            return 0
        return -1 if self.high < 0 else 1 if self.low > 0 else 0


@dataclass(frozen=True)
class Group:
    """How many, their mean change, and how far they differ in it (sample standard deviation)."""

    count: int
    change: float
    spread: float | None


def quantile(freedom: int) -> float:
    """The 97.5 % point of Student's distribution; exact to one in a hundred from four degrees of freedom on."""
    first = (Z**3 + Z) / 4
    second = (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96
    return Z + first / freedom + second / freedom**2


def against(touched: Group, others: Group | None) -> Interval:
    """The change of the touched, less that of the others if there are any."""
    groups = [touched, others] if others else [touched]
    change = touched.change - (others.change if others else 0)
    if any(each.count < LEAST or each.spread is None for each in groups):
        return Interval(change)
    error = sqrt(sum((each.spread or 0) ** 2 / each.count for each in groups))
    half = quantile(min(each.count for each in groups) - 1) * error
    return Interval(change, change - half, change + half)
