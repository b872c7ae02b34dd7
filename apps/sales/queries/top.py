"""Which SKUs sell most, in one money. Callers pass stores and sites somebody may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, DecimalField, ExpressionWrapper, F, Q, QuerySet, Sum, Value, When

from apps.core.metrics import Period
from apps.core.money import digits
from apps.listings.models import Product
from apps.sales.models import SalesDay

_MONEY = DecimalField(max_digits=40, decimal_places=6)


@dataclass
class Seller:
    """One SKU of one store: its sales of a period, in minor units of the currency asked for, and before.

    `before` None: there is nothing to compare with.
    """

    store_id: int
    sku: str
    title: str
    revenue: int
    units: int
    before: int | None = None

    @property
    def change(self) -> Decimal | None:
        return Decimal(self.revenue - self.before) / self.before if self.before else None


def top_sellers(
    seen: Q, period: Period, before: Period | None, *, currency: str, rates: Mapping[str, Decimal], count: int
) -> list[Seller]:
    """The best sellers of a period, at most `count`: three queries, ranked and converted where the rows are."""
    rows = _sums(SalesDay.objects.filter(seen, date__range=(period.first, period.last)), currency, rates)
    best = list(rows.order_by("-worth", "store", "sku")[:count])
    keys = Q()
    for store, sku, _worth, _units in best:
        keys |= Q(store=store, sku=sku)
    told = Product.objects.filter(keys).values_list("store", "sku", "title") if best else ()
    titles = {(store, sku): title for store, sku, title in told}
    then = _before(seen & keys, before, currency, rates) if before and best else {}
    return [
        Seller(store, sku, titles.get((store, sku), "") or sku, round(worth), units, then.get((store, sku)))
        for store, sku, worth, units in best
    ]


def _before(seen: Q, before: Period, currency: str, rates: Mapping[str, Decimal]) -> dict[tuple[int, str], int]:
    rows = _sums(SalesDay.objects.filter(seen, date__range=(before.first, before.last)), currency, rates)
    return {(store, sku): round(worth) for store, sku, worth, _units in rows.order_by()}


def _sums(days: QuerySet[SalesDay], currency: str, rates: Mapping[str, Decimal]) -> Any:
    """(store, sku, minor units of the currency, units)."""
    factors = [
        When(currency=code, then=Value(rate.scaleb(digits(currency) - digits(code))))
        for code, rate in sorted(rates.items())
    ]
    worth = ExpressionWrapper(F("revenue") * Case(*factors, default=None, output_field=_MONEY), output_field=_MONEY)
    return days.values_list("store", "sku").annotate(worth=Sum(worth), n=Sum("units"))
