"""Figures of our own: entered by hand and by file, beside the marketplace's reports and never instead of them."""

from datetime import timedelta

import pytest
import xlsxwriter
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Member, StoreGrant
from apps.core.models import Entry, Finding
from apps.core.permissions import Role
from apps.core.undo import CannotUndo, undo
from apps.health.actions import alert_rules, evaluating, figure_files
from apps.health.actions.attention import refresh_findings
from apps.health.actions.figures import NotAFigure, Wanted, drop, enter
from apps.health.domain.headroom import Band
from apps.health.models import Figure, Incident
from apps.health.queries import newest, site
from apps.sync import actions
from apps.sync.actions import uploads
from apps.sync.models import Run
from apps.sync.sources.files import inspect
from tests.core.test_rest import Api, key_for
from tests.health.facts import report, word
from tests.health.ground import ready, rule
from tests.health.rows import AS_OF, CA, US, take, written
from tests.health.test_pages import HTMX, at, seated
from tests.world import World

HEADER = "Site,Metric,Programme,Day,Value,Count,Total\n"


def told(world, metric="ahr", value=150.0, programme="", *, site="US", day=None, by=Role.MANAGER, **numbers) -> Figure:
    wanted = Wanted(site, metric, programme, day or timezone.localdate(), value, **numbers)
    return enter(world.store, wanted, by=world.seats[by], at=timezone.now())


def read(world, metric: str, programme: str = "", site: str = "US"):
    found = newest.newest(world.seats[Role.OWNER], [world.store.pk])
    return next(
        (
            each
            for each in found
            if (each.row.metric, each.row.programme, each.row.marketplace_id) == (metric, programme, site)
        ),
        None,
    )


# -- what stands


@pytest.mark.parametrize(
    ("score", "band"),
    [(1000, Band.GOOD), (200, Band.GOOD), (199, Band.AMBER), (100, Band.AMBER), (99, Band.BREACH), (0, Band.BREACH)],
)
def test_the_health_rating_has_amazons_bands_as_standards(acme, score, band):
    with acme:
        told(acme, value=float(score))
        assert (read(acme, "ahr").band, read(acme, "ahr").row.count) == (band, score)


def test_a_score_stands_beside_amazons_word_which_may_only_make_it_worse(acme):
    with acme:
        word(acme.store, metric="ahr", status="great")
        told(acme, value=150.0)
        shown = read(acme, "ahr")
        assert (shown.row.status, shown.row.count, shown.band, shown.origin) == ("great", 150, Band.AMBER, "person")
        told(acme, value=900.0)
        word(acme.store, "US", metric="account_status", status="normal")
        assert read(acme, "ahr").band == Band.GOOD


def test_what_the_marketplace_reported_is_never_overwritten(acme):
    with acme:
        before = report(acme.store, count=12)
        told(acme, "odr", 0.1, "afn")
        shown = read(acme, "odr", "afn")
        assert (shown.row.rate, shown.origin, shown.figure.rate) == (12_000, "report", 1_000)
        before.refresh_from_db()
        assert (before.count, before.rate) == (12, 12_000)


def test_a_share_without_counts_has_a_band_and_no_room_and_never_reads_as_not_rated(acme):
    with acme:
        told(acme, "buy_shipping", 97.9, "sfp")
        shown = read(acme, "buy_shipping", "sfp")
        assert (shown.band, shown.standing.room, shown.row.rate) == (Band.BREACH, None, 979_000)
        told(acme, "buy_shipping", 98.0, "sfp")  # at least 98 %
        assert read(acme, "buy_shipping", "sfp").band != Band.BREACH
        told(acme, "buy_shipping", None, "sfp", count=97, total=100)
        shown = read(acme, "buy_shipping", "sfp")
        assert (shown.standing.bad, shown.standing.total, shown.standing.room) == (3, 100, -1)


def test_an_old_figure_is_unknown_again(acme):
    with acme:
        told(acme, day=timezone.localdate() - timedelta(days=44))
        assert read(acme, "ahr") is not None
        Figure.objects.all().delete()
        told(acme, day=timezone.localdate() - timedelta(days=45))
        assert read(acme, "ahr") is None


@pytest.mark.parametrize(
    ("metric", "programme", "numbers"),
    [
        ("ahr", "", {"value": 1001.0}), ("ahr", "", {"value": 99.5}), ("ncx", "", {"value": 100.1}),
        ("ncx", "", {"value": None}), ("ncx", "", {"value": None, "count": 3, "total": 2}),
        ("ncx", "", {"value": None, "count": 0, "total": 0}), ("policy_food", "", {"value": -1.0}),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused(acme, metric, programme, numbers):
    with acme, pytest.raises(NotAFigure):
        enter(
            acme.store,
            Wanted("US", metric, programme, timezone.localdate(), **numbers),
            by=acme.seats[Role.OWNER],
            at=AS_OF,
        )
    with acme:
        assert not Figure.objects.exists()


# -- ledger


def test_entering_and_taking_out_are_in_the_ledger_and_can_be_undone(acme):
    with acme:
        told(acme, value=150.0)
        told(acme, value=300.0)
        first, second = Entry.objects.filter(verb="figure.enter").order_by("number")
        assert (second.before["count"], second.after["count"]) == (150, 300)
        undo(second, by=acme.seats[Role.OWNER], at=timezone.now())
        assert Figure.objects.get().count == 150
        drop(Figure.objects.get(), by=acme.seats[Role.OWNER], at=timezone.now())
        assert not Figure.objects.exists()
        with pytest.raises(CannotUndo):
            undo(first, by=acme.seats[Role.OWNER], at=timezone.now())
        undo(Entry.objects.get(verb="figure.drop"), by=acme.seats[Role.OWNER], at=timezone.now())
        assert (Figure.objects.get().count, Figure.objects.get().by) == (150, acme.seats[Role.MANAGER])


# -- alerts and findings


def test_rules_and_the_inbox_hear_of_a_low_rating(acme):
    with acme:
        ready(acme, acme.seats[Role.SENIOR])
        alert_rules.ensure_defaults()
        word(acme.store, metric="ahr", status="great")
        told(acme, value=150.0)
        evaluating.evaluate(at=timezone.now())
        incident = Incident.objects.get(cause="account")
        assert incident.signals.get().band == 1  # at risk is amber
        told(acme, value=99.0)
        evaluating.evaluate(at=timezone.now())
        assert incident.signals.get().band == 2
        refresh_findings(acme.store, at=timezone.now())
        cards = Finding.objects.filter(state="open", kind__in=["incident-account", "health-breach"])
        assert cards.get().subject == str(incident.number), "one card: the incident's"
        told(acme, value=300.0)
        evaluating.evaluate(at=timezone.now())
        refresh_findings(acme.store, at=timezone.now())
        assert not cards.exists()


def test_a_rule_looks_at_an_entered_share_as_at_a_reported_one(acme):
    with acme:
        ready(acme)
        rule(metric="buy_shipping", programme="sfp")
        told(acme, "buy_shipping", 97.0, "sfp")
        evaluating.evaluate(at=timezone.now())
        incident = Incident.objects.get(store=acme.store, signals__metric="buy_shipping")
        assert incident.signals.get().band == 2
        # Not judged by Amazon: a level of our own is for rules, not for everybody's inbox.
        told(acme, "contact_response", 50.0)
        refresh_findings(acme.store, at=timezone.now())
        subjects = set(Finding.objects.values_list("subject", flat=True))
        assert "buy_shipping:sfp" not in subjects, "the incident's card speaks of it"
        assert "contact_response" not in subjects
        assert str(incident.number) in subjects


# -- by file


def test_a_file_is_read_in_both_languages_with_its_origin(acme, tmp_path):
    english = (
        "US,Account health rating,,2026-03-01,312,,\nCA,Buy Shipping,Seller Fulfilled Prime,2026-03-01,,97,100\n"
        "US,odr,FBA,2026-03-01,0.85%,,\n"
    )
    with acme:
        assert take(acme, tmp_path, "figures", HEADER + english).new == 3
        assert take(acme, tmp_path, "figures", HEADER + english, hours=1).changed == 0
        chinese = "站点,指标,日期,数值,数量,总数\nUS,买家消息迟回复率,2026/03/01,,3,60\n"
        assert take(acme, tmp_path, "figures", chinese).new == 1
        rows = {(each.marketplace_id, each.metric, each.programme): each for each in Figure.objects.all()}
        assert {each.origin for each in rows.values()} == {"file"}
        assert rows["US", "ahr", ""].count == 312
        shown = rows["CA", "buy_shipping", "sfp"]
        assert (shown.count, shown.total, shown.rate) == (97, 100, 970_000)
        assert rows["US", "odr", "afn"].rate == 8_500
        assert rows["US", "replies", ""].rate == 50_000


def test_a_spreadsheet_is_read_too(tmp_path):
    path = tmp_path / "figures.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["站点", "指标", "日期", "数值"])
        sheet.write_row(1, 0, ["US", "AHR", "2026-03-01", 250])
    preview = inspect(path, (US, CA), AS_OF)
    assert (preview.report.key, preview.rows, preview.problem) == ("figures", 1, "")
    assert preview.first[0]["count"] == 250


@pytest.mark.parametrize(
    ("line", "column", "problem"),
    [
        ("DE,ahr,,2026-03-01,300,,", "Site", "not a marketplace"),
        ("US,happiness,,2026-03-01,300,,", "Metric", "not a figure that can be brought"),
        ("US,odr,,2026-03-01,1,,", "Programme", "not told for this programme"),
        ("US,odr,drone,2026-03-01,1,,", "Programme", "not FBA"),
        ("US,ncx,,someday,1,,", "Day", "not a date"),
        ("US,ncx,,2027-03-01,1,,", "Day", "has not come yet"),
        ("US,ncx,,2026-03-01,many,,", "Value", "not a number"),
        ("US,ncx,,2026-03-01,101,,", "Value", "between 0 and 100"),
        ("US,ahr,,2026-03-01,1001,,", "Value", "from 0 to 1000"),
        ("US,ncx,,2026-03-01,,,", "Value", "give a value"),
        ("US,ncx,,2026-03-01,,5,4", "Total", "more counted"),
        ("US,ncx,,2026-03-01,,5,", "Total", "more counted"),
    ],
)
def test_what_is_wrong_is_said_by_line_and_nothing_is_loaded(tmp_path, line, column, problem):
    path = written(tmp_path, f"{HEADER}US,ahr,,2026-03-01,300,,\n{line}\n")
    preview = inspect(path, (US, CA), AS_OF)
    assert not preview.loadable
    (error,) = preview.errors
    assert (error.line, error.column) == (3, column) and problem in error.problem


# -- the page


def _form(**values) -> dict:
    return {
        "metric": "ahr:",
        "site": "US",
        "day": str(timezone.localdate()),
        "value": "150",
        "count": "",
        "total": "",
    } | values


def test_a_figure_is_entered_on_the_page_and_says_by_whom(client, acme):
    page = seated(client, acme, Role.MANAGER)
    answer = page.post(at(acme, "health-figure-enter", store="north"), _form(), follow=True)
    text = answer.content.decode()
    assert answer.status_code == 200 and "entered by" in text and str(acme.seats[Role.MANAGER]) in text
    assert "150" in text and "Near the limit" in text
    row = {"marketplace": "US", "metric": "ahr", "programme": "", "origin": "person", "day": str(timezone.localdate())}
    page.post(at(acme, "health-figure-drop", store="north"), row)
    with acme:
        assert not Figure.objects.exists()
    assert page.post(at(acme, "health-figure-drop", store="north"), row | {"day": "soon"}).status_code == 302, (
        "nothing there"
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"value": "1001"}, "from 0 to 1000"),
        ({"site": "DE"}, "valid choice"),
        ({"day": "2099-01-01"}, "has not come yet"),
        ({"metric": "ncx:", "value": "", "count": "3"}, "more counted"),
        ({"value": ""}, "give a value"),
    ],
)
def test_a_wrong_figure_is_refused_with_what_to_do(client, acme, wrong, said):
    answer = seated(client, acme).post(at(acme, "health-figure-enter", store="north"), _form(**wrong))
    assert answer.status_code == 422 and said in answer.content.decode()
    with acme:
        assert not Figure.objects.exists()


def test_a_seat_of_one_site_enters_and_takes_out_figures_of_that_site_only(client, acme):
    with acme:
        StoreGrant.objects.filter(member=acme.seats[Role.SENIOR]).update(marketplace_id="CA")
        told(acme)
    page = seated(client, acme, Role.SENIOR)
    assert page.post(at(acme, "health-figure-enter", store="north"), _form()).status_code == 422
    row = {"marketplace": "US", "metric": "ahr", "programme": "", "origin": "person", "day": str(timezone.localdate())}
    page.post(at(acme, "health-figure-drop", store="north"), row)
    with acme:
        assert Figure.objects.count() == 1
    assert page.post(at(acme, "health-figure-enter", store="north"), _form(site="CA")).status_code == 302


def test_a_store_with_figures_alone_is_not_silent_and_a_client_sees_what_was_told(client, acme):
    with acme:
        told(acme, value=99.0)
        told(acme, "buy_shipping", 97.0, "sfp")
        health = site.health(acme.seats[Role.OWNER], acme.store)
        assert [each.reading.row.metric for each in health.rates] == ["buy_shipping"]
    board = seated(client, acme).get(at(acme), headers=HTMX).content.decode()
    assert "97.00%" in board and "Over a limit" in board
    page = seated(client, acme, Role.CLIENT).get(at(acme, "portal-health")).content.decode()
    assert "97.00%" in page and "Entered by hand" in page and "99" in page
    assert str(acme.seats[Role.MANAGER]) not in page


def test_the_page_takes_as_many_queries_for_any_number_of_figures(client, acme):
    with acme:
        report(acme.store)
        told(acme)
    page = seated(client, acme)
    page.get(at(acme, store="north"))
    with CaptureQueriesContext(connection) as few:
        page.get(at(acme, store="north"))
    with acme:
        for n in range(12):
            told(acme, "ncx", 1.0 + n, site="CA", day=timezone.localdate() - timedelta(days=n))
            told(acme, "replies", 1.0 + n, day=timezone.localdate() - timedelta(days=n))
    with CaptureQueriesContext(connection) as many:
        page.get(at(acme, store="north"))
    assert len(many) == len(few)


# -- the API


def test_the_api_tells_figures_with_their_origin_and_only_ones_own(acme, zeta):
    with zeta:
        told(zeta)
    with acme:
        told(acme)
        told(acme, "ncx", 2.5)
    client = Api(key_for(acme, "health:read", "stores:all"))
    items = client.get("/api/v1/health/figures").json()["items"]
    assert sorted((row["metric"], row["origin"], row["count"], row["rate"]) for row in items) == [
        ("ahr", "person", 150, None), ("ncx", "person", None, 25_000),
    ]  # fmt: skip
    assert "by" not in items[0]
    assert len(client.get("/api/v1/health/figures?metric=ncx&origin=person").json()["items"]) == 1
    assert client.get("/api/v1/health/figures?origin=guess").status_code == 400
    assert client.get("/api/v1/health").json()["items"] == []  # what Amazon reports stays what Amazon reports


def test_addresses_are_those_of_the_agency(acme):
    assert reverse("health-csat", kwargs={"agency": acme.agency.slug}).endswith("/health/method/csat/")


# -- one file taken back


@pytest.fixture
def brought(transactional_db, tmp_path):
    """A store, and a way to bring lines of figures to it by the door for files."""
    world = World("acme")

    def bring(*lines: str) -> Run:
        path = written(tmp_path, HEADER + "".join(f"{line}\n" for line in lines), "figures.csv")
        with world:
            member = world.seats[Role.SENIOR]
            run = uploads.bring(world.store, path, name="figures.csv", kind="", by=member, at=timezone.now())
        actions.run(run.pk, agency_id=world.agency.pk)
        return run

    return world, bring


def _standing() -> dict:
    return {(each.metric, str(each.date)): each.count or each.rate for each in Figure.objects.all()}


def _last_file() -> Entry:
    return Entry.objects.filter(verb="import.figures").order_by("-number")[0]


def test_a_file_is_taken_back_in_one_step_replaced_values_stand_again_and_added_ones_go(brought):
    world, bring = brought
    bring("US,ahr,,2026-03-01,300,,", "US,ncx,,2026-03-01,2,,")
    with world:
        first, kept = _standing(), list(Figure.objects.order_by("metric").values())
    bring("US,ahr,,2026-03-01,150,,", "US,ahr,,2026-03-02,160,,", "US,ncx,,2026-03-01,2,,", "CA,ncx,,2026-03-01,,1,50")
    with world:
        assert _standing()["ahr", "2026-03-01"] == 150
        entry = _last_file()
        assert (entry.by, entry.title) == (world.seats[Role.SENIOR], "figures.csv")
        assert (len(entry.before["given"]), len(entry.after["given"])) == (2, 4)
        assert "US ncx 2026-03-01" not in entry.after["figures"], "it says what it said before"
        undo(entry, by=world.seats[Role.OWNER], at=timezone.now())
        assert _standing() == first
        again = list(Figure.objects.order_by("metric").values())
        assert [row | {"changed_at": None} for row in again] == [row | {"changed_at": None} for row in kept]
        undo(Entry.objects.filter(verb="import.figures").order_by("number")[0], by=world.seats[Role.OWNER], at=AS_OF)
        assert not Figure.objects.exists()


def test_what_was_changed_since_keeps_the_whole_file_where_it_is(brought):
    world, bring = brought
    bring("US,ahr,,2026-03-01,300,,", "US,ncx,,2026-03-01,2,,")
    with world:
        entry = _last_file()
        drop(Figure.objects.get(metric="ncx"), by=world.seats[Role.OWNER], at=timezone.now())
        with pytest.raises(CannotUndo, match=r"US ncx 2026-03-01$"):
            undo(entry, by=world.seats[Role.OWNER], at=timezone.now())
        assert set(_standing()) == {("ahr", "2026-03-01")}
    bring("US,ncx,,2026-03-01,2,,", "US,ahr,,2026-03-01,300,,")
    with world, pytest.raises(CannotUndo, match="US ahr"):
        undo(entry, by=world.seats[Role.OWNER], at=timezone.now())  # a later file says so, too


def test_a_file_too_large_for_the_ledger_says_so(brought, monkeypatch):
    world, bring = brought
    monkeypatch.setattr(figure_files, "MOST", 1)
    bring("US,ahr,,2026-03-01,300,,", "US,ncx,,2026-03-01,2,,")
    with world, pytest.raises(CannotUndo, match="more than 1 figures"):
        undo(_last_file(), by=world.seats[Role.OWNER], at=timezone.now())


def test_the_run_of_a_file_offers_its_undo_to_who_may_import(client, brought):
    world, bring = brought
    run = bring("US,ahr,,2026-03-01,300,,")
    with world:
        number = _last_file().number
    page, address = seated(client, world, Role.SENIOR), world.url(f"sync/runs/{run.pk}/")
    assert f"numbers={number}" in page.get(address).content.decode()
    with world:
        Member.objects.filter(pk=world.seats[Role.SENIOR].pk).update(role=Role.JUNIOR)
    assert f"numbers={number}" not in page.get(address).content.decode()
    page.post(world.url(f"changes/undo/?numbers={number}"))  # one's own, but one may not import any more
    with world:
        assert Figure.objects.count() == 1, "who may not import may not take an import back"
    page = seated(client, world, Role.MANAGER)
    ledger = page.get(world.url("changes/")).content.decode()
    assert "Health figures brought by a file" in ledger and "US ahr 2026-03-01" in ledger
    page.post(world.url(f"changes/undo/?numbers={number}"))
    with world:
        assert not Figure.objects.exists()
    shown = page.get(address).content.decode()
    assert "was taken back" in shown and "Undo this file" not in shown
