"""A store whose facts are as they were is not calculated anew, and whatever changes is noticed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Marketplace, StoreMarketplace
from apps.inventory.actions import Recomputed, recompute_store
from apps.inventory.models import Calculation, Plan, PlanLine, Policy, Replenishment, StockDay
from apps.inventory.queries.lines import sales_as_of
from apps.listings.models import Listing, Product
from apps.sales.models import Cost, SalesDay
from apps.sync.models import Stream
from tests.inventory.stock import TODAY, aged, costing, listed, owned, sold, stocked
from tests.world import NOW


@pytest.fixture
def store(acme):
    """Something of everything a line is made of, calculated."""
    with acme:
        store = acme.store
        listed(store, "A", price=4000, carton_units=24)
        sold(store, "A", 10)
        stocked(store, "A", 100, back=1)
        stocked(store, "A", 100)
        owned(store, "A", 20)
        costing(store, "A", 4680)
        aged(store, "A", 40, 600)
        Policy.objects.create(store=store, sea_days=20, updated_at=NOW)
        Policy.objects.create(air_days=9, updated_at=NOW)
        plan = Plan.objects.create(number=1, store=store, state="approved", created_at=NOW)
        PlanLine.objects.create(plan=plan, store=store, pool="US", sku="A", units=50)
        Stream.objects.create(
            connection=acme.connection, store=store, dataset="orders", every=900, promise=3600, reached=NOW,
            backfilled_to=NOW - timedelta(days=400),
        )  # fmt: skip
        recompute_store(store.pk, at=NOW)
        yield store


def lines(store) -> list[dict]:
    hidden = ("computed_at", "sales_as_of")
    rows = Replenishment.objects.filter(store=store).order_by("pool", "sku").values()
    return [{name: value for name, value in row.items() if name not in hidden} for row in rows]


def staged(store, at=NOW) -> bool:
    """Was anything made anew?"""
    with CaptureQueriesContext(connection) as queries:
        recompute_store(store.pk, at=at)
    return any("proposed_line" in query["sql"] for query in queries)


def test_what_is_as_it_was_is_not_made_anew(store):
    before = list(Replenishment.objects.values())
    assert not staged(store, NOW + timedelta(minutes=5))
    assert recompute_store(store.pk, at=NOW + timedelta(minutes=9)) == Recomputed(lines=1, changed=0, gone=0)
    assert list(Replenishment.objects.values()) == before
    assert Calculation.objects.get().checked_at == NOW + timedelta(minutes=9)


CHANGES = {
    "a sale": lambda store: SalesDay.objects.filter(date=TODAY - timedelta(days=2)).update(units=900),
    "a sale taken back": lambda store: SalesDay.objects.filter(date__gt=TODAY - timedelta(days=9)).delete(),
    "stock": lambda store: StockDay.objects.filter(date=TODAY).update(available=7),
    "stock that goes": lambda store: StockDay.objects.filter(date=TODAY).delete(),
    "a price": lambda store: Listing.objects.update(price=4100),
    "a listing that goes": lambda store: Listing.objects.update(status="gone"),
    "another listing": lambda store: listed(store, "B"),
    "a carton": lambda store: Product.objects.update(carton_units=7),
    "own stock": lambda store: owned(store, "A", 9, warehouse="Yiwu"),
    "a cost": lambda store: Cost.objects.update(unit_cost=1),
    "age": lambda store: aged(store, "A", 40, 700, site="CA"),
    "the store's policy": lambda store: Policy.objects.filter(store=store).update(sea_days=44),
    "the agency's policy": lambda store: Policy.objects.filter(store=None).update(safety_factor=Decimal("1.8")),
    "a plan": lambda store: Plan.objects.update(state="shipped"),
    "a plan's line": lambda store: PlanLine.objects.update(units=60),
    "a pool": lambda store: StoreMarketplace.objects.filter(store=store).update(pool="NORTH"),
    "a site": lambda store: StoreMarketplace.objects.filter(store=store, marketplace="US").update(active=False),
    "a time zone": lambda store: Marketplace.objects.filter(code="US").update(time_zone="Pacific/Kiritimati"),
    "days not synced": lambda store: Stream.objects.update(reached=NOW - timedelta(days=4)),
    "history": lambda store: Stream.objects.update(backfilled_to=NOW - timedelta(days=20)),
    "a person's quantity": lambda store: Replenishment.objects.update(edited=3),
    "a line that went": lambda store: Replenishment.objects.all().delete(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_whatever_a_line_is_made_of_is_noticed(store, change):
    before = lines(store)
    change(store)
    assert staged(store)
    noticed = lines(store)
    Calculation.objects.all().delete()
    recompute_store(store.pk, at=NOW)
    assert noticed == lines(store)
    assert noticed != before or change in (CHANGES["age"], CHANGES["a line that went"])


def test_days_pass(store):
    assert staged(store, NOW + timedelta(days=1))


def test_syncs_that_brought_nothing_only_say_how_new_the_sales_are(store):
    later = NOW + timedelta(hours=2)
    Stream.objects.update(reached=later)
    assert not staged(store, later)
    line = Replenishment.objects.get()
    assert (line.sales_as_of, sales_as_of(line)) == (NOW, later)


def test_the_rows_of_others_do_not_matter(acme, zeta, store):
    sold(acme.other_store, "A", 3, site="DE")
    assert not staged(store)
