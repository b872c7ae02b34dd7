"""What hangs on a site: its sales of 30 days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from apps.accounts.models import AgencySettings, Store
from apps.accounts.queries import rates
from apps.core.money import convert
from apps.health.models import Offer


@dataclass(frozen=True)
class Money:
    """What a site sold in 30 days, and in the agency's own currency."""

    amount: int | None = None
    currency: str = ""
    rank: int = 0


def money_by_site(store: Store, at: datetime) -> dict[str, Money]:
    """{site: what it sold in 30 days}, of sites whose sales are known."""
    currency = AgencySettings.objects.values_list("currency", flat=True).first() or "USD"
    rate = rates(currency, at.date())
    sums = Offer.objects.filter(store=store, sales_30d__isnull=False).order_by()
    rows = sums.values_list("marketplace", "currency").annotate(sum=Sum("sales_30d"))
    return {site: Money(int(sold), source, _rank(int(sold), source, currency, rate)) for site, source, sold in rows}


def _rank(amount: int, source: str, currency: str, rate: Mapping[str, Decimal]) -> int:
    return convert(amount, source=source, target=currency, rate=rate[source]) if source in rate else 0
