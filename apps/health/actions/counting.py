"""Rates that no report tells, counted from our own merchant orders: Seller Fulfilled Prime, on-time delivery, and late
shipments over 10 days."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from apps.accounts.models import Store
from apps.core import copying
from apps.core.tenancy import acting_agency
from apps.health.domain.performance import FEW, Counted, meets, window
from apps.health.models import Delivery, Figure, HealthDay
from apps.health.models.names import SHORT
from apps.health.queries.counted import PRIME, Asked, counted
from apps.health.queries.standards import Standards, standards

PAST_DAYS = 60  # counted when a store is counted for the first time, or carriers told of the past
NEW_DAYS = 10  # counted anew every time
LIVING = 120  # a site without a merchant order for so long has no rates
DELIVERED = ("otdr", "unit_otdr")
WEEK = 7  # the window where no standard names one
_SITES = """
    SELECT marketplace_id, bool_or(programme = 'sfp') FROM health_shipment
    WHERE agency_id = %(agency)s AND store_id = %(store)s AND ordered_on > %(since)s GROUP BY 1"""
_WRITTEN = ("total", "count", "rate", "unknown", "status", "window_first", "window_last", "as_of")


def count_figures(store: Store, *, at: datetime) -> int:
    """Count the store's rates of the newest days anew, and write them as figures; the number of figures.

    Safe to run twice: the same facts give the same figures. What is not counted any more goes.
    """
    copying.lock(store.pk, "figures")
    asked_by, first = standards(at.date()), at.date() - timedelta(days=_back(store, at) - 1)
    asked = list(_asked(store, first, at.date(), asked_by))
    rows = [
        _figure(each, found, asked_by, at)
        for each, found in counted(asked).items()
        if (found.total or 0) + found.unknown
    ]
    key = ["agency", "store", "marketplace", "metric", "programme", "date", "origin"]
    Figure.objects.bulk_create(rows, update_conflicts=True, unique_fields=key, update_fields=_WRITTEN, batch_size=2000)
    ours = Figure.objects.filter(store=store, origin=Figure.Origin.COUNTED, date__gte=first)
    ours.exclude(as_of=at).delete()
    return len(rows)


def _back(store: Store, at: datetime) -> int:
    """How many days to count: all of the trend the first time, and whenever carriers told of the past."""
    made = Figure.objects.filter(store=store, origin=Figure.Origin.COUNTED).order_by("-as_of")
    last = made.values_list("as_of", flat=True).first()
    if last is None or Delivery.objects.filter(store=store, as_of__gt=last).exists():
        return PAST_DAYS
    return min(PAST_DAYS, max(NEW_DAYS, (at - last).days + NEW_DAYS))


def _asked(store: Store, first: date, last: date, asked_by: Standards) -> Iterator[Asked]:
    """Every rate of every day and site, over the window of the standard that holds there."""
    values = {"agency": acting_agency(), "store": store.pk, "since": last - timedelta(days=LIVING)}
    for site, prime in copying.read(_SITES, values=values):
        wanted = [("lsr", SHORT), *((metric, "") for metric in DELIVERED)]
        wanted += [(metric, "sfp") for metric in PRIME if prime]
        for metric, programme in wanted:
            standard = asked_by.get(metric, site, programme)
            days, lag = (standard.window_days or WEEK, standard.lag_days) if standard else (WEEK, 0)
            for back in range((last - first).days + 1):
                day = last - timedelta(days=back)
                yield Asked(store.pk, site, metric, programme, day, *window(day, days, lag))


def _figure(asked: Asked, found: Counted, asked_by: Standards, at: datetime) -> Figure:
    standard = asked_by.get(asked.metric, asked.marketplace, asked.programme)
    status, rate = HealthDay.Status.NONE.value, None
    if found.total and found.total >= FEW and found.count is not None:
        rate, good = found.rate, not standard or meets(found.count, found.total, standard.operator, standard.target)
        status = HealthDay.Status.GOOD if good else HealthDay.Status.BAD
    return Figure(
        store_id=asked.store_id, marketplace_id=asked.marketplace, metric=asked.metric, programme=asked.programme,
        date=asked.date, origin=Figure.Origin.COUNTED, total=found.total, count=found.count, rate=rate,
        unknown=found.unknown, status=status, window_first=asked.window_first, window_last=asked.window_last, as_of=at,
    )  # fmt: skip
