"""What the rest of a month will sell, said with what such forecasts were worth so far.

The forecast of a day is the mean of the same weekday in the four whole weeks before. The interval is measured, not
assumed: the same rule is asked for many days of the past, and the shares by which the truth missed it are kept; eight
in ten of them lie between the two ends. Prime Days and the like, which no weekday knows, are in the misses of the past
but not in the forecast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

WEEK = 7
LEARNT = 4 * WEEK  # days a forecast is made of
LEAST_TRIALS = 28  # fewer forecasts of the past say nothing of the next one
TAIL = 10  # percent of the past forecasts on each side of the interval


@dataclass(frozen=True)
class Forecast:
    """A sum of days to come, in the unit of the history. `low` and `high`: eight in ten past forecasts held."""

    expected: int
    low: int
    high: int
    trials: int


def forecast(history: Sequence[int], horizon: int) -> Forecast | None:
    """The sum of the next `horizon` days; `history` is whole days, oldest first, ending the day before the first.

    None when the history is too short to measure how good such a forecast is.
    """
    if horizon <= 0:
        return Forecast(0, 0, 0, 0)
    past = [float(each) for each in history]
    misses = sorted(_misses(past, horizon))
    if len(misses) < LEAST_TRIALS:
        return None
    expected = _told(past, len(past), horizon)
    low, high = _quantile(misses, TAIL), _quantile(misses, 100 - TAIL)
    return Forecast(round(expected), round(min(expected, expected * low)), round(max(expected, expected * high)),
                    len(misses))  # fmt: skip


def _told(past: Sequence[float], at: int, horizon: int) -> float:
    """What the rule says at day `at` of the next `horizon` days."""
    weekdays = [sum(past[at - LEARNT + day : at : WEEK]) / (LEARNT // WEEK) for day in range(WEEK)]
    weeks, rest = divmod(horizon, WEEK)
    return weeks * sum(weekdays) + sum(weekdays[:rest])


def _misses(past: Sequence[float], horizon: int) -> list[float]:
    """Truth over forecast for every day of the past at which the rule could have been asked."""
    sums = [0.0]
    for each in past:
        sums.append(sums[-1] + each)
    found = []
    for at in range(LEARNT, len(past) - horizon + 1):
        told = _told(past, at, horizon)
        if told > 0:
            found.append((sums[at + horizon] - sums[at]) / told)
    return found


def _quantile(ranked: Sequence[float], percent: int) -> float:
    """Between the two nearest ranks."""
    place = (len(ranked) - 1) * percent / 100
    low = floor(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)
