"""The way of a plan from draft to received: which step leads where."""

from dataclasses import dataclass
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


def may_move(step: Step, state: str) -> bool:
    return state in MOVES[step].before


def within_limit(amount: int | None, limit: int | None) -> bool:
    """May a role decide alone? `limit` None: any amount. An amount that is not known is above every limit."""
    return limit is None or (amount is not None and amount <= limit)
