"""What a rule would have done: its days of the past, judged one after the other as they were known."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.health.domain.rules import fired
from apps.health.models import AlertRule
from apps.health.queries import readings, stakes

BACK = 90  # days


@dataclass(frozen=True)
class Tried:
    """`days` on which it would have spoken, `incidents` they make, `sites` with data; `known` days there are."""

    days: int
    incidents: int
    sites: int
    known: int


def tried(rule: AlertRule, *, at: datetime) -> Tried:
    """Run a rule (saved or not) over the last 90 days. It writes nothing.

    Notices leave no history of how many were open, so a rule on them is only tried on today.
    """
    here = stakes.ground(at)
    scope = stakes.scopes([rule], here)[rule.pk]
    series = readings.days_of([rule], here, back=BACK)[rule.pk]
    first = at.date() - timedelta(days=BACK)
    mine = [days for key, days in series.items() if key.site.whole in scope]
    done = [fired(rule, days, first) for days in mine]
    known = max((sum(each.day >= first for each in days) for days in mine), default=0)
    return Tried(sum(days for days, _n in done), sum(n for _days, n in done), len(mine), known)
