"""Which signs belong together: one incident for one cause.

A site, or one product of it, is a place of its own: what all products share is told of the site.
A sign of a cause that an incident of its place is about already belongs to that incident. What shows in the same place
on the same day as something that brings it about (`BRINGS`) falls under that: sales that fall because a listing is
closed are no second incident. Limits of their own stay apart, for each has a remedy of its own: an order defect rate
that breaks its limit is not hidden behind a policy violation of the same day.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

CAUSES = ("account", "policy", "listing", "odr", "delivery", "stock", "traffic", "sales", "silent")
# What each may bring about. The account's status stands for its reasons, which Amazon tells of together with it.
BRINGS: Mapping[str, frozenset[str]] = {
    "account": frozenset(CAUSES) - {"account", "stock", "silent"},
    "policy": frozenset({"listing", "traffic", "sales"}),
    "listing": frozenset({"traffic", "sales"}),
    "odr": frozenset(),
    "delivery": frozenset(),
    "stock": frozenset({"traffic", "sales"}),
    "traffic": frozenset({"sales"}),
    "sales": frozenset(),
    "silent": frozenset(),
}
_PREFIXES = {
    "account_status": "account",
    "ahr": "account",
    "policy": "policy",
    "documents": "policy",
    "performance": "policy",
    "invoice": "policy",
    "listing": "listing",
    "odr": "odr",
    "lsr": "delivery",
    "cancel": "delivery",
    "vtr": "delivery",
    "otdr": "delivery",
    "unit_otdr": "delivery",
    "stock": "stock",
    "cover": "stock",
    "sessions": "traffic",
    "conversion": "traffic",
    "page_views": "traffic",
    "report_age": "silent",
}


class Site(NamedTuple):
    """A site of a store; with `sku` one product there."""

    store: int
    marketplace: str
    sku: str = ""

    @property
    def whole(self) -> "Site":
        """The site a product is sold on."""
        return Site(self.store, self.marketplace) if self.sku else self


@dataclass(frozen=True)
class Sign:
    """A new signal: what it is about and the day it showed; `key` is the caller's."""

    key: Any
    site: Site
    cause: str
    day: date


@dataclass(frozen=True)
class Living:
    """An incident that is not over."""

    key: Any
    site: Site
    cause: str
    day: date


@dataclass(frozen=True)
class Fresh:
    """An incident to be opened."""

    site: Site
    cause: str
    day: date


def cause_of(metric: str) -> str:
    """What a metric speaks of; what nobody knows is about sales."""
    if metric == "cancellation_share":
        return "sales"
    found = max((p for p in _PREFIXES if metric.startswith(p)), key=len, default="")
    return _PREFIXES.get(found, "sales")


def place(signs: Iterable[Sign], living: Iterable[Living]) -> Mapping[Any, Living | Fresh]:
    """{sign's key: the incident it belongs to, living or to be opened}."""
    here: dict[Site, list[Living | Fresh]] = defaultdict(list)
    for each in living:
        here[each.site].append(each)
    placed: dict[Any, Living | Fresh] = {}
    for sign in sorted(signs, key=lambda each: CAUSES.index(each.cause)):  # what brings about before what is brought
        home = _home(sign, here[sign.site])
        if home is None:
            home = Fresh(sign.site, sign.cause, sign.day)
            here[sign.site].append(home)
        placed[sign.key] = home
    return placed


def _home(sign: Sign, incidents: Iterable[Living | Fresh]) -> Living | Fresh | None:
    """The incident of the sign's own cause, else the first of its day that may have brought it about."""
    own = [each for each in incidents if each.cause == sign.cause]
    before = [each for each in incidents if each.day == sign.day and sign.cause in BRINGS[each.cause]]
    return next(iter(own or sorted(before, key=lambda each: CAUSES.index(each.cause))), None)
