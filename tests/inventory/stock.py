"""Facts for replenishment tests, written straight into the tables: no loader needed."""

from datetime import UTC, date, datetime, timedelta

from apps.inventory.models import OwnStock, StockAge, StockDay
from apps.listings.models import Listing, Product
from apps.sales.models import Cost, SalesDay
from tests.world import NOW

TODAY = NOW.date()  # on every site of the tests: NOW is noon UTC
CURRENCY = {"US": "USD", "CA": "CAD", "DE": "EUR", "FR": "EUR"}


def listed(store, sku, *sites, price=2000, opened=365, **more):
    """An FBA listing per site and the product behind it; `opened` days ago."""
    opened_at = NOW - timedelta(days=opened)
    for site in sites or ("US",):
        Listing.objects.create(
            store=store, marketplace_id=site, sku=sku, asin=f"B0{sku}"[:10], title=f"Title of {sku}", price=price,
            currency=CURRENCY[site], fulfilment="FBA", status="active", opened_at=opened_at, as_of=NOW,
        )  # fmt: skip
    Product.objects.get_or_create(store=store, sku=sku, defaults={"updated_at": NOW} | more)


def sold(store, sku, per_day, *, site="US", days=90, until=1):
    """`per_day` units on each of `days` days up to `until` days ago."""
    SalesDay.objects.bulk_create(
        SalesDay(
            store=store, marketplace_id=site, sku=sku, date=TODAY - timedelta(days=back), units=per_day, orders=1,
            revenue=per_day * 1900, currency=CURRENCY[site],
        )
        for back in range(until, until + days)
    )  # fmt: skip


def stocked(store, sku, available, *, site="US", back=0, **more):
    """The FBA report of `back` days ago."""
    day = TODAY - timedelta(days=back)
    StockDay.objects.create(
        store=store, marketplace_id=site, sku=sku, date=day, available=available,
        as_of=datetime(day.year, day.month, day.day, 11, tzinfo=UTC), **more,
    )  # fmt: skip


def owned(store, sku, available, *, warehouse="Shenzhen", **more):
    OwnStock.objects.create(
        store=store, warehouse=warehouse, sku=sku, available=available, date=TODAY, updated_at=NOW, **more
    )


def costing(store, sku, unit_cost, currency="CNY", since=date(2025, 1, 1)):
    Cost.objects.create(store=store, sku=sku, valid_from=since, unit_cost=unit_cost, currency=currency, updated_at=NOW)


def aged(store, sku, units, fee, *, site="US", recommended=None):
    StockAge.objects.create(
        store=store, marketplace_id=site, sku=sku, date=TODAY, age_0_90=10, age_91_180=5, age_181_270=units,
        aged_fee=fee, currency=CURRENCY[site], amazon_recommended=recommended, as_of=NOW,
    )  # fmt: skip
