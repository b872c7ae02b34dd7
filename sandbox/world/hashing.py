"""Counter-based pseudo-random numbers: the same (seed, key) gives the same value, in any order, vectorised."""

import hashlib

import numpy as np

_ONE = np.uint64(0x9E3779B97F4A7C15)
_TWO = np.uint64(0xBF58476D1CE4E5B9)
_THREE = np.uint64(0x94D049BB133111EB)


def mix(*keys: int | np.ndarray) -> np.ndarray:
    """SplitMix64 over the keys in turn; integers or arrays that broadcast. Returns uint64."""
    state = np.zeros(1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for key in keys:
            state = state + np.asarray(key).astype(np.uint64) + _ONE
            state = (state ^ (state >> np.uint64(30))) * _TWO
            state = (state ^ (state >> np.uint64(27))) * _THREE
            state = state ^ (state >> np.uint64(31))
    return state


def uniform(*keys: int | np.ndarray) -> np.ndarray:
    """Floats in [0, 1) from the keys."""
    return (mix(*keys) >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def digest(*parts: object) -> str:
    """64 hexadecimal digits that depend on all parts: for ids, tokens and secrets of the made-up world."""
    return hashlib.sha256("\x1f".join(str(p) for p in parts).encode()).hexdigest()
