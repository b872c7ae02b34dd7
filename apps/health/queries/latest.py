"""The newest report of every site, as rows."""

from datetime import date, timedelta

from django.db.models import Max, Q, QuerySet

from apps.health.models import HealthDay

LOOK_BACK = timedelta(days=60)  # a site that is silent for longer than others by so much has no report


def latest(rows: QuerySet[HealthDay]) -> QuerySet[HealthDay]:
    """Of `rows` those of each site's newest report. What that report does not name is unknown, whatever older ones said.

    Three queries: the days are found first, so that no row is compared with a day of its own.
    """
    last = rows.aggregate(day=Max("date"))["day"]
    if last is None:
        return rows.none()
    days = rows.filter(date__gt=last - LOOK_BACK).values_list("store", "marketplace").annotate(day=Max("date"))
    sites: dict[date, Q] = {}
    for store, site, day in days.order_by():
        sites[day] = sites.get(day, Q()) | Q(store=store, marketplace=site)
    wanted = Q(pk__in=[])
    for day, these in sites.items():
        wanted |= Q(date=day) & these
    return rows.filter(wanted)
