"""Orders, for search or jump."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import pgettext_lazy

from apps.accounts.palette import MOST, PaletteEntry, palette_source
from apps.accounts.queries import site_filter, stores_for
from apps.core.http import MemberRequest
from apps.core.permissions import Permission
from apps.sales.models import OrderLine

LEAST = 8  # signs before an order's number is looked for


@palette_source
def orders(request: MemberRequest, q: str) -> Iterator[PaletteEntry]:
    """An order by its whole number."""
    if len(q) < LEAST or not request.member.can(Permission.ORDERS_VIEW):
        return
    stores = stores_for(request.member)
    lines = OrderLine.objects.filter(site_filter(request.member), store__in=stores, order_id=q)
    found = lines.order_by("store").values_list("store__slug", "store__name", "order_id").distinct()[:MOST]
    for slug, name, number in found:
        kwargs = {"agency": request.agency.slug, "store": slug, "number": number}
        yield PaletteEntry(
            pgettext_lazy("page", "Orders"), number, reverse("order", kwargs=kwargs), name, "shopping-cart"
        )
