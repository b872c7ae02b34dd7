"""Figures of our own beside the marketplace's reports: counted from our facts, or entered by people.

What a report gives a number for is the report's. A figure stands where the newest report has no word for a metric, or
a word without a number (the account health rating), and no longer than 45 days.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet

from apps.accounts.models import Member, Store
from apps.accounts.queries import site_filter
from apps.health.models import Figure, HealthDay
from apps.sync.models import StoredDocument
from apps.sync.rows import FIGURE

REPORT = "report"  # who tells the number shown, beside the origins of figures
FRESH = timedelta(days=45)
Key = tuple[int, str, str, str]  # store, site, metric, programme


@dataclass(frozen=True)
class Told:
    """A row as pages judge it. `origin`: who tells its numbers; `figure`: ours of the same metric, shown or beside it."""

    row: HealthDay
    figure: Figure | None = None
    origin: str = REPORT


def key_of(row: HealthDay | Figure) -> Key:
    return row.store_id, row.marketplace_id, row.metric, row.programme


def current(rows: QuerySet[Figure], *, on: date) -> list[Figure]:
    """Of each metric of a site the newest figure that is not too old; of one day a person's word first. One query."""
    fresh = rows.filter(date__gt=on - FRESH, date__lte=on + timedelta(days=1)).defer("by")
    key = ("store_id", "marketplace_id", "metric", "programme")
    return list(fresh.order_by(*key, "-date", "-origin").distinct(*key))


def as_row(figure: Figure) -> HealthDay:
    """A figure as a report would tell it. It is not saved."""
    names = ("store_id", "marketplace_id", "metric", "programme", "date", "total", "count", "rate", "as_of")
    row = HealthDay(**{name: getattr(figure, name) for name in (*names, "window_first", "window_last")})
    row.status = HealthDay.Status.NONE if figure.status == HealthDay.Status.NONE else ""
    return row


def joined(rows: Iterable[HealthDay], figures: Iterable[Figure]) -> list[Told]:
    """Rows of reports, with figures where these give no number."""
    ours = {key_of(each): each for each in figures}
    found = []
    for row in rows:
        figure = ours.pop(key_of(row), None)
        if figure is None or not (row.total is None and row.count is None and row.rate is None):
            found.append(Told(row, figure))
            continue
        shown = copy(row)
        shown.total, shown.count, shown.rate = figure.total, figure.count, figure.rate
        found.append(Told(shown, figure, figure.origin))
    return [*found, *(Told(as_row(each), each, each.origin) for each in ours.values())]


# -- what people entered


@dataclass(frozen=True)
class Entered:
    """A figure that a person or a file told; `by` and `file` where they are still known."""

    figure: Figure
    by: str
    file: str

    @property
    def row(self) -> HealthDay:
        return as_row(self.figure)


def entered(member: Member, store: Store, *, most: int = 50) -> list[Entered]:
    """The newest figures of a store that were entered or brought, two queries."""
    rows = Figure.objects.filter(site_filter(member), store=store).exclude(origin=Figure.Origin.COUNTED)
    rows = rows.select_related("by__user").order_by("-date", "marketplace", "metric", "programme", "origin")
    found = list(rows[:most])
    files = StoredDocument.objects.filter(
        store=store, row=FIGURE.name, as_of__in={each.as_of for each in found if each.origin == Figure.Origin.FILE}
    ).select_related("uploaded_by__user")
    named = {each.as_of: each for each in files}
    return [
        Entered(each, str(each.by or (file.uploaded_by if file else None) or ""), file.name if file else "")
        for each in found
        for file in (named.get(each.as_of) if each.origin == Figure.Origin.FILE else None,)
    ]
