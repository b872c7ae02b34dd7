"""Pages of account health: what each role sees, what is counted, worked on, taken away, and told to clients."""

import csv
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import StoreGrant
from apps.core.jobs import run
from apps.core.models import Entry, Job
from apps.core.permissions import STAFF_ROLES, Role
from apps.core.storage import documents
from apps.health.actions.outlooks import look_ahead
from apps.health.models import Defect, Notice, Offer, Outlook
from tests.health.facts import defects, orders, report, word

HTMX = {"HX-Request": "true", "HX-Target": "div#rows"}
DRAWER = {"HX-Request": "true", "HX-Target": "div#drawer-content"}
SEES = {Role.OWNER, Role.MANAGER, Role.SENIOR, Role.JUNIOR, Role.ANALYST}
WORKS = {Role.OWNER, Role.MANAGER, Role.SENIOR, Role.JUNIOR}


@pytest.fixture
def acme(acme):
    """US in breach, CA a little below, DE good, FR too small to rate; US at stake with 5000 dollars."""
    with acme:
        report(acme.store, "US", count=12)
        report(acme.store, "CA", count=8)
        report(acme.other_store, "DE")
        report(acme.other_store, "FR", total=4, count=0, status="none", rate=None)
        word(acme.store, "US", status="at_risk")
        Offer.objects.create(
            store=acme.store, marketplace_id="US", sku="A", sales_30d=500_000, currency="USD", told_at=timezone.now()
        )
    return acme


def at(world, name="health", **kwargs):
    return reverse(name, kwargs={"agency": world.agency.slug, **kwargs})


def seated(client, world, role=Role.OWNER):
    client.force_login(world.user(role))
    return client


def lines(page: str) -> list[str]:
    """Sites of the table's lines, in their order."""
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    return re.findall(r'class="mp" title="(\w+)"', body)


# -- the matrix of all stores


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_the_matrix_is_for_those_who_look_after_health(client, acme, role):
    answer = seated(client, acme, role).get(at(acme))
    assert (answer.status_code == 200) is (role in SEES)
    if role in SEES:
        page = answer.content.decode()
        assert "1.20%" in page
        assert ("acme europe" in page) is (role not in {Role.SENIOR, Role.JUNIOR})


def test_the_worst_stands_first_with_its_room_and_its_money(client, acme):
    page = seated(client, acme).get(at(acme)).content.decode()
    assert lines(page) == ["US", "CA", "DE", "FR"]
    assert "3 over" in page  # 12 of 1000; 9 are allowed under 1 %
    assert "1 left" in page  # 8 of 1000
    assert "$5K" in page
    assert "At risk" in page


def test_too_few_orders_are_not_rated_and_never_zero_percent(client, acme):
    page = seated(client, acme).get(at(acme) + "?mp=FR").content.decode()
    assert "Not rated" in page
    assert "0.00%" not in page


def test_segments_count_all_and_show_one(client, acme):
    page = seated(client, acme).get(at(acme) + "?status=near", headers=HTMX).content.decode()
    assert lines(page) == ["CA"]
    counts = re.findall(r'status=(\w+)[^>]*>[^<]*<span class="num">(\d+)', page)
    assert dict(counts) == {"breach": "1", "near": "1", "good": "1", "unrated": "1", "silent": "0"}


def test_a_site_without_a_report_is_silent_and_said_so(client, acme):
    with acme:
        acme.store.sites.create(marketplace_id="MX")
    page = seated(client, acme).get(at(acme) + "?status=silent").content.decode()
    assert lines(page) == ["MX"]


def test_a_seat_of_one_site_sees_that_site_only(client, acme):
    with acme:
        StoreGrant.objects.filter(member=acme.seats[Role.SENIOR]).delete()
        StoreGrant.objects.create(member=acme.seats[Role.SENIOR], store=acme.store, marketplace_id="CA")
    assert lines(seated(client, acme, Role.SENIOR).get(at(acme)).content.decode()) == ["CA"]


def test_only_the_newest_report_of_a_site_counts(client, acme):
    with acme:
        report(acme.store, "CA", on=timezone.localdate() - timedelta(days=1), count=50)
    assert "5.00%" not in seated(client, acme).get(at(acme)).content.decode()


def test_sorting_puts_the_unknown_last(client, acme):
    page = seated(client, acme).get(at(acme) + "?sort=odr_afn").content.decode()
    assert lines(page) == ["DE", "CA", "US", "FR"]


def test_the_matrix_takes_as_many_queries_for_any_number_of_sites(client, acme):
    seated(client, acme).get(at(acme))
    with CaptureQueriesContext(connection) as few:
        client.get(at(acme))
    with acme:
        for code in ("MX", "BR", "UK", "IT", "ES", "JP"):
            acme.store.sites.create(marketplace_id=code)
            report(acme.store, code)
    with CaptureQueriesContext(connection) as many:
        client.get(at(acme))
    assert len(many) == len(few) <= 32


def test_the_matrix_as_a_file_has_a_line_for_each_rate(client, acme):
    seated(client, acme).post(at(acme, "health-export"), {"format": "csv", "query": "status=breach"}, headers=HTMX)
    with acme:
        pk = Job.objects.get(kind="health.export").pk
    run(pk, agency_id=acme.agency.pk)
    with acme:
        job = Job.objects.get(pk=pk)
        with documents().open(job.file) as file:
            rows = list(csv.DictReader(file.read().decode("utf-8-sig").splitlines()))
    assert [(row["Site"], row["Rate"], row["More allowed"], row["At stake"]) for row in rows] == [
        ("US", "0.012", "-3", "5000.00")
    ]


def test_chinese_says_it_too(client, acme):
    user = acme.user(Role.OWNER)
    user.language = "zh-hans"
    user.save()
    page = seated(client, acme).get(at(acme)).content.decode()
    assert "账户健康" in page
    assert "超 3" in page


# -- one store


def test_a_store_shows_each_rate_with_what_rolls_off_when(client, acme):
    with acme:
        orders(acme.store, 20)
        defects(acme.store, [75, 75, 70, 40])
    page = seated(client, acme).get(at(acme, store="north")).content.decode()
    assert "1.20%" in page
    assert "&lt; 1.00%" in page
    gone = page.split('id="leave-title"')[1].split("</section>")[0]
    counts = re.findall(r'<td class="n">(\d+)</td><td class="n">(\d+)</td>', gone)
    assert counts[:2] == [("2", "2"), ("1", "1")]  # tomorrow two leave, five days later one


def test_the_chosen_rate_is_drawn_and_filters_narrow_the_table(client, acme):
    page = seated(client, acme).get(at(acme, store="north") + "?rate=CA-odr-afn&site=CA").content.decode()
    assert 'id="course-title"' in page
    assert page.count("<tr data-row") == 1
    empty = client.get(at(acme, store="north") + "?band=unrated", headers=HTMX).content.decode()
    assert "No rows match" in empty


def test_a_store_without_a_report_says_how_to_get_one(client, zeta):
    page = seated(client, zeta).get(at(zeta, store="north")).content.decode()
    assert "No account health report yet" in page


def test_a_forecast_is_a_sentence_with_its_numbers(client, acme):
    with acme:
        orders(acme.store, 17)
        defects(acme.store, [18, 20, 22, 24, 26, 30, 40, 50, *[17] * 6])
        report(acme.store, "US", metric="odr", programme="mfn", count=0, total=900)
        assert look_ahead(acme.store, at=timezone.now()) == 1  # of own shipping nothing is known here
        made = Outlook.objects.get()
    page = seated(client, acme).get(at(acme, store="north")).content.decode()
    assert made.programme == "afn"
    assert re.search(r"Over the limit of 1.00% now|At this pace it reaches 1.00% in \d+ days \(80%: \d+ to \d+\)", page)


def test_limits_and_method_name_every_standard(client, acme):
    page = seated(client, acme).get(at(acme, "health-method")).content.decode()
    assert "forecasts are old enough" in page


# -- defect orders and notices


@pytest.fixture
def work(acme):
    with acme:
        defects(acme.store, [3, 5, 8])
        defects(acme.other_store, [4], site="DE")
        Notice.objects.create(
            store=acme.store, origin="file", key="1", kind="policy", subject="Remove the claim", at=timezone.now()
        )
    return acme


@pytest.mark.parametrize("role", sorted(SEES))
def test_defect_orders_are_seen_by_store_and_worked_on_by_operators(client, work, role):
    page = seated(client, work, role).get(at(work, "health-defects")).content.decode()
    assert page.count("<tr data-row") == (3 if role in {Role.SENIOR, Role.JUNIOR} else 4)
    assert ('id="bulk"' in page) is (role in WORKS)


def test_a_defect_gets_an_owner_and_a_note_and_all_of_it_can_be_undone(client, work):
    senior = work.seats[Role.SENIOR]
    key = {"store": "north", "number": "US-afn-0", "kind": "claim"}
    values = {"owner": str(senior.pk), "state": "doing", "note": "Asked the carrier"}
    answer = seated(client, work).post(at(work, "health-defect-save", **key), values, headers=DRAWER)
    assert "Asked the carrier" in answer.content.decode()
    with work:
        row = Defect.objects.get(order_id="US-afn-0")
        assert (row.owner_id, row.state, row.note) == (senior.pk, "doing", "Asked the carrier")
        number = Entry.objects.get(verb="defect.work").number
    assert client.post(at(work, "changes-undo") + f"?numbers={number}").status_code == 204
    with work:
        row = Defect.objects.get(order_id="US-afn-0")
        assert (row.owner_id, row.state, row.note) == (None, "todo", "")


def test_a_wrong_state_is_refused_with_the_form(client, work):
    key = {"store": "north", "number": "US-afn-0", "kind": "claim"}
    answer = seated(client, work).post(at(work, "health-defect-save", **key), {"state": "gone"}, headers=DRAWER)
    assert answer.status_code == 422
    with work:
        assert not Entry.objects.filter(verb="defect.work").exists()


def test_many_defects_at_once(client, work):
    keys = ["north/US-afn-0/claim", "north/US-afn-2/claim", "europe/DE-afn-0/claim"]
    values = {"action": "state", "state": "done", "keys": keys, "scope": "picked"}
    seated(client, work, Role.SENIOR).post(at(work, "health-defects-act"), values, headers=HTMX)
    with work:  # the other store's is not hers
        assert set(Defect.objects.filter(state="done").values_list("order_id", flat=True)) == {"US-afn-0", "US-afn-2"}


def test_all_of_a_filter_must_still_be_as_many(client, work):
    values = {"action": "state", "state": "done", "scope": "all", "count": 3, "query": ""}
    answer = seated(client, work).post(at(work, "health-defects-act"), values, headers=HTMX)
    assert answer.status_code == 422
    with work:
        assert not Defect.objects.filter(state="done").exists()
    values["count"] = 4
    client.post(at(work, "health-defects-act"), values, headers=HTMX)
    with work:
        assert Defect.objects.filter(state="done").count() == 4


def test_a_notice_is_answered_until_a_day(client, work):
    with work:
        pk, kind = Notice.objects.values_list("pk", "kind").get(key="1")
    values = {"kind": kind, "state": "doing", "due": "2020-01-05", "answer": "We removed it."}
    seated(client, work).post(at(work, "health-notice-save", pk=pk), values, headers=DRAWER)
    page = client.get(at(work, "health-notices")).content.decode()
    assert 'class="text-bad font-semibold"' in page  # long overdue
    assert "Whole account" in page
    drawer = client.get(at(work, "health-notice", pk=pk), headers=DRAWER).content.decode()
    assert "We removed it." in drawer
    with work:
        assert Entry.objects.get(verb="notice.work").after["due"] == "2020-01-05"


def test_lists_of_work_take_a_constant_number_of_queries(client, work):
    seated(client, work).get(at(work, "health-defects"))
    with CaptureQueriesContext(connection) as few:
        client.get(at(work, "health-defects"))
    with work:
        defects(work.store, list(range(40)), programme="mfn")
    with CaptureQueriesContext(connection) as many:
        client.get(at(work, "health-defects"))
    assert len(many) == len(few)


# -- the portal


def test_a_client_sees_state_room_and_given_answers_only(client, work):
    with work:
        Notice.objects.create(
            store=work.store,
            origin="file",
            key="2",
            kind="policy",
            subject="Second",
            at=timezone.now(),
            state="done",
            answer="Sent the invoice.",
        )
        Notice.objects.filter(key="1").update(answer="a draft of ours")
        Defect.objects.update(note="our own note")
    client.force_login(work.user(Role.CLIENT))
    page = client.get(f"/portal/{work.agency.slug}/health/").content.decode()
    assert "1.20%" in page
    assert "3 too many" in page
    assert "Sent the invoice." in page
    assert "a draft of ours" not in page
    assert "our own note" not in page
    assert "acme europe" not in page
