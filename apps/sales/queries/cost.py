"""Unit costs of one SKU: what holds on a day, since when, told by whom."""

from collections.abc import Collection
from datetime import date

from django.db.models import Min, Q, QuerySet

from apps.accounts.models import AgencySettings, Member, Store
from apps.accounts.queries import currency_codes, site_filter
from apps.core.models import Entry
from apps.listings.queries.products import products_for
from apps.sales.models import Cost, SalesDay


def costs_on(store_id: int, day: date) -> QuerySet[Cost]:
    """The cost of each SKU of a store that holds on a day: the newest that has begun."""
    begun = Cost.objects.filter(store=store_id, valid_from__lte=day)
    return begun.order_by("sku", "-valid_from").distinct("sku")


def cost_at(store_id: int, sku: str, day: date) -> Cost | None:
    """The unit cost of one SKU on a day; None: not known, never 0."""
    return Cost.objects.filter(store=store_id, sku=sku, valid_from__lte=day).order_by("-valid_from").first()


def agency_currency() -> str:
    """The money of mixed sums."""
    return AgencySettings.objects.values_list("currency", flat=True).first() or "USD"


def currencies() -> list[str]:
    """Currencies a cost may be told in: those with a rate, and the dollar that rates are told in."""
    return currency_codes()


def knows(member: Member, store: Store, sku: str) -> bool:
    """The store has such a SKU where the member may look: as a product, or among its sales."""
    if products_for(member).filter(store=store, sku=sku).exists():
        return True
    return SalesDay.objects.filter(
        site_filter(member), store=store, sku=sku, marketplace__in=store.marketplaces.all()
    ).exists()


def costs_of(store_id: int, sku: str) -> list[Cost]:
    """All costs of one SKU, the newest first."""
    return list(Cost.objects.filter(store=store_id, sku=sku).select_related("store").order_by("-valid_from"))


def first_sale(store: Store, sku: str) -> date | None:
    """The first day one SKU sold: a first cost should hold from then on."""
    days = SalesDay.objects.filter(store=store, sku=sku, marketplace__in=store.marketplaces.all())
    return days.aggregate(first=Min("date"))["first"]


def last_currency(store_id: int) -> str:
    """In what the store's newest cost was told."""
    return Cost.objects.filter(store=store_id).order_by("-updated_at").values_list("currency", flat=True).first() or ""


def history(store_id: int, sku: str, days: Collection[date], *, limit: int = 20) -> list[Entry]:
    """What people said about the costs of one SKU, newest first."""
    names = [f"{sku} {day.isoformat()}" for day in days]
    about = Q(after__has_any_keys=names) | Q(title=sku)
    return list(Entry.objects.filter(about, store=store_id, verb__startswith="costs.").order_by("-number")[:limit])
