"""What clients see: their own narrow rows. No costs of ours, no staff names, no estimates of grade C."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet, Sum
from django.db.models.functions import Coalesce

from apps.accounts.models import Client, Member
from apps.inventory.models import Plan, PlanLine, Replenishment
from apps.inventory.queries.lines import lines_for
from apps.inventory.queries.plans import Amount, avoided_by, costs_of, plan_filter

PORTAL_STATES = ("client", "approved", "ordered", "shipped", "received")


@dataclass(frozen=True)
class ClientLine:
    """One SKU as a client is promised to see it."""

    store: str
    title: str
    sku: str
    sites: tuple[str, ...]
    status: str
    status_label: str
    available: int
    inbound: int
    cover_days: int | None
    out_on: date | None
    units: int | None
    order_by: date | None


def lines_of(member: Member, *, store: str = "", status: str = "", q: str = "") -> QuerySet[Replenishment]:
    """Lines of the client's stores and sites, the most pressing first."""
    found = lines_for(member).select_related("store")
    if store:
        found = found.filter(store__slug=store)
    if status in Replenishment.Status.values:
        found = found.filter(status=status)
    if q:
        found = found.filter(sku__icontains=q) | found.filter(title__icontains=q)
    return found.order_by("priority", "order_by", "store", "pool", "sku")


def shown(lines: Iterable[Replenishment]) -> list[ClientLine]:
    return [
        ClientLine(
            store=line.store.name,
            title=line.title or line.sku,
            sku=line.sku,
            sites=tuple(line.marketplaces),
            status=line.status,
            status_label=line.get_status_display(),
            available=line.available,
            inbound=line.inbound,
            cover_days=line.cover_fba_days,
            out_on=line.out_on,
            units=line.suggested if line.edited is None else line.edited,
            order_by=line.order_by,
        )
        for line in lines
    ]


def counts(member: Member) -> dict[str, int]:
    """Lines by status, of all the client's stores and sites."""
    found = lines_for(member).order_by().values("status")
    return dict.fromkeys(Replenishment.Status.values, 0) | {r["status"]: r["n"] for r in found.annotate(n=Count("sku"))}


@dataclass(frozen=True)
class Sums:
    """Units of all the client's lines. `as_of`: when the newest stock report came."""

    available: int
    inbound: int
    as_of: datetime | None


def sums(member: Member) -> Sums:
    """What is at Amazon and on its way there, as its inventory report says."""
    found = lines_for(member).aggregate(a=Sum("available"), i=Sum("inbound"), at=Max("stock_as_of"))
    return Sums(found["a"] or 0, found["i"] or 0, found["at"])


def client_plans(member: Member) -> QuerySet[Plan]:
    """Plans a client may read: those that wait for them, and those that were approved."""
    sums: dict[str, Any] = {"line_count": Count("lines"), "unit_count": Coalesce(Sum("lines__units"), 0)}
    found = Plan.objects.filter(plan_filter(member), state__in=PORTAL_STATES)
    return found.select_related("store").annotate(**sums).order_by("-number")


@dataclass(frozen=True)
class Decision:
    """What a client's yes means. Money in the client's currency; `decide_by`: the first line's latest order date."""

    cost: Amount
    avoided: Amount
    decide_by: date | None


def decision(plan: Plan, member: Member, *, on: date) -> Decision:
    """Cost, sales that would be lost, and the day by which to decide; four queries."""
    currency = Client.objects.filter(pk=member.client_id).values_list("currency", flat=True).first() or ""
    line = PlanLine.objects.filter(plan=plan.pk, store=OuterRef("store"), pool=OuterRef("pool"), sku=OuterRef("sku"))
    wanted = Replenishment.objects.filter(Exists(line), store=plan.store_id)
    return Decision(
        costs_of([plan], on=on, currency=currency)[plan.pk],
        avoided_by([plan], on=on, currency=currency)[plan.pk],
        wanted.aggregate(first=Min("order_by"))["first"],
    )


def client_plan_lines(plan_id: UUID) -> QuerySet[PlanLine]:
    return PlanLine.objects.filter(plan=plan_id).order_by("pool", "sku").prefetch_related("parts")
