"""Did a change help? What the facts of today can tell, and what they cannot, said of every entry of the ledger.

Nothing in the product changes a price or a bid yet, so nearly all entries say that nothing is measured. The receipt of
goods is the exception: days without stock are facts. Before and after is a comparison, not a proof of cause.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum, auto
from uuid import UUID

from apps.core.models import Entry
from apps.inventory.queries.effects import DAYS, outages

RECEIPTS = ("plan.received", "plan.receive")
# Kinds of work whose effect one would like to know, but that touch nothing a shopper sees.
UNMEASURED = ("plan.", "policy.", "replenishment.", "costs.", "product")


class Kind(StrEnum):
    NONE = auto()  # not about trade: people, keys, settings
    UNMEASURED = auto()  # no price, no bid
    EARLY = auto()  # known from `known_on` on
    UNKNOWN = auto()  # due, but no fact tells
    MEASURED = auto()


@dataclass(frozen=True)
class Effect:
    """`before` and `after` are shares of SKU-days without stock, 14 days each side of the receipt."""

    kind: Kind
    known_on: date | None = None
    before: Decimal | None = None
    after: Decimal | None = None

    @property
    def change(self) -> Decimal | None:
        return None if self.before is None or self.after is None else self.after - self.before


def effects(entries: Iterable[Entry], *, today: date) -> dict[int, Effect]:
    """{entry number: its effect}; at most one query."""
    entries = list(entries)
    receipts = {each.number: (UUID(each.target), each.at.date()) for each in entries if each.verb in RECEIPTS}
    due = {number: told for number, told in receipts.items() if _known_on(told[1]) <= today}
    measured = outages(due)
    found = {}
    for each in entries:
        if each.number in due:
            outage = measured.get(each.number)
            whole = outage is not None and outage.before is not None and outage.after is not None
            found[each.number] = Effect(
                Kind.MEASURED if whole else Kind.UNKNOWN,
                before=outage.before if outage else None,
                after=outage.after if outage else None,
            )
        elif each.number in receipts:
            found[each.number] = Effect(Kind.EARLY, known_on=_known_on(receipts[each.number][1]))
        else:
            found[each.number] = Effect(Kind.UNMEASURED if each.verb.startswith(UNMEASURED) else Kind.NONE)
    return found


def _known_on(day: date) -> date:
    """The first day on which all days after a receipt are over, wherever the site is."""
    return day + timedelta(days=DAYS + 2)
