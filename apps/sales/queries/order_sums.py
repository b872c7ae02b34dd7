"""How many order lines, and what they add up to, without ever counting millions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, QuerySet, Sum, Value

from apps.accounts.models import Marketplace
from apps.sales.models import OrderLine, StoreDay
from apps.sales.queries.orders import OF_STATE, STATES, VOID, Wanted

MOST_COUNTED = 10_000  # lines; beyond this a number reads "10,000+"


def count_of(wanted: Wanted, *, most: int) -> int:
    """How many lines, but never more than `most`."""
    return _of(wanted, wanted.filter())[:most].count()


@dataclass
class Totals:
    """What the chosen lines add up to. `more`: there are more than MOST_COUNTED; then sums are lower bounds,
    unless the daily roll-up knew them (`exact`). Cancelled lines count as lines only. `days` are those with lines,
    None where there are more lines than were counted."""

    lines: int = 0
    orders: int = 0
    units: int = 0
    sales: dict[str, int] = field(default_factory=dict)  # currency -> minor units
    states: dict[str, int] | None = None  # None: too many to count
    days: list[date] | None = None
    more: bool = False
    exact: bool = True


def totals_of(wanted: Wanted) -> Totals:
    """Numbers and sums: one or two capped reads, and the roll-up where they do not suffice."""
    codes = sorted(set(Marketplace.objects.values_list("currency", flat=True)))
    found = _counted(wanted, wanted.filter(), codes)
    around = _counted(wanted, wanted.filter(state=False)) if wanted.state else found
    more = found["lines"] > MOST_COUNTED
    made = Totals(
        lines=min(found["lines"], MOST_COUNTED),
        orders=found["orders"],
        units=found["units"] or 0,
        sales={code: found[code] for code in codes if found[code]},
        states=None if around["lines"] > MOST_COUNTED else {state: around[state] for state in STATES},
        days=None if more else sorted(found["days"]),
        more=more,
    )
    if made.more:
        made.exact = not wanted.narrowed
        _from_days(made, wanted)
    return made


def _of(wanted: Wanted, where: Q) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(where, store__in=[store.pk for store in wanted.stores]).order_by()


def _counted(wanted: Wanted, where: Q, currencies: Sequence[str] = ()) -> dict[str, Any]:
    """One read over at most MOST_COUNTED + 1 lines, with sums of the money they may be in."""
    states = {state: Count("ordinal", filter=of) for state, of in OF_STATE.items()}
    lines = _of(wanted, where)[: MOST_COUNTED + 1]
    sums = {}
    for code in currencies:
        mine = Q(currency=code, price__isnull=False) & ~VOID
        sums[code] = Sum("price", filter=mine, default=0) - Sum("promotion", filter=mine, default=0)
    return lines.aggregate(
        lines=Count("ordinal"),
        orders=Count("order_id", filter=~VOID, distinct=True),
        units=Sum("quantity", filter=~VOID),
        days=ArrayAgg("purchased_on", distinct=True, default=Value([])),
        **states,
        **sums,
    )


def _from_days(made: Totals, wanted: Wanted) -> None:
    """Too many lines to add up: the roll-up of days knows the same sums, where nothing else was asked for."""
    if wanted.narrowed:
        return
    days = StoreDay.objects.filter(wanted.places, wanted.days("date"), store__in=[store.pk for store in wanted.stores])
    groups = days.order_by().values("currency").annotate(u=Sum("units"), o=Sum("orders"), r=Sum("revenue"))
    found = list(groups)
    made.units, made.orders = sum(each["u"] for each in found), sum(each["o"] for each in found)
    made.sales = {each["currency"]: each["r"] for each in found if each["r"]}
