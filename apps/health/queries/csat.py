"""How content buyers are, as far as our facts can tell: the shares that CSat is made of, day by day, and its story."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from django.db.models import Q, Sum
from django.utils import timezone
from numpy.typing import NDArray

from apps.accounts.models import Member, Store
from apps.accounts.queries import site_filter
from apps.health.domain.csat import PRODUCT_REASONS, WEIGHTS, Csat, csat
from apps.health.domain.headroom import WHOLE
from apps.health.models import CsatDay, CsatTerms, Feedback, Figure, OrderDay, ReturnLine, Standard
from apps.health.queries.figures import FRESH

DAYS = 30
TREND_DAYS = 90
STALE = 8  # days after which a score is no news
WEIGHT = "csat_"  # standards of ours: points lost per percentage point, in millionths
ENTERED = ("ncx", "replies", "contact_response")
INPUTS = tuple(WEIGHTS)
_REASONS = [*PRODUCT_REASONS, *(f"CR-{reason}" for reason in PRODUCT_REASONS)]


def weights(on: date) -> dict[str, float]:
    """Points lost per percentage point, by input: as the agency set them, else platform staff, else the defaults."""
    rows = Standard.objects.filter(metric__startswith=WEIGHT, valid_from__lte=on).order_by("valid_from")
    found = WEIGHTS | {row.metric.removeprefix(WEIGHT): row.target / WHOLE for row in rows}
    own = CsatTerms.objects.first()
    return found | ({name: float(getattr(own, name)) for name in INPUTS} if own else {})


def in_portal() -> bool:
    """Does the agency show CSat to clients? Not unless it says so."""
    return CsatTerms.objects.filter(in_portal=True).exists()


# -- what it is made of


class Shares(NamedTuple):
    """What is known of one site at the end of one day, over 30 days, in millionths. `told`: NCX is a person's word."""

    site: str
    day: date
    orders: int
    ncx: int | None
    told: bool
    feedback: int | None
    replies: int | None

    @property
    def by_input(self) -> dict[str, float | None]:
        """As fractions."""
        return {name: None if (share := getattr(self, name)) is None else share / WHOLE for name in INPUTS}


@dataclass(frozen=True)
class _Counts:
    """Of one site, one number per day of the span and the 30 days before it."""

    orders: NDArray[np.int64]
    negative: NDArray[np.int64]
    unhappy: NDArray[np.int64]


def shares(store_id: int, *, first: date, last: date) -> Iterator[Shares]:
    """Every day of every site that had orders within 30 days; six queries. Both ends included."""
    known = _known(store_id)
    entered = _entered(store_id, first, last)
    for site, counts in sorted(_counted(store_id, first, last).items()):
        orders = _rolled(counts.orders)
        negative = _rolled(counts.negative)
        for n in range((last - first).days + 1):
            day, total = first + timedelta(days=n), int(orders[n])
            if not total:
                continue
            ncx = entered["ncx"].get((site, day))
            proxy = int(counts.unhappy[n]) * WHOLE // total if "returns" in known else None
            fed = int(negative[n]) * WHOLE // total if "feedback" in known else None
            told = ncx is not None
            yield Shares(
                site, day, total, ncx if told else _most(proxy), told, _most(fed), entered["replies"].get((site, day))
            )


def _most(share: int | None) -> int | None:
    """More returns than orders of the same days are possible; a share is never above all."""
    return None if share is None else min(share, WHOLE)


def _rolled(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sums of 30 days, for every day from the 30th on."""
    sums = np.concatenate([[0], np.cumsum(counts)])
    return sums[DAYS:] - sums[:-DAYS]


def _counted(store_id: int, first: date, last: date) -> dict[str, _Counts]:
    since, days = first - timedelta(days=DAYS - 1), (last - first).days + 1
    found: dict[str, _Counts] = defaultdict(
        lambda: _Counts(
            np.zeros(days + DAYS - 1, np.int64), np.zeros(days + DAYS - 1, np.int64), np.zeros(days, np.int64)
        )
    )
    sold = OrderDay.objects.filter(store=store_id, date__range=(since, last)).values_list("marketplace", "date")
    for site, day, total in sold.annotate(n=Sum("orders")).order_by():
        found[site].orders[(day - since).days] += total
    events: dict[tuple[str, str], list[date]] = defaultdict(list)
    fed = Feedback.objects.filter(store=store_id, rated_on__range=(since, last), rating__lte=2)
    for site, order, day in fed.values_list("marketplace", "order_id", "rated_on"):
        found[site].negative[(day - since).days] += 1
        events[site, order].append(day)
    back = ReturnLine.objects.filter(store=store_id, returned_on__range=(since, last), reason__in=_REASONS)
    for site, order, day in back.values_list("marketplace", "order_id", "returned_on").distinct():
        events[site, order].append(day)
    for (site, _order), told in events.items():
        steps = found[site].unhappy
        for begin, end in _spans(told, first, days):
            steps[begin:end] += 1
    return found


def _spans(told: Iterable[date], first: date, days: int) -> Iterator[tuple[int, int]]:
    """The days (from, before) on which an order counts as unhappy: once, however often it was told of within 30."""
    until = 0
    for day in sorted(told):
        begin, end = max((day - first).days, until), min((day - first).days + DAYS, days)
        if begin < end:
            yield begin, end
            until = end


def _known(store_id: int) -> set[str]:
    """What any document has told of the store: no feedback at all may mean that nobody brought it."""
    sources = (("feedback", Feedback), ("returns", ReturnLine))
    return {name for name, model in sources if model.objects.filter(store=store_id).exists()}


def _entered(store_id: int, first: date, last: date) -> dict[str, dict[tuple[str, date], int]]:
    """{"ncx" | "replies": {(site, day): share}}: what people told, each figure until the next or for 45 days."""
    rows = Figure.objects.filter(
        store=store_id, metric__in=ENTERED, rate__isnull=False, date__gt=first - FRESH, date__lte=last
    ).exclude(origin=Figure.Origin.COUNTED)
    found: dict[str, dict[tuple[str, date], int]] = {"ncx": {}, "replies": {}}
    told = rows.order_by("date", "origin").values_list("marketplace", "metric", "date", "rate")
    for site, metric, day, rate in told:
        name, share = ("ncx", rate) if metric == "ncx" else ("replies", rate if metric == "replies" else WHOLE - rate)
        for n in range(max(0, (first - day).days), min(FRESH.days, (last - day).days + 1)):
            found[name][site, day + timedelta(days=n)] = share
    return found


# -- its story


@dataclass(frozen=True)
class Satisfaction:
    """CSat of one site on its newest day. `costs`: points lost by each known input; `trend`: hundredths of points over
    90 days, oldest first, None where it is not known."""

    day: CsatDay
    found: Csat
    trend: list[int | None]

    @property
    def score(self) -> float | None:
        return None if self.day.score is None else self.day.score / 100

    @property
    def lines(self) -> list[tuple[str, int | None, float | None]]:
        """(input, its share in millionths, points it costs), None where it is not known."""
        return [(name, getattr(self.day, name), self.found.costs.get(name)) for name in INPUTS]


def newest(member: Member, stores: Collection[int]) -> dict[tuple[int, str], CsatDay]:
    """{(store, site): the newest day of the last week}, of sites the member may see; one query."""
    recent = CsatDay.objects.filter(
        site_filter(member), store__in=stores, date__gt=timezone.localdate() - timedelta(days=STALE)
    )
    key = ("store_id", "marketplace_id")
    return {(each.store_id, each.marketplace_id): each for each in recent.order_by(*key, "-date").distinct(*key)}


def satisfaction(member: Member, store: Store, *, today: date) -> list[Satisfaction]:
    """CSat of a store's sites with its 90 days, the lowest score first; three queries."""
    weight = weights(today)
    first = today - timedelta(days=TREND_DAYS)
    rows = CsatDay.objects.filter(site_filter(member), Q(store=store), date__gte=first).order_by("date")
    days: dict[str, list[CsatDay]] = defaultdict(list)
    for row in rows:
        days[row.marketplace_id].append(row)
    found = []
    for told in days.values():
        trend: list[int | None] = [None] * TREND_DAYS
        for row in told:
            if 0 <= (place := (row.date - first).days) < TREND_DAYS:
                trend[place] = row.score
        found.append(Satisfaction(told[-1], csat(made_of(told[-1]), weight), trend))
    return sorted(found, key=lambda each: (each.day.score is None, each.day.score or 0, each.day.marketplace_id))


def made_of(day: CsatDay | Shares) -> dict[str, float | None]:
    """The shares of a day as fractions."""
    return {name: None if (share := getattr(day, name)) is None else share / WHOLE for name in INPUTS}
