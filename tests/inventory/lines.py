"""Ready lines for the pages' tests: made by the domain itself, so that they are never at odds with it."""

from dataclasses import asdict
from datetime import timedelta

from django.utils import timezone

from apps.inventory.domain.replenishment import STATUS_PRIORITY, Policy, Position, propose
from apps.inventory.models import Replenishment
from apps.listings.models import Product

POLICY = Policy(carton_units=10)
# Urgent, reorder, excess, healthy, too little data, urgent with more at stake; then round again.
AVAILABLE = (20, 400, 5000, 900, 30, 5)


def fill(store, count, *, pool="US", currency="USD", prefix=""):
    """`count` lines of one pool, SKU "N-S0", "N-S1", ... (E for the European store)."""
    prefix = prefix or store.slug[0].upper()
    made = [_line(store, f"{prefix}-S{n}", n, pool, currency) for n in range(count)]
    Replenishment.objects.bulk_create(made)
    Product.objects.bulk_create(
        [Product(store=store, sku=row.sku, updated_at=timezone.now()) for row in made], ignore_conflicts=True
    )
    return made


def line_of(sku, pool="US"):
    return Replenishment.objects.get(sku=sku, pool=pool)


def _line(store, sku, n, pool, currency):
    kind, now, today = n % 6, timezone.now(), timezone.localdate()
    velocity = None if kind == 4 else 10_000
    position = Position(velocity=velocity, available=AVAILABLE[kind], price=2000, own=3, receiving=2)
    proposal = asdict(propose(position, POLICY, today=today))
    values = {name: proposal[name] for name in proposal if name != "status"}
    return Replenishment(
        store=store, pool=pool, sku=sku, marketplaces=[pool], asin=f"B0000{sku}"[:12], title=f"Title of {sku}",
        supplier=f"Mill {n % 2}", status=proposal["status"], priority=STATUS_PRIORITY[proposal["status"]],
        velocity=velocity, in_stock_days=9 if kind == 4 else 90, trend=[10] * 30, available=position.available,
        inbound=2, own=3, cycle_days=POLICY.cycle, safety_factor="1.5", carton_units=10, moq=1, price=2000,
        currency=currency, unit_cost=4680, cost_currency="CNY", amazon_recommended=77,
        lead={"production": 15, "inspection": 2, "sea": 30, "air": 7, "receiving": 3, "review": 7},
        inputs={"receiving": 2, "shipped": 0, "working": 0, "on_order": 0, "excess_days": 180, "weight_7": 500,
                "weight_30": 300, "weight_90": 200, "grade": "A"},
        stock_as_of=now - timedelta(hours=2), sales_as_of=now - timedelta(hours=1), computed_at=now, **values,
    )  # fmt: skip
