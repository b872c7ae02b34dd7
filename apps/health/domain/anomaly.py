"""Has a daily count fallen (or risen) out of its own habit? Each series is judged by its own past only.

    expected of a day = level x weekday factor x season factor
    level             = exponentially weighted mean of the past, half-life 14 days
    weekday factor    = (sum on that weekday + 40) / (sum expected on it + 40): few counts stay near 1
    season factor     = the same turn of the year a year ago, shrunk by its counts; 1 without a year of history
    dispersion        = method of moments, shrunk to .08 (a fixed prior; nothing is learned from other owners)
    p                 = mid-p of the negative binomial for the sums of the last two and the last three days,
                        the smaller one x 1.4: two overlapping sums are worth about 1.4 tests

Alarms of one agency and day are chosen by Benjamini and Hochberg (1995) at a false discovery rate of 10 %, among those
that would be rare by themselves. For that share of a small agency's alarms is a promise about days of a few series:
alone, one series in ten days would be an alarm. `RARE` promises the same to every store, however many there are.
Days that are not known are NaN: they are left out, never taken for 0.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.health.domain.negative_binomial import high_tail, low_tail

Array = NDArray[np.float64]
WINDOWS = (2, 3)  # days that are judged together
TESTS = 1.4  # what two overlapping windows are worth
LEAST_DAYS = 28  # of history: fewer say nothing
HALF_LIFE = 14.0  # days
WEEKDAY_PRIOR = 40.0  # orders
SPREAD_PRIOR, SPREAD_WEIGHT = 0.08, 30.0
DRIFT = 0.012  # a level wanders by so much a day
YEAR, AROUND = 364, 3  # the same weekday a year ago, and the days around it
SEASON_PRIOR, SEASON_MOST = 60.0, 3.0  # orders; a season multiplies at most by this
FALSE_SHARE = 0.10
RARE = 0.005  # of days without a cause: about one in 200 at most is an alarm


@dataclass(frozen=True)
class Judged:
    """One value per series. `p`: 1 where too little is known. Sums are over the window that decided, `days` long."""

    p: Array
    observed: Array
    expected: Array
    days: NDArray[np.int64]


@dataclass(frozen=True)
class _Habit:
    level: Array
    weekday: Array  # series x 7, mean 1
    spread: Array
    doubt: Array  # relative variance of the level
    known: NDArray[np.int64]  # days of history


def judge(counts: Array, first_weekday: int, *, low: bool = True) -> Judged:
    """Judge the newest days of `counts` (series x days, oldest first; NaN: not known) by the days before them.

    `first_weekday` (0 to 6) is the weekday of the first column. `low` looks for too few, else for too many.
    """
    counts = np.asarray(counts, float)
    days = counts.shape[1]
    weekdays = (first_weekday + np.arange(days)) % 7
    cut = max(days - max(WINDOWS), 0)
    habit = _habit(counts[:, :cut], weekdays[:cut])
    season, unsure = _season(counts, habit, weekdays)
    best = Judged(*(np.full(len(counts), value) for value in (1.0, np.nan, np.nan)), np.full(len(counts), WINDOWS[0]))
    for window in WINDOWS:
        best = _better(best, _window(counts, weekdays, window, habit, (season, unsure), low), window)
    return Judged(np.minimum(best.p * TESTS, 1.0), best.observed, best.expected, best.days)


def alarms(p: Array) -> NDArray[np.bool_]:
    """Which of one agency's p-values of one day people are told of."""
    p = np.asarray(p, float)
    return discoveries(p) & (p <= RARE)


def discoveries(p: Array, share: float = FALSE_SHARE) -> NDArray[np.bool_]:
    """Which p-values stand out together, so that about `share` of them are false."""
    p = np.asarray(p, float)
    if not p.size:
        return np.zeros(0, bool)
    ranked = np.sort(p)
    passed = np.flatnonzero(ranked <= share * np.arange(1, p.size + 1) / p.size)
    return p <= (ranked[passed[-1]] if passed.size else -1.0)


def _window(counts, weekdays, window, habit, season, low):  # type: ignore[no-untyped-def]
    """(p, observed, expected) of the last `window` days; p 1 where a day or the habit is not known."""
    last = counts[:, -window:]
    each = habit.weekday[:, weekdays[-window:]]
    expected = habit.level * each.sum(1) * season[0]
    known = ~np.isnan(last).any(1) & (habit.known >= LEAST_DAYS) & (expected > 0)
    # Spread of a sum of days that wander apart from each other, and of a level that is not exactly known.
    spread = (each**2).sum(1) / each.sum(1) ** 2 * habit.spread + habit.doubt + season[1]
    observed = np.where(known, np.nansum(last, 1), 0)
    tail = low_tail if low else high_tail
    p = tail(np.round(observed), np.where(known, expected, 1.0), np.maximum(spread, 1e-4))
    return np.where(known, p, 1.0), observed, expected


def _better(best: Judged, found: tuple[Array, Array, Array], window: int) -> Judged:
    wins = found[0] < best.p
    pairs = zip((best.p, best.observed, best.expected, best.days), (*found, window), strict=True)
    return Judged(*(np.where(wins, new, old) for old, new in pairs))


def _habit(past: Array, weekdays: NDArray[np.int64]) -> _Habit:
    """Level, weekdays and spread of each series' past."""
    series, days = past.shape
    known = ~np.isnan(past)
    value = np.where(known, past, 0.0)
    weekday = np.ones((series, 7))
    for _round in range(2):
        near = _nearby(value / weekday[:, weekdays], known)
        for day in range(7):
            on = weekdays == day
            total = (near[:, on] * known[:, on]).sum(1)
            weekday[:, day] = (value[:, on].sum(1) + WEEKDAY_PRIOR) / (total + WEEKDAY_PRIOR)
        weekday /= weekday.mean(1, keepdims=True)
    weight = known * 0.5 ** (np.arange(days)[::-1] / HALF_LIFE)
    total = np.maximum(weight.sum(1), 1e-9)
    level = (value / weekday[:, weekdays] * weight).sum(1) / total
    spread = _spread(value, near * weekday[:, weekdays], known)
    alike = total**2 / np.maximum((weight**2).sum(1), 1e-9)
    doubt = (1 / np.maximum(level, 0.05) + spread) / np.maximum(alike, 1e-9) + DRIFT**2 * HALF_LIFE / 2
    return _Habit(level, weekday, spread, doubt, known.sum(1))


def _nearby(value: Array, known: NDArray[np.bool_]) -> Array:
    """Each day's mean over the four weeks around it, of the days that are known."""
    days = value.shape[1]
    low, high = np.maximum(np.arange(days) - 14, 0), np.minimum(np.arange(days) + 14, days)
    sums = [np.cumsum(np.pad(each.astype(float), ((0, 0), (1, 0))), 1) for each in (value * known, known)]
    total, number = (each[:, high] - each[:, low] for each in sums)
    return total / np.maximum(number, 1)


def _spread(value: Array, expected: Array, known: NDArray[np.bool_]) -> Array:
    """Dispersion by moments, shrunk: a series with few counts says little about it."""
    over = (((value - expected) ** 2 - expected) * known).sum(1)
    square = np.maximum((expected**2 * known).sum(1), 1e-9)
    number = known.sum(1)
    mean = (expected * known).sum(1) / np.maximum(number, 1)
    told = number * (mean / (mean + 1 / SPREAD_PRIOR)) ** 2
    # 28 days of which the day itself is one: the local mean follows it, so the moments are a little small.
    raw = np.clip(over / square * 28 / 26, 0.005, 1.0)
    return (raw * told + SPREAD_PRIOR * SPREAD_WEIGHT) / (told + SPREAD_WEIGHT)


def _season(counts: Array, habit: _Habit, weekdays: NDArray[np.int64]) -> tuple[Array, Array]:
    """(factor, its relative variance): how a year ago these days stood to the weeks before them."""
    series, days = counts.shape
    end = days - YEAR  # a year before the day after the newest
    if end + AROUND - max(WINDOWS) < LEAST_DAYS:
        return np.ones(series), np.zeros(series)
    plain = counts / habit.weekday[:, weekdays]
    then = plain[:, end - max(WINDOWS) - AROUND : end + AROUND]
    before = plain[:, : end - max(WINDOWS)]
    weight = np.where(np.isnan(before), 0.0, 0.5 ** (np.arange(before.shape[1])[::-1] / HALF_LIFE))
    level = (np.nan_to_num(before) * weight).sum(1) / np.maximum(weight.sum(1), 1e-9)
    number = (~np.isnan(then)).sum(1)
    total = np.nansum(then, 1)
    factor = (total + SEASON_PRIOR) / (level * number + SEASON_PRIOR)
    factor = np.clip(factor, 1 / SEASON_MOST, SEASON_MOST)
    # A year is not like the other: the larger the turn, the less it is trusted.
    return factor, (np.log(factor) / 2) ** 2
