"""Where each rate stands in the newest report of its site."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from django.utils import timezone

from apps.accounts.models import Member
from apps.accounts.queries import site_filter
from apps.health.domain.headroom import Band, Limit, Standing, Window, stand
from apps.health.domain.performance import OF_GOOD, Told, broken
from apps.health.models import HealthDay
from apps.health.models.facts import Operator
from apps.health.queries.latest import latest
from apps.health.queries.standards import Level, Standards, standards

WORDS = {"good": Band.GOOD, "bad": Band.BREACH, "normal": Band.GOOD, "great": Band.GOOD, "healthy": Band.GOOD}
WORSE = {"at_risk": Band.AMBER, "warned": Band.AMBER, "deactivated": Band.BREACH, "suspended": Band.BREACH}


@dataclass(frozen=True)
class Reading:
    """One metric of one site as the newest report has it, seen from its bad side. `level`: what it is judged by."""

    row: HealthDay
    standing: Standing
    level: Level | None = None

    @property
    def band(self) -> Band:
        return self.standing.band

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
        if self.level is None or self.row.total is None or self.level.operator == Operator.EQ:
            return None
        return Limit.of(self.level.target, self.level.operator)


def newest(member: Member, stores: Collection[int]) -> list[Reading]:
    """Every metric of every site the member may see, of that site's newest report; five queries."""
    seen = HealthDay.objects.filter(site_filter(member), store__in=stores)
    return readings(latest(seen).order_by("store", "marketplace", "metric", "programme"))


def readings(rows: Iterable[HealthDay]) -> list[Reading]:
    """Rows with their room, by the report's own target, the standard in force, and the agency's own level."""
    asked = standards(timezone.localdate(), own=True)
    return [reading(row, asked) for row in rows]


def reading(row: HealthDay, asked: Standards) -> Reading:
    """A row with its room; a word is a band."""
    level = asked.level(row)
    if row.total is None or level is None or level.operator == Operator.EQ:
        return Reading(row, _worded(row), level)
    if row.count is None or row.status == HealthDay.Status.NONE:
        return Reading(row, Standing(row.count or 0, row.total, None, None, Band.UNRATED), level)
    bad = row.total - row.count if row.metric in OF_GOOD else row.count
    limit = Limit.of(level.target, level.operator)
    own = None if level.own is None else Limit.of(level.own, level.operator).ppm
    return Reading(row, _judged(row, level, stand(bad, row.total, limit, own=own)), level)


def _judged(row: HealthDay, level: Level, standing: Standing) -> Standing:
    """Amazon's own verdict stands over our numbers: what it calls good is at most near its limit."""
    over = broken(Told(row.status, row.count, row.total, row.rate), level.operator, level.target)
    if over:
        return replace(standing, band=Band.BREACH)
    return replace(standing, band=Band.AMBER) if over is False and standing.band == Band.BREACH else standing


def _worded(row: HealthDay) -> Standing:
    """A counter or a word: Amazon's own verdict; a counter without one is amber from the first."""
    word = row.status.lower()
    band = WORDS.get(word) or WORSE.get(word) or Band.UNRATED
    if row.count and row.total is None and band == Band.UNRATED:
        band = Band.AMBER
    return Standing(row.count or 0, 0, None, None, band)
