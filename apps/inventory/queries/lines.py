"""Reading the lines of the replenishment page: which, in what order, and what they add up to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, DecimalField, ExpressionWrapper, F, Max, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member, StoreGrant
from apps.accounts.queries import owned, stores_for
from apps.core.lists import ListColumn, ListQuery, as_day, ordered
from apps.core.metrics import Explanation
from apps.core.models import Entry
from apps.core.money import WHOLE_UNITS, Rates, convert
from apps.core.permissions import Permission
from apps.inventory.models import MODES, Calculation, PlanLine, Replenishment
from apps.inventory.queries.tile_words import explained

STATUSES = ("urgent", "reorder", "healthy", "excess", "no_data")

COLUMNS = (
    ListColumn("product", _("Product"), order="sku", fixed=True),
    ListColumn("priority", _("Priority"), order="priority", fixed=True),
    ListColumn(
        "at_stake",
        _("At stake"),
        order="stake",
        numeric=True,
        help=_("Urgent: days without stock × daily sales × price; excess: fees a month"),
    ),
    ListColumn(
        "suggested",
        _("Suggested"),
        order="units",
        numeric=True,
        fixed=True,
        help=_("Daily sales × supply cycle × safety factor − everything owned or on order"),
    ),
    ListColumn("ship", _("Ship / order"), order="order_by"),
    ListColumn("cover", _("Cover, days"), order="cover_fba_days", help=_("Sellable units at FBA ÷ daily sales")),
    ListColumn("out_on", _("Out on"), order="out_on", help=_("Today and the days of cover")),
    ListColumn(
        "velocity",
        _("Daily sales"),
        order="velocity",
        numeric=True,
        help=_("Units a day: the last 7, 30 and 90 days, weighed; days without stock are left out"),
    ),
    ListColumn("fba", _("FBA"), order="available", numeric=True, help=_("Sellable units at Amazon")),
    ListColumn(
        "inbound",
        _("Inbound"),
        order="inbound",
        numeric=True,
        help=_("Units on the way to Amazon: working, shipped and receiving"),
    ),
    ListColumn("own", _("Own stock"), order="own", numeric=True, help=_("Units in own warehouses")),
    ListColumn(
        "cost",
        _("Cost"),
        order="value",
        numeric=True,
        needs=Permission.COST_VIEW,
        help=_("Quantity × today’s unit cost"),
    ),
    ListColumn("owner", _("Owner"), order="owner__user__name"),
    ListColumn("supplier", _("Supplier"), order="supplier", shown=False),
    ListColumn("reserved", _("Reserved"), order="reserved", numeric=True, shown=False),
    ListColumn("amazon", _("Amazon's number"), order="amazon_recommended", numeric=True, shown=False),
)
DECIDED = [f"replenishment.{what}" for what in ("edited", "mode", "assigned", "snoozed")]
_MONEY = DecimalField(max_digits=30, decimal_places=6)


def lines_for(member: Member) -> QuerySet[Replenishment]:
    """Lines of the stores and sites a member may see."""
    return Replenishment.objects.filter(store__in=stores_for(member)).filter(_granted_sites(member))


def _granted_sites(member: Member) -> Q:
    """A pool of sites is seen by whoever was granted one of them."""
    if member.can(Permission.ALL_STORES):
        return Q()
    allowed = Q(pool__in=[])
    for store_id, code in StoreGrant.objects.filter(member=member).values_list("store", "marketplace"):
        allowed |= Q(store=store_id) if code is None else Q(store=store_id, marketplaces__contains=[code])
    return allowed


def priced(lines: QuerySet[Replenishment], rates: Mapping[str, Decimal]) -> QuerySet[Replenishment]:
    """Adds `units` (a person's own before the suggested), and money to sort by in one currency: `stake`, `value`."""
    units = Coalesce("edited", "suggested")
    value = ExpressionWrapper(units * F("unit_cost"), output_field=_MONEY)
    return lines.annotate(
        units=units,
        stake=ExpressionWrapper(F("at_stake") * _rate("currency", rates), output_field=_MONEY),
        value=ExpressionWrapper(value * _rate("cost_currency", rates), output_field=_MONEY),
    )


def _rate(column: str, rates: Mapping[str, Decimal]) -> Case:
    """The rate of a row's currency per minor unit; none for a currency nobody has a rate for."""
    whens = [When(**{column: code}, then=Value(_per_minor(code, rate))) for code, rate in sorted(rates.items())]
    return Case(*whens, default=None, output_field=_MONEY)


def _per_minor(code: str, rate: Decimal) -> Decimal:
    return rate * 100 if code in WHOLE_UNITS else rate


def chosen(lines: QuerySet[Replenishment], query: ListQuery, member: Member, *, today: date) -> QuerySet[Replenishment]:
    """The lines a page's query asks for, its status apart."""
    wanted = Q()
    if query.q:
        wanted &= Q(sku__icontains=query.q) | Q(asin__iexact=query.q) | Q(title__icontains=query.q)
    if query.markets:
        sites = Q()
        for code in query.markets:
            sites |= Q(marketplaces__contains=[code])
        wanted &= sites
    if query.get("store"):
        wanted &= Q(store__slug=query.get("store"))
    if query.get("supplier"):
        wanted &= Q(supplier=query.get("supplier"))
    if query.get("mode") in MODES:
        wanted &= Q(mode=query.get("mode"))
    if (by := as_day(query.get("by"))) is not None:
        wanted &= Q(order_by__lte=by)
    resting = Q(snoozed_until__gt=today)
    wanted &= resting if query.get("rest") == "only" else ~resting | Q(snoozed_until=None)
    return lines.filter(wanted, owned(query.owner, member))


def sorted_by(lines: QuerySet[Replenishment], query: ListQuery) -> QuerySet[Replenishment]:
    """By the chosen column; equal ones by money, then by name, so that pages never repeat a row."""
    found = ordered(lines, query)
    return found.order_by(
        *found.query.order_by,
        F("stake").desc(nulls_last=True),
        F("order_by").asc(nulls_last=True),
        "store",
        "pool",
        "sku",
    ).select_related("store", "owner__user")


@dataclass
class Summary:
    """What the chosen lines add up to; money in the agency's currency. `*_missing`: lines nobody has a value for."""

    currency: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))
    lost: int = 0
    lost_skus: int = 0
    lost_missing: int = 0
    units: int = 0
    unit_skus: int = 0
    cost: int = 0
    cost_missing: int = 0
    available: int = 0
    inbound: int = 0
    fees: int = 0
    fee_skus: int = 0
    fees_missing: int = 0
    rates: Rates | None = None  # what was converted, for the hover
    stock_as_of: datetime | None = None
    computed_at: datetime | None = None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def explained(self) -> dict[str, Explanation]:
        """How each tile is made up."""
        return explained(self.stock_as_of)


def summary(lines: QuerySet[Replenishment], *, currency: str, rates: Mapping[str, Decimal]) -> Summary:
    """Tiles and counts in one query: groups by status and currency, converted and added here."""
    wanted = Q(units__gt=0)
    groups = (
        lines.order_by()
        .values("status", "currency", "cost_currency")
        .annotate(
            n=Count("sku"),
            stake_sum=Sum("at_stake"),
            stake_known=Count("at_stake"),
            unit_sum=Sum("units", filter=wanted),
            unit_n=Count("sku", filter=wanted),
            cost_sum=Sum(F("units") * F("unit_cost"), filter=wanted),
            cost_known=Count("unit_cost", filter=wanted),
            available_sum=Sum("available"),
            inbound_sum=Sum("inbound"),
            fee_sum=Sum("aged_fee"),
            fee_n=Count("sku", filter=Q(aged_fee__gt=0)),
            stock_at=Max("stock_as_of"),
            computed=Max("computed_at"),
        )
    )
    found = Summary(currency, rates=rates if isinstance(rates, Rates) else None)
    for group in groups:
        _add(found, group, currency, rates)
    return found


def _add(found: Summary, group: Mapping[str, Any], currency: str, rates: Mapping[str, Decimal]) -> None:
    def money(minor: int | None, source: str) -> int | None:
        """None: there is an amount, but no rate for it."""
        if not minor or source == currency:
            return int(minor or 0)
        return convert(int(minor), source=source, target=currency, rate=rates[source]) if source in rates else None

    found.counts[group["status"]] += group["n"]
    if group["status"] == "urgent":
        lost = money(group["stake_sum"], group["currency"])
        found.lost += lost or 0
        found.lost_skus += group["n"]
        found.lost_missing += group["n"] - (group["stake_known"] if lost is not None else 0)
    found.units += group["unit_sum"] or 0
    found.unit_skus += group["unit_n"]
    cost = money(group["cost_sum"], group["cost_currency"])
    found.cost += cost or 0
    found.cost_missing += group["unit_n"] - (group["cost_known"] if cost is not None else 0)
    found.available += group["available_sum"] or 0
    found.inbound += group["inbound_sum"] or 0
    fees = money(group["fee_sum"], group["currency"])
    found.fees += fees or 0
    found.fee_skus += group["fee_n"]
    found.fees_missing += group["fee_n"] if fees is None else 0
    for name, key in (("stock_as_of", "stock_at"), ("computed_at", "computed")):
        if group[key] and (getattr(found, name) is None or group[key] > getattr(found, name)):
            setattr(found, name, group[key])


def sales_as_of(line: Replenishment) -> datetime | None:
    """Up to when the sales are known that a line is made of: where nothing was sold since, it was not written anew."""
    made = Calculation.objects.filter(store=line.store_id).values_list("sales_as_of", flat=True).first()
    return made or line.sales_as_of


def stale_stock(lines: QuerySet[Replenishment], *, at: datetime, after: timedelta) -> list[str]:
    """Where the newest stock report is older than `after`, or there is none: the store, with its pools if not all are."""
    newest = lines.order_by().values_list("store__name", "pool").annotate(newest=Max("stock_as_of"))
    pools: dict[str, dict[str, bool]] = {}
    for store, pool, told in newest.order_by("store__name", "pool"):
        pools.setdefault(store, {})[pool] = told is None or told < at - after
    late = {store: [pool for pool in found if found[pool]] for store, found in pools.items()}
    return [
        store if len(found) == len(pools[store]) else f"{store} ({', '.join(found)})"
        for store, found in late.items()
        if found
    ]


def choices(lines: QuerySet[Replenishment]) -> dict[str, list[Any]]:
    """What the filters offer: suppliers and owners that occur."""
    suppliers = lines.exclude(supplier="").order_by("supplier").values_list("supplier", flat=True).distinct()
    owners = (
        Member.objects.filter(pk__in=lines.order_by().values("owner")).select_related("user").order_by("user__name")
    )
    return {"suppliers": list(suppliers[:200]), "owners": list(owners[:200])}


def picked(lines: QuerySet[Replenishment], keys: Iterable[str]) -> QuerySet[Replenishment]:
    """The lines named by a page's checkboxes: `store id/pool/sku`. What is not understood is nobody's line."""
    wanted = Q(pool__in=[])
    for key in keys:
        store, _sep, rest = key.partition("/")
        pool, _sep, sku = rest.partition("/")
        if store.isdecimal() and len(store) < 19 and sku:
            wanted |= Q(store=int(store), pool=pool, sku=sku)
    return lines.filter(wanted)


def history(line: Replenishment, *, limit: int = 12) -> list[Entry]:
    """What people decided about one line, and plans that took it up; newest first."""
    key = f"{line.pool}/{line.sku}"
    # Verbs in full: under row security an index serves equality, but no pattern.
    decided = Q(verb__in=DECIDED, after__lines__has_key=key)
    planned = Q(verb="plan.created", after__units__has_key=key)
    ruled = Q(verb="policy.saved", after__sku=line.sku)
    found = Entry.objects.filter(store=line.store_id).filter(decided | planned | ruled)
    return list(found.order_by("-number")[:limit])


def open_plan_lines(line: Replenishment) -> list[PlanLine]:
    """The same SKU in plans that are not finished."""
    states = ("draft", "submitted", "client", "approved", "ordered", "shipped")
    same = PlanLine.objects.filter(store=line.store_id, pool=line.pool, sku=line.sku, plan__state__in=states)
    return list(same.select_related("plan").order_by("-plan__number"))


def page_totals(rows: Sequence[Any]) -> dict[str, int]:
    """Sums over the rows of one page; units only: money of several currencies is summed in the tiles."""
    names = ("units", "available", "inbound", "own", "reserved")
    return {name: sum(getattr(row, name) or 0 for row in rows) for name in names}
