"""Sums of sales. Callers pass stores they may see."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, IntegerField, Max, Sum, Value, When

from apps.accounts.queries import rates
from apps.core.metrics import Period
from apps.core.money import convert
from apps.sales.models import OrderLine, SalesDay, StoreDay


@dataclass(frozen=True)
class Totals:
    """Sums of one store over one period; revenue in minor units of the currency asked for."""

    revenue: int = 0
    units: int = 0
    orders: int = 0


def store_totals(stores: Collection[int], period: Period, *, currency: str) -> dict[int, tuple[Totals, Totals]]:
    """{store id: (the period, the one before)}, in one query over the daily roll-up and one for the rates."""
    before = period.before()
    half = Case(When(date__gte=period.first, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = (
        StoreDay.objects.filter(store__in=stores, date__range=(before.first, period.last))
        .annotate(half=half)
        .values("store_id", "half", "currency")
        .annotate(r=Sum("revenue"), u=Sum("units"), o=Sum("orders"))
        .order_by()
    )
    prices = rates(currency, period.last)
    sums: dict[int, list[Totals]] = {}
    for row in rows:
        pair = sums.setdefault(row["store_id"], [Totals(), Totals()])
        old, source = pair[row["half"]], row["currency"]
        money = (
            row["r"] if source == currency else convert(row["r"], source=source, target=currency, rate=prices[source])
        )
        pair[row["half"]] = Totals(old.revenue + money, old.units + row["u"], old.orders + row["o"])
    return {store: (now, then) for store, (now, then) in sums.items()}


def sales_by_day(
    store_id: int, sku: str, period: Period, *, marketplaces: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Units, orders and revenue of one SKU by local day and currency, days without sales left out."""
    days = SalesDay.objects.filter(store=store_id, sku=sku, date__range=(period.first, period.last))
    if marketplaces:
        days = days.filter(marketplace__in=marketplaces)
    return list(
        days.values("date", "currency")
        .annotate(units=Sum("units"), orders=Sum("orders"), revenue=Sum("revenue"))
        .order_by("date", "currency")
    )


def as_of(stores: Collection[int]) -> datetime | None:
    """The newest word on any order of these stores."""
    return OrderLine.objects.filter(store__in=stores).aggregate(newest=Max("as_of"))["newest"]
