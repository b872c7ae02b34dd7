"""The newest report of every site, as rows."""

from django.db.models import F, Max, OuterRef, QuerySet, Subquery

from apps.core.tenancy import acting_agency
from apps.health.models import HealthDay

LOOK_BACK_DAYS = 60


def latest(rows: QuerySet[HealthDay]) -> QuerySet[HealthDay]:
    """Of `rows` those of each site's newest report. What that report does not name is unknown, whatever older ones said."""
    site = HealthDay._base_manager.filter(
        agency=acting_agency(), store=OuterRef("store"), marketplace=OuterRef("marketplace")
    )
    newest = site.order_by().values("store", "marketplace").annotate(day=Max("date")).values("day")
    return rows.alias(newest=Subquery(newest)).filter(date=F("newest"))
