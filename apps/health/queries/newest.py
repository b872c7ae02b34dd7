"""Where each rate stands in the newest report of its site."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from django.utils import timezone

from apps.accounts.models import Member
from apps.accounts.queries import site_filter
from apps.health.domain import performance
from apps.health.domain.headroom import (
    WHOLE,
    WORST_FIRST,
    Band,
    Limit,
    Standing,
    Window,
    stand,
    stand_by_share,
    unrated,
)
from apps.health.domain.performance import OF_GOOD
from apps.health.models import Figure, HealthDay
from apps.health.models.facts import Operator
from apps.health.queries.figures import REPORT, Told, current, joined
from apps.health.queries.latest import latest
from apps.health.queries.standards import Level, Standards, standards

WORDS = {"good": Band.GOOD, "bad": Band.BREACH, "normal": Band.GOOD, "great": Band.GOOD, "healthy": Band.GOOD}
WORSE = {"at_risk": Band.AMBER, "warned": Band.AMBER, "deactivated": Band.BREACH, "suspended": Band.BREACH}


@dataclass(frozen=True)
class Reading:
    """One metric of one site as the newest report has it, seen from its bad side. `level`: what it is judged by.

    `origin`: who tells the numbers, "report" or whose figure it is; `figure`: ours, shown or beside the report's.
    """

    row: HealthDay
    standing: Standing
    level: Level | None = None
    figure: Figure | None = None
    origin: str = REPORT

    @property
    def band(self) -> Band:
        return self.standing.band

    @property
    def share(self) -> bool:
        """Is it a rate, not a count, a score or a word?"""
        return self.row.total is not None or self.row.rate is not None

    @property
    def window(self) -> Window | None:
        """The order days it counts, as the end of the day before the report sees them."""
        row = self.row
        if row.window_first is None or row.window_last is None:
            return None
        return Window((row.window_last - row.window_first).days + 1, max(0, (row.date - row.window_last).days - 1))

    @property
    def limit(self) -> Limit | None:
        """The limit on the bad side; None for a word, and for a count that must be none."""
        if self.level is None or not self.share or self.level.operator == Operator.EQ:
            return None
        return Limit.of(self.level.target, self.level.operator)


def newest(member: Member, stores: Collection[int]) -> list[Reading]:
    """Every metric of every site the member may see, of that site's newest report or a figure of ours; six queries."""
    mine = site_filter(member)
    reported = latest(HealthDay.objects.filter(mine, store__in=stores))
    rows = list(reported.order_by("store", "marketplace", "metric", "programme"))
    figures = current(Figure.objects.filter(mine, store__in=stores), on=timezone.localdate())
    return readings(joined(rows, figures))


def readings(told: Iterable[Told]) -> list[Reading]:
    """Rows with their room, by the report's own target, the standard in force, and the agency's own level."""
    asked = standards(timezone.localdate(), own=True)
    return [reading(each, asked) for each in told]


def reading(told: Told, asked: Standards) -> Reading:
    """A row with its room; a word is a band."""
    row = told.row
    level = asked.level(row)
    return Reading(row, _standing(row, level, asked), level, told.figure, told.origin)


def _standing(row: HealthDay, level: Level | None, asked: Standards) -> Standing:
    share = row.total is not None or row.rate is not None
    if level is None or level.operator == Operator.EQ or not share:
        return _scored(row, level, asked) if row.metric == "ahr" and row.count is not None else _worded(row)
    limit = Limit.of(level.target, level.operator)
    own = None if level.own is None else Limit.of(level.own, level.operator).ppm
    if row.total is None and row.rate is not None:
        part = WHOLE - row.rate if row.metric in OF_GOOD else row.rate
        return _judged(row, level, stand_by_share(part, limit, own=own))
    bad = performance.bad_of(row.metric, row.total, row.count)
    if bad is None or row.status == HealthDay.Status.NONE:
        return unrated(bad, row.total)
    return _judged(row, level, stand(bad, row.total, limit, own=own))


def _judged(row: HealthDay, level: Level, standing: Standing) -> Standing:
    """Amazon's own verdict stands over our numbers: what it calls good is at most near its limit."""
    numbers = performance.Told(row.status, row.count, row.total, row.rate)
    over = performance.broken(numbers, level.operator, level.target)
    if over:
        return replace(standing, band=Band.BREACH)
    return replace(standing, band=Band.AMBER) if over is False and standing.band == Band.BREACH else standing


def _scored(row: HealthDay, level: Level | None, asked: Standards) -> Standing:
    """The account health rating as a number: red below the floor, amber below the limit or the agency's own level. The
    marketplace's own word may only make it worse."""
    score, word = row.count or 0, row.status.lower()
    worded = WORDS.get(word) or WORSE.get(word) or Band.UNRATED
    floor = asked.get("ahr_floor", row.marketplace_id, row.programme)
    wanted = [each for each in (level.target, level.own) if each is not None] if level else []
    band = Band.AMBER if any(score < each for each in wanted) else Band.GOOD
    if floor is not None and score < floor.target:
        band = Band.BREACH
    worst = min((band, worded), key=WORST_FIRST.index) if worded != Band.UNRATED else band
    return Standing(score, 0, None, None, worst)


def _worded(row: HealthDay) -> Standing:
    """A counter or a word: Amazon's own verdict; a counter without one is amber from the first."""
    word = row.status.lower()
    band = WORDS.get(word) or WORSE.get(word) or Band.UNRATED
    if row.count and row.total is None and band == Band.UNRATED:
        band = Band.AMBER
    return Standing(row.count or 0, 0, None, None, band)
