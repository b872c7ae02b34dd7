"""The client's own sales: in their money, of their stores and sites, with the best sellers of all currencies ranked."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import FxRate, StoreGrant
from apps.core.permissions import Role
from apps.listings.models import Product
from apps.sales.models import SalesDay, StoreDay


@pytest.fixture
def sold(acme):
    """Ninety days: A sells 10 dollars a day in the US, B 12 Canadian ones, C in the other client's store."""
    FxRate.objects.update_or_create(currency="CAD", valid_from="2020-01-01", defaults={"per_usd": "2"})
    FxRate.objects.filter(currency="CAD").exclude(valid_from="2020-01-01").delete()
    with acme:
        rows = (("A", "US", 1000, "USD", acme.store), ("B", "CA", 1200, "CAD", acme.store),
                ("C", "DE", 9000, "EUR", acme.other_store))  # fmt: skip
        for n in range(1, 90):
            day = timezone.localdate() - timedelta(days=n)
            for sku, site, revenue, currency, store in rows:
                told = {"marketplace_id": site, "date": day, "units": 1, "orders": 1, "revenue": revenue}
                SalesDay.objects.create(store=store, sku=sku, currency=currency, **told)
                StoreDay.objects.create(store=store, currency=currency, **told)
        Product.objects.create(store=acme.store, sku="A", title="Anna\u2019s lamp", updated_at=timezone.now())
    return acme


@pytest.fixture
def look(sold, client):
    client.force_login(sold.user(Role.CLIENT))
    return lambda words="": client.get(f"/portal/acme/sales/?{words}")


def test_totals_chart_and_best_sellers_are_the_clients_own(look):
    page = look("last=30d")
    found = page.context
    assert found["total"].now.revenue == 30 * (1000 + 600)
    assert [(each.sku, each.title, each.revenue, each.change) for each, _store in found["best"]] == [
        ("A", "Anna\u2019s lamp", 30_000, 0),
        ("B", "B", 18_000, 0),
    ]
    assert found["found"].like.change == 0
    text = page.content.decode()
    assert "no profit is shown" in text
    assert "europe" not in text


def test_the_switches_change_everything(look):
    found = look("last=30d&cur=CAD&cmp=none").context
    assert found["currency"] == "CAD"
    assert [each.revenue for each, _store in found["best"]] == [60_000, 36_000]
    assert not found["compared"]
    assert found["periods"][1].revenue == 2000 + 1200
    assert not look("cmp=yoy").context["compared"]  # there are no sales of a year ago


def test_a_site_that_was_not_granted_is_not_there(look, sold):
    with sold:
        StoreGrant.objects.filter(member=sold.seats[Role.CLIENT]).update(marketplace="US")
    found = look("last=30d").context
    assert [each.sku for each, _store in found["best"]] == ["A"]
    assert found["total"].now.revenue == 30_000


def test_more_skus_are_not_more_queries(look, sold):
    look()
    with CaptureQueriesContext(connection) as few:
        look()
    with sold:
        day = timezone.localdate() - timedelta(days=3)
        for n in range(60):
            SalesDay.objects.create(
                store=sold.store, marketplace_id="US", sku=f"S{n}", date=day, units=1, orders=1, revenue=n,
                currency="USD",
            )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        assert len(look().context["best"]) == 20
    assert len(few) == len(many)


def test_stock_shows_what_plans_bring(client, acme):
    from tests.inventory.lines import fill
    from tests.inventory.test_arrivals import plan_of

    with acme:
        fill(acme.store, 2)
        plan = plan_of(acme, state="ordered")
        units = sum(plan.lines.values_list("units", flat=True))
    client.force_login(acme.user(Role.CLIENT))
    page = client.get("/portal/acme/stock/")
    assert page.context["calendar"].units == units
    assert "What arrives when" in page.content.decode()
