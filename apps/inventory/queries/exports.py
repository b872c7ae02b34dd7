"""Tables to take away: raw numbers, ISO dates, a currency column beside every amount."""

from datetime import date
from decimal import Decimal

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.core.exports import Field, money
from apps.core.lists import parse
from apps.core.permissions import Permission
from apps.inventory.models import MODES, Plan, PlanLine, Replenishment
from apps.inventory.queries.lines import COLUMNS, chosen, lines_for, priced, sorted_by

DEFAULT_SORT = "priority"


def _velocity(row: Replenishment) -> Decimal | None:
    return None if row.velocity is None else Decimal(row.velocity) / 1000


def _way(mode: str) -> str:
    return str(MODES.get(mode, mode))


LINE_FIELDS = (
    Field(_("Store"), lambda r: r.store.slug),
    Field(_("Sites"), lambda r: " ".join(r.marketplaces)),
    Field("SKU", lambda r: r.sku),
    Field("ASIN", lambda r: r.asin),
    Field(_("Title"), lambda r: r.title),
    Field(_("Priority"), lambda r: r.get_status_display(), code=lambda r: r.status),
    Field(_("At stake"), money("at_stake", "currency")),
    Field(_("Currency"), lambda r: r.currency),
    Field(_("Suggested"), lambda r: r.suggested),
    Field(_("Quantity"), lambda r: r.units),
    Field(_("Units per carton"), lambda r: r.carton_units),
    Field(_("By air"), lambda r: r.air_units),
    Field(_("By sea"), lambda r: r.sea_units),
    Field(_("Order by"), lambda r: r.order_by),
    Field(_("Out on"), lambda r: r.out_on),
    Field(_("Days of cover"), lambda r: r.cover_days),
    Field(_("Daily sales"), _velocity),
    Field(_("Days in stock, of 90"), lambda r: r.in_stock_days),
    Field(_("Supply cycle, days"), lambda r: r.cycle_days),
    Field(_("Safety factor"), lambda r: r.safety_factor),
    Field(_("Need"), lambda r: r.need),
    Field(_("FBA available"), lambda r: r.available),
    Field(_("Reserved"), lambda r: r.reserved),
    Field(_("Inbound"), lambda r: r.inbound),
    Field(_("Own stock"), lambda r: r.own),
    Field(_("On order"), lambda r: r.inputs.get("on_order")),
    Field(_("Unit cost"), money("unit_cost", "cost_currency"), Permission.COST_VIEW),
    Field(_("Currency of cost"), lambda r: r.cost_currency, Permission.COST_VIEW),
    Field(_("Supplier"), lambda r: r.supplier),
    Field(_("Owner"), lambda r: str(r.owner) if r.owner else None),
    Field(_("Amazon's number"), lambda r: r.amazon_recommended),
    Field(_("Stock as of"), lambda r: r.stock_as_of),
)
PLAN_FIELDS = (
    Field(_("Site"), lambda r: r.pool),
    Field("SKU", lambda r: r.sku),
    Field(_("Title"), lambda r: r.title),
    Field(_("Quantity"), lambda r: r.units),
    Field(_("Units per carton"), lambda r: r.carton_units),
    Field(_("Transport"), lambda r: _way(r.mode), code=lambda r: r.mode),
    Field(_("Arrives"), lambda r: r.arrives_on),
    Field(
        _("Shipments"),
        lambda r: "; ".join(f"{_way(p.mode)} {p.units} {p.arrives_on}" for p in r.parts.all()),
        code=lambda r: "; ".join(f"{p.mode} {p.units} {p.arrives_on}" for p in r.parts.all()),
    ),
    Field(_("Received"), lambda r: r.received),
    Field(_("Unit cost"), money("unit_cost", "cost_currency"), Permission.COST_VIEW),
    Field(_("Currency of cost"), lambda r: r.cost_currency, Permission.COST_VIEW),
    Field(_("Note"), lambda r: r.note),
)


def exported_lines(member: Member, query: str, *, store: str, today: date, rates: dict) -> QuerySet[Replenishment]:
    """All pages of what the page's query shows."""
    parsed = parse(QueryDict(query.lstrip("?")), COLUMNS, sort=DEFAULT_SORT, today=today, can=member.can)
    lines = lines_for(member)
    if store:
        lines = lines.filter(store__slug=store)
    lines = chosen(priced(lines, rates), parsed, member, today=today)
    if parsed.status in Replenishment.Status.values:
        lines = lines.filter(status=parsed.status)
    return sorted_by(lines, parsed)


def plan_lines(plan: Plan) -> QuerySet[PlanLine]:
    return plan.lines.order_by("pool", "sku").prefetch_related("parts")
