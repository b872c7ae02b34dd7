"""What sales tell of lists of apps below. Found by `core` at start."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member, Store
from apps.accounts.queries import rates, site_filter
from apps.core.lists import ListColumn
from apps.core.money import to_decimal
from apps.core.permissions import Permission
from apps.listings.models import Product
from apps.sales.models import Cost, StoreDay
from apps.sync.queries.told import COSTED, SALES_USD, TELLERS, Teller, Values

DAYS = 30
COLUMNS = (
    ListColumn(SALES_USD, _("Sales, 30 days, USD"), order=SALES_USD, numeric=True, needs=Permission.ORDERS_VIEW),
)


def sales_of(member: Member, stores: Collection[Store]) -> Mapping[int, Values]:
    """Whole US dollars sold in the last 30 days. Unknown without a day of sales, or where a currency has no rate."""
    today = timezone.localdate()
    rows = StoreDay.objects.filter(
        site_filter(member),
        store__in=[store.pk for store in stores],
        date__gte=today - timedelta(days=DAYS),
        date__lt=today,
    )
    worth = rates("USD", today)
    sums: dict[int, int | None] = {}
    for store, currency, sold in rows.order_by().values_list("store", "currency").annotate(sold=Sum("revenue")):
        before, money = sums.get(store, 0), worth.converted(sold, currency)
        sums[store] = None if before is None or money is None else before + money
    return {store: {SALES_USD: None if cents is None else to_decimal(cents, "USD")} for store, cents in sums.items()}


def costed(store_id: int) -> tuple[int, int]:
    """(SKUs with a cost, all SKUs) of a store."""
    skus = Product.objects.filter(store=store_id)
    known = Cost.objects.filter(store=store_id, sku__in=skus.values("sku")).values("sku").distinct().count()
    return known, skus.count()


TELLERS.append(Teller(COLUMNS, sales_of))
COSTED.append(costed)
