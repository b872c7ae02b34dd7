"""Writes: documents become facts, products follow from them and are edited by people."""

from apps.listings.actions.masters import MASTER, load_masters
from apps.listings.actions.products import EDITABLE, edit_product, edit_products, follow_listings, follow_stock

__all__ = [
    "EDITABLE",
    "MASTER",
    "edit_product",
    "edit_products",
    "follow_listings",
    "follow_stock",
    "load_masters",
]
