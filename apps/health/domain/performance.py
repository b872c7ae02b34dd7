"""Rates as Amazon counts them, in whole numbers: no float comes near a limit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from operator import eq, ge, gt, le, lt

WHOLE = 1_000_000
DIGIT = 100  # Amazon's report has four digits: steps of 100 millionths
HOLDS: dict[str, Callable[[int, int], bool]] = {"lt": lt, "le": le, "gt": gt, "ge": ge, "eq": eq}
VERDICTS: dict[str, bool | None] = {"good": False, "bad": True, "none": None}
# Rates whose count is of good ones.
OF_GOOD = frozenset({"vtr", "otdr", "unit_otdr", "on_time_ship", "buy_shipping", "contact_response"})
FEW = 10  # with fewer a rate that we count is not rated, as in Amazon's report


@dataclass(frozen=True)
class Counted:
    """What our own facts say of one rate over one window. None: we do not know enough to say. `unknown`: so many more
    belong to the window, of which we do not know how they ended."""

    total: int | None
    count: int | None
    unknown: int = 0

    @property
    def rate(self) -> int | None:
        """Millionths, rounded half up to four digits of the fraction as Amazon's report is; None of nothing."""
        return four_digits(self.count, self.total) if self.total and self.count is not None else None


def four_digits(count: int, total: int) -> int:
    """`count` of `total` in millionths, half up to whole ten-thousandths."""
    return (2 * count * (WHOLE // DIGIT) + total) // (2 * total) * DIGIT


def rounded(rate: int) -> int:
    """A rate in millionths, half up to four digits of the fraction."""
    return (2 * rate + DIGIT) // (2 * DIGIT) * DIGIT


def meets(count: int, total: int, operator: str, target: int) -> bool:
    """Does `count` of `total` stand to `target` (millionths) as it must? 1.00 % is not less than 1 %.

    Raises KeyError for an unknown operator.
    """
    return HOLDS[operator](count * WHOLE, target * total)


@dataclass(frozen=True)
class Told:
    """One metric as a report has it: Amazon's verdict ("good", "bad", "none" for not rated, or another word), whole
    numbers, and the rate in millionths. A counter has no total."""

    status: str = ""
    count: int | None = None
    total: int | None = None
    rate: int | None = None


def broken(told: Told, operator: str, target: int) -> bool | None:
    """Is the limit broken? The one answer for findings, the board and alert rules; None: not rated, or not known.

    Amazon's verdict where it gives one; else its whole numbers, for a rate of four digits may be rounded onto the
    limit; the rate only where there are no numbers. `target`: millionths, a plain number for a counter.
    """
    if told.status in VERDICTS:
        return VERDICTS[told.status]
    if told.count is None:
        return None if told.rate is None else not HOLDS[operator](told.rate, target)
    if told.total is None:
        return not HOLDS[operator](told.count, target)
    return not meets(told.count, told.total, operator, target) if told.total else None


@dataclass(frozen=True)
class Difference:
    """Amazon's count of a window beside ours. `missing`: how many of Amazon's bad ones we do not know of (negative:
    how many of ours it does not count)."""

    amazon: Counted
    ours: Counted
    missing: int


def compare(metric: str, amazon: Counted, ours: Counted) -> Difference | None:
    """What differs by more than rounding; None where nothing does, or where we or Amazon do not know."""
    if None in (amazon.total, amazon.count, ours.total, ours.count) or not ours.total or not amazon.total:
        return None
    if amazon.count == ours.count and amazon.rate == ours.rate:
        return None
    missing = bad_of(metric, amazon.total, amazon.count) - bad_of(metric, ours.total, ours.count)
    if missing == 0 and amazon.rate == ours.rate:
        return None
    return Difference(amazon, ours, missing)


def bad_of(metric: str, total: int | None, count: int | None) -> int | None:
    """The bad ones of `total`: some reports count the good ones (OF_GOOD). None where a number is lacking."""
    if total is None or count is None:
        return None
    return total - count if metric in OF_GOOD else count


def window(day: date, days: int, lag: int) -> tuple[date, date]:
    """First and last day that the report of `day` looks at: `days` days that end `lag` + 1 days before it."""
    last = day - timedelta(days=lag + 1)
    return last - timedelta(days=days - 1), last
