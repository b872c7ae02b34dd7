"""Products, for search or jump."""

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.palette import MOST, PaletteEntry, palette_source
from apps.core.http import MemberRequest
from apps.core.permissions import Permission
from apps.listings.queries.products import products_for

LEAST = 2  # letters before products are looked for


@palette_source
def products(request: MemberRequest, q: str) -> Iterator[PaletteEntry]:
    """SKUs by their own name, ASIN, FNSKU or title."""
    if len(q) < LEAST or not request.member.can(Permission.PRODUCTS_VIEW):
        return
    wanted = Q(sku__icontains=q) | Q(asin__iexact=q) | Q(fnsku__iexact=q) | Q(title__icontains=q)
    found = products_for(request.member).filter(wanted, active=True).select_related("store")
    for product in found.order_by("sku", "store")[:MOST]:
        kwargs = {"agency": request.agency.slug, "store": product.store.slug, "sku": product.sku}
        detail = f"{product.store.name} · {product.title}" if product.title else product.store.name
        yield PaletteEntry(_("Products"), product.sku, reverse("product", kwargs=kwargs), detail, "package")
