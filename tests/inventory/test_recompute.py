"""From facts to lines: one store, one statement."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import StoreMarketplace
from apps.inventory.actions import Recomputed, recompute_store
from apps.inventory.models import Plan, PlanLine, Policy, Replenishment
from apps.listings.models import Listing
from apps.sync.models import Stream
from tests.inventory.stock import TODAY, aged, costing, listed, owned, sold, stocked
from tests.world import NOW


@pytest.fixture
def store(acme):
    with acme:
        yield acme.store


def line(store, sku="A", pool="US"):
    recompute_store(store.pk, at=NOW)
    return Replenishment.objects.get(store=store, pool=pool, sku=sku)


def rule(store=None, sku="", marketplace="", **values):
    return Policy.objects.create(store=store, sku=sku, marketplace=marketplace, updated_at=NOW, **values)


def test_a_line_says_what_to_order_when_and_why(store):
    listed(store, "A", price=4000, supplier="Plain Mill", carton_units=24)
    sold(store, "A", 10)
    stocked(store, "A", 100, reserved=5, inbound_receiving=6, inbound_shipped=7, inbound_working=8)
    owned(store, "A", 20, inbound=4, reserved=3)
    costing(store, "A", 4680)
    row = line(store)
    assert (row.velocity, row.in_stock_days, row.trend) == (10_000, 90, [10] * 30)
    assert (row.available, row.reserved, row.inbound, row.own) == (100, 5, 21, 24)
    assert (row.cycle_days, row.need, row.shortfall) == (57, 855, 705)
    assert (row.suggested, row.cartons) == (720, 30)
    assert (row.cover_fba_days, row.cover_days) == (10, 15)
    assert (row.out_on, row.order_by) == (TODAY + timedelta(days=10), TODAY + timedelta(days=15 - 57))
    assert (row.status, row.priority) == ("urgent", 1)
    assert (row.at_stake, row.currency) == (row.gap_days * 10 * 4000, "USD")
    assert (row.unit_cost, row.cost_currency, row.supplier) == (4680, "CNY", "Plain Mill")
    assert row.lead == {"production": 15, "inspection": 2, "sea": 30, "air": 7, "receiving": 3, "review": 7}
    assert row.inputs["grade"] == "B"  # arrival of what is on its way is assumed
    assert row.stock_as_of < NOW


def whole(acme, store, *, reached=NOW):
    """Orders are in, without a hole, until `reached`."""
    return Stream.objects.create(
        connection=acme.connection, store=store, dataset="orders", every=900, promise=3600, reached=reached,
        backfilled_to=NOW - timedelta(days=400),
    )  # fmt: skip


def test_days_without_stock_do_not_slow_the_daily_sales(store, acme):
    whole(acme, store)
    listed(store, "A")
    sold(store, "A", 10, days=60, until=31)
    for back in range(1, 31):
        stocked(store, "A", 0, back=back)
    stocked(store, "A", 50)
    row = line(store)
    assert (row.velocity, row.velocity_30, row.velocity_90, row.in_stock_days) == (10_000, None, 10_000, 60)


def test_a_young_listing_is_measured_from_its_opening(store):
    sold(store, "OLD", 1)
    listed(store, "OLD")
    listed(store, "A", opened=20)
    sold(store, "A", 6, days=20)
    row = line(store)
    assert (row.velocity, row.in_stock_days) == (6_000, 20)


def test_a_history_that_begins_with_the_first_sync_is_not_stretched(store, acme):
    sold(store, "A", 10, days=30)
    listed(store, "A")
    row = line(store)
    assert (row.velocity, row.in_stock_days) == (10_000, 30)
    whole(acme, store)
    row = line(store)
    assert (row.velocity_90, row.in_stock_days) == (3_333, 90)  # the sync says: nothing was sold before


def test_days_not_yet_synced_are_not_days_without_sales(store, acme):
    sold(store, "A", 10, days=80, until=11)
    listed(store, "A")
    whole(acme, store, reached=NOW - timedelta(days=10))
    row = line(store)
    assert row.velocity_7 == 10_000
    assert row.sales_as_of == NOW - timedelta(days=10)


def test_too_few_days_are_said_and_suggest_nothing(store):
    listed(store, "A", opened=13)
    sold(store, "A", 5, days=13)
    stocked(store, "A", 1)
    row = line(store)
    assert (row.status, row.priority, row.velocity, row.suggested, row.at_stake) == ("no_data", 5, None, None, None)


def test_a_pool_of_sites_counts_one_stock_once_and_adds_all_sales(acme):
    with acme:
        store = acme.other_store
        StoreMarketplace.objects.filter(store=store).update(pool="PAN-EU")
        listed(store, "A", "DE", "FR")
        sold(store, "A", 4, site="DE")
        sold(store, "A", 2, site="FR")
        for site in ("DE", "FR"):
            stocked(store, "A", 300, site=site, fnsku="X001", inbound_shipped=50)
        row = line(store, pool="PAN-EU")
        assert (row.available, row.inbound, row.velocity) == (300, 50, 6_000)
        assert row.marketplaces == ["DE", "FR"]
        assert Replenishment.objects.filter(store=store).count() == 1


def test_sites_without_a_pool_have_a_stock_each(acme):
    with acme:
        store = acme.other_store
        for site in ("DE", "FR"):
            listed_once = {"DE": 300, "FR": 40}
            stocked(store, "A", listed_once[site], site=site, fnsku="X001")
        recompute_store(store.pk, at=NOW)
        assert dict(Replenishment.objects.filter(store=store).values_list("pool", "available")) == {"DE": 300, "FR": 40}


def test_own_stock_is_shared_by_sales_and_never_counted_twice(store):
    listed(store, "A", "US", "CA")
    sold(store, "A", 3, site="US")
    sold(store, "A", 1, site="CA")
    owned(store, "A", 101)
    recompute_store(store.pk, at=NOW)
    shares = dict(Replenishment.objects.filter(store=store).values_list("pool", "own"))
    assert shares == {"US": 75, "CA": 26}


def test_the_narrowest_policy_wins_field_by_field(store):
    listed(store, "A", carton_units=10, moq=50)
    listed(store, "B")
    rule(safety_factor=Decimal("1.2"), sea_days=40, moq=7)
    rule(store, sea_days=20, carton_units=6, air_days=9)
    rule(store, marketplace="US", air_days=4)
    rule(store, "A", moq=60)
    a, b = line(store, "A"), Replenishment.objects.get(store=store, sku="B")
    assert (a.safety_factor, a.lead["sea"], a.lead["air"], a.moq, a.carton_units) == (Decimal("1.20"), 20, 4, 60, 10)
    assert (b.safety_factor, b.lead["sea"], b.lead["air"], b.moq, b.carton_units) == (Decimal("1.20"), 20, 4, 7, 6)
    assert a.lead["production"] == 15  # nobody said otherwise


def test_another_stores_policy_does_not_apply(acme):
    with acme:
        listed(acme.store, "A")
        rule(acme.other_store, sea_days=99)
        assert line(acme.store).lead["sea"] == 30


def test_approved_plans_count_as_ordered_until_amazon_sees_them(store):
    listed(store, "A")
    sold(store, "A", 10)
    before = line(store).shortfall
    plan = Plan.objects.create(number=1, store=store, state="draft", created_at=NOW)
    PlanLine.objects.create(plan=plan, store=store, pool="US", sku="A", units=500, received=20)
    assert line(store).shortfall == before
    Plan.objects.update(state="approved")
    assert line(store).shortfall == before - 480
    Plan.objects.update(state="shipped")
    assert line(store).shortfall == before


def test_what_people_decided_is_kept(store):
    listed(store, "A", carton_units=10)
    sold(store, "A", 10)
    line(store)
    until = TODAY + timedelta(days=14)
    Replenishment.objects.update(edited=40, snoozed_until=until, chosen_mode="air")
    row = line(store)
    assert (row.edited, row.snoozed_until, row.mode, row.air_units) == (40, until, "air", 40)
    assert row.suggested == 860


def test_a_sku_that_left_fba_leaves_the_page(store):
    listed(store, "A")
    listed(store, "B")
    assert recompute_store(store.pk, at=NOW).lines == 2
    Listing.objects.filter(sku="B").update(status="gone")
    later = recompute_store(store.pk, at=NOW + timedelta(hours=1))
    assert (later.lines, later.gone) == (1, 1)


def test_age_costs_and_amazons_own_number_stand_beside_ours(store):
    listed(store, "A")
    sold(store, "A", 1)
    stocked(store, "A", 2000)
    aged(store, "A", 400, 76_600, recommended=12)
    row = line(store)
    assert (row.status, row.at_stake, row.aged_units, row.amazon_recommended) == ("excess", 76_600, 400, 12)


def test_a_second_run_changes_nothing(store):
    listed(store, "A")
    sold(store, "A", 10)
    stocked(store, "A", 10)
    line(store)
    before = list(Replenishment.objects.values())
    line(store)
    assert list(Replenishment.objects.values()) == before


def test_other_agencies_and_stores_are_left_alone(acme, zeta):
    with zeta:
        listed(zeta.store, "A")
        sold(zeta.store, "A", 10)
        recompute_store(zeta.store.pk, at=NOW)
    with acme:
        listed(acme.store, "A")
        listed(acme.other_store, "A", "DE")
        recompute_store(acme.other_store.pk, at=NOW)
        assert line(acme.store).velocity is None or line(acme.store).velocity == 0
        assert Replenishment.objects.count() == 2
    with zeta:
        assert Replenishment.objects.get().velocity == 10_000


def test_ten_times_the_rows_take_the_same_number_of_queries(store):
    def counted(skus: range) -> int:
        for n in skus:
            listed(store, f"S{n}")
        with CaptureQueriesContext(connection) as queries:
            assert recompute_store(store.pk, at=NOW).lines == skus.stop
        return len(queries)

    assert counted(range(3)) == counted(range(3, 30))


def test_lines_that_stay_as_they_are_are_not_written(store):
    listed(store, "A")
    listed(store, "B")
    sold(store, "A", 10)
    assert recompute_store(store.pk, at=NOW) == Recomputed(lines=2, changed=2, gone=0)
    stocked(store, "A", 10)
    assert recompute_store(store.pk, at=NOW + timedelta(minutes=1)) == Recomputed(lines=2, changed=1, gone=0)
    assert recompute_store(store.pk, at=NOW + timedelta(minutes=2)) == Recomputed(lines=2, changed=0, gone=0)


def test_one_sku_alone_comes_out_as_with_all_others(store):
    for n, sku in enumerate(("A", "B"), start=1):
        listed(store, sku)
        sold(store, sku, n)
        stocked(store, sku, n, back=2)
    stocked(store, "B", 9)
    recompute_store(store.pk, at=NOW)
    before = list(Replenishment.objects.order_by("sku").values())
    assert recompute_store(store.pk, at=NOW, skus=["A"]) == Recomputed(lines=1, changed=0, gone=0)
    assert list(Replenishment.objects.order_by("sku").values()) == before
    Listing.objects.all().delete()
    assert recompute_store(store.pk, at=NOW, skus=["A"]) == Recomputed(lines=0, changed=0, gone=1)
    assert Replenishment.objects.get().sku == "B"
