"""How good our forecasts were: what was said beside what came."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Avg, Case, Count, F, FloatField, Q, Value, When
from django.utils import timezone

from apps.health.domain.forecast import HORIZON
from apps.health.domain.headroom import WHOLE
from apps.health.models import Outlook

FEWEST = 30  # forecasts of which one can speak of quality


@dataclass(frozen=True)
class Band:
    """Forecasts of one tenth: how many, what they said on average, and what share came true."""

    said: float
    came: float
    count: int


@dataclass(frozen=True)
class Record:
    """Forecasts whose 14 days are over. `brier`: mean squared error, 0 is perfect; None while there are too few."""

    count: int
    brier: float | None
    bands: list[Band]


def record(*, store: int | None = None) -> Record:
    """Of one store, or of all of the agency; two queries. What was over the limit already is no forecast."""
    over = timezone.localdate() - timedelta(days=HORIZON)
    made = Outlook.objects.filter(date__lt=over).exclude(days=0)
    if store is not None:
        made = made.filter(store=store)
    said = F("chance") * 1.0 / WHOLE
    came = Case(When(crossed_on=None, then=Value(0.0)), default=Value(1.0), output_field=FloatField())
    made = made.annotate(said=said, came=came, error=(F("said") - F("came")) * (F("said") - F("came")))
    total = made.aggregate(count=Count("date"), brier=Avg("error"))
    bands = made.annotate(tenth=F("chance") * 10 / WHOLE).values("tenth").order_by("tenth")
    sums = bands.annotate(n=Count("date"), mean=Avg("said"), hits=Count("date", filter=Q(crossed_on__isnull=False)))
    enough = total["count"] >= FEWEST
    return Record(
        total["count"],
        total["brier"] if enough else None,
        [Band(each["mean"], each["hits"] / each["n"], each["n"]) for each in sums] if enough else [],
    )
