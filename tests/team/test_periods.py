"""Tiles of periods, what they are held against, and the currency they are told in."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import FxRate
from apps.core import lists
from apps.core.permissions import Role
from apps.sales.models import StoreDay
from apps.sync.models import Stream
from apps.team.queries import lens, periods, standing

# Ten in the morning in Shanghai: still the day before in Seattle and in Toronto.
NOW = datetime(2026, 3, 18, 2, tzinfo=UTC)
TODAY = date(2026, 3, 18)
HERE = date(2026, 3, 17)


def sell(world, day, revenue, *, site="US", units=1, currency="USD", store=None):
    StoreDay.objects.create(
        store=store or world.store, marketplace_id=site, date=day, units=units, orders=1, revenue=revenue,
        currency=currency,
    )  # fmt: skip


def tiles(world, words="", *, as_of=NOW, role=Role.OWNER, today=TODAY):
    query = lists.parse(QueryDict(words), (), sort="", today=today, currency="USD")
    view = lens.look(world.seats[role], query, currency="USD", today=today)
    found = periods.period_tiles([world.store.pk], view, lens.sites_at(NOW), now=NOW, as_of=as_of)
    return {tile.key: tile for tile in found}


@pytest.fixture
def sold(acme):
    """Every day since 2024: 100 cents a day in the year before last, 200 since 2026."""
    with acme:
        for n in range(600):
            day = HERE - timedelta(days=n)
            sell(acme, day, 200 if day.year == 2026 else 100)
    return acme


def test_today_is_the_day_of_each_site(sold):
    with sold:
        sell(sold, HERE, 5, site="CA")
        found = tiles(sold)
    assert found["today"].revenue == 205
    assert (found["today"].change, found["today"].before) == (None, 200)
    assert found["yesterday"].revenue == 200
    assert found["yesterday"].change == 0


def test_months_are_held_against_whole_days_of_the_month_before(sold):
    found = tiles_in(sold)
    assert found["month"].revenue == 17 * 200
    assert found["month"].change == 0  # 16 whole days against 16 days of February
    assert found["last"].revenue == 28 * 200
    assert found["last"].change == Decimal(28 * 200 - 31 * 200) / (31 * 200)


def tiles_in(world, words="", **more):
    with world:
        return tiles(world, words, **more)


def test_a_year_ago_is_the_same_dates(sold):
    found = tiles_in(sold, "cmp=yoy")
    assert [found[key].change for key in ("yesterday", "month", "last")] == [1, 1, 1]
    assert found["today"].before == 100


def test_nothing_is_held_against_nothing(sold):
    found = tiles_in(sold, "cmp=none")
    assert {(tile.change, tile.before) for tile in found.values()} == {(None, None)}


def test_the_month_to_come_is_its_whole_days_and_the_forecast(sold):
    found = tiles_in(sold)["forecast"]
    assert found.revenue == 31 * 200
    assert found.low <= found.revenue <= found.high
    assert found.why.formula


def test_old_orders_forecast_nothing(sold):
    assert tiles_in(sold, as_of=NOW - timedelta(days=2))["forecast"].revenue is None
    assert tiles_in(sold, as_of=None)["forecast"].revenue is None


def test_sales_that_do_not_reach_back_are_not_compared(acme):
    with acme:
        for n in range(60):
            sell(acme, HERE - timedelta(days=n), 100)
        found = tiles(acme, "cmp=yoy")
        assert {tile.change for tile in found.values()} == {None}
        assert tiles(acme)["yesterday"].change == 0


def test_every_tile_is_told_in_the_currency_asked_for(sold):
    with sold:
        FxRate.objects.update_or_create(currency="CNY", valid_from="2020-01-01", defaults={"per_usd": "8"})
        FxRate.objects.filter(currency="CNY").exclude(valid_from="2020-01-01").delete()
        found = tiles(sold, "cur=CNY")
    assert found["last"].revenue == 28 * 1600
    assert found["forecast"].revenue == 31 * 1600


def test_a_site_without_a_grant_is_in_no_tile(sold):
    with sold:
        sell(sold, HERE, 5, site="CA")
        from apps.accounts.models import StoreGrant

        StoreGrant.objects.filter(store=sold.store).update(marketplace="CA")
        assert tiles(sold, role=Role.JUNIOR)["today"].revenue == 5


# -- pages


@pytest.fixture
def page(acme, client):
    """The overview at noon: every site then has the same day, whenever the test is run."""
    with time_machine.travel(timezone.now().replace(hour=12, minute=0), tick=True):
        with acme:
            _sold(acme, timezone.localdate())
        client.force_login(acme.user(Role.OWNER))
        yield lambda path, words="": client.get(acme.url(path) + f"?{words}")


def _sold(acme, today):
    for n in range(1, 130):
        sell(acme, today - timedelta(days=n), 1000)
        sell(acme, today - timedelta(days=n), 500, site="DE", currency="EUR", store=acme.other_store)
    Stream.objects.create(
        connection=acme.connection, store=acme.store, dataset="orders", every=3600, promise=7200,
        fresh_at=timezone.now(),
    )  # fmt: skip
    FxRate.objects.update_or_create(currency="EUR", valid_from="2020-01-01", defaults={"per_usd": "0.5"})
    FxRate.objects.filter(currency="EUR").exclude(valid_from="2020-01-01").delete()


def test_the_switches_change_tiles_chart_and_table(page):
    plain, euro = page("", "last=30d").context, page("", "last=30d&cur=EUR").context
    assert plain["total"].now.revenue == 30 * (1000 + 1000)
    assert euro["total"].now.revenue == 30 * (500 + 500)
    assert euro["chart"]["currency"] == "EUR"
    assert euro["chart"]["series"][0]["data"] == [5.0] * 30
    assert [each.revenue for each in euro["periods"]][1] == 1000
    assert [each.value for each in plain["currencies"]] == ["USD", "CAD", "EUR"]


def test_a_comparison_changes_change_and_chart(page):
    prev = page("", "last=30d").context
    assert prev["found"].like.change == 0
    assert prev["chart"]["series"][-1]["name"] == "Period before"
    yoy = page("", "last=30d&cmp=yoy")
    assert yoy.context["found"].left_out == 2
    assert yoy.context["found"].like.change is None
    assert "Changes leave out 2 stores" in yoy.content.decode()
    none = page("", "last=30d&cmp=none")
    assert "change" not in [column.key for column in none.context["query"].shown_columns]
    assert not [each for each in none.context["chart"]["series"] if each.get("dashed")]


def test_the_store_page_has_the_same_switches(page):
    euro = page("stores/europe/", "last=30d&cur=EUR&cmp=prev").context
    assert [(sum["key"], sum["now"], sum["change"]) for sum in euro["sums"]] == [
        ("revenue", 15000, 0),
        ("units", 30, 0),
        ("orders", 30, 0),
    ]
    assert euro["chart"]["series"][-1]["dashed"]
    assert [each.value for each in euro["currencies"]] == ["USD", "EUR"]


@pytest.mark.parametrize("path", ["", "stores/north/"])
@pytest.mark.parametrize("words", ["", "cmp=yoy&cur=EUR&last=90d"])
def test_more_facts_are_not_more_queries(page, acme, path, words):
    page(path, words)
    with CaptureQueriesContext(connection) as few:
        page(path, words)
    with acme:
        for n in range(130, 400):
            sell(acme, timezone.localdate() - timedelta(days=n), 1000)
            sell(acme, timezone.localdate() - timedelta(days=n), 1000, site="CA", currency="CAD")
    with CaptureQueriesContext(connection) as many:
        page(path, words)
    assert len(few) == len(many) <= 45


def test_a_client_has_a_currency_of_its_own(page, acme, client):
    with acme:
        acme.client.currency = "EUR"
        acme.client.save()
    client.force_login(acme.user(Role.CLIENT))
    found = client.get("/portal/acme/").context
    assert found["currency"] == "EUR"
    assert found["total"].now.revenue == 7 * 500


def test_stores_young_and_old_are_compared_like_for_like(page, acme):
    with acme:
        StoreDay.objects.filter(store=acme.other_store, date__lt=timezone.localdate() - timedelta(days=40)).delete()
    found = page("", "last=30d").context["found"]
    assert found.left_out == 1
    assert found.like.now.revenue == 30_000
    assert found.total.now.revenue == 60_000
    assert standing.share(3, 2) == Decimal("0.5")
