"""Findings about account health: what the newest reports, our own count of them and notices say, with the money behind
it. They close themselves."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F

from apps.accounts.models import Store
from apps.core import copying
from apps.core.findings import Candidate, update_findings
from apps.health.actions.due_findings import refresh_due, refresh_steps
from apps.health.domain import performance
from apps.health.domain.headroom import NEAR_DEFECTS, Limit
from apps.health.domain.performance import Counted, Told, bad_of, compare, meets
from apps.health.models import Defect, Figure, HealthDay
from apps.health.models.facts import Operator
from apps.health.queries.counted import asked_of, counted
from apps.health.queries.figures import current, joined
from apps.health.queries.latest import latest
from apps.health.queries.led import led
from apps.health.queries.money import Money, money_by_site
from apps.health.queries.standards import Level, standards
from apps.sync.models import Run

NONE = HealthDay.Status.NONE
# Rates counted again, and the dataset they are counted from.
RECOUNTED = {"odr": "orders", "lsr": "shipments", "cancel": "shipments", "vtr": "shipments", "otdr": "shipments"}
WELL = frozenset({"normal", "unknown", ""})


def refresh_findings(store: Store, *, at: datetime) -> None:
    """Open, refresh and close the store's findings about account health; a constant number of queries.

    What an incident leads is not found a second time; the lock keeps evaluation from leading it meanwhile.
    """
    copying.lock("alerts")
    mine = led(store.pk)
    rows = list(latest(HealthDay.objects.filter(store=store)))
    asked, money = standards(at.date(), own=True), money_by_site(store, at)
    told = joined(rows, current(Figure.objects.filter(store=store), on=at.date()))
    levels = [(each.row, asked.level(each.row)) for each in told if _key(each.row) not in mine]
    # Levels of our own invention are for the page and for rules, not for everybody's inbox.
    judged = [(row, level) for row, level in levels if level and level.official]
    update_findings("health-breach", store, _breaches(judged, money), at=at)
    update_findings("health-near", store, _near(judged, money), at=at)
    update_findings("health-status", store, _status(store, [r for r in rows if _key(r) not in mine], money), at=at)
    update_findings("health-differs", store, _differences(store, rows), at=at)
    refresh_due(store, at=at, money=money)
    refresh_steps(store, at=at, money=money)


def _key(row: HealthDay) -> tuple[str, str]:
    return row.marketplace_id, _subject(row)


def broken(row: HealthDay, level: Level) -> bool:
    """As everywhere; not rated breaks nothing."""
    told = Told(row.status, row.count, row.total, row.rate)
    return bool(performance.broken(told, level.operator, level.target))


def room(row: HealthDay, level: Level) -> int | None:
    """How many more bad ones are allowed; None where there is no such number."""
    if row.total is None or row.count is None or row.status == NONE or level.operator == Operator.EQ:
        return None
    return Limit.of(level.target, level.operator).most(row.total) - _bad(row)


def _bad(row: HealthDay) -> int:
    return bad_of(row.metric, row.total or 0, row.count or 0)


Judged = list[tuple[HealthDay, Level]]


def _breaches(judged: Judged, money: Mapping[str, Money]) -> Iterator[Candidate]:
    for row, level in judged:
        if broken(row, level):
            yield _candidate(row, level, money)


def _near(judged: Judged, money: Mapping[str, Money]) -> Iterator[Candidate]:
    for row, level in judged:
        left = room(row, level)
        # A site with few orders has little room and nothing to see to: only bad ones that are there are news.
        near = left is not None and (left <= NEAR_DEFECTS or _over_own(row, level))
        if near and _bad(row) and not broken(row, level):
            yield _candidate(row, level, money, room=left)


def _over_own(row: HealthDay, level: Level) -> bool:
    """Is the agency's own, stricter level not met?"""
    return level.own is not None and not meets(row.count or 0, row.total or 0, level.operator, level.own)


def _subject(row: HealthDay) -> str:
    return f"{row.metric}:{row.programme}".rstrip(":")


def _candidate(row: HealthDay, level: Level, money: Mapping[str, Money], **more: Any) -> Candidate:
    share = row.total is not None or row.rate is not None
    detail = {
        "metric": row.metric,
        "programme": row.programme,
        "site": row.marketplace_id,
        "rate": _percent(row.rate) if share else row.count,
        "limit": f"{Operator(level.operator).label} {_percent(level.target) if share else level.target}",
        "count": row.count,
        "total": row.total,
        "first": str(row.window_first or ""),
        "last": str(row.window_last or ""),
        "day": str(row.date),
    }
    mine = money.get(row.marketplace_id, Money())
    return Candidate(
        subject=_subject(row),
        marketplace=row.marketplace_id,
        detail=detail | _few(row, level) | more,
        at_stake=mine.amount,
        currency=mine.currency,
        rank=mine.rank,
    )


def _few(row: HealthDay, level: Level) -> dict[str, int]:
    """Of few orders the counts are told, not the rate: `many` 0 and the numbers for it; else nothing."""
    left = room(row, level)
    if left is None or not row.total or not Limit.of(level.target, level.operator).few(row.total):
        return {}
    return {"many": 0, "bad": _bad(row), "most": left + _bad(row)}


def _status(store: Store, rows: list[HealthDay], money: Mapping[str, Money]) -> Iterator[Candidate]:
    now = [row for row in rows if row.metric == "account_status" and row.status not in WELL]
    before = HealthDay.objects.filter(store=store, metric="account_status").order_by("-date")
    told = list(before.values_list("marketplace", "date", "status")[: 400 * max(1, len(now))]) if now else []
    for row in now:
        other = next(
            ((day, was) for site, day, was in told if site == row.marketplace_id and was != row.status),
            (None, "unknown"),
        )
        since = min(
            day
            for site, day, was in told
            if site == row.marketplace_id and was == row.status and (other[0] is None or day > other[0])
        )
        detail = {"site": row.marketplace_id, "now": row.status, "was": other[1], "before": str(other[0] or "–")}
        mine = money.get(row.marketplace_id, Money())
        yield Candidate(
            subject="account_status",
            marketplace=row.marketplace_id,
            detail=detail | {"day": str(since)},
            at_stake=mine.amount,
            currency=mine.currency,
            rank=mine.rank,
        )


def _differences(store: Store, rows: list[HealthDay]) -> Iterator[Candidate]:
    """Where Amazon's count and ours differ, once what we count from is all here."""
    wanted = [row for row in rows if row.metric in RECOUNTED and row.window_first]
    lacking = _lacking(store, min((row.window_first for row in wanted), default=None))
    wanted = [row for row in wanted if RECOUNTED[row.metric] not in lacking]
    ours = counted(asked_of(wanted))
    for row, asked in zip(
        [row for row in wanted if row.window_first and row.window_last], asked_of(wanted), strict=True
    ):
        if ours[asked].unknown:  # deliveries nobody told us of: nothing to compare
            continue
        found = compare(row.metric, Counted(row.total, row.count), ours[asked])
        if found:
            yield Candidate(
                subject=_subject(row),
                marketplace=row.marketplace_id,
                detail={
                    "metric": row.metric,
                    "programme": row.programme,
                    "site": row.marketplace_id,
                    "amazon": f"{found.amazon.count}/{found.amazon.total}",
                    "ours": f"{found.ours.count}/{found.ours.total}",
                    "missing": found.missing,
                    "day": str(row.date),
                },
            )


def _lacking(store: Store, first: date | None) -> set[str]:
    """Datasets that still come in for days since `first`; "orders" also while nobody has brought order defects."""
    runs = Run.objects.filter(
        store=store, state__in=[Run.State.DUE, Run.State.RUNNING], stream__dataset__in={"orders", "shipments"},
        until__gt=F("since") + timedelta(days=1),
    )  # fmt: skip
    late = runs.filter(until__date__gte=first) if first else runs.none()
    brought = Defect.objects.filter(store=store, kind__in=["claim", "chargeback"]).exists()
    return set(late.values_list("stream__dataset", flat=True)) | (set() if brought else {"orders"})


def _percent(millionths: int | None) -> str | None:
    return None if millionths is None else f"{Decimal(millionths) / 10_000:.2f}%"
