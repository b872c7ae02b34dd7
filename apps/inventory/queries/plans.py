"""Reading plans: who sees which, what they cost, who may decide them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from apps.accounts.models import AgencySettings, Member, RoleLimit, StoreMarketplace
from apps.accounts.queries import granted_sites, rates, stores_for
from apps.core.models import Entry
from apps.core.money import convert
from apps.core.permissions import Permission, Role
from apps.inventory.models import Plan, PlanLine, Replenishment

APPROVE = "plan.approve"
UNLIMITED = (Role.OWNER, Role.MANAGER)  # they decide all that nobody limits; others nothing
OPEN = ("draft", "submitted", "client", "approved", "ordered", "shipped")


@dataclass(frozen=True)
class Amount:
    """A sum in the agency's currency, minor units. `missing`: lines whose value nobody knows (shown as "≥")."""

    value: int
    currency: str
    missing: int

    @property
    def known(self) -> int | None:
        """The value if it is whole, else None."""
        return None if self.missing else self.value


def plans_for(member: Member) -> QuerySet[Plan]:
    """Plans of the stores a member may see, newest first, with counts."""
    lines = {"line_count": Count("lines"), "unit_count": Coalesce(Sum("lines__units"), 0)}
    people = ("store", "created_by__user", "submitted_by__user", "decided_by__user")
    return Plan.objects.filter(plan_filter(member)).select_related(*people).annotate(**lines).order_by("-number")


def plan_filter(member: Member) -> Q:
    """A filter for plans: of the member's stores, and without a line for a site that was not granted.

    A pool of sites is seen by whoever was granted one of them, as on the replenishment page.
    """
    allowed = Q(store__in=stores_for(member))
    if member.can(Permission.ALL_STORES) or not (granted := granted_sites(member)):
        return allowed
    sites = StoreMarketplace.objects.filter(store__in=granted).values_list("store", "marketplace", "pool")
    pools = {
        store: {pool or code for at, code, pool in sites if at == store and code in granted[store]} for store in granted
    }
    for store, seen in pools.items():
        hidden = PlanLine.objects.filter(plan=OuterRef("pk")).exclude(pool__in=seen)
        allowed &= ~Q(store=store) | ~Exists(hidden)
    return allowed


def agency_currency() -> str:
    return AgencySettings.objects.values_list("currency", flat=True).first() or "USD"


def cost_of(plan: Plan, *, on: date) -> Amount:
    """Units x unit cost over the plan's lines."""
    return costs_of([plan], on=on)[plan.pk]


def costs_of(plans: Iterable[Plan], *, on: date, currency: str = "") -> dict[Any, Amount]:
    """The cost of several plans in one query; in the agency's currency unless another is named."""
    return _sums(plans, F("units") * F("unit_cost"), "cost_currency", on, currency)


def avoided_by(plans: Iterable[Plan], *, on: date, currency: str = "") -> dict[Any, Amount]:
    """Sales that would be lost without the plans: their urgent lines' money at stake. A line without counts nothing."""
    sums = _sums(plans, F("at_stake"), "currency", on, currency)
    return {key: Amount(amount.value, amount.currency, 0) for key, amount in sums.items()}


def _sums(plans: Iterable[Plan], what: Any, money: str, on: date, currency: str) -> dict[Any, Amount]:
    currency = currency or agency_currency()
    rate = rates(currency, on)
    found = {plan.pk: [0, 0] for plan in plans}
    groups = PlanLine.objects.filter(plan__in=list(found)).values("plan", money)
    for row in groups.annotate(total=Sum(what), lines=Count("pk"), known=Count(what)).order_by():
        source, total = row[money], row["total"]
        entry = found[row["plan"]]
        entry[1] += row["lines"] - row["known"]
        if total is None:
            continue
        if source not in rate:
            entry[1] += row["known"]
            continue
        entry[0] += convert(int(total), source=source, target=currency, rate=rate[source])
    return {key: Amount(value, currency, missing) for key, (value, missing) in found.items()}


def approval_limit(member: Member) -> int | None:
    """What the member's role may approve alone, minor units of the agency's currency; None: any amount.

    Where nobody has set a limit, owners and managers approve all and others nothing.
    """
    limits = list(RoleLimit.objects.filter(role=member.role, action=APPROVE).values_list("most", flat=True))
    return limits[0] if limits else None if member.role in UNLIMITED else 0


def stock_as_of(plan: Plan) -> datetime | None:
    """As of when the stock behind the plan is known: of its lines' pools the one that was reported longest ago.

    None when one of them was never reported.
    """
    pools = set(plan.lines.values_list("pool", flat=True))
    lines = Replenishment.objects.filter(store=plan.store_id, pool__in=pools).order_by()
    newest = dict(lines.values_list("pool").annotate(at=Max("stock_as_of")))
    ages = [newest.get(pool) for pool in pools]
    return None if None in ages else min(filter(None, ages), default=None)


def last_change(plan: Plan) -> Entry | None:
    """Who changed the plan last, and when: what a person meets instead of their own step."""
    found = Entry.objects.filter(kind="inventory.plan", target=str(plan.pk))
    return found.order_by("-number").first()


def in_cartons(units: int, carton: int | None) -> Decimal | None:
    """Cartons of so many units; None without a carton."""
    return Decimal(units) / carton if carton and carton > 1 else None
