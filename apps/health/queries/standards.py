"""What a metric is judged by: the report's own target first, then the official standard; an agency's own level is for
amber."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.accounts.models import Threshold
from apps.health.models import HealthDay, Standard
from apps.health.models.names import COUNTED

MILLION = 1_000_000
OWN = "health."  # what metrics of this app are called among an agency's own thresholds
Key = tuple[str, str, str]  # metric, marketplace, programme


@dataclass(frozen=True)
class Level:
    """What a rate (millionths) or count must be. `source`: "report" or "standard"; `own` is the agency's stricter
    level, from which it is amber; `official` says whether Amazon asks it."""

    operator: str
    target: int
    source: str
    official: bool = True
    own: int | None = None


def specific(marketplace: str, programme: str) -> list[tuple[str, str]]:
    """(marketplace, programme) from the most particular to the most general."""
    return list(dict.fromkeys([(marketplace, programme), (marketplace, ""), ("", programme), ("", "")]))


def standard_for(metric: str, marketplace: str, programme: str, on: date) -> Standard | None:
    """The standard in force on a day, the most particular one; None where nothing is asked."""
    return standards(on, metrics=[metric]).get(metric, marketplace, programme)


class Standards:
    """All standards in force on a day, and an agency's own levels."""

    def __init__(self, rows: Iterable[Standard], own: dict[Key, int]) -> None:
        self._rows: dict[Key, Standard] = {}
        for row in rows:  # oldest first: the newest word stands
            self._rows[row.metric, row.marketplace, row.programme] = row
        self._own = own

    def get(self, metric: str, marketplace: str, programme: str) -> Standard | None:
        places = specific(marketplace, programme)
        return next((row for place in places if (row := self._rows.get((metric, *place)))), None)

    def own(self, metric: str, marketplace: str, programme: str) -> int | None:
        """The agency's own level: millionths, or a count."""
        places = specific(marketplace, programme)
        return next((value for place in places if (value := self._own.get((metric, *place))) is not None), None)

    def level(self, day: HealthDay) -> Level | None:
        """What a row is judged by; None where neither the report nor a standard says."""
        own = self.own(day.metric, day.marketplace_id, day.programme)
        if day.target is not None and day.operator:
            return Level(day.operator, day.target, "report", own=own)
        found = self.get(day.metric, day.marketplace_id, day.programme)
        return Level(found.operator, found.target, "standard", found.official, own) if found else None


def standards(on: date, *, metrics: Iterable[str] = (), own: bool = False) -> Standards:
    """Standards in force on a day; with `own` also the acting agency's levels. One query, or two."""
    rows = Standard.objects.filter(valid_from__lte=on).order_by("valid_from")
    if metrics:
        rows = rows.filter(metric__in=list(metrics))
    return Standards(rows, own_levels() if own else {})


def told_defaults(on: date) -> dict[Key, tuple[str, Decimal]]:
    """What is asked where an agency has set nothing, as metrics are called there: {key: (operator, share or count)}."""
    found = {}
    for row in Standard.objects.filter(valid_from__lte=on).order_by("valid_from"):
        value = Decimal(row.target) if _is_count(row.metric) else Decimal(row.target) / MILLION
        found[OWN + row.metric, row.marketplace, row.programme] = (str(row.get_operator_display()), value)
    return found


def _is_count(metric: str) -> bool:
    return metric.startswith(COUNTED)


def own_levels() -> dict[Key, int]:
    """{(metric, marketplace, programme): level} as the acting agency set them: shares as millionths, counts plain."""
    found = {}
    for row in Threshold.objects.filter(metric__startswith=OWN):
        metric = row.metric.removeprefix(OWN)
        found[metric, row.marketplace, row.programme] = int(row.value if _is_count(metric) else row.value * MILLION)
    return found
