"""The way of a plan from draft to received: which step leads where, and in how many shipments a line travels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum, auto


class Step(StrEnum):
    SUBMIT = auto()
    ASK_CLIENT = auto()
    APPROVE = auto()
    SEND_BACK = auto()
    CLIENT_APPROVE = auto()
    CLIENT_DECLINE = auto()
    ORDER = auto()
    SHIP = auto()
    RECEIVE = auto()
    CANCEL = auto()
    REOPEN = auto()
    UNAPPROVE = auto()


@dataclass(frozen=True)
class Move:
    """Where a step may start and where it ends."""

    before: frozenset[str]
    after: str


MOVES: dict[Step, Move] = {
    Step.SUBMIT: Move(frozenset({"draft"}), "submitted"),
    Step.ASK_CLIENT: Move(frozenset({"draft", "submitted"}), "client"),
    Step.APPROVE: Move(frozenset({"draft", "submitted"}), "approved"),
    Step.SEND_BACK: Move(frozenset({"submitted", "client"}), "draft"),
    Step.CLIENT_APPROVE: Move(frozenset({"client"}), "approved"),
    Step.CLIENT_DECLINE: Move(frozenset({"client"}), "draft"),
    Step.ORDER: Move(frozenset({"approved"}), "ordered"),
    Step.SHIP: Move(frozenset({"approved", "ordered"}), "shipped"),
    Step.RECEIVE: Move(frozenset({"ordered", "shipped"}), "received"),
    Step.CANCEL: Move(frozenset({"draft", "submitted", "client", "approved"}), "cancelled"),
    Step.REOPEN: Move(frozenset({"cancelled"}), "draft"),
    Step.UNAPPROVE: Move(frozenset({"approved"}), "submitted"),
}
EDITABLE = frozenset({"draft", "submitted"})  # lines may still change
RECEIVING = frozenset({"ordered", "shipped"})
SPLITTABLE = frozenset({"draft", "submitted", "approved", "ordered"})  # how lines travel may still change
MOST_PARTS = 6


def may_move(step: Step, state: str) -> bool:
    return state in MOVES[step].before


def within_limit(amount: int | None, limit: int | None) -> bool:
    """May a role decide alone? `limit` None: any amount. An amount that is not known is above every limit."""
    return limit is None or (amount is not None and amount <= limit)


# -- a line in several shipments


@dataclass(frozen=True)
class Part:
    """Units of a line that travel together: `mode` is "air" or "sea"."""

    mode: str
    units: int
    arrives_on: date


def missing(units: int, parts: Iterable[Part]) -> int:
    """How many units of a line its parts leave out; negative: how many they have too many."""
    return units - sum(part.units for part in parts)


def fitted(parts: Sequence[Part], units: int) -> list[Part]:
    """The parts of a line that has `units` now: the last to arrive takes what is more, and gives what is less first."""
    kept = sorted(parts, key=lambda part: part.arrives_on)
    left = missing(units, kept)
    for n in reversed(range(len(kept))):
        now = max(0, kept[n].units + left)
        left -= now - kept[n].units
        kept[n] = replace(kept[n], units=now)
    return [part for part in kept if part.units]


def to_come(parts: Iterable[Part], received: int) -> list[Part]:
    """What is still on its way when so many units were received: the first to arrive count as received first."""
    coming = []
    for part in sorted(parts, key=lambda part: part.arrives_on):
        here = min(received, part.units)
        received -= here
        if part.units > here:
            coming.append(replace(part, units=part.units - here))
    return coming


def mode_of(parts: Iterable[Part]) -> str:
    """How a line travels: by sea, by air, or both."""
    return "+".join(sorted({part.mode for part in parts}))
