"""Is a report that tells all there is suspiciously short?"""

from collections.abc import Sequence
from statistics import median

REMEMBERED = 7  # reports that are compared with
FEWEST = 20  # rows: below that a few products more or less are half of it
HALF = 0.5


def shrunk(rows: int, before: Sequence[int]) -> int | None:
    """How many rows were to be expected, if `rows` are less than half of that; None: nothing is strange.

    `before`: rows of the reports before, newest first. What the newest had already is not strange either: somebody
    has taken it as it was.
    """
    if not before:
        return None
    usual = round(median(before))
    return usual if usual >= FEWEST and rows < HALF * min(usual, before[0]) else None
