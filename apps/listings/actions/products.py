"""Products: what follows from listings and stock, and what people change."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.sql import SQL

from apps.accounts.models import Member, Store
from apps.core import audit, copying
from apps.core.copying import Stage
from apps.core.models import Entry
from apps.core.tenancy import acting_agency
from apps.core.undo import CannotUndo, undoes
from apps.listings.models import Product
from apps.sync.actions.documents import tell
from apps.sync.loading import Loaded
from apps.sync.rows import PRODUCT

# What people and programs may change; the rest comes from the marketplace.
EDITABLE = ("supplier", "brand", "category", "carton_units", "moq", "owner_id")


def edit_product(product: Product, values: Mapping[str, Any], *, by: Member, at: datetime) -> Product:
    """Change master data of one product; returns it as it is now. Unchanged values write nothing.

    Raises ValueError for a field that is not EDITABLE.
    """
    _only_editable(values)
    product = Product.objects.select_for_update(of=("self",)).select_related("store").get(pk=product.pk)
    before, after = _set(product, values, at)
    if before:
        audit.record("product.edit", product, by=by, at=at, store=product.store, before=before, after=after)
        tell(PRODUCT.name, store_id=product.store_id, loaded=Loaded())
    return product


def edit_products(products: Collection[Product], values: Mapping[str, Any], *, by: Member, at: datetime) -> list[Entry]:
    """Change the same master data of many products at once; one ledger entry for each store that has something new.

    Raises ValueError for a field that is not EDITABLE.
    """
    _only_editable(values)
    skus: dict[int, list[str]] = {}
    for product in products:
        skus.setdefault(product.store_id, []).append(product.sku)
    stores = Store.objects.in_bulk(skus)
    entries = [_edit_of_store(stores[each], some, values, by=by, at=at) for each, some in skus.items()]
    return [entry for entry in entries if entry]


def _edit_of_store(
    store: Store, skus: list[str], values: Mapping[str, Any], *, by: Member, at: datetime
) -> Entry | None:
    before, after = {}, {}
    for product in Product.objects.select_for_update(of=("self",)).filter(store=store, sku__in=skus).order_by("sku"):
        old, new = _set(product, values, at)
        if old:
            before[product.sku], after[product.sku] = old, new
    if not before:
        return None
    tell(PRODUCT.name, store_id=store.pk, loaded=Loaded())
    change = {"before": {"products": before}, "after": {"products": after}}
    return audit.record("products.edit", store, by=by, at=at, store=store, title=", ".join(after), **change)


def _only_editable(values: Mapping[str, Any]) -> None:
    if foreign := set(values) - set(EDITABLE):
        raise ValueError(f"not editable: {', '.join(sorted(foreign))}")


def _set(product: Product, values: Mapping[str, Any], at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write what differs; (before, after) of it."""
    before = {name: getattr(product, name) for name in values if getattr(product, name) != values[name]}
    for name in before:
        setattr(product, name, values[name])
        product.edited[name] = at.isoformat()  # an older file must not bring back the old value
    if before:
        product.updated_at = at
        product.save(update_fields=[*before, "edited", "updated_at"])
    return before, {name: values[name] for name in before}


@undoes("product.edit", "products.edit")
def _undo_edit(entry: Entry) -> None:
    alone = entry.verb == "product.edit"
    before = {entry.title: entry.before} if alone else entry.before["products"]
    after = {entry.title: entry.after} if alone else entry.after["products"]
    wanted = Product.objects.select_for_update(of=("self",)).filter(store=entry.store_id, sku__in=after)
    found = {product.sku: product for product in wanted.order_by("sku")}
    for sku, values in after.items():
        now = {name: getattr(found[sku], name) for name in values} if sku in found else None
        if now is None or audit.plain(now) != values:
            raise CannotUndo(_("The products have changed since."))
    for sku, values in before.items():
        _set(found[sku], {name: _read(name, value) for name, value in values.items()}, timezone.now())
    tell(PRODUCT.name, store_id=entry.store_id, loaded=Loaded())


def _read(name: str, value: Any) -> Any:
    return UUID(value) if name == "owner_id" and value else value


# A product is the best of its listings: on sale before gone, then by the order of the sites. What a person or an
# ERP has said about it (`edited`: column -> when) stays.
_BEST = """ON COMMIT DROP AS
    SELECT DISTINCT ON (l.sku) l.sku, l.asin, l.title, l.image_url, l.status <> 'gone' AS active
    FROM listings_listing l JOIN accounts_marketplace m ON m.code = l.marketplace_id
    WHERE l.agency_id = %(agency)s AND l.store_id = %(store)s
    ORDER BY l.sku, l.status = 'gone', l.title = '', m.position, m.code"""
_FOLLOW = """
    INSERT INTO listings_product AS p (agency_id, store_id, sku, asin, fnsku, title, brand, category, image_url,
        supplier, active, edited, updated_at)
    SELECT %(agency)s, %(store)s, b.sku, b.asin, '', b.title, '', '', b.image_url, '', b.active, '{{}}', now()
    FROM best_listing b LEFT JOIN listings_product q
        ON q.agency_id = %(agency)s AND q.store_id = %(store)s AND q.sku = b.sku
    WHERE q.sku IS NULL OR q.active <> b.active
        OR (b.asin <> '' AND q.asin <> b.asin AND NOT q.edited ? 'asin')
        OR (b.title <> '' AND q.title <> b.title AND NOT q.edited ? 'title')
        OR (b.image_url <> '' AND q.image_url <> b.image_url)
    ON CONFLICT (agency_id, store_id, sku) DO UPDATE SET
        asin = CASE WHEN p.edited ? 'asin' OR excluded.asin = '' THEN p.asin ELSE excluded.asin END,
        title = CASE WHEN p.edited ? 'title' OR excluded.title = '' THEN p.title ELSE excluded.title END,
        image_url = CASE WHEN excluded.image_url = '' THEN p.image_url ELSE excluded.image_url END,
        active = excluded.active, updated_at = excluded.updated_at"""


def follow_listings(store_id: int) -> int:
    """Bring the store's products in line with its listings; how many were new or changed."""
    values = {"agency": acting_agency(), "store": store_id}
    copying.lock(store_id, "listings_product")
    copying.temporary("best_listing", SQL(_BEST), values=values)
    return copying.run(_FOLLOW, values=values)


# What a stock report knows of a product that no listing told: never replaces what is there, but for the FNSKU.
_FROM_STOCK = """
    INSERT INTO listings_product AS p (agency_id, store_id, sku, asin, fnsku, title, brand, category, image_url,
        supplier, active, edited, updated_at)
    SELECT DISTINCT ON (s.sku) %(agency)s, %(store)s, s.sku, s.asin, s.fnsku, left(s.title, 500), '', '', '', '',
        true, '{{}}'::jsonb, now()
    FROM {stage} s LEFT JOIN listings_product q
        ON q.agency_id = %(agency)s AND q.store_id = %(store)s AND q.sku = s.sku
    WHERE q.sku IS NULL OR (q.asin = '' AND s.asin <> '') OR (q.title = '' AND s.title <> '')
        OR (s.fnsku <> '' AND q.fnsku <> s.fnsku)
    ORDER BY s.sku, s.date DESC, s.fnsku DESC
    ON CONFLICT (agency_id, store_id, sku) DO UPDATE SET
        asin = CASE WHEN p.asin = '' THEN excluded.asin ELSE p.asin END,
        title = CASE WHEN p.title = '' THEN excluded.title ELSE p.title END,
        fnsku = CASE WHEN excluded.fnsku = '' THEN p.fnsku ELSE excluded.fnsku END,
        updated_at = excluded.updated_at"""


def follow_stock(stage: Stage, *, store_id: int) -> int:
    """Products for SKUs known from stock only. Staged columns: sku, asin, fnsku, title, date."""
    copying.lock(store_id, "listings_product")
    return copying.run(_FROM_STOCK, values={"agency": acting_agency(), "store": store_id}, stage=stage.table)
