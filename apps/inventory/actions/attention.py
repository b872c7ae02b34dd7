"""Findings about stock: what the read model says needs a person, ranked by money in the agency's currency."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Max, QuerySet
from django.db.models.functions import Coalesce

from apps.accounts.models import AgencySettings, Store
from apps.accounts.queries import rates
from apps.core.findings import Candidate, update_findings
from apps.core.models import Finding
from apps.core.money import convert
from apps.inventory.models import Replenishment

STALE_AFTER = timedelta(hours=24)
Rates = dict[str, Decimal]


def refresh_findings(store: Store, *, at: datetime) -> None:
    """Open, refresh and close the store's findings about stock. Snoozed lines do not ask for anybody."""
    currency = AgencySettings.objects.values_list("currency", flat=True).first() or "USD"
    rate = rates(currency, at.date())
    awake = Replenishment.objects.filter(store=store).exclude(snoozed_until__gt=at.date())
    urgent = awake.filter(status=Replenishment.Status.URGENT).annotate(wanted=Coalesce("edited", "suggested"))
    update_findings("restock-urgent", store, _urgent(urgent.exclude(wanted=0), currency, rate), at=at)
    update_findings("restock-hurry", store, _urgent(urgent.filter(wanted=0), currency, rate), at=at)
    update_findings("excess-aged", store, _aged(awake, currency, rate), at=at)
    update_findings("stock-stale", store, _stale(store, at), at=at)


def _urgent(lines: QuerySet[Replenishment], currency: str, rate: Rates) -> Iterator[Candidate]:
    for line in lines:
        detail = _about(line) | {
            "units": line.edited if line.edited is not None else line.suggested,
            "inbound": line.inbound,
            "available": line.available,
            "gap": line.gap_days,
            "velocity": f"{Decimal(line.velocity or 0) / 1000:.1f}",
        }
        yield _candidate(line, detail, currency, rate, grade=line.inputs.get("grade", Finding.Grade.MEASURED))


def _aged(lines: QuerySet[Replenishment], currency: str, rate: Rates) -> Iterator[Candidate]:
    for line in lines.filter(status=Replenishment.Status.EXCESS, aged_fee__gt=0):
        yield _candidate(line, _about(line) | {"aged": line.aged_units or 0}, currency, rate)


def _stale(store: Store, at: datetime) -> Iterator[Candidate]:
    """Stock reports that are too old: one finding for the whole store, or one for each pool while others are fresh."""
    lines = Replenishment.objects.filter(store=store, stock_as_of__isnull=False).order_by()
    newest = dict(lines.values_list("pool").annotate(told=Max("stock_as_of")))
    late = {pool: int((at - told) / timedelta(hours=1)) for pool, told in newest.items() if at - told > STALE_AFTER}
    if late and len(late) == len(newest):
        yield Candidate(subject="stock", detail={"hours": min(late.values())})
        return
    sites = dict(lines.filter(pool__in=late).values_list("pool", "marketplaces"))
    for pool, hours in late.items():
        site = pool if pool in sites[pool] else sites[pool][0]
        yield Candidate(subject="stock", marketplace=site, detail={"hours": hours, "sites": sites[pool]})


def _about(line: Replenishment) -> dict[str, object]:
    """What sentences say of a line; `sites` are those its stock serves: who was granted one of them sees the finding."""
    about: dict[str, object] = {"sku": line.sku, "title": line.title or line.sku, "pool": line.pool}
    return about | {"sites": line.marketplaces, "cover": line.cover_fba_days or 0}


def _candidate(line: Replenishment, detail: dict, currency: str, rate: Rates, *, grade: str = "A") -> Candidate:
    known = line.at_stake is not None and line.currency in rate
    rank = convert(line.at_stake, source=line.currency, target=currency, rate=rate[line.currency]) if known else 0
    return Candidate(
        subject=line.sku,
        marketplace=line.inputs.get("main", "") if len(line.pool) > 2 else line.pool,
        detail=detail,
        at_stake=line.at_stake,
        currency=line.currency,
        rank=rank,
        grade=grade,
        due=line.order_by,
    )
