"""The list of unit costs: what is missing and worth, who may see and say costs, what is taken back and away."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.jobs import run
from apps.core.models import Entry, Job
from apps.core.permissions import STAFF_ROLES, Role
from apps.core.storage import documents
from apps.listings.models import Product
from apps.sales.models import Cost, SalesDay
from tests.listed import of_table, page_named, seated
from tests.world import NOW

at = page_named("costs")
shown = of_table(r"[A-Z]-C\d+")

HTMX = {"HX-Request": "true", "HX-Target": "div#rows"}
DRAWER = {"HX-Request": "true", "HX-Target": "div#drawer-content"}
KNOW = {Role.OWNER, Role.MANAGER, Role.SENIOR, Role.FINANCE}
SAY = {Role.OWNER, Role.MANAGER, Role.FINANCE}


def fill(store, count, *, site="US", currency="USD", prefix=""):
    """`count` SKUs that sold 10.00, 20.00, ... yesterday; every second has a cost of 5.00 and a freight of 1.00."""
    prefix = prefix or store.slug[0].upper()
    yesterday = timezone.localdate() - timedelta(days=1)
    skus = [f"{prefix}-C{n}" for n in range(count)]
    Product.objects.bulk_create(
        Product(store=store, sku=sku, title=f"Title of {sku}", supplier=f"Mill {n % 2}", updated_at=NOW)
        for n, sku in enumerate(skus)
    )
    SalesDay.objects.bulk_create(
        SalesDay(
            store=store, marketplace_id=site, sku=sku, date=yesterday, units=n + 1, revenue=1000 * (n + 1),
            currency=currency,
        )
        for n, sku in enumerate(skus)
    )  # fmt: skip
    Cost.objects.bulk_create(
        Cost(
            store=store, sku=sku, valid_from=date(2026, 1, 1), unit_cost=500, freight=100, currency="USD",
            updated_at=NOW,
        )
        for sku in skus[1::2]
    )  # fmt: skip


@pytest.fixture
def acme(acme):
    with acme:
        fill(acme.store, 4)
        fill(acme.other_store, 2, site="DE", currency="EUR")
    return acme


def tile(page: str, label: str) -> str:
    """The value of a tile, without its unit."""
    found = re.search(rf">{label}</(?:a|span)>.*?tile-value\">(.*?)(?:<small|</div>)", page, re.DOTALL)
    return re.sub("<[^>]+>", "", found[1]).strip()


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_costs_are_for_those_who_may_know_them(client, acme, role):
    answer = seated(client, acme, role).get(at(acme))
    assert answer.status_code == (200 if role in KNOW else 403)
    if role in KNOW:
        page = answer.content.decode()
        assert "$5.00" in page
        assert ("E-C1" in page) is (role != Role.SENIOR)
        assert ('id="bulk"' in page) is (role in SAY)
        assert ("data-edit" in page) is (role in SAY)
    rail = client.get(at(acme, "products")).content.decode()
    assert (f'href="{at(acme)}"' in rail) is (role in KNOW)


def test_clients_and_strangers_find_nothing_here(client, acme, zeta):
    assert seated(client, acme, Role.CLIENT).get(at(acme)).status_code == 404
    assert seated(client, zeta, Role.OWNER).get(at(acme)).status_code == 404
    assert seated(client, acme, Role.SENIOR).get(at(acme, "cost", store="europe", sku="E-C1")).status_code == 404
    assert seated(client, acme, Role.OWNER).get(at(acme, "cost", store="north", sku="E-C1")).status_code == 404


def test_what_the_missing_costs_hide_comes_first(client, acme):
    page = seated(client, acme, Role.SENIOR).get(at(acme)).content.decode()
    assert tile(page, "Sales without a cost") == "$40"  # of N-C0 and N-C2
    assert tile(page, "Missing cost") == "2"
    assert tile(page, "Sales with a cost") == "60.0%"
    missing = client.get(f"{at(acme)}?status=missing").content.decode()
    assert shown(missing) == ["N-C2", "N-C0"]  # the larger loss first


def test_a_cost_that_begins_later_does_not_hold_yet(client, acme):
    later = timezone.localdate() + timedelta(days=5)
    with acme:
        Cost.objects.create(store=acme.store, sku="N-C0", valid_from=later, unit_cost=1, currency="USD", updated_at=NOW)
    seated(client, acme, Role.SENIOR)
    assert shown(client.get(f"{at(acme)}?status=missing").content.decode()) == ["N-C2", "N-C0"]
    assert shown(client.get(f"{at(acme)}?status=coming").content.decode()) == ["N-C0"]


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("", ["N-C3", "N-C2", "N-C1", "N-C0"]),
        ("sort=product", ["N-C0", "N-C1", "N-C2", "N-C3"]),
        ("sort=units", ["N-C0", "N-C1", "N-C2", "N-C3"]),
        ("sort=since", ["N-C1", "N-C3", "N-C0", "N-C2"]),
        ("status=known", ["N-C3", "N-C1"]),
        ("q=c3", ["N-C3"]),
        ("supplier=Mill+0&status=known", []),
        ("owner=me", []),
        ("status=nonsense&q=c3", ["N-C3"]),
    ],
)
def test_filters_and_order_are_in_the_address(client, acme, query, skus):
    assert shown(seated(client, acme, Role.SENIOR).get(f"{at(acme)}?{query}").content.decode()) == skus


def test_a_filter_counts_only_its_own_sales(client, acme):
    page = seated(client, acme, Role.SENIOR).get(f"{at(acme)}?q=c0").content.decode()
    assert tile(page, "Sales without a cost") == "$10"


def test_a_sold_sku_that_is_no_product_is_named_and_can_be_given_a_cost(client, acme):
    with acme:
        yesterday = timezone.localdate() - timedelta(days=1)
        SalesDay.objects.create(
            store=acme.store, marketplace_id="US", sku="OLD-1", date=yesterday, units=1, revenue=9900, currency="USD"
        )
    page = seated(client, acme, Role.FINANCE).get(at(acme, store="north")).content.decode()
    assert tile(page, "Sales without a cost") == "$139"
    assert "OLD-1" in page
    url = at(acme, "cost-new", store="north")
    assert yesterday.isoformat() in client.get(f"{url}?sku=OLD-1").content.decode()  # from its first sale on
    values = {"store": "north", "sku": "OLD-1", "unit_cost": "3.20", "currency": "USD", "valid_from": "2026-01-01"}
    assert client.post(url, values, headers=DRAWER).status_code == 200
    assert client.post(url, values | {"sku": "NEVER-SEEN"}, headers=DRAWER).status_code == 422
    assert client.post(url, values | {"store": "far"}, headers=DRAWER).status_code == 422
    with acme:
        assert list(Cost.objects.filter(sku="OLD-1").values_list("unit_cost", flat=True)) == [320]
        assert not Cost.objects.filter(sku="NEVER-SEEN").exists()
    assert "OLD-1" not in client.get(at(acme, store="north")).content.decode()


def test_swapping_the_rows_brings_what_depends_on_the_filter(client, acme):
    part = seated(client, acme, Role.OWNER).get(f"{at(acme)}?q=C0", headers=HTMX).content.decode()
    assert "<html" not in part
    for target in ("segments", "kept", "list-tools", "tiles"):
        assert f'hx-target="#{target}"' in part, target


@pytest.mark.parametrize("role", [Role.OWNER, Role.SENIOR])
@pytest.mark.parametrize("query", ["per=200", "per=200&q=-C&status=missing"])
def test_ten_or_two_hundred_rows_take_the_same_queries(client, acme, role, query):
    seated(client, acme, role)
    client.get(f"{at(acme)}?{query}")
    with CaptureQueriesContext(connection) as few:
        client.get(f"{at(acme)}?{query}")
    with acme:
        fill(acme.store, 410, prefix="M")
    with CaptureQueriesContext(connection) as many:
        assert client.get(f"{at(acme)}?{query}").content.decode().count("data-row>") == 200
    assert len(many) == len(few)


def test_a_cost_is_said_in_its_cell_and_can_be_undone(client, acme):
    seated(client, acme, Role.FINANCE)
    url = at(acme, "cost-cell", store="north", sku="N-C1")
    assert 'value="5.00"' in client.get(url).content.decode()
    values = {"unit_cost": "6.25", "currency": "USD", "valid_from": "2026-02-01"}
    answer = client.post(url, values, headers={"HX-Request": "true"})
    assert "$6.25" in answer.content.decode()
    assert "$7.25" in answer.content.decode()  # landed: freight stayed
    with acme:
        costs = Cost.objects.filter(sku="N-C1").order_by("valid_from")
        assert list(costs.values_list("unit_cost", "freight")) == [(500, 100), (625, 100)]
        entry = Entry.objects.get(verb="costs.set")
        assert entry.after == {"N-C1 2026-02-01": [625, "USD", 100, ""]}
    assert f"numbers={entry.number}" in answer.headers["HX-Trigger"]
    client.post(at(acme, "changes-undo") + f"?numbers={entry.number}")
    with acme:
        assert list(Cost.objects.filter(sku="N-C1").values_list("unit_cost", flat=True)) == [500]


def test_an_owner_takes_back_another_word_on_the_same_day(client, acme):
    seated(client, acme, Role.OWNER)
    values = {"unit_cost": "9", "freight": "", "currency": "USD", "valid_from": "2026-01-01", "note": "typo"}
    client.post(at(acme, "cost-edit", store="north", sku="N-C1"), values, headers=DRAWER)
    with acme:
        cost, number = Cost.objects.get(sku="N-C1"), Entry.objects.get().number
        assert (cost.unit_cost, cost.freight, cost.note) == (900, None, "typo")
    client.post(at(acme, "changes-undo") + f"?numbers={number}")
    with acme:
        cost = Cost.objects.get(sku="N-C1")
        assert (cost.unit_cost, cost.freight, cost.note) == (500, 100, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"unit_cost": "-1"},
        {"unit_cost": "much"},
        {"unit_cost": ""},
        {"unit_cost": "1.005"},
        {"currency": "XXX"},
        {"valid_from": "soon"},
        {"valid_from": "1999-01-01"},
    ],
)
def test_nonsense_is_refused_with_the_form(client, acme, wrong):
    seated(client, acme, Role.OWNER)
    values = {"unit_cost": "6", "currency": "USD", "valid_from": "2026-02-01"} | wrong
    for name, headers in (("cost-cell", {"HX-Request": "true"}), ("cost-edit", DRAWER)):
        answer = client.post(at(acme, name, store="north", sku="N-C1"), values, headers=headers)
        assert answer.status_code == 422
        assert "errors" in answer.content.decode()
    with acme:
        assert Cost.objects.filter(sku="N-C1").count() == 1


def test_a_saved_cost_brings_tiles_and_segments_of_its_list(client, acme):
    seated(client, acme, Role.FINANCE)
    missing = client.get(at(acme, "costs", store="north")).context["totals"].counts["missing"]
    shown = {
        "HX-Request": "true",
        "HX-Current-URL": f"http://testserver{at(acme, 'costs', store='north')}?status=missing",
    }
    values = {"unit_cost": "6.25", "currency": "USD", "valid_from": "2026-02-01"}
    answer = client.post(at(acme, "cost-cell", store="north", sku="N-C0"), values, headers=shown)
    assert answer.context["totals"].counts["missing"] == missing - 1
    for target in ("tiles", "segments"):
        assert f'<hx-partial hx-target="#{target}"' in answer.content.decode()


def test_one_cost_for_many_and_all_of_it_undone(client, acme):
    seated(client, acme, Role.OWNER)
    keys = [f"{acme.store.pk}/N-C0", f"{acme.store.pk}/N-C2", f"{acme.other_store.pk}/E-C0"]
    values = {"keys": keys, "unit_cost": "4.10", "freight": "0.5", "currency": "USD", "valid_from": "2026-01-01"}
    answer = client.post(at(acme, "costs-act"), values, headers=HTMX)
    assert "Cost of 3 SKUs set" in answer.headers["HX-Trigger"]
    assert tile(answer.content.decode(), "Sales without a cost") == "$0"
    with acme:
        assert Cost.objects.filter(unit_cost=410, freight=50).count() == 3
        numbers = ",".join(str(n) for n in Entry.objects.values_list("number", flat=True))
    client.post(at(acme, "changes-undo") + f"?numbers={numbers}")
    with acme:
        assert not Cost.objects.filter(unit_cost=410).exists()
        assert Cost.objects.count() == 3


def test_all_of_a_filter_is_recounted_by_the_server(client, acme):
    seated(client, acme, Role.OWNER)
    values = {
        "scope": "all",
        "query": "status=missing",
        "unit_cost": "1",
        "currency": "USD",
        "valid_from": "2026-01-01",
    }
    assert client.post(at(acme, "costs-act"), values | {"count": 2}, headers=HTMX).status_code == 422
    assert client.post(at(acme, "costs-act"), values | {"count": 3}, headers=HTMX).status_code == 200
    with acme:
        assert set(Cost.objects.filter(unit_cost=100).values_list("sku", flat=True)) == {"N-C0", "N-C2", "E-C0"}


def test_a_cost_is_taken_away_and_brought_back(client, acme):
    seated(client, acme, Role.OWNER)
    url = at(acme, "cost-drop", store="north", sku="N-C1")
    page = client.post(url, {"day": "2026-01-01"}, headers=DRAWER).content.decode()
    assert "Missing cost" in page
    with acme:
        assert not Cost.objects.filter(sku="N-C1").exists()
        number = Entry.objects.get(verb="costs.drop").number
    client.post(at(acme, "changes-undo") + f"?numbers={number}")
    with acme:
        assert Cost.objects.get(sku="N-C1").freight == 100


def test_a_senior_reads_only(client, acme):
    seated(client, acme, Role.SENIOR)
    values = {"unit_cost": "6", "currency": "USD", "valid_from": "2026-02-01"}
    for name in ("cost-cell", "cost-edit", "cost-drop"):
        assert client.post(at(acme, name, store="north", sku="N-C1"), values).status_code == 403
    assert client.post(at(acme, "costs-act"), values).status_code == 403
    assert "<form" not in client.get(at(acme, "cost", store="north", sku="N-C1"), headers=DRAWER).content.decode()


def test_the_drawer_tells_who_said_what(client, acme):
    seated(client, acme, Role.OWNER)
    values = {"unit_cost": "7", "currency": "USD", "valid_from": "2026-01-01"}
    client.post(at(acme, "cost-edit", store="north", sku="N-C1"), values, headers=DRAWER)
    part = client.get(at(acme, "cost", store="north", sku="N-C1"), headers=DRAWER).content.decode()
    assert "<html" not in part
    history = part.split("timeline")[1]
    assert str(acme.seats[Role.OWNER]) in history
    assert "$5.00" in history.split('class="was"')[1].split("→")[0]


def test_the_export_holds_costs_only_for_those_who_may_know_them(client, acme):
    for role in (Role.JUNIOR, Role.ANALYST):
        assert seated(client, acme, role).post(at(acme, "costs-export"), {"format": "csv"}).status_code == 403
    seated(client, acme, Role.SENIOR).post(at(acme, "costs-export"), {"format": "csv", "query": "status=known"})
    with acme:
        job = Job.objects.get(kind="costs.export")
    run(job.pk, agency_id=acme.agency.pk)
    with acme:
        job.refresh_from_db()
        with documents().open(job.file) as file:
            header, *lines = file.read().decode("utf-8-sig").splitlines()
    assert header.startswith("Store,SKU,ASIN,Title,Unit cost,Freight to FBA,Currency of cost,Valid from")
    assert [line.split(",")[:2] for line in lines] == [["north", "N-C3"], ["north", "N-C1"]]
    assert lines[0].split(",")[4:8] == ["5.00", "1.00", "USD", "2026-01-01"]
    assert lines[0].endswith("40.00,USD")
