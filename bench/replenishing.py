"""The plan of one store with a hundred thousand SKUs, made anew from its facts."""

import os
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

from apps.core.tenancy import tenant
from apps.inventory.actions import recompute_store
from bench.facts import fill
from bench.ground import ground, vacuumed
from bench.measure import tell, timed, title

SKUS = int(os.environ.get("BENCH_SKUS", "100000"))
TABLES = ("sales_salesday", "inventory_stockday", "listings_product")


def run() -> None:
    title(f"Replenishment of one store, {SKUS:,} SKUs")
    with ground() as here:
        today = timezone.now().date()
        with tenant(here.agency.pk), timed() as filling:
            facts = fill(here.store.pk, skus=SKUS, selling_days=4, last=today - timedelta(days=1))
        vacuumed(*TABLES)
        tell("facts made", f"{facts:,}", f"{filling.seconds:.1f} s")
        for name in ("first plan", "the same again"):
            with timed() as watch, tenant(here.agency.pk):
                recompute_store(here.store.pk, at=datetime.now(UTC))
            tell(name, f"{watch.seconds:.2f} s", f"{SKUS / watch.seconds:,.0f} SKUs/s")
        with tenant(here.agency.pk), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM inventory_replenishment")
            tell("plan lines", f"{cursor.fetchone()[0]:,}")
