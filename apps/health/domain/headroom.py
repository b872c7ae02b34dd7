"""How far a rate is from its limit, and what leaves the window when.

Every rate is looked at from its bad side: late orders of all, packages without valid tracking of all. A target that
asks for *more* than 95 % is a limit of less than 5 % on the rest (`Limit.of`). Shares are whole parts per million, so
that 1.00 % is exactly 10 000 and a boundary is never a matter of rounding.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Self

WHOLE = 1_000_000
NEAR_DEFECTS = 3  # so few more defects before the limit are worth an alert, whatever the share
AMBER_SHARE = 70  # percent of the limit from which a rate is amber
UNKNOWN_ROOM = 10**9  # sorts what has no room behind all that has


class Band(StrEnum):
    """Where a rate stands. `UNRATED`: too few orders to say, which is not 0 %."""

    GOOD = "good"
    AMBER = "amber"
    BREACH = "breach"
    UNRATED = "unrated"


WORST_FIRST = (Band.BREACH, Band.AMBER, Band.GOOD, Band.UNRATED)


@dataclass(frozen=True)
class Limit:
    """A bad share that must not be reached (`strict`) or passed. `ppm`: parts per million."""

    ppm: int
    strict: bool = True

    @classmethod
    def of(cls, target: int, operator: str) -> Self:
        """The limit on the bad side of `target` ppm: "lt"/"le" as they are, "gt"/"ge" from the other side.

        Raises ValueError for another operator: a target that a rate must equal has no headroom.
        """
        if operator in {"lt", "le"}:
            return cls(target, operator == "lt")
        if operator in {"gt", "ge"}:
            return cls(WHOLE - target, operator == "gt")
        raise ValueError(f"no limit in {operator!r}")

    def most(self, total: int) -> int:
        """The most bad ones that `total` may hold without a breach.

        Source: features of account health, `ceil(target x orders) - 1` for `<`, `floor(target x orders)` for `<=`.
        """
        return -(-self.ppm * total // WHOLE) - 1 if self.strict else self.ppm * total // WHOLE

    def few(self, total: int) -> bool:
        """Are `total` so few that one bad one more or less makes the rate: may they hold no more than a handful?

        A target that allows none at all says nothing about how many there are.
        """
        return self.ppm > 0 and self.most(total) <= NEAR_DEFECTS

    def broken(self, bad: int, total: int) -> bool:
        """Is the limit reached or passed? An empty window breaks nothing."""
        return total > 0 and bad > self.most(total)


@dataclass(frozen=True)
class Standing:
    """A rate and its room. `room`: more bad ones before a breach, negative by how many there are too many.

    `rate` in parts per million, rounded half up as Amazon rounds; None while not rated. `few`: of so few that counts
    say it and the rate only beside them.
    """

    bad: int
    total: int
    rate: int | None
    room: int | None
    band: Band
    few: bool = False

    @property
    def nearness(self) -> tuple[bool, int]:
        """Orders standings, the nearest to its limit first. Where nothing is bad yet little room only means few orders:
        that comes behind all that have a bad one."""
        return self.bad == 0, UNKNOWN_ROOM if self.room is None else self.room

    @property
    def near(self) -> bool:
        """Is it time to look: a breach, or few more before one."""
        return self.room is not None and self.room <= NEAR_DEFECTS


def stand(bad: int | None, total: int | None, limit: Limit, *, own: int | None = None) -> Standing:
    """Where `bad` of `total` stands against a limit. Amber from 70 % of it, or from `own` ppm where that is lower."""
    if bad is None or not total:
        return unrated(bad, total)
    room, band = limit.most(total) - bad, _band(bad, total, limit, own)
    return Standing(bad, total, share(bad, total), room, band, limit.few(total))


def unrated(bad: int | None, total: int | None) -> Standing:
    """Too few to be rated: counts, no rate and no room. `bad` None: not even that is told."""
    return Standing(bad or 0, total or 0, None, None, Band.UNRATED, bool(total) and bad is not None)


def stand_by_share(ppm: int, limit: Limit, *, own: int | None = None) -> Standing:
    """Where a bad share stands that is known without its counts: it has a band, but no room."""
    broken = ppm >= limit.ppm if limit.strict else ppm > limit.ppm
    band = Band.BREACH if broken else _amber(ppm, WHOLE, limit, own)
    return Standing(0, 0, ppm, None, band)


def share(part: int, total: int) -> int:
    """`part` of `total` in parts per million, half up."""
    return (2 * part * WHOLE + total) // (2 * total)


def _band(bad: int, total: int, limit: Limit, own: int | None) -> Band:
    if limit.broken(bad, total):
        return Band.BREACH
    return _amber(bad, total, limit, own)


def _amber(bad: int, total: int, limit: Limit, own: int | None) -> Band:
    amber = AMBER_SHARE * limit.ppm if own is None else min(AMBER_SHARE * limit.ppm, 100 * own)
    return Band.AMBER if bad and bad * WHOLE * 100 >= amber * total else Band.GOOD


@dataclass(frozen=True)
class Window:
    """The order days a rate counts on a report day: `days` days that end `lag` days before it."""

    days: int
    lag: int = 0

    def on(self, day: date) -> tuple[date, date]:
        """First and last order day of the report of `day`."""
        last = day - timedelta(days=self.lag)
        return last - timedelta(days=self.days - 1), last

    def leaves(self, ordered: date) -> date:
        """The first report day whose window no longer holds an order of that day."""
        return ordered + timedelta(days=self.days + self.lag)

    def enters(self, ordered: date) -> date:
        """The first report day whose window holds an order of that day."""
        return ordered + timedelta(days=self.lag)


@dataclass(frozen=True)
class RollOff:
    """Defects that leave the window on one report day; `remaining` is what is left of today's then."""

    day: date
    count: int
    remaining: int


def roll_off(ordered: Iterable[date], window: Window, *, today: date) -> list[RollOff]:
    """When today's defects leave, soonest first. Defects outside of today's window are not counted."""
    first, last = window.on(today)
    counts: dict[date, int] = {}
    for day in ordered:
        if first <= day <= last:
            leaves = window.leaves(day)
            counts[leaves] = counts.get(leaves, 0) + 1
    left, found = sum(counts.values()), []
    for day in sorted(counts):
        left -= counts[day]
        found.append(RollOff(day, counts[day], left))
    return found
