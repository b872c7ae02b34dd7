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
from apps.health.models import AlertRule, Defect, Notice, Offer, Signal
from apps.health.models.facts import Work
from apps.health.queries.ground import Ground
from apps.health.queries.products import offered
from apps.health.queries.readings import place_of

BLAMED_DAYS = 90  # defects of so many days say whose product it is


@dataclass(frozen=True)
class Stake:
    """30 days of sales of a site: minor units of its currency, and of the agency's."""

    sales: int
    currency: str
    rank: int


@dataclass(frozen=True)
class Named:
    """The products a sign names: which (the one that sells most first), whose the first is, what all of them sold.

    No SKU at all: the sign is about the account. `stake` None: nothing is known of what they sell.
    """

    skus: tuple[str, ...] = ()
    owner: Any = None
    stake: Stake | None = None


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
    told = sites.order_by("store", "marketplace__position", "marketplace")
    zones = {
        Site(store, code): zone
        for store, code, zone in told.values_list("store", "marketplace", "marketplace__time_zone")
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


def named(signals: Collection[Signal], here: Ground) -> dict[Any, Named]:
    """{signal id: the products it names}: its own, or those of the open notices behind it. Two queries for all."""
    places = {each.pk: {Site(each.store_id, each.marketplace, each.sku)} for each in signals if each.sku}
    told = [each for each in signals if each.metric in Notice.Kind.values and not each.sku]
    noticed = _noticed(here) if told else {}
    for each in told:
        found = noticed.get((Site(each.store_id, each.marketplace), each.metric))
        if found:
            places[each.pk] = found
    offers = offered({place for found in places.values() for place in found})
    return {pk: _named(found, offers, here) for pk, found in places.items()}


def _noticed(here: Ground) -> dict[tuple[Site, str], set[Site]]:
    """{(where notices count, their kind): the products they name}; notices that name none are left out."""
    main, found = here.main(), defaultdict[tuple[Site, str], set[Site]](set)
    living = Notice.objects.filter(state__in=[Work.TODO, Work.DOING], store__in=here.stores).exclude(sku="")
    for store, code, kind, sku in living.values_list("store", "marketplace", "kind", "sku"):
        place = place_of(Site(store, code), here, main)
        if place:
            found[place, kind].add(Site(store, place.marketplace, sku))
    return found


def _named(places: Collection[Site], offers: dict[Site, Offer], here: Ground) -> Named:
    def money(place: Site) -> int:
        offer = offers.get(place)
        return (offer.sales_30d or 0) if offer else 0

    order = sorted(places, key=lambda each: (-money(each), each.sku))
    known = [offers[each] for each in order if each in offers and offers[each].sales_30d is not None]
    owner = offers[order[0]].owner_id if order[0] in offers else None
    currencies = {offer.currency for offer in known}
    if len(currencies) != 1 or not currencies <= set(here.rates):
        return Named(tuple(each.sku for each in order), owner)
    currency, sales = currencies.pop(), sum(offer.sales_30d or 0 for offer in known)
    rank = convert(sales, source=currency, target=here.currency, rate=here.rates[currency])
    return Named(tuple(each.sku for each in order), owner, Stake(sales, currency, rank))
