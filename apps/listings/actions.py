"""Changes to what the agency knows about its products."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.accounts.models import Member
from apps.core import audit
from apps.listings.models import Product

# What people and programs may change; the rest comes from the marketplace.
EDITABLE = ("supplier", "brand", "category", "carton_units", "moq", "owner_id")


def edit_product(product: Product, values: Mapping[str, Any], *, by: Member, at: datetime) -> Product:
    """Change master data of one product; returns it as it is now. Unchanged values write nothing.

    Raises ValueError for a field that is not EDITABLE.
    """
    if foreign := set(values) - set(EDITABLE):
        raise ValueError(f"not editable: {', '.join(sorted(foreign))}")
    product = Product.objects.select_for_update(of=("self",)).select_related("store").get(pk=product.pk)
    before = {name: getattr(product, name) for name in values if getattr(product, name) != values[name]}
    if not before:
        return product
    for name in before:
        setattr(product, name, values[name])
    product.updated_at = at
    product.save(update_fields=[*before, "updated_at"])
    after = {name: values[name] for name in before}
    audit.record("product.edit", product, by=by, at=at, store=product.store, before=before, after=after)
    return product
