"""Columns of the product list that apps above tell: what they know of a SKU, by its store. Listings know none of them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from apps.accounts.models import Member
from apps.core.lists import ListColumn
from apps.listings.models import Product

Key = tuple[int, str]  # store, SKU
Values = Mapping[str, Any]  # column → number; a missing one is unknown


@dataclass(frozen=True)
class Teller:
    """`read(member, products)` answers for any number of products in as many queries as for one."""

    columns: tuple[ListColumn, ...]
    read: Callable[[Member, Collection[Product]], Mapping[Key, Values]]


TELLERS: list[Teller] = []


def told_columns() -> tuple[ListColumn, ...]:
    return tuple(column for teller in TELLERS for column in teller.columns)


def told_of(member: Member, products: Collection[Product]) -> dict[Key, dict[str, Any]]:
    """What all of them tell; nothing of columns that the member may not see."""
    found: dict[Key, dict[str, Any]] = {}
    for teller in TELLERS:
        seen = {each.key for each in teller.columns if each.needs is None or member.can(each.needs)}
        for key, values in teller.read(member, products).items() if seen and products else ():
            found.setdefault(key, {}).update({name: value for name, value in values.items() if name in seen})
    return found
