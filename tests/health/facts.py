"""Health facts for tests: reports, orders and defects of one site, as loaders would leave them."""

from datetime import date, timedelta

from django.utils import timezone

from apps.health.models import Defect, HealthDay, OrderDay

ODR_LAST, ODR_DAYS = 16, 60  # the window ends so many days before the report


def report(store, site="US", *, on: date | None = None, metric="odr", programme="afn", **values) -> HealthDay:
    """A line of a report: 3 defects of 1000 orders under 1 % unless told otherwise."""
    on = on or timezone.localdate()
    fields = {
        "total": 1000, "count": 3, "target": 10_000, "operator": "lt", "status": "", "as_of": timezone.now(),
        "window_first": on - timedelta(days=ODR_LAST + ODR_DAYS - 1), "window_last": on - timedelta(days=ODR_LAST),
    } | values  # fmt: skip
    if "rate" not in fields and fields["total"]:
        fields["rate"] = round(fields["count"] * 1_000_000 / fields["total"])
    key = {"store": store, "marketplace_id": site, "metric": metric, "programme": programme, "date": on}
    return HealthDay.objects.create(**key, **fields)


def word(store, site="US", *, metric="account_status", status="normal", on: date | None = None) -> HealthDay:
    """The state of an account, or its rating."""
    on = on or timezone.localdate()
    return HealthDay.objects.create(
        store=store, marketplace_id=site, metric=metric, programme="", date=on, status=status, as_of=timezone.now()
    )


def orders(store, per_day: int, *, site="US", programme="afn", days=120, until: date | None = None) -> None:
    until = until or timezone.localdate()
    OrderDay.objects.bulk_create(
        OrderDay(
            store=store, marketplace_id=site, programme=programme, date=until - timedelta(days=n), orders=per_day
        )
        for n in range(days)
    )  # fmt: skip


def defects(store, ago: list[int], *, site="US", programme="afn", kind=Defect.Kind.CLAIM, delay=5) -> list[Defect]:
    """One defect per entry: of an order so many days ago, told `delay` days later."""
    today, at = timezone.localdate(), timezone.now()
    rows = [
        Defect(
            store=store, order_id=f"{site}-{programme}-{n}", kind=kind, marketplace_id=site, programme=programme,
            ordered_on=today - timedelta(days=days), reported_on=today - timedelta(days=max(0, days - delay)), as_of=at,
        )
        for n, days in enumerate(ago)
    ]  # fmt: skip
    return Defect.objects.bulk_create(rows)
