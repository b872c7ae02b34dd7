"""Papers on their way: handed in, read, reviewed, replaced, asked for; by staff, clients and programs."""

import io
import re
import zipfile
from itertools import product

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import ProgrammingError
from django.urls import reverse

from apps.accounts.actions.refusal import Refused
from apps.core.models import Entry, Finding
from apps.core.permissions import Role
from apps.core.tenancy import tenant
from apps.core.undo import undo
from apps.health.actions import needs, paper_findings
from apps.health.actions import papers as actions
from apps.health.actions.coverage import recompute_store
from apps.health.actions.papers import Turn
from apps.health.domain.reading import pdf_text, suggestions
from apps.health.models import (
    CategoryTraits,
    Coverage,
    OwnPaperRule,
    Paper,
    PaperFile,
    PaperKind,
    PaperRequest,
    PaperWaiver,
    SkuTraits,
)
from apps.health.queries.coverage import blocks
from apps.team.queries.inbox import cards
from tests.core.test_rest import Api, key_for
from tests.health.papers import NOW, category, in_days, known, offer, paper, pdf

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40 + b"IEND\xaeB`\x82"


@pytest.fixture
def acme(acme):
    with acme:
        known()
        category("lamps", electric=True, denan=True, pse_specified=True)
        for site in ("DE", "UK", "JP"):
            offer(acme.other_store, "LAMP", site, category="lamps", sales_30d=80_000)
        recompute_store(acme.other_store.pk, at=NOW)
    return acme


@pytest.fixture
def staff(client, acme):
    client.force_login(acme.user(Role.OWNER))
    return client


@pytest.fixture
def guest(client, acme):
    client.force_login(acme.other_client.user)
    return client


def at(world, name, **kwargs):
    return reverse(name, kwargs={"agency": world.agency.slug, **kwargs})


def sent(name="ce.pdf", content=None):
    return SimpleUploadedFile(name, pdf("Declaration") if content is None else content)


def turn(world, role=Role.OWNER, note=""):
    return Turn(world.seats[role], NOW, note)


def upload(client, world, kind="ce", **values):
    fields = {"scope": "sku", "reach": "LAMP, LAMP-2", "file-declaration": sent()} | values
    return client.post(f"{at(world, 'paper-new', store='europe')}?kind={kind}", fields)


# -- what a file is, and what it says


def test_numbers_and_days_are_read_as_suggestions():
    text = pdf_text(pdf("WEEE-Reg.-Nr. DE 12345678", "Date of issue: 2026-01-05", "Valid until 31.12.2027"))
    found = suggestions(text, {"weee-de": r"DE\d{8}"})
    assert found == {"numbers": ["DE12345678"], "valid_from": ["2026-01-05"], "valid_to": ["2027-12-31"]}


def test_plain_and_packed_text_reads_the_same_and_a_picture_says_nothing():
    assert pdf_text(pdf("One (1)", packed=False)) == pdf_text(pdf("One (1)")) != ""
    assert pdf_text(PNG) == ""


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("ce.pdf", b"MZ\x90 a program", "neither a PDF"),
        ("ce.pdf", b"%PDF-1.4 cut off", "not whole"),
        ("ce.pdf", b"", "neither a PDF"),
        ("page.html", b"<html><script>", "neither a PDF"),
    ],
)
def test_a_file_is_judged_by_its_bytes_and_nothing_is_kept_of_a_refused_one(staff, acme, name, content, why):
    answer = upload(staff, acme, **{"file-declaration": sent(name, content)})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert why in text or "empty" in text
    assert "LAMP, LAMP-2" in text, "what was typed stays"
    with acme:
        assert not Paper.objects.exists()


def test_a_number_must_look_like_the_registers(staff, acme):
    answer = upload(staff, acme, "lucid", number="DE123", scope="all", reach="")
    assert answer.status_code == 422
    assert "DE1234567890123" in answer.content.decode()
    assert upload(staff, acme, "lucid", number="DE 1234567890123", scope="all", reach="").status_code == 302
    with acme:
        assert Paper.objects.get().number == "DE1234567890123"


# -- a paper's way


def test_from_upload_to_cover_with_every_step_in_the_ledger(staff, acme):
    assert upload(staff, acme).status_code == 302
    with acme:
        made = Paper.objects.get()
        assert (made.state, made.reach, made.parts) == ("draft", ["LAMP", "LAMP-2"], ["declaration"])
    page = at(acme, "paper", store="europe", pk=made.pk)
    assert staff.get(page).status_code == 200
    for step in ("submit", "accept"):
        assert staff.post(f"{page}step/{step}/").status_code == 302
    with acme:
        assert Paper.objects.get().state == "accepted"
        assert list(Entry.objects.filter(verb__startswith="paper.").order_by("number").values_list("verb", flat=True)) == [
            "paper.create", "paper.submit", "paper.accept",
        ]  # fmt: skip
        recompute_store(acme.other_store.pk, at=NOW)
        assert Coverage.objects.get(marketplace="UK").cells["gb-mark-electric"]["s"] == "covered"


def test_what_is_not_whole_cannot_be_accepted(acme):
    with acme:
        pse = paper(acme.other_store, "pse-specified", state="review", parts=["label"])
        with pytest.raises(Refused, match="Certificate of a registered body"):
            actions.accept(pse, turn(acme))
        person = paper(acme.other_store, "gpsr", state="review", person="")
        with pytest.raises(Refused, match="responsible person"):
            actions.accept(person, turn(acme))


def test_a_rejection_needs_a_reason_and_is_told(acme):
    with acme:
        ce = paper(acme.other_store, "ce", state="review")
        with pytest.raises(Refused, match="Say why"):
            actions.reject(ce, turn(acme))
        assert actions.reject(ce, turn(acme, note="The name is wrong")).decision == "The name is wrong"


def test_a_new_version_supersedes_the_old_one_only_when_accepted(acme):
    with acme:
        old = paper(acme.other_store, "ce", valid_to=in_days(10))
        new = actions.renew(old, turn(acme))
        assert (new.version, new.state, new.series) == (2, "draft", old.series)
        with pytest.raises(Refused, match="not decided yet"):
            actions.renew(old, turn(acme))
        Paper.objects.filter(pk=new.pk).update(parts=["declaration"])
        actions.submit(new, turn(acme))
        old.refresh_from_db()
        assert old.state == "accepted"
        actions.accept(new, turn(acme))
        old.refresh_from_db()
        assert old.state == "superseded"
        undo(Entry.objects.get(verb="paper.accept"), by=acme.seats[Role.OWNER], at=NOW)
        old.refresh_from_db()
        new.refresh_from_db()
        assert (old.state, new.state) == ("accepted", "review")


def test_a_junior_hands_in_but_does_not_review(client, acme):
    with acme:
        ce = paper(acme.store, "ce", state="review")
    client.force_login(acme.user(Role.JUNIOR))
    page = at(acme, "paper", store="north", pk=ce.pk)
    assert client.post(f"{page}step/accept/").status_code == 403
    assert client.post(f"{page}step/withdraw/").status_code == 302
    assert client.post(at(acme, "paper-rule-switch"), {"code": "de-packaging", "on": "no"}).status_code == 403


def test_files_are_downloads_that_no_browser_runs(staff, acme):
    upload(staff, acme, **{"file-declaration": sent("../../a<b>.PDF")})
    with acme:
        file = PaperFile.objects.get()
    assert "/" not in file.name and "<" not in file.name and file.name.endswith(".pdf")
    answer = staff.get(at(acme, "paper-file", store="europe", pk=file.pk))
    assert answer["Content-Disposition"].startswith("attachment")
    assert (answer["X-Content-Type-Options"], answer["Content-Type"]) == ("nosniff", "application/octet-stream")
    assert b"".join(answer.streaming_content) == pdf("Declaration")


# -- exceptions, traits, rules


def test_an_exception_needs_a_second_person(acme):
    with acme:
        asked = needs.ask_waiver(acme.other_store, "LAMP", "gb-mark-electric", "UK", turn(acme, note="A candle"))
        with pytest.raises(Refused, match="somebody else"):
            needs.decide_waiver(asked, grant=True, turn=turn(acme))
        needs.decide_waiver(asked, grant=True, turn=turn(acme, Role.MANAGER))
        recompute_store(acme.other_store.pk, at=NOW)
        assert Coverage.objects.get(marketplace="UK").cells["gb-mark-electric"]["s"] == "waived"
        assert Entry.objects.get(verb="waiver.ask").reason == "A candle"
        with pytest.raises(Refused, match="decided already"):
            needs.decide_waiver(asked, grant=False, turn=turn(acme, Role.MANAGER))


def test_what_a_product_is_can_be_said_and_taken_back(staff, acme):
    cell = at(acme, "paper-cell", store="europe", site="UK", sku="LAMP")
    assert staff.post(f"{cell}traits/", {"trait-electric": "no", "trait-toy": ""}).status_code == 302
    with acme:
        assert SkuTraits.objects.get().traits == {"electric": False}
        undo(Entry.objects.get(verb="paper.traits"), by=acme.seats[Role.OWNER], at=NOW)
        assert SkuTraits.objects.get().traits == {}
    saved = {"category": "Lamps", "trait-toy": "yes"}
    assert staff.post(at(acme, "paper-category-save"), saved).status_code == 302
    with acme:
        assert CategoryTraits.objects.get().traits == {"toy": True}


def test_an_agency_writes_a_rule_of_its_own_and_switches_one_off(staff, acme):
    kind = {"short": "Brand", "name_en": "Brand licence", "name_zh": "品牌授权"}
    assert staff.post(at(acme, "paper-kind-save"), kind).status_code == 302
    rule = {"code": "brand", "kinds": ["own-brand"], "marketplaces": ["UK"], "categories": "Lamps"}
    assert staff.post(at(acme, "paper-rule-save"), rule).status_code == 302
    assert staff.post(at(acme, "paper-rule-switch"), {"code": "gb-mark-electric", "on": "no"}).status_code == 302
    with acme:
        assert OwnPaperRule.objects.count() == 2
        recompute_store(acme.other_store.pk, at=NOW)
        assert {c: v["s"] for c, v in Coverage.objects.get(marketplace="UK").cells.items()} == {"own-brand": "missing"}
    assert "Brand" in staff.get(at(acme, "paper-rules")).content.decode()


# -- pages


def test_the_matrix_says_a_word_in_each_cell_in_a_constant_number_of_queries(
    staff, acme, django_assert_max_num_queries
):
    page = staff.get(at(acme, "papers")).content.decode()
    for word in ("LAMP", "UKCA / CE", "Missing", "PSE ◇", "£800", "¥80,000"):
        assert word in page, word
    with acme:
        for n in range(30):
            offer(acme.other_store, f"MORE-{n}", "DE", category="lamps")
        recompute_store(acme.other_store.pk, at=NOW)
    with django_assert_max_num_queries(40):
        assert "MORE-29" in staff.get(at(acme, "papers")).content.decode()


@pytest.mark.parametrize(
    ("query", "there", "absent"),
    [
        ("?mp=UK", "UKCA / CE", "PSE ◇"),
        ("?rule=jp-pse-specified&status=missing", "PSE ◇", "LUCID"),
        ("?status=covered", "No rows match", "data-row>"),
        ("?q=nothing-like-it", "No rows match", "data-row>"),
        ("?rule=a__b&status=%00", "LAMP", "Traceback"),
    ],
)
def test_the_matrix_is_filtered_by_its_address(staff, acme, query, there, absent):
    rows = staff.get(at(acme, "papers") + query, headers={"HX-Request": "true", "HX-Target": "div#rows"})
    page = rows.content.decode()
    assert there in page
    assert absent not in page.partition("<hx-partial")[0]


def test_as_many_rows_as_the_sums_say(staff, acme):
    """The count comes from sums, whatever is asked for but words; the rows do not."""
    with acme:
        for n, site in product(range(3), ("DE", "UK")):
            offer(acme.other_store, f"MORE-{n}", site, category="lamps")
        paper(acme.other_store, "ce", scope="sku", reach=["MORE-1"])
        recompute_store(acme.other_store.pk, at=NOW)
    stores, sites = ("", "&store=europe", "&store=nowhere"), ("", "&mp=UK", "&mp=JP&mp=DE")
    rules = ("", "&rule=jp-pse-specified", "&rule=gb-mark-electric", "&rule=unheard-of")
    found = {}
    for asked in map("".join, product(stores, sites, rules, ("", "&status=missing", "&status=covered"))):
        page = staff.get(f"{at(acme, 'papers')}?per=100{asked}").content.decode()
        told = re.search(r'data-total="(\d+)"', page)
        found[asked] = int(told[1]) if told else 0
        assert found[asked] == page.count("<tr data-row"), asked
    assert found[""] == 9 and found["&mp=UK"] == 4 and found["&mp=UK&rule=gb-mark-electric&status=covered"] == 1
    assert found["&rule=gb-mark-electric"] == 4 and found["&store=nowhere"] == 0
    assert found["&status=missing"] == 8 and found["&mp=UK&status=covered"] == 1


def test_money_hangs_on_an_expiring_paper(staff, acme):
    with acme:
        paper(acme.other_store, "pse-specified", valid_to=in_days(20))
        recompute_store(acme.other_store.pk, at=NOW)
    page = staff.get(at(acme, "paper-list", store="europe")).content.decode()
    assert "PSE ◇" in page and "¥80" in page
    assert "¥80" in staff.get(at(acme, "papers")).content.decode()


def test_what_blocks_a_sale_is_one_question(acme):
    with acme:
        found = blocks(acme.other_store.pk, "UK", "LAMP")
        assert [(b.name, b.state, b.kinds, b.hard) for b in found] == [
            ("UKCA / CE", "missing", ("ukca", "ce"), True),
        ]
        paper(acme.other_store, "ce")
        recompute_store(acme.other_store.pk, at=NOW)
        assert blocks(acme.other_store.pk, "UK", "LAMP") == []
        with pytest.raises(Coverage.DoesNotExist):
            blocks(acme.other_store.pk, "UK", "UNHEARD-OF")


def test_an_evidence_pack_holds_the_papers_and_says_what_is_missing(staff, acme):
    upload(staff, acme)
    with acme:
        Paper.objects.update(state="accepted")
        recompute_store(acme.other_store.pk, at=NOW)
    url = at(acme, "paper-cell", store="europe", site="DE", sku="LAMP") + "pack/"
    answer = staff.get(url)
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        names = archive.namelist()
        manifest = archive.read("manifest.csv").decode("utf-8-sig")
        assert archive.read("01-ce-v1/declaration-ce.pdf") == pdf("Declaration")
    assert names == ["01-ce-v1/declaration-ce.pdf", "manifest.csv"]
    assert "LAMP" in manifest and "LUCID,Missing" in manifest and "WEEE DE,Missing" in manifest


# -- findings and mail


def test_missing_papers_are_one_finding_a_site_with_money_and_close_themselves(acme):
    store = acme.other_store
    with acme:
        offer(store, "LAMP-2", "UK", category="lamps", sales_30d=20_000)
        recompute_store(store.pk, at=NOW)
        paper_findings.refresh_findings(store, at=NOW)
        found = Finding.objects.get(kind="paper-missing", marketplace="UK")
        assert (found.subject, found.at_stake, found.currency, found.detail["offers"]) == (
            "gb-mark-electric", 100_000, "GBP", 2,
        )  # fmt: skip
        assert found.rank > 0
        assert cards([found])[0].title == "UKCA / CE is missing for 2 SKU on UK"
        paper(store, "ce")
        recompute_store(store.pk, at=NOW)
        paper_findings.refresh_findings(store, at=NOW)
        found.refresh_from_db()
        assert found.state == "recovered"


def test_an_ending_paper_is_told_of_anew_at_each_step_only(acme):
    from datetime import timedelta

    store = acme.other_store
    with acme:
        pse = paper(store, "pse-specified", valid_to=in_days(80))

        def told(days):
            moment = NOW + timedelta(days=days)
            recompute_store(store.pk, at=moment)
            paper_findings.refresh_findings(store, at=moment)
            living = Finding.objects.filter(kind__in=["paper-expiring", "paper-expired"], state="open")
            return [(f.kind, f.subject.partition(":")[2], f.at_stake) for f in living], Finding.objects.filter(
                kind="paper-expiring"
            ).count()

        assert told(0) == ([("paper-expiring", "90", 80_000)], 1)
        Finding.objects.update(state="dismissed")
        assert told(10) == ([], 1), "dismissed until the next step"
        assert told(25) == ([("paper-expiring", "60", 80_000)], 2)
        assert told(55) == ([("paper-expiring", "30", 80_000)], 3)
        assert told(75) == ([("paper-expiring", "7", 80_000)], 4)
        assert told(81) == ([("paper-expired", "", 80_000)], 4)
        actions.withdraw(pse, turn(acme))
        assert told(82) == ([], 4)


# -- the client


def test_a_client_hands_over_what_is_asked_and_reads_how_it_stands(staff, acme):
    url = at(acme, "paper-ask", store="europe")
    values = {"kind": "ce", "skus": "LAMP", "marketplaces": "DE,UK", "text": "Please send the declaration"}
    assert staff.post(url, values).status_code == 302
    assert [m.to for m in mail.outbox] == [[acme.other_client.user.email]]
    with acme:
        asked = PaperRequest.objects.get()
    staff.force_login(acme.other_client.user)
    assert "Please send the declaration" in staff.get(at(acme, "portal-papers")).content.decode()
    form = f"{at(acme, 'portal-paper-upload')}?asked={asked.pk}"
    assert "LAMP" in staff.get(form).content.decode()
    fields = {"scope": "sku", "reach": "LAMP"}
    assert staff.post(form, fields).status_code == 422, "a file is needed"
    assert staff.post(form, fields | {"file-declaration": sent("x.png", PNG)}).status_code == 302
    with acme:
        made = Paper.objects.get()
        asked.refresh_from_db()
        assert (made.state, asked.state, asked.paper_id) == ("review", "answered", made.pk)
        assert Entry.objects.get(verb="paper.create").by == acme.other_client
        actions.reject(made, turn(acme, note="It is not signed"))
        asked.refresh_from_db()
        assert asked.state == "open"
    page = staff.get(at(acme, "portal-papers")).content.decode()
    assert "It is not signed" in page and "Rejected" in page


def test_another_clients_papers_do_not_exist(client, acme):
    with acme:
        theirs = paper(acme.other_store, "ce")
        file = PaperFile.objects.create(
            store=acme.other_store, paper=theirs, part="declaration", name="a.pdf", key="k", digest="d", size=1,
            media="application/pdf", uploaded_at=NOW,
        )  # fmt: skip
        asked = PaperRequest.objects.create(store=acme.other_store, kind="ce", asked_at=NOW, text="Far away")
    client.force_login(acme.user(Role.CLIENT))
    assert "Far away" not in client.get(at(acme, "portal-papers")).content.decode()
    assert client.get(at(acme, "portal-paper-file", pk=file.pk)).status_code == 404
    for key in (asked.pk, "nonsense"):
        assert client.get(f"{at(acme, 'portal-paper-upload')}?asked={key}").status_code == 404
    for name in ("papers", "paper-list", "paper-rules"):
        assert client.get(at(acme, name)).status_code == 404


def test_the_database_itself_keeps_clients_from_reviewing(acme):
    with acme:
        mine = paper(acme.other_store, "ce", state="review")
    with tenant(acme.agency.pk, stores=[acme.store.pk]):
        assert not Paper.objects.exists() and not Coverage.objects.exists()
    for change in ({"decision": "fine"}, {"valid_to": in_days(900)}, {"number": "X"}):
        portal = tenant(acme.agency.pk, stores=[acme.other_store.pk])
        with pytest.raises(ProgrammingError, match="permission denied"), portal:
            Paper.objects.filter(pk=mine.pk).update(**change)
    for model in (PaperWaiver, SkuTraits, OwnPaperRule):
        portal = tenant(acme.agency.pk, stores=[acme.other_store.pk])
        with pytest.raises(ProgrammingError, match="permission denied"), portal:
            model.objects.count()


# -- programs


def test_programs_read_coverage_and_bring_papers(acme):
    api = Api(key_for(acme, "papers:read", "papers:write", "stores:all"))
    found = api.get("/api/v1/coverage?store=europe&marketplace=UK&sku=LAMP").json()["items"]
    assert [(row["state"], row["requirements"]) for row in found] == [("missing", {"gb-mark-electric": "missing"})]
    assert found[0]["blockers"][0]["kinds"] == ["ukca", "ce"]
    body = {"store": "europe", "kind": "ce", "reach": "LAMP", "part": "declaration"}
    keys = (f"call-{n}" for n in range(20))

    def bring(who, **values):
        return who.post("/api/v1/papers", body | {"file": sent()} | values, headers={"Idempotency-Key": next(keys)})

    made = bring(api)
    assert made.status_code == 201, made.content
    assert (made.json()["state"], made.json()["reach"]) == ("review", ["LAMP"])
    assert api.get(f"/api/v1/papers/{made.json()['id']}").status_code == 200
    for wrong in ({"kind": "nothing"}, {"part": "label"}, {"store": "nowhere"}, {"reach": ""}):
        assert bring(api, **wrong).status_code == 422, wrong
    reader = Api(key_for(acme, "papers:read", "stores:all"))
    assert bring(reader).status_code == 403


def test_the_known_kinds_and_rules_fit_together(acme):
    from apps.health.models import PaperRule

    codes = set(PaperKind.objects.values_list("code", flat=True))
    for rule in PaperRule.objects.all():
        assert set(rule.kinds) <= codes, rule.code
        assert rule.source, rule.code
    for kind in PaperKind.objects.exclude(number_hint=""):
        assert actions.fits(kind.number_hint, kind.number_pattern), kind.code


def test_the_demos_papers_are_whole_and_say_that_they_are_made_up(acme):
    from apps.team.management import demo_papers

    store = acme.other_store
    with acme:
        CategoryTraits.objects.all().delete()
        demo_papers.say_what_products_are(NOW)
        for sku in ("VNX-CHAR-01A", "KDB/BALA-02C+B"):
            offer(store, sku, "UK", category=demo_papers.category_of(sku))
        assert demo_papers.hand_in(store, acme.seats[Role.OWNER], NOW) == 9
        assert demo_papers.hand_in(store, acme.seats[Role.OWNER], NOW) == 0
        recompute_store(store.pk, at=NOW)
        states = {row.sku: row.cells["gb-mark-electric"]["s"] for row in Coverage.objects.filter(marketplace="UK")}
        assert (states["VNX-CHAR-01A"], states["KDB/BALA-02C+B"]) == ("expiring", "ask"), "a CE covers Great Britain"
        assert all(file.found for file in PaperFile.objects.filter(paper__number="DoC-DEMO-1"))
    assert "SPECIMEN" in pdf_text(demo_papers.pdf(["SPECIMEN (1)"]))
