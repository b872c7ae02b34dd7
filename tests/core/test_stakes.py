"""How findings add up: each product once, a whole site only where it is more than its products, stores together."""

from collections import defaultdict
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import StoreMarketplace
from apps.core.findings import stake, stakes
from apps.core.models import Finding
from apps.core.permissions import Role
from apps.health.models import Incident
from apps.health.queries.alerts import summary

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
PRODUCTS = ("restock-urgent", "restock-hurry", "excess-aged")
WHOLE = ("health-breach", "incident-odr", "paper-missing", "sync-late")
SITES = ("US", "CA", "MX")  # US and CA share a stock, MX has its own
POOL = {"US": "NARF", "CA": "NARF", "MX": "MX", "": ""}

parts = st.tuples(
    st.sampled_from(("north", "south")),
    st.sampled_from((*PRODUCTS, *WHOLE)),
    st.sampled_from((*SITES, "")),
    st.sampled_from(("A", "B", "C")),
    st.integers(0, 1000),
)
lots = st.lists(parts, max_size=14)


def told(rows):
    """The rule, by hand."""
    stores = defaultdict(lambda: {"pools": defaultdict(lambda: [{}, {}]), "whole": 0})
    for store, kind, site, subject, money in rows:
        if kind not in PRODUCTS and not site:
            stores[store]["whole"] = max(stores[store]["whole"], money)
        else:
            products, sites = stores[store]["pools"][POOL[site]]
            side, key = (products, subject) if kind in PRODUCTS else (sites, site)
            side[key] = max(side.get(key, 0), money)
    return sum(
        max(each["whole"], sum(max(sum(a.values()), sum(b.values())) for a, b in each["pools"].values()))
        for each in stores.values()
    )


@pytest.fixture
def acme(acme):
    """Two stores with a shared stock in US and CA."""
    with acme:
        for store in (acme.store, acme.other_store):
            StoreMarketplace.objects.filter(store=store).delete()
            for site in SITES:
                pool = POOL[site] if POOL[site] != site else ""
                StoreMarketplace.objects.create(store=store, marketplace_id=site, pool=pool)
    return acme


def keep(world, rows, state="done"):
    """Findings as they are; closed ones may repeat."""
    stores = {"north": world.store, "south": world.other_store}
    Finding.objects.all().delete()
    Finding.objects.bulk_create(
        Finding(kind=kind, store=stores[store], marketplace=site, subject=subject, rank=money, state=state, opened_at=AT, changed_at=AT)
        for store, kind, site, subject, money in rows
    )  # fmt: skip
    return Finding.objects.all()


EVERY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@EVERY
@given(lots)
def test_the_statement_keeps_the_rule(acme, rows):
    with acme:
        assert stake(keep(acme, rows)) == told(rows)


@EVERY
@given(lots, parts)
def test_a_sum_never_falls_by_one_more_and_never_rises_by_more_than_it(acme, rows, more):
    with acme:
        before = stake(keep(acme, rows))
        after = stake(keep(acme, [*rows, more]))
        assert before <= after <= before + more[-1]
        assert stake(keep(acme, [*rows, more, more])) == after  # said twice is said once
        assert max([each[-1] for each in rows], default=0) <= before <= sum(each[-1] for each in rows)


@EVERY
@given(lots)
def test_stores_add_up_to_the_whole_and_groups_are_no_more_than_it(acme, rows):
    with acme:
        found = keep(acme, rows)
        whole = stake(found)
        assert sum(stakes(found, by=["store_id"]).values()) == whole
        assert all(money <= whole for money in stakes(found, by=["kind"]).values())
        for (store, kind), money in stakes(found, by=["store_id", "kind"]).items():
            assert money == stake(found.filter(store=store, kind=kind))


def test_the_words_of_the_rule_in_numbers(acme):
    out, aged = ("north", "restock-urgent", "US", "A", 100), ("north", "excess-aged", "US", "A", 30)
    other, site, shop = ("north", "restock-urgent", "US", "B", 50), "health-breach", "paper-expired"
    cases = {
        130: [("north", "restock-urgent", "US", "A", 100), ("north", "restock-urgent", "MX", "A", 30)],  # two stocks
        100: [out, aged],  # one product, its largest reason
        150: [out, aged, other, ("north", site, "US", "odr", 120)],  # the site is less than its products
        400: [out, other, ("north", site, "US", "odr", 400), ("north", "incident-odr", "US", "7", 90)],
        450: [
            out,
            other,
            ("north", site, "US", "odr", 400),
            ("north", site, "CA", "odr", 50),
        ],  # two sites of one stock
        999: [out, ("north", site, "US", "odr", 400), ("north", shop, "", "p", 999)],
    }
    with acme:
        for money, rows in cases.items():
            assert stake(keep(acme, rows)) == money, rows
        assert stake(Finding.objects.none()) == 0
        assert stakes(keep(acme, [out]), by=["kind"]) == {("restock-urgent",): 100}


def test_another_agency_is_not_in_it(acme, zeta):
    with zeta:
        keep(zeta, [("north", "restock-urgent", "US", "A", 700)])
    with acme:
        assert stake(keep(acme, [("north", "restock-urgent", "US", "A", 5)])) == 5


def test_two_causes_on_one_site_are_one_stake_of_incidents(acme):
    with acme:
        for number, (cause, site, money) in enumerate(
            (("odr", "US", 300), ("account", "US", 500), ("odr", "MX", 40)), 1
        ):
            Incident.objects.create(
                number=number, cause=cause, store=acme.store, marketplace=site, rank=money, at_stake=money, currency="USD",
                band=2, day=AT.date(), opened_at=AT, changed_at=AT,
            )  # fmt: skip
        assert summary(Incident.objects.all(), acme.seats[Role.OWNER]).at_stake == 540


def test_the_pages_tell_the_same_sum_with_as_many_queries(acme, client):
    rows = [("north", "restock-urgent", "US", "A", 10_000), ("north", "excess-aged", "US", "A", 9_000)]
    with acme:
        keep(acme, rows, state="open")
    client.force_login(acme.user(Role.OWNER))
    few = {path: _queries(client, acme.url(path)) for path in PAGES}
    with acme:
        keep(
            acme,
            [
                *rows,
                *(
                    ("south", kind, site, f"S{n}", n)
                    for n in range(20)
                    for kind in (*PRODUCTS, *WHOLE)
                    for site in SITES
                ),
            ],
            "open",
        )
        whole = stake(Finding.objects.all())
    for path in PAGES:
        assert _queries(client, acme.url(path)) <= few[path], path
    page = client.get(acme.url(""))
    assert page.context["totals"].at_stake == page.context["total"].at_stake == whole
    assert sum(line.at_stake for line in page.context["lines"]) == whole
    assert "Each product counts once" in page.content.decode()
    kinds = client.get(acme.url("inbox/?group=kind"))
    heads = [head for head, _card in kinds.context["headed"] if head]
    with acme:
        assert {head.key: head.at_stake for head in heads} == {
            key: money
            for (key,), money in stakes(Finding.objects.all(), by=["kind"]).items()
            if key in {h.key for h in heads}
        }
    assert [head.at_stake for head in heads] == sorted((head.at_stake for head in heads), reverse=True)


PAGES = ("", "inbox/", "inbox/?group=store", "inbox/?group=kind", "inbox/?group=due", "stores/north/")


def _queries(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_the_bar_is_told_what_the_chosen_put_at_stake(acme, client):
    with acme:
        keep(acme, [("north", "restock-urgent", "US", "A", 10_000), ("north", "excess-aged", "US", "A", 9_000)], "open")
        ids = [str(each.pk) for each in Finding.objects.all()]
    client.force_login(acme.user(Role.OWNER))
    answer = client.post(acme.url("inbox/sum/"), {"ids": [*ids, "nonsense"]})
    assert "$100" in answer.content.decode()
    assert "$190" not in answer.content.decode()
    assert client.post(acme.url("inbox/sum/"), {}).content.decode().strip() == ""
