"""Totals against the period before, the cost that holds on a day, metrics over facts, costs as people set them."""

from datetime import date, timedelta
from decimal import Decimal

from apps.core.metrics import Period, evaluate
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.sales.actions import CostLine, set_costs
from apps.sales.models import Cost
from apps.sales.queries import cost_at, costs_on, sales_by_day, store_totals
from apps.sync.rows import COST, FBA_STOCK, ORDER_LINE, TRAFFIC
from tests.inventory.stock import TODAY, stocked
from tests.sales.rows import load
from tests.sales.test_orders import line
from tests.world import NOW

DAY = date(2026, 2, 1)
WEEK = Period(DAY, DAY + timedelta(days=6))


def test_totals_of_a_period_and_of_the_one_before_in_two_queries(acme, django_assert_num_queries):
    with acme:
        load(acme, ORDER_LINE, line(), line("o2", purchased_on=DAY - timedelta(days=1), price=700, promotion=0))
        with django_assert_num_queries(2):
            now, before = store_totals([acme.store.pk], WEEK, currency="USD")[acme.store.pk]
        assert (now.revenue, now.orders, before.revenue, before.units) == (1900, 1, 700, 2)
        assert [d["units"] for d in sales_by_day(acme.store.pk, "A", WEEK)] == [2]


def test_the_cost_of_a_day_is_the_newest_that_has_begun(acme):
    row = {"sku": "A", "valid_from": DAY, "unit_cost": 500, "currency": "CNY"}
    with acme:
        load(acme, COST, row, row | {"valid_from": DAY + timedelta(days=9), "unit_cost": 600})
        assert cost_at(acme.store.pk, "A", DAY - timedelta(days=1)) is None
        assert cost_at(acme.store.pk, "A", DAY + timedelta(days=3)).unit_cost == 500
        assert [c.unit_cost for c in costs_on(acme.store.pk, DAY + timedelta(days=9))] == [600]


def test_metrics_divide_sums_and_leave_the_unknown_unknown(acme):
    with acme:
        load(acme, ORDER_LINE, line(), line("o2", price=500, promotion=None), line("o3", status="Cancelled"))
        load(acme, FBA_STOCK, {"marketplace": "US", "sku": "A", "date": DAY, "available": 7, "inbound_shipped": 3})
        keys = ["units", "revenue", "aov", "cancellation_share", "conversion", "stock_available", "stock_inbound"]
        values = evaluate(keys, period=WEEK, stores=[acme.store.pk], currency="USD", rates={})[()]
        assert (values["units"], values["revenue"], values["aov"]) == (4, 2400, 1200)
        assert values["cancellation_share"] == Decimal(2) / 6
        assert values["conversion"] is None
        assert (values["stock_available"], values["stock_inbound"]) == (7, 3)
        load(
            acme,
            TRAFFIC,
            {"marketplace": "US", "sku": "A", "date": DAY, "sessions": 8, "units_ordered": 2, "currency": "USD"},
        )
        assert evaluate(["conversion"], period=WEEK, stores=[acme.store.pk], currency="USD", rates={})[()] == {
            "conversion": Decimal("0.25")
        }


def test_costs_set_by_a_person_are_written_once_and_logged(acme):
    lines = [CostLine("A", DAY, 500, "CNY"), CostLine("B", DAY, 600, "CNY", freight=40)]
    with acme:
        owner = acme.seats[Role.OWNER]
        assert len(set_costs(acme.store, lines, by=owner, at=NOW).after) == 2
        assert set_costs(acme.store, lines, by=owner, at=NOW + timedelta(hours=1)) is None
        assert set_costs(acme.store, [CostLine("A", DAY, 550, "CNY")], by=owner, at=NOW)
        assert Cost.objects.get(sku="A").unit_cost == 550
        entry = Entry.objects.order_by("-number").first()
        assert entry.verb == "costs.set"
        assert entry.before == {"A 2026-02-01": [500, "CNY", None, ""]}


def test_a_snapshot_is_each_store_and_sites_own_newest(acme, django_assert_num_queries):
    """A store, or a site, whose report is a day behind counts with what it had then."""
    with acme:
        stocked(acme.store, "A", 100, back=3)
        stocked(acme.store, "A", 10)
        stocked(acme.store, "B", 5)
        stocked(acme.store, "A", 7, site="CA", back=1)
        stocked(acme.other_store, "A", 1000, site="DE", back=2)
        stocked(acme.other_store, "A", 9000, site="DE", back=9)
        asked = {"currency": "USD", "rates": {}, "stores": [acme.store.pk, acme.other_store.pk]}
        period = Period(TODAY - timedelta(days=6), TODAY)
        with django_assert_num_queries(2):
            assert evaluate(["stock_available"], period=period, **asked)[()] == {"stock_available": 1022}
        by = evaluate(["stock_available"], period=period, by=("store_id", "marketplace_id"), **asked)
        assert {key: row["stock_available"] for key, row in by.items()} == {
            (acme.store.pk, "US"): 15,
            (acme.store.pk, "CA"): 7,
            (acme.other_store.pk, "DE"): 1000,
        }
        some = evaluate(["stock_available"], period=period, only={"marketplace__in": ["CA", "FR"]}, **asked)
        assert some[()] == {"stock_available": 7}
