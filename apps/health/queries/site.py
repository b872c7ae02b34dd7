"""One store's rates: the newest report site by site, how they went, and what rolls off when."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import Member, Store
from apps.accounts.queries import site_filter
from apps.health.domain.headroom import WORST_FIRST, Limit, RollOff, Window, roll_off
from apps.health.domain.performance import bad_of
from apps.health.models import Figure, HealthDay, Outlook
from apps.health.models.names import SHORT
from apps.health.queries.figures import REPORT
from apps.health.queries.leaving import window_of
from apps.health.queries.newest import Reading, newest
from apps.health.queries.series import known
from apps.health.queries.standards import standards

TREND_DAYS = 60
PAST_DAYS = 30  # of the chart, before the newest report


@dataclass(frozen=True)
class Rate:
    """One metric of one site. `trend`: its rate over 60 days, oldest first, None where no report told it."""

    reading: Reading
    outlook: Outlook | None
    trend: list[int | None]

    @property
    def key(self) -> str:
        row = self.reading.row
        return f"{row.marketplace_id}-{row.metric}-{row.programme}"


@dataclass(frozen=True)
class Health:
    """A store's newest reports: rates, counters of violations, and the account's state by site."""

    rates: list[Rate]
    counters: list[Reading]
    states: dict[str, Reading]
    scores: dict[str, Reading]
    date: date | None

    @property
    def lone_scores(self) -> list[tuple[str, Reading]]:
        """Ratings of sites of which no report tells the account's state."""
        return [(site, each) for site, each in self.scores.items() if site not in self.states]

    @property
    def counted(self) -> list[Reading]:
        """Counters that are not 0, the largest first."""
        return [each for each in self.counters if each.row.count]

    @property
    def clean(self) -> list[Reading]:
        """Counters that are 0, or that say nothing."""
        return [each for each in self.counters if not each.row.count]

    @property
    def nearest(self) -> Rate | None:
        """The rate nearest to its limit; None where nothing is rated."""
        rated = [each for each in self.rates if each.reading.standing.room is not None]
        return min(rated, key=lambda each: each.reading.standing.nearness, default=None)


def health(member: Member, store: Store) -> Health:
    """Everything the newest reports and our own figures say of a store, in a constant number of queries."""
    readings = newest(member, [store.pk])
    rates = [each for each in readings if each.limit is not None]
    trends, made = _trends(member, store), _outlooks(member, store)
    rows = [Rate(each, made.get(_key(each.row)), trends.get(_key(each.row)[:-1], [])) for each in rates]
    rows.sort(key=_worst_first)
    named = {"account_status": {}, "ahr": {}}  # type: dict[str, dict[str, Reading]]
    for each in readings:
        if each.row.metric in named:
            named[each.row.metric][each.row.marketplace_id] = each
    shown = {id(each) for each in rates}
    counters = [
        each for each in readings
        if id(each) not in shown and each.row.metric not in named and not each.share
    ]  # fmt: skip
    counters.sort(key=lambda each: -(each.row.count or 0))
    days = [each.row.date for each in readings if each.origin == REPORT]
    return Health(rows, counters, named["account_status"], named["ahr"], max(days, default=None))


def _worst_first(each: Rate) -> tuple[Any, ...]:
    standing, row = each.reading.standing, each.reading.row
    return WORST_FIRST.index(standing.band), standing.nearness, row.marketplace_id, row.metric, row.programme


def _key(row: HealthDay | Outlook) -> tuple[Any, ...]:
    return row.marketplace_id, row.metric, row.programme, row.date


def _outlooks(member: Member, store: Store) -> dict[tuple[Any, ...], Outlook]:
    made = Outlook.objects.filter(site_filter(member), store=store).order_by("-date")
    return {_key(each): each for each in made[:500]}


def _trends(member: Member, store: Store) -> dict[tuple[Any, ...], list[int | None]]:
    """{(site, metric, programme): rates}, all of the same length."""
    mine = site_filter(member)
    sources: list[QuerySet[Any]] = [
        Figure.objects.filter(mine, store=store, rate__isnull=False).order_by("origin"),
        HealthDay.objects.filter(
            mine, store=store, total__isnull=False
        ).order_by(),  # the marketplace has the last word
    ]
    lasts = [rows.aggregate(last=Max("date"))["last"] for rows in sources]
    last = max((each for each in lasts if each), default=None)
    if last is None:
        return {}
    first = last - timedelta(days=TREND_DAYS - 1)
    found: dict[tuple[Any, ...], list[int | None]] = defaultdict(lambda: [None] * TREND_DAYS)
    for rows in sources:
        told = rows.filter(date__gte=first).values_list("marketplace", "metric", "programme", "date", "rate")
        for site, metric, programme, day, rate in told:
            found[site, metric, programme][(day - first).days] = rate
    return dict(found)


# -- one rate in detail


@dataclass(frozen=True)
class Course:
    """How many bad ones counted, how many of today's are left on which day, and the most that are allowed."""

    rate: Rate
    leaving: list[RollOff]
    chart: dict[str, Any]
    listed: bool = False  # does the list of defect orders say the same days of them?

    @property
    def soon(self) -> list[RollOff]:
        """Those of the next two weeks."""
        last = self.rate.reading.row.date + timedelta(days=14)
        return [each for each in self.leaving if each.day <= last]


def course(store: Store, rate: Rate) -> Course | None:
    """The course of one rate; None where its report names no window. Four queries."""
    row, window = rate.reading.row, rate.reading.window
    if window is None or rate.reading.limit is None:
        return None
    leaving = _leaving(store, rate, window)
    same = {
        "store": store, "marketplace": row.marketplace_id, "metric": row.metric, "programme": row.programme,
        "date__range": (row.date - timedelta(days=PAST_DAYS), row.date),
    }  # fmt: skip
    past: Iterable[HealthDay | Figure] = HealthDay.objects.filter(**same)
    if rate.reading.origin != REPORT:
        past = Figure.objects.filter(**same, origin=rate.reading.origin).defer("by")
    asked = standards(timezone.localdate(), metrics=[row.metric])
    listed = window_of(asked, row.metric, row.marketplace_id, row.programme) == window
    return Course(rate, leaving, _chart(rate, window, list(past), leaving), listed)


def _leaving(store: Store, rate: Rate, window: Window) -> list[RollOff]:
    """From our own facts: Amazon's report only counts."""
    row = rate.reading.row
    told = known(store.pk, before=row.date, days=window.days + window.lag + 1)
    programme = "" if row.programme == SHORT else row.programme  # the same orders, a shorter window
    series = told.series.get((row.marketplace_id, row.metric, programme))
    if series is None:
        return []
    first = series.last - timedelta(days=len(series.bad) - 1)
    days = [first + timedelta(days=int(n)) for n in np.repeat(np.arange(len(series.bad)), series.bad)]
    found = roll_off(days, window, today=series.last)
    return [RollOff(each.day + timedelta(days=1), each.count, each.remaining) for each in found]


def _chart(rate: Rate, window: Window, past: list[HealthDay | Figure], leaving: list[RollOff]) -> dict[str, Any]:
    row, standing = rate.reading.row, rate.reading.standing
    limit = rate.reading.limit or Limit(0)
    days = [row.date + timedelta(days=n) for n in range(-PAST_DAYS, window.days + window.lag + 2)]
    counted = {each.date: each for each in past}
    gone = {each.day: each.count for each in leaving}
    now: list[int | None] = []
    left: list[int | None] = []
    most: list[int | None] = []
    remaining = standing.bad
    for day in days:
        told = counted.get(day)
        now.append(bad_of(told.metric, told.total, told.count) if told else None)
        remaining -= gone.get(day, 0)
        left.append(max(remaining, 0) if day >= row.date else None)
        total = (told.total if told and day <= row.date else standing.total) or 0
        most.append(limit.most(total) if total else None)
    series = [
        {"name": _("Counted"), "type": "line", "data": now},
        {"name": _("Left of these"), "type": "line", "step": True, "area": True, "data": left},
        {"name": _("Most allowed"), "type": "line", "dashed": True, "tone": "danger", "data": most},
    ]
    labels = [day.strftime("%m-%d") for day in days]
    return {"labels": labels, "unit": "units", "currency": "", "stacked": False, "series": series}
