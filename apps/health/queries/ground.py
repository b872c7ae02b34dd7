"""What alerts are looked for on: sites with their clocks, money, the moment, and how far facts have come in."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from apps.health.domain.incidents import Site
from apps.health.domain.rules import Reading
from apps.sync.models import Stream


class Key(NamedTuple):
    """Whose days they are."""

    site: Site
    metric: str
    programme: str = ""


Days = dict[Key, list[Reading]]


@dataclass(frozen=True)
class Ground:
    """What evaluation stands on: active sites with their zones, money, and the moment."""

    zones: Mapping[Site, str]
    currency: str
    rates: Mapping[str, Decimal]
    at: datetime

    def main(self) -> dict[int, Site]:
        """{store: its main site}: the first in the order of marketplaces, where what names no site is counted."""
        found: dict[int, Site] = {}
        for site in self.zones:
            found.setdefault(site.store, site)
        return found

    @property
    def stores(self) -> set[int]:
        return {site.store for site in self.zones}

    def today(self, site: Site) -> date:
        return self.at.astimezone(ZoneInfo(self.zones.get(site.whole, "UTC"))).date()


def complete_days(ground: Ground) -> dict[tuple[Site, str], date]:
    """The last whole local day that has come in, by site and dataset, where a stream says so."""
    found: dict[tuple[Site, str], date] = {}
    streams = Stream.objects.filter(store__in=ground.stores, active=True).exclude(reached=None)
    by_store: dict[int, list[Site]] = defaultdict(list)
    for site in ground.zones:
        by_store[site.store].append(site)
    for store, dataset, code, reached in streams.values_list("store", "dataset", "marketplace", "reached"):
        for site in by_store[store]:
            if code in ("", site.marketplace):
                day = reached.astimezone(ZoneInfo(ground.zones[site])).date() - timedelta(days=1)
                found[site, dataset] = max(day, found.get((site, dataset), day))
    return found
