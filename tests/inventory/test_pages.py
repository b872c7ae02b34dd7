"""The replenishment page: what each role sees, filters, sorts, edits and starts."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import StoreGrant
from apps.core.models import Entry, Job
from apps.core.permissions import STAFF_ROLES, Role
from apps.inventory.actions import recompute_store
from apps.inventory.models import Plan, Policy, Replenishment
from apps.inventory.queries.rows import _dom
from apps.listings.models import Product
from tests.inventory.lines import fill, line_of
from tests.inventory.stock import listed, sold
from tests.listed import page_named, seated
from tests.world import NOW

at = page_named("replenishment")

SHANGHAI = ZoneInfo("Asia/Shanghai")  # where the people of the tests live
HTMX = {"HX-Request": "true", "HX-Target": "div#rows"}


@pytest.fixture
def acme(acme):
    with acme:
        fill(acme.store, 6)
        fill(acme.other_store, 2, pool="DE", currency="EUR")
    return acme


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_every_staff_role_sees_its_stores_and_costs_only_with_the_permission(client, acme, role):
    page = seated(client, acme, role).get(at(acme)).content.decode()
    assert "Title of N-S0" in page
    all_stores = role in {Role.OWNER, Role.MANAGER, Role.FINANCE, Role.ANALYST}
    assert ("Title of E-S0" in page) is all_stores
    knows_costs = role in {Role.OWNER, Role.MANAGER, Role.SENIOR, Role.FINANCE}
    assert ("46.80" in page or "-cost" in page or "¥" in page) is knows_costs
    may_edit = role in {Role.OWNER, Role.MANAGER, Role.SENIOR, Role.JUNIOR}
    assert ('id="bulk"' in page) is may_edit


def test_clients_and_strangers_find_nothing_here(client, acme, zeta):
    assert seated(client, acme, Role.CLIENT).get(at(acme)).status_code == 404
    assert seated(client, zeta, Role.OWNER).get(at(acme)).status_code == 404


def test_a_store_page_shows_that_store_and_a_store_not_granted_is_404(client, acme):
    seated(client, acme, Role.SENIOR)
    assert "N-S0" in client.get(at(acme, store="north")).content.decode()
    assert client.get(at(acme, store="europe")).status_code == 404
    assert at(acme, "store-replenishment", store="north") == at(acme, store="north")


def test_a_grant_for_one_site_shows_that_site_only(client, acme):
    with acme:
        fill(acme.store, 1, pool="CA", prefix="C")
        StoreGrant.objects.filter(member=acme.seats[Role.JUNIOR]).update(marketplace="CA")
    page = seated(client, acme, Role.JUNIOR).get(at(acme)).content.decode()
    assert "C-S0" in page
    assert "N-S0" not in page


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("status=urgent", ["N-S0", "N-S5"]),
        ("status=excess", ["N-S2"]),
        ("q=s3", ["N-S3"]),
        ("q=B0000N-S4", ["N-S4"]),
        ("mp=CA", []),
        ("supplier=Mill+1", ["N-S1", "N-S3", "N-S5"]),
        ("mode=air%2Bsea", ["N-S0", "N-S5"]),
        ("owner=none&status=urgent", ["N-S0", "N-S5"]),
        ("owner=nonsense&status=urgent", ["N-S0", "N-S5"]),
        ("by=2000-01-01", []),
        ("by=not-a-day&status=urgent", ["N-S0", "N-S5"]),
        ("rest=only", []),
    ],
)
def test_filters_are_in_the_address(client, acme, query, skus):
    page = seated(client, acme, Role.SENIOR).get(f"{at(acme)}?{query}").content.decode()
    assert sorted(set(re.findall(r"N-S\d", page.split("<tbody>")[-1]))) == skus if skus else "<tbody>" not in page


def test_money_decides_among_equals_and_a_header_turns_the_order(client, acme):
    seated(client, acme, Role.OWNER)

    def order(query):
        page = client.get(f"{at(acme, store='north')}?{query}").content.decode()
        return re.findall(r'value="\d+/US/(N-S\d)"', page)

    assert order("")[:2] == ["N-S5", "N-S0"]  # both urgent: the larger loss first
    assert order("sort=product") == [f"N-S{n}" for n in range(6)]
    assert order("sort=-product") == [f"N-S{n}" for n in reversed(range(6))]


def test_swapping_the_rows_brings_their_counts_and_tiles(client, acme):
    seated(client, acme, Role.OWNER)
    part = client.get(f"{at(acme)}?q=N-S0", headers=HTMX).content.decode()
    assert "<html" not in part
    targets = ("segments", "kept", "list-tools", "tiles")
    assert [part.count(f'<hx-partial hx-target="#{each}"') for each in targets] == [1, 1, 1, 1]
    assert "hx-partial" not in client.get(at(acme)).content.decode()


def test_columns_can_be_chosen_and_hidden_ones_are_absent(client, acme):
    seated(client, acme, Role.OWNER)
    page = client.get(f"{at(acme)}?cols=fba,supplier").content.decode()
    head = page.split("<thead>")[1].split("</thead>")[0]
    assert "Supplier" in head
    assert "Inbound" not in head


@pytest.mark.parametrize("role", [Role.OWNER, Role.SENIOR])
def test_ten_or_two_hundred_rows_take_the_same_queries(client, acme, role):
    seated(client, acme, role)
    client.get(f"{at(acme)}?per=200")
    with CaptureQueriesContext(connection) as few:
        client.get(f"{at(acme)}?per=200")
    with acme:
        fill(acme.store, 194, prefix="M")
    with CaptureQueriesContext(connection) as many:
        assert client.get(f"{at(acme)}?per=200").content.decode().count("data-row>") == 200
    assert len(many) == len(few)


def test_stale_stock_is_said(client, acme):
    seated(client, acme, Role.OWNER)
    assert "older than 24 hours" not in client.get(at(acme)).content.decode()
    with acme:
        Replenishment.objects.filter(store=acme.store).update(stock_as_of=timezone.now() - timedelta(hours=25))
    assert "older than 24 hours" in client.get(at(acme)).content.decode()


def test_a_quantity_is_edited_in_its_cell_and_can_be_undone(client, acme):
    seated(client, acme, Role.JUNIOR)
    url = at(acme, "replenishment-quantity", store="north", pool="US", sku="N-S0")
    assert "data-editing" in client.get(url).content.decode()
    answer = client.post(url, {"units": "100"}, headers={"HX-Request": "true"})
    assert "suggested" in answer.content.decode()
    with acme:
        row = line_of("N-S0")
        assert (row.edited, row.air_units + row.sea_units) == (100, 100)
        entry = Entry.objects.get(verb="replenishment.edited")
        assert entry.after == {"lines": {"US/N-S0": 100}}
    undo = answer.headers["HX-Trigger"]
    assert f"numbers={entry.number}" in undo
    client.post(at(acme, "changes-undo") + f"?numbers={entry.number}")
    with acme:
        assert line_of("N-S0").edited is None


def test_cartons_win_over_units_and_nonsense_is_refused_with_the_form(client, acme):
    seated(client, acme, Role.JUNIOR)
    url = at(acme, "replenishment-quantity", store="north", pool="US", sku="N-S0")
    client.post(url, {"units": "7", "cartons": "3"})
    with acme:
        assert line_of("N-S0").edited == 30
    for wrong in ("-1", "many", "99999999999"):
        answer = client.post(url, {"units": wrong}, headers={"HX-Request": "true"})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()


def test_a_saved_quantity_brings_the_tiles_of_its_list(client, acme):
    seated(client, acme, Role.JUNIOR)
    before = client.get(at(acme, "replenishment")).context["totals"].units
    url = at(acme, "replenishment-quantity", store="north", pool="US", sku="N-S0")
    with acme:
        old = line_of("N-S0").suggested
    shown = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{at(acme, 'replenishment')}"}
    answer = client.post(url, {"units": str(old + 1000)}, headers=shown)
    assert answer.context["totals"].units == before + 1000
    assert '<hx-partial hx-target="#tiles"' in answer.content.decode()


def test_sizes_with_odd_signs_in_the_sku_work(client, acme):
    with acme:
        fill(acme.store, 1, prefix="A/B é%")
    seated(client, acme, Role.OWNER)
    url = at(acme, "replenishment-line", store="north", pool="US", sku="A/B é%-S0")
    assert client.get(url).status_code == 200
    assert _dom("1/US/A/B é%").isalnum()


def bulk(client, world, action, skus, **more):
    keys = [f"{world.store.pk}/US/{sku}" for sku in skus]
    return client.post(at(world, "replenishment-act"), {"action": action, "keys": keys, **more}, headers=HTMX)


def test_bulk_transport_owner_and_snooze(client, acme):
    seated(client, acme, Role.SENIOR)
    assert bulk(client, acme, "mode", ["N-S0", "N-S1"], mode="sea").status_code == 200
    junior = acme.seats[Role.JUNIOR]
    bulk(client, acme, "assign", ["N-S0", "N-S1"], owner=str(junior.pk))
    answer = bulk(client, acme, "snooze", ["N-S0"])
    assert "N-S0" not in answer.content.decode().split("<tbody>")[1].split("</tbody>")[0]
    with acme:
        rows = list(Replenishment.objects.filter(sku__in=["N-S0", "N-S1"]).order_by("sku"))
        assert [(r.mode, r.air_units, r.owner_id) for r in rows] == [("sea", 0, junior.pk)] * 2
        assert Product.objects.get(sku="N-S0").owner_id == junior.pk
        assert rows[0].snoozed_until == timezone.localdate() + timedelta(days=14)
        assert [e.verb for e in Entry.objects.order_by("number")] == [
            "replenishment.mode",
            "replenishment.assigned",
            "replenishment.snoozed",
        ]


def test_all_of_a_filter_is_recounted_by_the_server(client, acme):
    seated(client, acme, Role.OWNER)
    values = {"action": "mode", "mode": "air", "scope": "all", "query": "q=N-S"}
    url = at(acme, "replenishment-act")
    assert client.post(url, values | {"count": 5}, headers=HTMX).status_code == 422
    assert client.post(url, values | {"count": 6}, headers=HTMX).status_code == 200
    with acme:
        assert Replenishment.objects.filter(chosen_mode="air").count() == 6


def test_lines_of_stores_one_may_not_see_cannot_be_chosen(client, acme):
    seated(client, acme, Role.SENIOR)
    keys = [f"{acme.other_store.pk}/DE/E-S0"]
    answer = client.post(at(acme, "replenishment-act"), {"action": "snooze", "keys": keys}, headers=HTMX)
    assert answer.status_code == 422
    with acme:
        assert not Replenishment.objects.exclude(snoozed_until=None).exists()


@pytest.mark.parametrize("role", [Role.FINANCE, Role.ANALYST])
def test_readers_change_nothing(client, acme, role):
    seated(client, acme, role)
    assert bulk(client, acme, "snooze", ["N-S0"]).status_code == 403
    url = at(acme, "replenishment-quantity", store="north", pool="US", sku="N-S0")
    assert client.post(url, {"units": "1"}).status_code == 403
    assert client.post(at(acme, "replenishment-recalculate")).status_code == 403


def test_the_drawer_shows_the_addition_and_its_inputs(client, acme):
    seated(client, acme, Role.SENIOR)
    url = at(acme, "replenishment-line", store="north", pool="US", sku="N-S0")
    part = client.get(url, headers={"HX-Request": "true", "HX-Target": "div#drawer-content"}).content.decode()
    assert "<html" not in part
    for words in (
        "Supply cycle",
        "Safety factor",
        "FBA available",
        "Shortfall",
        "cartons of 10",
        "Amazon's own number",
    ):
        assert words in part, words
    assert '<path d="M40' in part


def test_a_policy_edit_works_the_line_out_anew(client, acme):
    with acme, time_machine.travel(NOW, tick=False):
        listed(acme.store, "R", carton_units=10)
        sold(acme.store, "R", 10)
        recompute_store(acme.store.pk, at=NOW, skus=["R"])
        before = line_of("R").need
    with time_machine.travel(NOW, tick=True):
        seated(client, acme, Role.SENIOR)
        url = at(acme, "replenishment-policy", store="north", pool="US", sku="R")
        assert client.post(url, {"safety_factor": "-3"}, headers=HTMX).status_code == 422
        answer = client.post(url, {"safety_factor": "3.0", "moq": ""}, headers=HTMX)
    assert answer.status_code == 200
    with acme:
        assert line_of("R").need == 2 * before
        entry = Entry.objects.get(verb="policy.saved")
        assert (entry.before["safety_factor"], entry.after["safety_factor"]) == (None, "3.0")
        assert Replenishment.objects.count() == 9  # the others were left alone


def test_the_store_policy_form_is_for_those_who_may(client, acme):
    url = at(acme, "replenishment-policies", store="north")
    assert "disabled" in seated(client, acme, Role.JUNIOR).get(url).content.decode()
    answer = seated(client, acme, Role.SENIOR).post(url, {"sea_days": "40"})
    assert answer.status_code == 302
    with acme:
        assert Policy.objects.get(store=acme.store).sea_days == 40
        assert Job.objects.get().arguments == {"stores": [acme.store.pk]}
    agency = at(acme, "replenishment-policies")
    seated(client, acme, Role.SENIOR).post(agency, {"sea_days": "41"})
    with acme:
        assert not Policy.objects.filter(store=None).exists()  # a senior operator of one store speaks for that store
    seated(client, acme, Role.OWNER).post(agency, {"sea_days": "41"})
    with acme:
        assert Policy.objects.get(store=None).sea_days == 41


def test_recalculating_and_exporting_are_jobs_with_progress(client, acme, django_capture_on_commit_callbacks):
    seated(client, acme, Role.OWNER)
    answer = client.post(at(acme, "replenishment-recalculate", store="north"), headers={"HX-Request": "true"})
    assert answer.status_code == 202
    assert "every 1s" in answer.content.decode()
    client.post(at(acme, "replenishment-export"), {"format": "csv", "query": "status=urgent"})
    with acme:
        kinds = Job.objects.order_by("created_at").values_list("kind", flat=True)
        assert list(kinds) == ["replenishment.recalculate", "replenishment.export"]
        assert Job.objects.get(kind="replenishment.recalculate").arguments == {"stores": [acme.store.pk]}
    assert client.post(at(acme, "replenishment-export"), {"format": "exe"}).status_code == 422


def test_making_a_plan_leads_to_it(client, acme):
    seated(client, acme, Role.JUNIOR)
    answer = bulk(client, acme, "plan", ["N-S0", "N-S1", "N-S2"])
    with acme:
        plan = Plan.objects.get()
        assert plan.lines.count() == 2  # the excess line has nothing to order
    assert answer.headers["HX-Redirect"] == at(acme, "plan", store="north", plan=plan.pk)
    assert client.get(answer.headers["HX-Redirect"]).status_code == 200
