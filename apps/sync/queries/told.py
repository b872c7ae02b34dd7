"""What apps above know of a store: columns of the list of stores, and how many SKUs have a cost. Sync knows none of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from apps.accounts.models import Member, Store
from apps.core.lists import ListColumn

Values = Mapping[str, Any]  # column → value; a missing one is unknown


@dataclass(frozen=True)
class Teller:
    """`read(member, stores)` answers {store id: values} for any number of stores in as many queries as for one."""

    columns: tuple[ListColumn, ...]
    read: Callable[[Member, Collection[Store]], Mapping[int, Values]]


TELLERS: list[Teller] = []
COSTED: list[Callable[[int], tuple[int, int]]] = []  # store id → (SKUs with a cost, all SKUs)
SKUS, SALES_USD = "skus", "sales_usd"  # by these a client is found fit


def told_columns() -> tuple[ListColumn, ...]:
    return tuple(column for teller in TELLERS for column in teller.columns)


def told_of(member: Member, stores: Collection[Store]) -> dict[int, dict[str, Any]]:
    """What all of them tell; nothing of columns that the member may not see."""
    found: dict[int, dict[str, Any]] = {}
    for teller in TELLERS:
        seen = {each.key for each in teller.columns if each.needs is None or member.can(each.needs)}
        for pk, values in teller.read(member, stores).items() if seen and stores else ():
            found.setdefault(pk, {}).update({name: value for name, value in values.items() if name in seen})
    return found


def costed(store_id: int) -> tuple[int, int]:
    """(SKUs with a cost, all SKUs) of a store."""
    told = [each(store_id) for each in COSTED]
    return told[0] if told else (0, 0)
