"""On which day a defect leaves the window of the rate it counts for, by the window of the standard in force.

A day that is past: it has left. Nothing where the day its rate counts by is not known here,
where it counts for no rate that is told by day, and for what was withdrawn: that has stopped counting.
"""

from datetime import UTC, date

from django.db.models import (
    Case,
    DateField,
    Expression,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import TruncDate

from apps.core.lists import ListQuery, as_day
from apps.health.domain.headroom import Window
from apps.health.models import Defect, Shipment, Standard
from apps.health.models.facts import Programme
from apps.health.queries.standards import Standards

Kind = Defect.Kind
# The defects that a rate counts. Order defects are counted apart by who fulfils, all others over all merchant orders.
KINDS_OF: dict[str, tuple[str, ...]] = {
    "odr": (Kind.FEEDBACK, Kind.CLAIM, Kind.CHARGEBACK),
    "lsr": (Kind.LATE,),
    "cancel": (Kind.CANCELLED,),
    "vtr": (Kind.UNTRACKED,),
    "otdr": (Kind.UNDELIVERED,),
}
BY_SHIPPING = ("lsr", "vtr", "otdr")  # these count by the day of shipping, the others by that of the order
FULFILLED = (Programme.AFN.value, Programme.MFN.value)


def with_leaving(rows: QuerySet[Defect], today: date) -> QuerySet[Defect]:
    """Defects with `leaves_on`: the first report day (UTC) that no longer holds them. One query for the standards."""
    windows = Standard.objects.filter(valid_from__lte=today, metric__in=KINDS_OF).order_by("valid_from")
    asked = Standards(windows, {})
    sites = {""} | {each.marketplace for each in windows}
    whens = [
        When(_counted(metric, site, programme), then=_after(metric, window))
        for site in sorted(sites, reverse=True)  # what holds of all sites comes last
        for metric in KINDS_OF
        for programme in _programmes(metric)
        if (window := window_of(asked, metric, site, programme))
    ]
    return rows.annotate(leaves_on=Case(*whens, default=None, output_field=DateField()))


def window_of(asked: Standards, metric: str, site: str, programme: str) -> Window | None:
    """The window by which the list says when defects of a rate leave; None: it does not say of this rate."""
    found = asked.get(metric, site, programme) if programme in _programmes(metric) else None
    return Window(found.window_days, found.lag_days) if found and found.window_days else None


def in_leaving(rows: QuerySet[Defect], query: ListQuery) -> QuerySet[Defect]:
    """`metric=odr&leaves_from=2026-12-01&leaves_to=2026-12-07` of a list page; what is no day is ignored."""
    if kinds := KINDS_OF.get(query.get("metric")):
        rows = rows.filter(kind__in=kinds)
    return between(rows, as_day(query.get("leaves_from")), as_day(query.get("leaves_to")))


def between(rows: QuerySet[Defect], first: date | None, last: date | None) -> QuerySet[Defect]:
    """Those that leave on these days, both included; None: open on that side."""
    rows = rows.filter(leaves_on__gte=first) if first else rows
    return rows.filter(leaves_on__lte=last) if last else rows


def _programmes(metric: str) -> tuple[str, ...]:
    if metric not in KINDS_OF:
        return ()
    return FULFILLED if metric == "odr" else ("",)


def _counted(metric: str, site: str, programme: str) -> Q:
    rate = Q(kind__in=KINDS_OF[metric], withdrawn_on=None)
    rate &= Q(marketplace=site) if site else Q()
    return rate & Q(programme=programme) if programme else rate


def _after(metric: str, window: Window) -> Expression:
    """A report sees the days before its own: what leaves the window of a day is missing in the report of the next."""
    sent = Shipment.objects.filter(store=OuterRef("store"), order_id=OuterRef("order_id"))
    shipped = Subquery(sent.values(day=TruncDate("shipped_at", tzinfo=UTC))[:1], output_field=DateField())
    counts_by = shipped if metric in BY_SHIPPING else F("ordered_on")
    return ExpressionWrapper(counts_by + Value(window.days + window.lag + 1), output_field=DateField())
