"""Which signs belong together: one incident for one cause.

A site, or one product of it, is a place of its own: what all products share is told of the site.
A sign of a cause that an incident of its place is about already belongs to that incident. What shows in the same place
on the same day falls under one; its cause is the first of `CAUSES` among them, for that is what explains the others.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

CAUSES = ("account", "policy", "listing", "odr", "delivery", "stock", "traffic", "sales", "silent")
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
    by_cause = {(each.site, each.cause): each for each in living}
    by_day: dict[tuple[Site, date], Living | Fresh] = {}
    for each in sorted(by_cause.values(), key=lambda one: CAUSES.index(one.cause), reverse=True):
        by_day[each.site, each.day] = each
    placed: dict[Any, Living | Fresh] = {}
    waiting: dict[tuple[Site, date], list[Sign]] = defaultdict(list)
    for sign in signs:
        known = by_cause.get((sign.site, sign.cause)) or by_day.get((sign.site, sign.day))
        if known:
            placed[sign.key] = known
        else:
            waiting[sign.site, sign.day].append(sign)
    for (site, day), together in waiting.items():
        fresh = Fresh(site, min((sign.cause for sign in together), key=CAUSES.index), day)
        placed |= {sign.key: fresh for sign in together}
    return placed
