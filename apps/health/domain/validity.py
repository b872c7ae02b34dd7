"""What a paper's days and numbers say. Arithmetic only: no clock, no database."""

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

STEPS = (90, 60, 30, 7)  # days before the end at which somebody is told
DUE_STEPS = (3, 0, -7)  # days before (after) the day something is asked for at which somebody is told
ACCEPTED = "accepted"
# How people write a format: a digit, a letter, either; all else stands as it is.
SIGNS = {"#": r"\d", "@": "[A-Za-z]", "*": "[A-Za-z0-9]"}


def days_left(valid_to: date | None, today: date) -> int | None:
    """Days a paper still holds after today; its last day counts. None: it has no end. Negative: it is over."""
    return None if valid_to is None else (valid_to - today).days


def step_of(valid_to: date | None, today: date, steps: Sequence[int] = STEPS) -> int | None:
    """The smallest step the paper has reached: 30 with 30 days left, 90 with 61; None before the first and after the end."""
    left = days_left(valid_to, today)
    if left is None or left < 0:
        return None
    return min((step for step in steps if left <= step), default=None)


def standing(state: str, valid_from: date | None, valid_to: date | None, today: date) -> str:
    """An accepted paper by its days: pending (not yet valid), expiring, expired or accepted; others as they are."""
    if state != ACCEPTED:
        return state
    if valid_from is not None and valid_from > today:
        return "pending"
    left = days_left(valid_to, today)
    if left is not None and left < 0:
        return "expired"
    return "expiring" if step_of(valid_to, today) else ACCEPTED


def plain_number(text: str) -> str:
    """A number as registers write it: one line, no spaces around, none inside."""
    return re.sub(r"\s+", "", text)


def fits(number: str, pattern: str) -> bool:
    """Does the whole number have the kind's format? A kind without a sure format takes any."""
    return not pattern or re.fullmatch(pattern, plain_number(number)) is not None


def parts_missing(wanted: Iterable[str], have: Iterable[str]) -> list[str]:
    """Parts there is no file of, in the kind's order."""
    there = set(have)
    return [part for part in wanted if part not in there]


def last_day(first: date, months: int) -> date:
    """The last day of something that holds for some months from `first` on: 2026-01-31 and 1 month end on 02-27."""
    years, month = divmod(first.month - 1 + months, 12)
    year = first.year + years
    day = min(first.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, day) - timedelta(days=1)


def due_step(due: date | None, today: date) -> int | None:
    """The newest step on the way to a day that was reached: 3 two days before, 0 on it, -7 a week after it."""
    if due is None:
        return None
    left = (due - today).days
    return min((step for step in DUE_STEPS if left <= step), default=None)


def expression(mask: str) -> str:
    """A format such as "DE########" as a regular expression. It can only be walked through once: nothing to hang on."""
    return "".join(SIGNS.get(sign, re.escape(sign)) for sign in plain_number(mask))
