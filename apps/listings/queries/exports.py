"""The product list to take away: raw numbers, ISO dates."""

from collections.abc import Iterator

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.core.exports import Field, Read
from apps.core.lists import parse
from apps.core.money import to_decimal
from apps.listings.models import Listing
from apps.listings.queries import products as queries
from apps.listings.queries.products import Row
from apps.listings.queries.told import told_columns


def _site(listing: Listing, status: str) -> str:
    price = "" if listing.price is None else f" {to_decimal(listing.price, listing.currency)} {listing.currency}"
    return f"{listing.marketplace_id} {status}{price}"


def _in_words(row: Row) -> str:
    return "; ".join(_site(each, each.get_status_display()) for each in row.listings)


def _in_codes(row: Row) -> str:
    return "; ".join(_site(each, each.status) for each in row.listings)


FIELDS = (
    Field(_("Store"), lambda r: r.product.store.slug),
    Field("SKU", lambda r: r.product.sku),
    Field("ASIN", lambda r: r.product.asin),
    Field(_("FNSKU"), lambda r: r.product.fnsku),
    Field(_("Title"), lambda r: r.product.title),
    Field(_("Status"), lambda r: str(queries.LABELS[r.status]), code=lambda r: r.status),
    Field(_("Sites and prices"), _in_words, code=_in_codes),
    Field(_("Brand"), lambda r: r.product.brand),
    Field(_("Category"), lambda r: r.product.category),
    Field(_("Supplier"), lambda r: r.product.supplier),
    Field(_("Owner"), lambda r: str(r.product.owner) if r.product.owner else None),
    Field(_("Minimum order"), lambda r: r.product.moq),
    Field(_("Units per carton"), lambda r: r.product.carton_units),
    Field(_("Changed"), lambda r: r.product.updated_at),
)


def fields() -> tuple[Field, ...]:
    """Ours, and what other apps tell."""

    def reading(key: str) -> Read:
        return lambda row: row.told.get(key)

    return (*FIELDS, *(Field(column.label, reading(column.key), column.needs) for column in told_columns()))


def exported(member: Member, query: str, *, store: str) -> tuple[Iterator[Row], int]:
    """All pages of what the page's query shows, and how many rows that is."""
    parsed = parse(
        QueryDict(query), queries.columns(), sort=queries.DEFAULT_SORT, today=timezone.localdate(), can=member.can
    )
    products = queries.products_for(member)
    if store:
        products = products.filter(store__slug=store)
    found = queries.narrowed(queries.chosen(products, parsed, member), parsed, member)
    return queries.all_rows(queries.sorted_by(found, parsed), member), found.count()
