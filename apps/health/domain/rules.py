"""What a rule says of a metric: a band, or that nothing is known. Numbers as `AlertRule` has them, no clock.

Bands: 0 well, 1 amber, 2 red. None: not known, which neither opens nor ends anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

WELL, AMBER, RED = 0, 1, 2
# What a word of the account's status amounts to.
WORDS = {"normal": WELL, "great": WELL, "good": WELL, "warned": AMBER, "at_risk": AMBER, "deactivated": RED, "bad": RED}
HALF_GONE = Decimal("0.5")  # an anomaly is red when half of what was expected is missing
HABIT = 0.1  # an anomaly lives on while its p is below: no flutter around the alarm's own border


@dataclass(frozen=True)
class Few:
    """The counts of a rate of few orders. `room`: more bad ones before a breach, negative by how many too many."""

    bad: int
    total: int
    room: int


@dataclass(frozen=True)
class Reading:
    """One metric of one site on one day. `value` None: not known, or not rated. `chance` in percent, `p` an anomaly's.

    `broken`: is its limit broken, by `domain.performance.broken`; None: not known. `few`: its counts, where these say it.
    """

    day: date
    value: Decimal | None = None
    limit: Decimal | None = None
    operator: str = ""
    word: str = ""
    rate: bool = False
    broken: bool | None = None
    chance: int | None = None
    p: float | None = None
    alarm: bool = False
    few: Few | None = None


@dataclass(frozen=True)
class Verdict:
    """`stake` is the percent of the site's 30-day sales at stake, None where the rule's own shares say it."""

    band: int | None
    value: Decimal | None = None
    limit: Decimal | None = None
    chance: int | None = None
    stake: int | None = None
    few: Few | None = None


class Terms(Protocol):
    """The part of AlertRule that decides."""

    condition: str
    operator: str
    value: Decimal | None
    days: int
    amber: int
    chance: int
    falling: bool


UNKNOWN = Verdict(None)


def verdict(terms: Terms, series: Sequence[Reading], *, living: bool = False) -> Verdict:
    """What the rule says of a metric's days, oldest first. `living`: it has said so before and nothing ended it."""
    if not series:
        return UNKNOWN
    by = {"band": _band, "threshold": _threshold, "forecast": _forecast, "anomaly": _anomaly}[terms.condition]
    return replace(by(terms, series, living), few=series[-1].few)


def passes(value: Decimal, operator: str, limit: Decimal) -> bool:
    """`value operator limit`: is it as it must be (targets), or as the rule warns of (thresholds)?"""
    return {
        "lt": value < limit,
        "le": value <= limit,
        "gt": value > limit,
        "ge": value >= limit,
        "eq": value == limit,
    }[operator]


def _band(terms: Terms, series: Sequence[Reading], living: bool) -> Verdict:
    now = series[-1]
    if now.word:
        return Verdict(WORDS.get(now.word), now.value, now.limit)
    if now.value is None or now.limit is None or now.broken is None:
        return UNKNOWN
    if now.broken:
        return Verdict(RED, now.value, now.limit, now.chance)
    near = _near(now, Decimal(terms.amber) / 100)
    return Verdict(AMBER if near else WELL, now.value, now.limit, now.chance, now.chance if near else None)


def _near(now: Reading, share: Decimal) -> bool:
    """Has a good value used up `share` of its room? From the bad side: 96 % of at least 95 % has used up four fifths."""
    value, limit = now.value or Decimal(0), now.limit or Decimal(0)
    if now.operator in {"lt", "le"}:
        return bool(value) and value >= share * limit
    if now.operator in {"gt", "ge"}:
        whole = Decimal(1) if now.rate else None
        return (whole - value) >= share * (whole - limit) > 0 if whole else value * share < limit
    return False


def _threshold(terms: Terms, series: Sequence[Reading], living: bool) -> Verdict:
    last = series[-max(terms.days, 1) :]
    now = last[-1]
    if now.value is None or terms.value is None:
        return UNKNOWN
    if not passes(now.value, terms.operator, terms.value):
        return Verdict(WELL, now.value, terms.value)
    known = [each.value is not None and passes(each.value, terms.operator, terms.value) for each in last]
    in_a_row = len(last) >= max(terms.days, 1) and all(known)
    return Verdict(RED, now.value, terms.value) if in_a_row or living else UNKNOWN


def _forecast(terms: Terms, series: Sequence[Reading], living: bool) -> Verdict:
    now = series[-1]
    if now.chance is None:
        return UNKNOWN
    if now.broken:
        return Verdict(RED, now.value, now.limit, now.chance)  # it has come to pass
    # Half the chance asked for ends it: forecasts wander a little from day to day.
    bar = terms.chance / 2 if living else terms.chance
    return Verdict(AMBER if now.chance >= bar else WELL, now.value, now.limit, now.chance, now.chance)


def _anomaly(terms: Terms, series: Sequence[Reading], living: bool) -> Verdict:
    now = series[-1]
    if now.p is None or now.value is None or now.limit is None:
        return UNKNOWN
    if not (now.alarm or (living and now.p < HABIT)):
        return Verdict(WELL, now.value, now.limit)
    missing = (now.limit - now.value) / now.limit if now.limit else Decimal(0)
    stake = min(100, max(0, round(100 * missing))) if terms.falling else 0
    return Verdict(RED if terms.falling and missing >= HALF_GONE else AMBER, now.value, now.limit, None, stake)


def fired(terms: Terms, series: Sequence[Reading], first: date) -> tuple[int, int]:
    """(days from `first` on which the rule spoke, incidents they make): what a rule would have done."""
    days = incidents = 0
    living = False
    for count in range(1, len(series) + 1):
        now = series[count - 1]
        said = verdict(terms, series[:count], living=living).band
        if said and now.day >= first:
            days += 1
            incidents += not living
        living = living if said is None else bool(said)
    return days, incidents


def severity(rank: int | None, bands: tuple[int, int, int], band: int) -> str:
    """By money in the agency's currency; where no money is known, by the band."""
    if rank is None:
        return "high" if band == RED else "warning"
    notable, high, critical = bands
    return "critical" if rank >= critical else "high" if rank >= high else "warning" if rank >= notable else "info"


def quiet_until(at: datetime, begin: time | None, end: time | None, zone: str) -> datetime:
    """`at`, or the end of the quiet hours it falls into. Hours may run over midnight; equal ones are none."""
    if begin is None or end is None or begin == end:
        return at
    local = at.astimezone(ZoneInfo(zone or "UTC"))
    now = local.time()
    if begin < end:
        quiet, day = begin <= now < end, local.date()
    else:
        quiet, day = now >= begin or now < end, local.date() + timedelta(days=now >= begin)
    return datetime.combine(day, end, local.tzinfo).astimezone(at.tzinfo) if quiet else at


def step_at(steps: Sequence[Sequence[Any]], done: int, opened: datetime) -> datetime | None:
    """When the next step of escalation is due; None: there is none left."""
    return opened + timedelta(minutes=int(steps[done][0])) if done < len(steps) else None
