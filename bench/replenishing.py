"""The plan of one store with a hundred thousand SKUs, made anew from its facts."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from apps.core.tenancy import tenant
from apps.inventory.actions import recompute_store
from bench.facts import fill
from bench.ground import ground, vacuumed
from bench.measure import tell, timed, title
from bench.sizes import Sizes

TABLES = ("sales_salesday", "inventory_stockday", "listings_product", "listings_listing")


def run(sizes: Sizes) -> None:
    title(f"Replenishment of one store, {sizes.skus:,} SKUs; {sizes.others:,} facts of others beside it")
    with ground(others=sizes.others) as here:
        today = timezone.now().date()
        with tenant(here.agency.pk), timed() as filling:
            facts = fill(here.store.pk, skus=sizes.skus, selling_days=4, last=today - timedelta(days=1))
        vacuumed(*TABLES)
        tell("facts made", f"{facts:,}", f"{filling.seconds:.1f} s")
        for name in ("first plan", "the same again, nothing changed"):
            with timed() as watch, tenant(here.agency.pk):
                done = recompute_store(here.store.pk, at=datetime.now(UTC))
            tell(name, f"{watch.seconds:.2f} s", f"{done.lines / watch.seconds:,.0f} SKUs/s, {done.changed:,} written")
        with timed() as watch, tenant(here.agency.pk):
            recompute_store(here.store.pk, at=datetime.now(UTC), skus=["BENCH-7"])
        tell("one SKU of it", f"{watch.seconds:.2f} s")
