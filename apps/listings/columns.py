"""Columns that listings tell of lists of apps below. Found by `core` at start."""

from collections.abc import Collection, Mapping

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member, Store
from apps.core.lists import ListColumn
from apps.core.permissions import Permission
from apps.listings.queries.products import products_for
from apps.sync.queries.told import SKUS, TELLERS, Teller, Values

COLUMNS = (ListColumn(SKUS, _("SKUs"), order=SKUS, numeric=True, needs=Permission.PRODUCTS_VIEW),)


def skus_of(member: Member, stores: Collection[Store]) -> Mapping[int, Values]:
    """How many SKUs we know of each store; one nobody has told of is unknown."""
    rows = products_for(member).filter(store__in=[store.pk for store in stores])
    counts = rows.order_by().values_list("store").annotate(n=Count("sku", distinct=True))
    return {store: {SKUS: count} for store, count in counts}


TELLERS.append(Teller(COLUMNS, skus_of))
