"""What alerts are tested on: reports of account health, sales by day, and people who look after things."""

from datetime import date, datetime, timedelta
from typing import Any

from apps.accounts.models import AgencySettings, FxRate, Member, Store
from apps.health.models import AlertRule, HealthDay, Offer
from apps.sales.models import StoreDay
from tests.world import NOW, World

TODAY = NOW.date()


def report(store: Store, rate: int | None, *, day: date = TODAY, site: str = "US", **more: Any) -> HealthDay:
    """The order defect rate (millionths) as Amazon's report of a day has it: 1.00 % is a breach of < 1 %."""
    values = {"metric": "odr", "programme": "afn", "target": 10_000, "operator": "lt", "total": 1000} | more
    found, _new = HealthDay.objects.update_or_create(
        store=store, marketplace_id=site, metric=values.pop("metric"), programme=values.pop("programme"), date=day,
        defaults={"rate": rate, "status": "", "as_of": NOW, **values},
    )  # fmt: skip
    return found


def offer(store: Store, sales: int, *, site: str = "US", sku: str = "A", **more: Any) -> Offer:
    """30 days of sales of one SKU, in cents of a dollar."""
    values = {"sales_30d": sales, "currency": "USD", "told_at": NOW} | more
    return Offer.objects.create(store=store, marketplace_id=site, sku=sku, **values)


def orders(store: Store, counts: list[int], *, last: date, site: str = "US") -> None:
    """Orders by day, the newest on `last`."""
    StoreDay.objects.bulk_create(
        StoreDay(
            store=store, marketplace_id=site, date=last - timedelta(days=ago), units=count, orders=count,
            revenue=count * 2000, currency="USD",
        )
        for ago, count in enumerate(reversed(counts))
        if count
    )  # fmt: skip


def rule(**values: Any) -> AlertRule:
    """One rule and no other: the seeded set is for agencies that have none."""
    common = {"name": "ODR", "fact": "health", "metric": "odr", "condition": "band"}
    return AlertRule.objects.create(**common | values)


def ready(world: World, owner: Member | None = None) -> None:
    """Dollars, and an owner for the store."""
    FxRate.objects.get_or_create(currency="EUR", valid_from="2020-01-01", defaults={"per_usd": "0.9"})
    AgencySettings.objects.update(currency="USD")
    if owner:
        Store.objects.filter(pk=world.store.pk).update(owner=owner)


def later(**span: float) -> datetime:
    return NOW + timedelta(**span)
