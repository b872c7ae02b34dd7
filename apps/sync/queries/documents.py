"""Reads about what documents have told."""

from django.db.models import QuerySet

from apps.core.copying import Retold
from apps.sync.loading import Intake
from apps.sync.models import StoredDocument
from apps.sync.rows import RowType


def told_later(row: RowType, intake: Intake, *, by_day: bool = True) -> list[Retold]:
    """What documents later than this one have told whole already: there this one has nothing to say any more."""
    later: QuerySet = StoredDocument.objects.filter(
        store=intake.store_id,
        row=row.name,
        applied_at__isnull=False,
        as_of__gt=intake.as_of,
        first__isnull=False,
    )
    if by_day and intake.first is not None:
        later = later.filter(first__lte=intake.last, last__gte=intake.first)
    told = (
        Retold(part, first if by_day else None, last if by_day else None)
        for parts, first, last in later.values_list("marketplaces", "first", "last")
        for part in parts
    )
    return list(dict.fromkeys(told))
