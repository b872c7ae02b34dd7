"""What a page's figures are seen through: the currency they are told in, and what they are held against."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Marketplace, Member, Store
from apps.accounts.queries import currency_codes, rates
from apps.core.lists import ListQuery
from apps.core.money import Rates

Words = str | Promise
COMPARED: dict[str, Words] = {
    "prev": _("Period before"),
    "yoy": _("Same period last year"),
    "none": _("No comparison"),
}
AGAINST: dict[str, Words] = {
    "prev": _("against the period before"),
    "yoy": _("against the same period last year"),
}


@dataclass(frozen=True)
class Site:
    """A marketplace's calendar and money."""

    code: str
    currency: str
    today: date


@dataclass(frozen=True)
class Option:
    """One entry of a switch."""

    value: str
    label: Words
    whose: Words = ""


@dataclass(frozen=True)
class View:
    """Who looks, at what, and in which money: `rate[c]` is units of the page's currency for one of c."""

    member: Member
    query: ListQuery
    rate: Rates
    today: date

    def money(self, minor: int, source: str) -> int:
        """Minor units of the page's currency; 0 where there is no rate, which `rate.missing` then says."""
        return self.rate.converted(minor, source) or 0

    def knows(self, source: str) -> bool:
        """There is a rate for it."""
        return source in self.rate or source == self.query.currency


def sites_at(now: datetime) -> dict[str, Site]:
    """Every marketplace with the day it has there; one query."""
    rows = Marketplace.objects.values_list("code", "currency", "time_zone")
    return {code: Site(code, currency, now.astimezone(ZoneInfo(zone)).date()) for code, currency, zone in rows}


def payable(query: ListQuery, currency: str) -> ListQuery:
    """The query, in `currency` where there is no rate for the one it asks for."""
    known = query.currency in {currency, "USD"} or query.currency in currency_codes()
    return query if known else replace(query, currency=currency)


def look(member: Member, query: ListQuery, *, currency: str, today: date) -> View:
    """The query seen through the rates of its last day; in the agency's `currency` where its own has none."""
    query = payable(query, currency)
    return View(member, query, rates(query.currency, query.period.last), today)


def comparisons() -> list[Option]:
    return [Option(key, label) for key, label in COMPARED.items()]


def currencies(
    stores: Iterable[Store], sites: Mapping[str, Site], rate: Mapping[str, Decimal], *, agency: str
) -> list[Option]:
    """The agency's currency, then the clients', then those the stores sell in; only what there is a rate for.

    `stores` come with their clients and sites.
    """
    whose: dict[str, Words] = {agency: _("the agency’s")} if agency else {}
    stores = list(stores)
    for store in stores:
        if store.client.currency:
            whose.setdefault(store.client.currency, _("the client’s"))
    for code in sorted({sites[s.marketplace_id].currency for each in stores for s in _sold(each, sites)}):
        whose.setdefault(code, _("the store’s"))
    return [Option(code, code, word) for code, word in whose.items() if code in rate]


def _sold(store: Store, sites: Mapping[str, Site]) -> list[Any]:
    return [each for each in store.sites.all() if each.active and each.marketplace_id in sites]
