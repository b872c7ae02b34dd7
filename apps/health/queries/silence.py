"""How long marketplaces have said nothing of a site's health: a store whose reports stopped must not look well."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Min

from apps.health.domain.incidents import Site
from apps.health.domain.rules import Reading
from apps.health.models import HealthDay
from apps.health.models.names import SILENT
from apps.health.queries.ground import Days, Ground, Key
from apps.sync.models import Connection

LOOK_BACK = 120  # days: a report older than that is as old as that


def ages(first: date, ground: Ground) -> Days:
    """Days since the newest report of each site, day by day from `first`. Three queries.

    A site that never had one counts from the day its store was connected; a store that is fed by files only and never
    had a report has no age: nobody promised one.
    """
    today, begin = ground.at.date(), first - timedelta(days=LOOK_BACK)
    told: dict[Site, set[date]] = defaultdict(set)
    seen = HealthDay.objects.filter(store__in=ground.stores, date__gte=begin, date__lte=today).order_by()
    for store, site, day in seen.values_list("store", "marketplace", "date").distinct():
        told[Site(store, site)].add(day)
    before = HealthDay.objects.filter(store__in=ground.stores, date__lt=begin).order_by()
    for store, site in before.values_list("store", "marketplace").distinct():
        told[Site(store, site)].add(begin)
    joined = _connected(ground)
    days: Days = {}
    for site in ground.zones:
        known = told.get(site) or {day for day in [joined.get(site.store)] if day}
        if known:
            days[Key(site, SILENT)] = list(_ages(known, first, today))
    return days


def _connected(ground: Ground) -> dict[int, date]:
    rows = Connection.objects.filter(store__in=ground.stores, kind="sp_api", authorised_at__isnull=False).order_by()
    return {store: at.date() for store, at in rows.values_list("store").annotate(at=Min("authorised_at"))}


def _ages(told: set[date], first: date, today: date):  # type: ignore[no-untyped-def]
    last = max((day for day in told if day < first), default=None)
    for n in range((today - first).days + 1):
        day = first + timedelta(days=n)
        last = day if day in told else last
        if last is not None:
            yield Reading(day, Decimal((day - last).days))
