"""Rules that look at each product by itself: one incident a product, its owner, its money; and days of cover."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client

from apps.core.metrics import Period
from apps.core.metrics import evaluate as sums
from apps.core.models import Finding
from apps.core.permissions import Role
from apps.health.actions.evaluating import evaluate
from apps.health.models import Incident, Offer, Signal
from apps.health.queries.dry_run import tried
from apps.inventory.models import StockDay
from apps.sales.models import SalesDay, TrafficDay
from tests.health.ground import TODAY, later, offer, ready, rule
from tests.world import NOW

YESTERDAY = TODAY - timedelta(days=1)


def stock(store, units: dict[str, int], *, day: date = YESTERDAY, site: str = "US") -> None:
    StockDay.objects.bulk_create(
        StockDay(store=store, marketplace_id=site, sku=sku, date=day, available=n, as_of=NOW)
        for sku, n in units.items()
    )


def sold(store, sku: str, units: int, days: int = 30, *, last: date = YESTERDAY, revenue: int = 0) -> None:
    SalesDay.objects.bulk_create(
        SalesDay(
            store=store, marketplace_id="US", sku=sku, date=last - timedelta(days=n), units=units, orders=units,
            revenue=revenue, currency="USD",
        )
        for n in range(days)
    )  # fmt: skip


def again_on_days_before(model, days: int) -> None:
    """Each row once more on each of so many days before: made by PostgreSQL, as so many objects would take long."""
    columns = [field.column for field in model._meta.concrete_fields]
    values = ", ".join("date - ago" if column == "date" else column for column in columns)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}, generate_series(1, %s) ago",
            [days],
        )


def empty(**more):
    values = {"fact": "metric", "metric": "stock_available", "condition": "threshold", "grain": "sku"}
    return rule(**values | {"operator": "le", "value": 0} | more)


@pytest.fixture
def here(acme):
    with acme:
        ready(acme, acme.seats[Role.MANAGER])
        offer(acme.store, 800_000, sku="A", units_30d=30)
        offer(acme.store, 50_000, sku="B", units_30d=10, owner=acme.seats[Role.JUNIOR])
        offer(acme.store, 0, sku="OLD", units_30d=0)
        offer(acme.store, 9_000, sku="GONE", units_30d=5, active=False)
    return acme


def test_each_product_that_runs_out_is_an_incident_of_its_own(here):
    with here:
        empty()
        stock(here.store, {"A": 40, "B": 0, "OLD": 0, "GONE": 0})
        assert evaluate(at=NOW).opened == 1, "what nobody buys or sells any more is no news"
        found = Incident.objects.get()
        assert (found.cause, found.part, found.sku, found.marketplace) == ("stock", "B", "B", "US")
        assert (found.owner, found.at_stake, found.currency) == (here.seats[Role.JUNIOR], 50_000, "USD")
        card = Finding.objects.get(kind="incident-stock")
        assert (card.assigned, card.at_stake) == (here.seats[Role.JUNIOR], 50_000)
        from apps.core.findings import KINDS

        kind = KINDS[card.kind]
        assert str(kind.says(card.detail)).format(**kind.words(card.detail)) == "US · B: stock has run out"
        stock(here.store, {"A": 0, "B": 0}, day=TODAY)
        assert evaluate(at=later(days=1)).opened == 1
        assert set(Incident.objects.values_list("part", "at_stake")) == {("A", 800_000), ("B", 50_000)}
        Offer.objects.filter(sku="B").update(units_30d=0)
        stock(here.store, {"A": 0, "B": 7}, day=TODAY + timedelta(days=1))
        assert evaluate(at=later(days=2)).resolved == 1, "looked at until it is well, though it sold nothing meanwhile"
        Offer.objects.filter(sku="A").update(active=False)
        assert evaluate(at=later(days=2, hours=1)).resolved == 1, "nobody offers it any more"


def test_cover_is_told_by_product_and_by_site(here):
    with here:
        sold(here.store, "A", 4)
        sold(here.store, "B", 1)
        stock(here.store, {"A": 20, "B": 30})
        rule(fact="metric", metric="cover", condition="threshold", grain="sku", operator="lt", value=14)
        evaluate(at=NOW)
        signal = Signal.objects.get()
        assert (signal.sku, signal.value, signal.limit) == ("A", 5, 14)
        found = sums(
            ["cover"], period=Period(YESTERDAY, YESTERDAY), stores=[here.store.pk], currency="USD", rates={},
            by=("store", "marketplace", "date"),
        )  # fmt: skip
        assert found[here.store.pk, "US", YESTERDAY]["cover"] == 10, "50 units at 5 a day"
        whole = sums(["cover"], period=Period(TODAY - timedelta(days=7), YESTERDAY), stores=[here.store.pk],
                     currency="USD", rates={})  # fmt: skip
        assert whole[()]["cover"] == 10


def test_units_sales_and_sessions_know_days_without_any(here):
    with here:
        sold(here.store, "A", 3, last=TODAY - timedelta(days=4), revenue=600)
        sold(here.store, "B", 3, revenue=600)
        TrafficDay.objects.bulk_create(
            TrafficDay(
                store=here.store, marketplace_id="US", sku=sku, date=YESTERDAY, sessions=n, page_views=n, units=0,
                revenue=0, currency="USD", as_of=NOW,
            )
            for sku, n in (("A", 2), ("B", 50))
        )  # fmt: skip
        common = {"fact": "metric", "condition": "threshold", "grain": "sku", "operator": "lt"}
        for metric, value in (("units", 1), ("revenue", 500), ("sessions", 10), ("orders", 1)):
            rule(name=metric, metric=metric, value=value, days=3 if metric == "units" else 1, **common)
        evaluate(at=NOW)
        assert set(Signal.objects.values_list("sku", "metric")) == {
            ("A", "units"), ("A", "revenue"), ("A", "sessions"), ("A", "orders"),
        }  # fmt: skip
        assert Incident.objects.count() == 1, "of one product on one day there is one incident"


def test_a_dry_run_counts_products(here):
    with here:
        mine = empty()
        for ago, left in enumerate([0, 0, 5, 0], start=1):
            stock(here.store, {"A": 9, "B": left}, day=TODAY - timedelta(days=ago))
        done = tried(mine, at=NOW)
    assert (done.days, done.incidents) == (3, 2)


def test_stock_of_a_site_for_days_in_a_row(here):
    with here:
        for ago in (1, 2):
            stock(here.store, {"A": 0, "B": 0}, day=TODAY - timedelta(days=ago))
        rule(fact="metric", metric="stock_available", condition="threshold", operator="le", value=0, days=2)
        assert evaluate(at=NOW).opened == 1


def test_five_thousand_products_take_a_constant_number_of_queries(here, django_assert_max_num_queries):
    with here:
        empty()
        rule(name="Cover", fact="metric", metric="cover", condition="threshold", grain="sku", operator="lt", value=14)
        Offer.objects.bulk_create(
            Offer(
                store=here.store, marketplace_id="US", sku=f"S{n}", sales_30d=1000, units_30d=30, currency="USD",
                told_at=NOW,
            )
            for n in range(5000)
        )  # fmt: skip
        for ago in range(1, 4):
            stock(here.store, {f"S{n}": 0 if n < 20 else 400 for n in range(5000)}, day=TODAY - timedelta(days=ago))
        SalesDay.objects.bulk_create(
            SalesDay(
                store=here.store, marketplace_id="US", sku=f"S{n}", date=YESTERDAY, units=1, orders=1, currency="USD",
            )
            for n in range(5000)
        )  # fmt: skip
        again_on_days_before(SalesDay, 29)
        assert SalesDay.objects.count() == 150_000
        evaluate(at=NOW)
        assert Incident.objects.count() == 20
        with django_assert_max_num_queries(26):
            evaluate(at=later(minutes=30))


def test_the_form_offers_products_where_they_are_known_and_refuses_elsewhere(here):
    from tests.health.test_alert_pages import FILLED

    boss = Client()
    boss.force_login(here.user(Role.OWNER))
    wanted = FILLED | {"what": "metric:cover", "grain": "sku", "value": "14"}
    text = boss.post(here.url("alerts/rules/new/"), wanted | {"try": "1"}).content.decode()
    assert "Days of cover at FBA of a product" in text
    for wrong in ({"what": "metric:aov"}, {"what": "health:odr", "condition": "band"}):
        answer = boss.post(here.url("alerts/rules/new/"), wanted | wrong)
        assert answer.status_code == 422
        assert "known of each product" in answer.content.decode()
