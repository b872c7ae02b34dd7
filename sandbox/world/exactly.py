"""Orders chosen so that a metric of a day's report lies exactly on its limit, one better, or at any count."""

from dataclasses import dataclass

import numpy as np

from sandbox.world import standing
from sandbox.world.orders import DAY
from sandbox.world.outcomes import DEFECTS, Fixed, Outcomes

NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Choice:
    """What ``World.fix`` is told."""

    fixed: list[Fixed]
    dropped: np.ndarray
    sold: np.ndarray


@dataclass(frozen=True)
class Wish:
    """A metric of one site (and programme) in the report of ``day``: so many bad ones, or None and ``at``.

    ``at`` is "limit" (the share that is just a breach) or "below" (one bad one fewer).
    """

    metric: str
    site: int
    merchant: bool
    day: int
    at: str = "limit"
    count: int | None = None


KINDS = {
    "orderDefectRate": DEFECTS,
    "lateShipmentRate": ("late_shipment",),
    "validTrackingRate": ("invalid_tracking",),
    "onTimeDeliveryRate": ("late_delivery",),
    "preFulfillmentCancellationRate": ("cancellation",),
}


def choose(what: Outcomes, wish: Wish) -> Choice:
    """Which orders to change. ValueError when there are too few of them."""
    counted = _window(what, wish)
    free = counted & what.alive & (what.opened + 3600 < wish.day * DAY)
    stuck, looked_at = int((counted & ~free).sum()), np.flatnonzero(free)
    total, bad = _numbers(wish, stuck + len(looked_at))
    kept = total - stuck
    if kept < bad:
        raise ValueError(f"only {len(looked_at)} orders of the window can still be changed")
    numbers, chosen = what.number[looked_at], what.number[looked_at[:bad]]
    dropped = what.number[looked_at[kept:]]
    if wish.metric == "preFulfillmentCancellationRate":
        recent = _of_site(what, wish) & _between(what.bought, wish.day, standing.CANCELLED)
        before = what.number[recent & what.sold_by_merchant]
        return Choice([Fixed("cancellation", (), tuple(before.tolist()))], dropped, chosen)
    off = tuple(numbers.tolist())
    fixed = [Fixed(kind, (), off) for kind in KINDS[wish.metric]]
    last = Fixed("claim" if wish.metric == "orderDefectRate" else KINDS[wish.metric][0], tuple(chosen.tolist()), ())
    return Choice([*fixed, last], dropped, NONE)


def _numbers(wish: Wish, found: int) -> tuple[int, int]:
    """(orders to keep, bad ones among them)."""
    if wish.count is not None:
        if wish.count > found:
            raise ValueError(f"only {found} orders are in the window")
        return found, wish.count
    target = standing.TARGETS[wish.metric]
    share = target.value if target.condition == "LESS_THAN" else 10_000 - target.value
    step = 10_000 // share
    total = found // step * step
    if total < max(step, standing.FEW):
        raise ValueError(f"only {found} orders are in the window: a share of 1 in {step} needs at least {step}")
    return total, total // step - (wish.at == "below")


def _of_site(what: Outcomes, wish: Wish) -> np.ndarray:
    return (what.site == wish.site) & (what.merchant == wish.merchant)


def _window(what: Outcomes, wish: Wish) -> np.ndarray:
    """Orders that the metric looks at on the day."""
    here = _of_site(what, wish)
    sent = what.shipped // DAY
    if wish.metric == "orderDefectRate":
        return here & what.alive & _between(what.bought, wish.day, standing.ODR)
    if wish.metric == "preFulfillmentCancellationRate":
        # As the report of the day sees it: what is cancelled later is not cancelled yet.
        return here & _between(what.bought, wish.day, standing.CANCELLED) & (what.cancelled // DAY >= wish.day)
    window = {"lateShipmentRate": standing.LATE, "validTrackingRate": standing.TRACKED}.get(
        wish.metric, standing.ON_TIME
    )
    tracked = what.tracked if wish.metric == "onTimeDeliveryRate" else True
    return here & what.alive & _between(sent, wish.day, window) & tracked


def _between(day: np.ndarray, on: int, window: tuple[int, int]) -> np.ndarray:
    return (day >= on - window[0]) & (day <= on - window[1])
