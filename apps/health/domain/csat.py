"""CSat, a figure of ours: Amazon has none. 100 points less what went wrong, each by its weight.

CSat = 100 - w1 x NCX - w2 x negative feedback - w3 x late replies, rates in percent over 30 days. NCX is a proxy: the
share of orders with a return for a product reason or with negative feedback. A rate nobody knows leaves its weight
out, and says so: it is not taken for 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# Points lost per percentage point; editable as standards `csat_<input>`.
WEIGHTS = {"ncx": 5.0, "feedback": 10.0, "replies": 0.5}
BEST = 100.0
# What is written in returns → the product or its listing is at fault. Compared without prefix "CR-" and case.
PRODUCT_REASONS = frozenset(
    {
        "AMZ-PG-BAD-DESC",
        "DEFECTIVE",
        "EXPIRED_ITEM",
        "INCOMPATIBLE",
        "MISSING_PARTS",
        "NOT_AS_DESCRIBED",
        "NOT_COMPATIBLE",
        "QUALITY_UNACCEPTABLE",
        "SWITCHEROO",
    }
)


@dataclass(frozen=True)
class Csat:
    """The score, or None when no rate is known; what each known rate costs; the inputs that nobody knows."""

    score: float | None
    costs: Mapping[str, float]
    left_out: tuple[str, ...]


def csat(shares: Mapping[str, float | None], weights: Mapping[str, float] = WEIGHTS) -> Csat:
    """`shares`: for each input of the weights its rate as a fraction, None when it is not known."""
    known = {name: share for name in weights if (share := shares.get(name)) is not None}
    costs = {name: weights[name] * share * 100 for name, share in known.items()}
    left_out = tuple(name for name in weights if name not in known)
    return Csat(max(0.0, BEST - sum(costs.values())) if known else None, costs, left_out)


def is_product_reason(reason: str) -> bool:
    """Does a return's reason blame the product or its listing?"""
    return reason.upper().removeprefix("CR-") in PRODUCT_REASONS
