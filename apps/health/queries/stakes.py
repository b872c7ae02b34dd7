"""Where alerts are looked for, what is at stake there, and whose it is."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from apps.accounts.models import AgencySettings, Member, Store, StoreGrant, StoreMarketplace
from apps.accounts.queries import rates
from apps.core.money import convert
from apps.core.permissions import Permission, Role
from apps.health.domain.incidents import Site
from apps.health.models import AlertRule, Defect, Offer
from apps.health.queries.readings import Ground

BLAMED_DAYS = 90  # defects of so many days say whose product it is


@dataclass(frozen=True)
class Stake:
    """30 days of sales of a site: minor units of its currency, and of the agency's."""

    sales: int
    currency: str
    rank: int


@dataclass
class People:
    """Who looks after what: look-ups in memory. Nobody is named who may not see the incident's site.

    `granted` by store: (member, site), the site empty for all of them.
    """

    owners: dict[int, Any]
    members: dict[Any, Member]
    granted: dict[int, set[tuple[Any, str]]]

    def may(self, member: Member | None, site: Site) -> bool:
        """May this person see incidents of the site? One that names no site belongs to its whole store."""
        if member is None or not member.can(Permission.HEALTH_VIEW):
            return False
        grants = {code for who, code in self.granted[site.store] if who == member.pk}
        here = {"", site.marketplace} & grants if site.marketplace else grants
        return member.can(Permission.ALL_STORES) or bool(here)

    def named(self, member_id: Any, site: Site) -> Member | None:
        """The person by id, if they may see it."""
        found = self.members.get(member_id)
        return found if self.may(found, site) else None

    def of_store(self, site: Site) -> Member | None:
        return self.named(self.owners.get(site.store), site)

    def of_role(self, role: str, site: Site) -> Member | None:
        """The first active person of a role who may see the site, by name; None if there is none."""
        return next((each for each in self.members.values() if each.role == role and self.may(each, site)), None)

    def whom(self, word: str, site: Site) -> Member | None:
        """ "store" for the store's owner, else a role."""
        return self.of_store(site) if word == "store" else self.of_role(word, site)


def ground(at: datetime) -> Ground:
    """All sites of active stores. Three queries."""
    sites = StoreMarketplace.objects.filter(active=True, store__active=True)
    zones = {
        Site(store, code): zone
        for store, code, zone in sites.values_list("store", "marketplace", "marketplace__time_zone")
    }
    currency = AgencySettings.objects.values_list("currency", flat=True).first() or "USD"
    return Ground(zones, currency, rates(currency, at.date()), at)


def scopes(rules: Iterable[AlertRule], here: Ground) -> dict[Any, set[Site]]:
    """{rule id: the sites it looks at}. One query."""
    stores = {pk: (str(client), owner) for pk, client, owner in Store.objects.values_list("pk", "client", "owner")}
    return {rule.pk: {site for site in here.zones if _in_scope(rule, site, *stores[site.store])} for rule in rules}


def _in_scope(rule: AlertRule, site: Site, client: str, owner: Any) -> bool:
    return (
        (not rule.stores or site.store in rule.stores)
        and (not rule.clients or client in rule.clients)
        and (not rule.sites or site.marketplace in rule.sites)
        and (rule.owner_id is None or rule.owner_id == owner)
    )


def stakes(here: Ground) -> dict[Site, Stake]:
    """What each site sold in 30 days, where that is known. One query."""
    rows = Offer.objects.filter(store__in=here.stores, sales_30d__isnull=False).values_list(
        "store", "marketplace", "currency"
    )
    found: dict[Site, Stake] = {}
    for store, code, currency, sales in rows.annotate(money=Sum("sales_30d")).order_by():
        if currency in here.rates:
            rank = convert(sales, source=currency, target=here.currency, rate=here.rates[currency])
            found[Site(store, code)] = Stake(sales, currency, rank)
    return found


def people() -> People:
    """The agency's own people and their stores. Three queries."""
    seats = Member.objects.filter(active=True, user__isnull=False).exclude(role__in=[Role.CLIENT, ""])
    members = {each.pk: each for each in seats.select_related("user").order_by("user__name", "pk")}
    granted: dict[int, set[tuple[Any, str]]] = defaultdict(set)
    for store, member, code in StoreGrant.objects.values_list("store", "member", "marketplace"):
        granted[store].add((member, code or ""))
    return People(dict(Store.objects.values_list("pk", "owner")), members, granted)


def blamed(sites: Collection[Site], today: date) -> dict[Site, tuple[str, Any]]:
    """{site: (SKU with the most living defects, its owner)}. Two queries for all sites."""
    if not sites:
        return {}
    wanted = Q(pk__in=[])
    for site in sites:
        wanted |= Q(store=site.store, marketplace=site.marketplace)
    defects = Defect.objects.filter(wanted, withdrawn_on=None, ordered_on__gte=today - timedelta(days=BLAMED_DAYS))
    counted = defects.exclude(sku="").values_list("store", "marketplace", "sku").annotate(n=Count("order_id"))
    worst: dict[Site, str] = {}
    for store, code, sku, _n in counted.order_by("n", "-sku"):
        worst[Site(store, code)] = sku
    offers = Offer.objects.filter(wanted, sku__in=set(worst.values()), owner__isnull=False)
    owners = {
        (Site(s, m), sku): owner for s, m, sku, owner in offers.values_list("store", "marketplace", "sku", "owner")
    }
    return {site: (sku, owners.get((site, sku))) for site, sku in worst.items()}
