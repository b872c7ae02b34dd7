"""Rules: who may see and change which, and whether a rule can ever speak."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Client, Member, Store, StoreGrant, StoreMarketplace
from apps.accounts.queries import site_filter, stores_for
from apps.core.metrics import REGISTRY
from apps.core.permissions import Permission
from apps.health.models import AlertRule, HealthDay, Notice, Standard
from apps.health.models.names import FORETOLD, METRICS, SILENT
from apps.health.queries import products
from apps.health.queries.readings import countable

WORDED = {"account_status", "ahr"}  # their band is a word: no limit is needed


@dataclass(frozen=True)
class Reach:
    """The stores and sites of one member: {store: sites}, None for all sites of it. `all_stores`: no limit at all."""

    all_stores: bool
    sites: Mapping[int, frozenset[str] | None]

    @classmethod
    def of(cls, member: Member) -> "Reach":
        """One query, or none."""
        if member.can(Permission.ALL_STORES):
            return cls(True, {})
        found: dict[int, set[str | None]] = defaultdict(set)
        for store, code in StoreGrant.objects.filter(member=member).values_list("store", "marketplace"):
            found[store].add(code)
        sites = {
            store: None if None in codes else frozenset(c for c in codes if c is not None)
            for store, codes in found.items()
        }
        return cls(False, sites)

    def holds(self, stores: Iterable[int], sites: Iterable[str]) -> bool:
        """Does a rule of this scope look at nothing but one's own? An empty scope means all of them."""
        if self.all_stores:
            return True
        named, codes = set(stores), set(sites)
        return bool(named) and all(
            store in self.sites and (self.sites[store] is None or (codes and codes <= (self.sites[store] or set())))
            for store in named
        )


def may_change(member: Member, rule: AlertRule) -> bool:
    """A rule for all stores is changed by those who see all; another by those whose stores it is about."""
    return Reach.of(member).holds(rule.stores, rule.sites)


def rules_for(member: Member) -> list[AlertRule]:
    """The rules that look at any store of the member's. Two queries at most."""
    rules = AlertRule.objects.select_related("owner__user").order_by("-active", "fact", "metric", "created_at")
    if member.can(Permission.ALL_STORES):
        return list(rules)
    mine = {pk: str(client) for pk, client in stores_for(member).values_list("pk", "client")}
    clients = set(mine.values())
    return [
        rule
        for rule in rules
        if (not rule.stores or set(rule.stores) & set(mine)) and (not rule.clients or set(rule.clients) & clients)
    ]


@dataclass(frozen=True)
class Choices:
    """What a member may choose a rule's scope from: stores (id, name), clients (id, name), codes of sites."""

    stores: list[tuple[int, str]]
    clients: list[tuple[str, str]]
    sites: list[str]


def choices_for(member: Member) -> Choices:
    """Three queries."""
    stores = list(stores_for(member).filter(active=True).order_by("name").values_list("pk", "name"))
    every = StoreMarketplace.objects.filter(site_filter(member), active=True).order_by("marketplace__position")
    clients = Client.objects.order_by("name")
    if not member.can(Permission.ALL_STORES):  # a client may have stores of others
        clients = clients.none()
    return Choices(
        stores,
        [(str(pk), name) for pk, name in clients.values_list("pk", "name")],
        list(dict.fromkeys(every.values_list("marketplace", flat=True))),
    )


def names_for(member: Member) -> dict[Any, str]:
    """Names of the stores and clients a member may see, by what rules hold of them."""
    stores: dict[Any, str] = dict(stores_for(member).values_list("pk", "name"))
    clients = Client.objects.filter(pk__in=stores_for(member).values("client"))
    return stores | {str(pk): name for pk, name in clients.values_list("pk", "name")}


# -- can it speak?

Problems = dict[str, str | Promise]


def problems(values: Mapping[str, Any], reach: Reach) -> Problems:
    """{field: why a rule of these values cannot be}; empty if it can. `values` as `AlertRule` has them."""
    fact, metric, condition = (str(values[name]) for name in ("fact", "metric", "condition"))
    found: Problems = {}
    if not known(fact, metric):
        found["metric"] = _("There is no such metric.")
    elif reason := _impossible(fact, metric, condition):
        found["condition"] = reason
    if values["grain"] == AlertRule.Grain.SKU and not (condition == "threshold" and products.can(metric)):
        found["grain"] = _("Only values of stock, cover, units, sales and sessions are known of each product.")
    if values["programme"] and fact != AlertRule.Fact.HEALTH:
        found["programme"] = _("Only account health is told apart by who fulfils.")
    if condition == "threshold" and values["value"] is None:
        found["value"] = _("Say which value.")
    if not values["notable"] <= values["high"] <= values["critical"]:
        found["high"] = _("Each severity begins where the one before it ends.")
    if not reach.holds(values["stores"], values["sites"]):
        found["stores"] = _(
            "Choose stores of yours, and sites if you look after some only: a rule for all is made by those who see all."
        )
    return found


def known(fact: str, metric: str) -> bool:
    """Is there such a metric?"""
    return {
        AlertRule.Fact.HEALTH: metric in METRICS or metric in {"policy_*", SILENT},
        AlertRule.Fact.METRIC: metric in REGISTRY,
        AlertRule.Fact.NOTICE: metric in Notice.Kind.values,
    }.get(fact, False)  # type: ignore[call-overload,no-any-return]


def _impossible(fact: str, metric: str, condition: str) -> str | Promise:
    """Why a condition cannot be asked of a metric; "" if it can."""
    if condition in {"band", "forecast"} and fact != "health":
        return _("Only metrics of account health have a limit of their own. Choose a value instead.")
    if condition == "anomaly" and not (fact == "metric" and metric in REGISTRY and countable(REGISTRY[metric])):
        return _("A habit is learned from daily counts only: orders, units or sessions.")
    if condition == "forecast" and metric not in FORETOLD:
        return _("Nothing is foretold of this metric: order defects, late shipments, cancellations and tracking only.")
    if condition == "band" and not _limited(metric):
        return _("Amazon asks nothing of this metric and no report names a limit. Choose a value instead.")
    if condition == "threshold" and metric == "account_status":
        return _("The status is a word, not a value. Choose that it comes near its limit.")
    return ""


def _limited(metric: str) -> bool:
    """Is there a limit: by its word, by a standard, or by a report that named one?"""
    if metric in WORDED:
        return True
    if metric.endswith("*"):
        named: dict[str, Any] = {"metric__startswith": metric[:-1]}
    else:
        named = {"metric": metric}
    return (
        Standard.objects.filter(**named).exists()
        or HealthDay.objects.filter(**named, target__isnull=False).exclude(operator="").exists()
    )


def store_ids(slugs: Iterable[str], member: Member) -> list[int] | None:
    """Ids of stores the member may see, by their slugs; None if one is not among them."""
    wanted = set(slugs)
    found = dict(stores_for(member).filter(slug__in=wanted).values_list("slug", "pk"))
    return sorted(found.values()) if set(found) == wanted else None


def slugs_of(rules: Iterable[AlertRule], member: Member) -> dict[int, str]:
    """{store id: slug} of the stores rules name and the member may see. One query."""
    ids = {store for rule in rules for store in rule.stores}
    return dict(Store.objects.filter(pk__in=stores_for(member).filter(pk__in=ids)).values_list("pk", "slug"))
