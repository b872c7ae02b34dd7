"""How to restock, said by people: an agency's default, a store's, one SKU's."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import Member, Store
from apps.core import audit
from apps.core.models import Entry
from apps.core.undo import CannotUndo, undoes
from apps.inventory.models import Policy
from apps.sync.actions.documents import tell
from apps.sync.loading import Loaded
from apps.sync.rows import PRODUCT

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


@undoes("policy.saved")
def _undo(entry: Entry) -> None:
    """The values of before, as long as nobody changed them since; lines are worked out anew."""
    policy = Policy.objects.select_for_update().filter(pk=entry.target).first()
    names = [name for name in entry.after if name in FIELDS]
    now = audit.plain({name: getattr(policy, name) for name in names}) if policy else None
    if policy is None or now != {name: entry.after[name] for name in names}:
        raise CannotUndo(_("The policy has changed since."))
    for name in names:
        setattr(policy, name, Policy._meta.get_field(name).to_python(entry.before.get(name)))
    policy.updated_at = timezone.now()
    policy.save(update_fields=[*names, "updated_at"])
    stores = [policy.store_id] if policy.store_id else Store.objects.filter(active=True).values_list("pk", flat=True)
    for store_id in stores:
        tell(PRODUCT.name, store_id=store_id, loaded=Loaded())
