"""Stock: snapshots by day, newest planning row, newest own count, lead times as policy."""

from datetime import date, timedelta

import pytest
from django.db import transaction

from apps.inventory.actions import recompute_store
from apps.inventory.models import OwnStock, Policy, Replenishment, StockAge, StockDay
from apps.listings.models import Product
from apps.sales.models import Cost, TrafficDay
from apps.sync.loading import LOADERS, Intake
from apps.sync.rows import COST, FBA_PLANNING, FBA_STOCK, LISTING, OWN_STOCK, PRODUCT, TRAFFIC
from apps.sync.source import Unreadable
from tests.sales.rows import frame, load
from tests.world import NOW

DAY, NEXT = date(2026, 2, 1), date(2026, 2, 2)


def stock(sku: str = "A", **values):
    return {"marketplace": "US", "sku": sku, "date": DAY, "available": 5, "fnsku": f"X{sku}", "title": "Lamp"} | values


def listing(sku: str):
    return {
        "marketplace": "US",
        "sku": sku,
        "asin": f"B0{sku}",
        "title": "Lamp",
        "status": "active",
        "fulfilment": "FBA",
    }


def traffic(sku: str = "A", **values):
    return {"marketplace": "US", "sku": sku, "date": DAY, "sessions": 10, "currency": "USD"} | values


def test_a_snapshot_replaces_its_day_and_makes_products(acme):
    with acme:
        load(acme, FBA_STOCK, stock(), stock("B"), as_of=1, days=(DAY, DAY))
        load(acme, FBA_STOCK, stock(date=NEXT, available=4), as_of=2, days=(NEXT, NEXT))
        loaded = load(acme, FBA_STOCK, stock(available=3), as_of=3, days=(DAY, DAY))
        assert (loaded.new, loaded.changed, loaded.gone, loaded.first) == (0, 1, 1, DAY)
        assert [(s.date, s.available) for s in StockDay.objects.order_by("date")] == [(DAY, 3), (NEXT, 4)]
        assert Product.objects.get(sku="B").fnsku == "XB"


def test_an_older_snapshot_of_a_day_told_again_is_ignored_and_days_apart_do_not_meet(acme):
    with acme:
        load(acme, FBA_STOCK, stock(), as_of=5, days=(DAY, DAY))
        late = load(acme, FBA_STOCK, stock("B"), stock(available=1), as_of=1, days=(DAY, DAY))
        assert (late.new, late.changed, late.gone) == (0, 0, 0)
        assert load(acme, FBA_STOCK, stock("B", date=NEXT), as_of=1, days=(NEXT, NEXT)).new == 1


def test_a_whole_window_with_no_rows_empties_its_days_of_its_site_only(acme, zeta):
    with zeta:
        load(zeta, TRAFFIC, traffic(), as_of=1, days=(DAY, NEXT))
    with acme:
        load(acme, TRAFFIC, traffic(), traffic(date=NEXT), as_of=1, days=(DAY, NEXT))
        load(acme, TRAFFIC, traffic(marketplace="CA"), as_of=1, days=(DAY, NEXT), markets=("CA",))
        assert load(acme, TRAFFIC, as_of=2, days=(DAY, DAY)).gone == 1
        assert {(t.marketplace_id, t.date) for t in TrafficDay.objects.all()} == {("US", NEXT), ("CA", DAY)}
    with zeta:
        assert TrafficDay.objects.count() == 1


def test_the_newest_planning_row_stands_and_a_sku_left_out_is_withdrawn(acme):
    row = {"marketplace": "US", "sku": "A", "date": DAY, "age_0_90": 4}
    with acme:
        load(acme, FBA_PLANNING, row, row | {"sku": "B"}, as_of=1, days=(DAY, DAY))
        load(acme, FBA_PLANNING, row | {"date": NEXT, "age_0_90": 3}, as_of=2, days=(NEXT, NEXT))
        assert [(a.sku, a.age_0_90, a.age_91_180) for a in StockAge.objects.all()] == [("A", 3, None)]
        assert load(acme, FBA_PLANNING, row, as_of=1, days=(DAY, DAY)).changed == 0


def test_own_stock_keeps_the_newest_count_of_each_warehouse(acme):
    row = {"warehouse": "Yiwu 100%", "sku": "A", "date": NEXT, "available": 7}
    with acme:
        load(acme, OWN_STOCK, row, row | {"date": DAY, "available": 1}, as_of=1)
        assert OwnStock.objects.get().available == 7
        assert load(acme, OWN_STOCK, row | {"date": DAY, "available": 2}, as_of=2).changed == 0
        assert load(acme, OWN_STOCK, row | {"available": 8}, as_of=3).changed == 1


def test_costs_begin_on_a_day_and_the_later_word_stands(acme):
    row = {"sku": "A", "valid_from": DAY, "unit_cost": 500, "currency": "CNY"}
    with acme:
        load(acme, COST, row, as_of=2)
        assert load(acme, COST, row | {"unit_cost": 400}, as_of=1).changed == 0
        assert load(acme, COST, row, as_of=2).changed == 0
        assert load(acme, COST, row | {"valid_from": NEXT, "unit_cost": 550}, as_of=1).new == 1
        assert [c.unit_cost for c in Cost.objects.order_by("valid_from")] == [500, 550]


def test_a_value_told_again_is_not_overruled_by_an_older_document(acme):
    row = {"sku": "A", "valid_from": DAY, "unit_cost": 500, "currency": "CNY"}
    with acme:
        load(acme, COST, row, as_of=1)
        assert load(acme, COST, row, as_of=3).changed == 0
        load(acme, COST, row | {"unit_cost": 400}, as_of=2)
        assert Cost.objects.get().unit_cost == 500


def test_lead_times_of_a_master_become_the_skus_policy(acme):
    with acme:
        load(acme, PRODUCT, {"sku": "A", "production_days": 20, "transit_days": 35}, {"sku": "B"}, as_of=1)
        policy = Policy.objects.get()
        assert (policy.sku, policy.production_days, policy.sea_days, policy.marketplace) == ("A", 20, 35, "")
        assert load(acme, PRODUCT, {"sku": "A", "production_days": 20, "transit_days": 35}, as_of=1).changed == 0
        assert load(acme, PRODUCT, {"sku": "A", "production_days": 25}, as_of=2).changed == 1
        assert Policy.objects.get().sea_days == 35


def test_a_sku_that_vanishes_from_the_next_snapshot_is_no_stock_any_more_and_its_past_stays(acme):
    today, before = NOW.date(), NOW.date() - timedelta(days=1)
    with acme:
        load(acme, LISTING, listing("A"), listing("B"), as_of=-24, days=(before, before))
        load(acme, FBA_STOCK, stock("A", date=before), stock("B", date=before), as_of=-24, days=(before, before))
        recompute_store(acme.store.pk, at=NOW)
        assert dict(Replenishment.objects.values_list("sku", "available")) == {"A": 5, "B": 5}
        load(acme, LISTING, listing("A"), as_of=-1, days=(today, today))
        load(acme, FBA_STOCK, stock("A", date=today, available=4), as_of=-1, days=(today, today))
        recompute_store(acme.store.pk, at=NOW + timedelta(minutes=1))
        assert dict(Replenishment.objects.values_list("sku", "available")) == {"A": 4}
        assert not Product.objects.get(sku="B").active
        assert {(s.sku, s.date) for s in StockDay.objects.all()} == {("A", today), ("A", before), ("B", before)}


def test_a_count_without_its_site_told_whole_may_still_be_arriving(acme):
    today, before = NOW.date(), NOW.date() - timedelta(days=1)
    with acme:
        load(acme, FBA_STOCK, stock("A", date=before), stock("B", date=before), as_of=-24)
        load(acme, FBA_STOCK, stock("A", date=today, available=4), as_of=-1)
        recompute_store(acme.store.pk, at=NOW)
        assert dict(Replenishment.objects.values_list("sku", "available")) == {"A": 4, "B": 5}


@pytest.mark.parametrize("row", LOADERS)
def test_a_document_of_another_store_is_refused_whole(acme, zeta, row):
    with acme, pytest.raises(Unreadable, match="not one of this agency"):
        LOADERS[row](Intake(zeta.store.pk, NOW, ("US",)), iter([]))


def test_rows_that_name_another_store_are_refused_and_nothing_is_written(acme):
    row = {"warehouse": "main", "sku": "A", "date": DAY, "available": 7}
    mine = frame(OWN_STOCK, row).with_columns(store_id=acme.store.pk)
    theirs = frame(OWN_STOCK, row | {"sku": "B"}).with_columns(store_id=acme.store.pk + 1)
    intake = Intake(acme.store.pk, NOW, ())
    with acme:
        with pytest.raises(Unreadable, match="another store"), transaction.atomic():
            LOADERS[OWN_STOCK.name](intake, iter([mine, theirs]))
        assert not OwnStock.objects.exists()
        assert LOADERS[OWN_STOCK.name](intake, iter([mine])).new == 1
