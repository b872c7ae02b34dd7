"""How to restock, said by people: an agency's default, a store's, one SKU's."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.accounts.models import Member, Store
from apps.core import audit
from apps.inventory.models import Policy

FIELDS = (
    "safety_factor",
    "production_days",
    "inspection_days",
    "sea_days",
    "air_days",
    "receiving_days",
    "review_days",
    "moq",
    "carton_units",
    "excess_days",
    "weight_7",
    "weight_30",
    "weight_90",
)
Values = Mapping[str, int | Decimal | None]


def save_policy(store: Store | None, sku: str, values: Values, *, by: Member, at: datetime) -> Policy:
    """Set one level's own values; None: as the wider level says. Levels are (no store), (store), (store, SKU)."""
    policy = Policy.objects.select_for_update().filter(store=store, sku=sku, marketplace="").first()
    policy = policy or Policy(store=store, sku=sku)
    before = {name: getattr(policy, name) for name in FIELDS}
    for name in FIELDS:
        if name in values:
            setattr(policy, name, values[name])
    policy.updated_at, policy.updated_by = at, by
    policy.save()
    after = {name: getattr(policy, name) for name in FIELDS}
    changed: dict[str, Any] = {name: after[name] for name in FIELDS if after[name] != before[name]}
    if changed:
        audit.record(
            "policy.saved",
            policy,
            by=by,
            at=at,
            store=store,
            before={name: before[name] for name in changed},
            after=changed | {"sku": sku},
            title=sku or (store.name if store else ""),
        )
    return policy
