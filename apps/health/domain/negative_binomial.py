"""The negative binomial distribution for whole arrays: what numpy lacks, to ten digits.

Mean `mean` and dispersion `spread` (variance = mean + spread x mean squared); spread 0 would be Poisson.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_TINY, _STEPS, _CLOSE = 1e-300, 500, 1e-11


def log_gamma(x: Array) -> Array:
    """ln Γ(x) for x > 0: Stirling's series above 8, the recurrence below (Abramowitz and Stegun 6.1.40)."""
    x = np.asarray(x, float)
    shift, lifted = np.zeros_like(x), x.copy()
    for _step in range(8):
        low = lifted < 8
        shift = np.where(low, shift - np.log(np.where(low, lifted, 1.0)), shift)
        lifted = np.where(low, lifted + 1, lifted)
    z = 1 / lifted
    series = z / 12 - z**3 / 360 + z**5 / 1260 - z**7 / 1680
    return shift + (lifted - 0.5) * np.log(lifted) - lifted + 0.5 * np.log(2 * np.pi) + series


def incomplete_beta(a: Array, b: Array, x: Array) -> Array:
    """The regularised incomplete beta function I_x(a, b) by Lentz's continued fraction (A and S 26.5.8)."""
    a, b, x = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float), np.asarray(x, float))
    turned = x > (a + 1) / (a + b + 2)
    a, b, x = np.where(turned, b, a), np.where(turned, a, b), np.where(turned, 1 - x, x)
    x = np.clip(x, 0.0, 1.0)
    with np.errstate(divide="ignore"):
        front = np.exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * np.log(x) + b * np.log1p(-x))
    found = front * _fraction(a, b, x) / a
    return np.where(turned, 1 - found, found)


def _fraction(a: Array, b: Array, x: Array) -> Array:
    top = np.ones_like(x)
    bottom = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = bottom.copy()
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            bottom = 1 / _away_from_zero(1 + term * bottom)
            top = _away_from_zero(1 + term / top)
            value = value * bottom * top
        if np.all(np.abs(bottom * top - 1) < _CLOSE):
            break
    return value


def _away_from_zero(values: Array) -> Array:
    return np.where(np.abs(values) < _TINY, _TINY, values)


def at_most(count: Array, mean: Array, spread: Array) -> Array:
    """P(X <= count); 0 for a negative count."""
    size = 1 / np.asarray(spread, float)
    count = np.asarray(count, float)
    return np.where(count < 0, 0.0, incomplete_beta(size, np.maximum(count, 0) + 1, size / (size + mean)))


def low_tail(count: Array, mean: Array, spread: Array) -> Array:
    """The mid-p value of so few: P(X < count) + half of P(X = count). Right on average also where counts are small."""
    return (at_most(count, mean, spread) + at_most(np.asarray(count) - 1, mean, spread)) / 2


def high_tail(count: Array, mean: Array, spread: Array) -> Array:
    """The mid-p value of so many."""
    return 1 - low_tail(count, mean, spread)
