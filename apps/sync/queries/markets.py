"""Marketplaces as sources know them."""

from collections.abc import Iterable

from apps.accounts.models import Marketplace, StoreMarketplace
from apps.sync.source import Market


def markets_of(codes: Iterable[str]) -> tuple[Market, ...]:
    """The marketplaces of these codes, in their usual order; unknown codes are left out."""
    return tuple(_market(row) for row in Marketplace.objects.filter(code__in=list(codes)))


def sites_of(store_id: int) -> tuple[Market, ...]:
    """The sites a store sells on."""
    codes = StoreMarketplace.objects.filter(store=store_id, active=True).values_list("marketplace_id", flat=True)
    return markets_of(codes)


def _market(row: Marketplace) -> Market:
    return Market(row.code, row.amazon_id, row.time_zone, row.currency, row.language)
