"""When a failed attempt is made again."""

from datetime import datetime, timedelta

BASE_SECONDS, MOST_SECONDS = 2.0, 900.0
CRASHES = 5  # a run that broke its worker this often is given up
PATIENCE = timedelta(days=8)  # and so is one that was put off for so long
DELIVERY_SECONDS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)


def pause(attempt: int, chance: float, asked: float | None = None) -> float:
    """Seconds to wait after attempt number `attempt` (from 1). `chance` is uniform in [0, 1).

    Full jitter: anywhere between nothing and the exponential cap, so that many who failed together do not return
    together. What the other side asked for is a lower bound, spread by a tenth.
    """
    if asked is not None:
        return asked + chance * min(30.0, 0.1 * asked)
    return chance * min(MOST_SECONDS, BASE_SECONDS * 2 ** min(attempt, 12))


def given_up(crashes: int, begun: datetime, at: datetime) -> bool:
    """Is this run beyond hope without a person?"""
    return crashes >= CRASHES or at - begun > PATIENCE


def delivery_pause(attempt: int, chance: float) -> float | None:
    """Seconds until a webhook is sent again after attempt number `attempt`; None: that was the last one."""
    if attempt > len(DELIVERY_SECONDS):
        return None
    return DELIVERY_SECONDS[attempt - 1] * (0.9 + 0.2 * chance)
