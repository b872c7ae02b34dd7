"""When defects leave their window: by the list, by its filter, in the file, and from the roll-off days of a rate."""

import csv
import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.core.jobs import run
from apps.core.models import Job
from apps.core.permissions import Role
from apps.core.storage import documents
from apps.health.models import Defect, Shipment, Standard
from apps.health.queries.work import defects_for
from tests.health.facts import defects, orders, report
from tests.health.test_api import key_of

HTMX = {"HX-Request": "true", "HX-Target": "div#rows"}


def at(world, name="health-defects", **kwargs):
    return reverse(name, kwargs={"agency": world.agency.slug, **kwargs})


def defect(world, order, kind="claim", *, ordered=None, programme="afn", site="US", **values):
    return Defect.objects.create(
        store=world.store, order_id=order, kind=kind, marketplace_id=site, programme=programme, ordered_on=ordered,
        as_of=timezone.now(), **values,
    )  # fmt: skip


def leaves(world):
    return dict(defects_for(world.seats[Role.OWNER]).values_list("order_id", "leaves_on"))


def ago(days):
    return timezone.localdate() - timedelta(days=days)


def test_each_kind_leaves_by_the_window_and_the_day_of_its_rate(acme):
    with acme:
        defect(acme, "claim", ordered=ago(10))
        defect(acme, "cancelled", "cancelled", ordered=ago(2), programme="mfn")
        defect(acme, "late", "late", ordered=ago(9), programme="mfn")
        shipped = datetime.combine(ago(5), time(23, 30), UTC)
        Shipment.objects.create(
            store=acme.store, order_id="late", marketplace_id="US", ordered_at=shipped, ordered_on=ago(9),
            shipped_at=shipped, updated_at=shipped, as_of=shipped,
        )  # fmt: skip
        assert leaves(acme) == {
            "claim": ago(10) + timedelta(days=60 + 15 + 1),
            "cancelled": ago(2) + timedelta(days=7 + 1),
            "late": ago(5) + timedelta(days=30 + 1),
        }


def test_what_does_not_count_or_is_not_known_leaves_on_no_day(acme):
    with acme:
        defect(acme, "no day")
        defect(acme, "nobody's", ordered=ago(3), programme="")
        defect(acme, "withdrawn", ordered=ago(3), withdrawn_on=ago(1))
        defect(acme, "never shipped here", "late", ordered=ago(3), programme="mfn")
        defect(acme, "invoice", "invoice", ordered=ago(3), programme="mfn")
        assert set(leaves(acme).values()) == {None}


def test_a_site_s_own_window_stands_over_that_of_all(acme):
    with acme:
        Standard.objects.create(
            metric="cancel", marketplace="CA", operator="lt", target=25_000, window_days=30, valid_from="2020-01-01"
        )
        defect(acme, "us", "cancelled", ordered=ago(2), programme="mfn")
        defect(acme, "ca", "cancelled", ordered=ago(2), programme="mfn", site="CA")
        assert leaves(acme) == {"us": ago(2) + timedelta(days=8), "ca": ago(2) + timedelta(days=31)}


@pytest.fixture
def four(acme):
    """Ordered 75, 75, 70 and 40 days ago: they leave tomorrow, tomorrow, in 6 and in 36 days."""
    with acme:
        report(acme.store, "US", count=4)
        orders(acme.store, 20)
        defects(acme.store, [75, 75, 70, 40])
        defect(acme, "cancelled", "cancelled", ordered=ago(7), programme="mfn")  # also tomorrow
    return acme


def shown(page: str) -> list[str]:
    return re.findall(r"data-detail[^>]*>([\w-]+)</a>", page)


def test_the_list_is_sorted_and_filtered_by_the_day(client, four):
    client.force_login(four.user(Role.OWNER))
    page = client.get(at(four) + "?sort=leaves&metric=odr").content.decode()
    assert shown(page) == ["US-afn-0", "US-afn-1", "US-afn-2", "US-afn-3"]
    assert (ago(-1)).isoformat() in page
    page = client.get(at(four) + f"?leaves_from={ago(-2)}&leaves_to={ago(-6)}").content.decode()
    assert shown(page) == ["US-afn-2"]
    assert len(shown(client.get(at(four) + "?leaves_from=soon").content.decode())) == 5, "no day is no filter"


def test_roll_off_days_lead_to_the_very_defects(client, four):
    client.force_login(four.user(Role.OWNER))
    page = client.get(at(four, "health", store="north")).content.decode()
    links = re.findall(r'href="([^"]*leaves_from[^"]*)"', page)
    assert len(links) == 2, "two days within two weeks"
    listed = client.get(links[0].replace("&amp;", "&")).content.decode()
    assert sorted(shown(listed)) == ["US-afn-0", "US-afn-1"], "not the cancelled one, which counts for another rate"


def test_no_link_where_the_report_s_window_is_another_than_the_list_s(client, four):
    with four:
        Standard.objects.filter(metric="odr", programme="afn").update(window_days=90)
    client.force_login(four.user(Role.OWNER))
    page = client.get(at(four, "health", store="north")).content.decode()
    assert 'id="leave-title"' in page
    assert "leaves_from" not in page


def test_file_and_api_carry_the_day(client, four):
    client.force_login(four.user(Role.OWNER))
    query = f"leaves_from={ago(-2)}&leaves_to={ago(-6)}"
    client.post(at(four, "health-defects-export"), {"format": "csv", "query": query}, headers=HTMX)
    with four:
        pk = Job.objects.get(kind="health-defects.export").pk
    run(pk, agency_id=four.agency.pk)
    with four, documents().open(Job.objects.get(pk=pk).file) as file:
        (row,) = csv.DictReader(file.read().decode("utf-8-sig").splitlines())
    assert (row["Order"], row["Leaves the window on"]) == ("US-afn-2", str(ago(-6)))
    found = key_of(four, "health:read", "stores:all").get(f"/api/v1/defects?{query}").json()["items"]
    assert [(row["order_id"], row["leaves_on"]) for row in found] == [("US-afn-2", str(ago(-6)))]


def test_the_day_costs_no_query_per_row(client, four):
    client.force_login(four.user(Role.OWNER))
    client.get(at(four))
    with CaptureQueriesContext(connection) as few:
        client.get(at(four))
    with four:
        for n in range(30):
            defect(four, f"more-{n}", "late", ordered=ago(n), programme="mfn")
    with CaptureQueriesContext(connection) as many:
        client.get(at(four))
    assert len(many) == len(few)
