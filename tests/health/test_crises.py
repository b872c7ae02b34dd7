"""Crisis playbooks: started once, worked by two people where it counts, proved by a pack whose hashes fit."""

import csv
import hashlib
import io
import json
import shutil
import subprocess
import sys
from datetime import date, timedelta
from importlib import import_module
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.actions.jobs import start_job
from apps.accounts.models import StoreGrant
from apps.core import jobs
from apps.core.models import Entry, Finding, Job
from apps.core.permissions import Role
from apps.core.storage import documents
from apps.health.actions import crises as actions
from apps.health.actions import notices
from apps.health.actions.attention import refresh_findings
from apps.health.actions.evaluating import evaluate
from apps.health.actions.files import keep
from apps.health.actions.work import work_on
from apps.health.domain.charts import line_chart
from apps.health.models import (
    Coverage,
    Crisis,
    CrisisStep,
    Defect,
    Feedback,
    HealthDay,
    Incident,
    IncidentEvent,
    Notice,
    Paper,
    Playbook,
    ReturnLine,
    Shipment,
)
from apps.health.queries import crises as queries
from apps.health.queries.evidence import Evidence
from apps.sales.actions import CostLine, set_costs
from tests.health.ground import TODAY, offer, ready, report, rule
from tests.health.papers import pdf
from tests.world import NOW


@pytest.fixture
def here(acme):
    with acme:
        ready(acme, acme.seats[Role.MANAGER])
        offer(acme.store, 800_000)
        rule()
        report(acme.store, 24_000)
        Defect.objects.create(
            store=acme.store, order_id="113-1", kind="claim", marketplace_id="US", sku="A",
            ordered_on=TODAY - timedelta(days=9), as_of=NOW,
        )  # fmt: skip
        evaluate(at=NOW)
        actions.ensure_playbooks()
    return acme


def begun(here, key="odr") -> Crisis:
    book, incident = Playbook.objects.get(default=key), Incident.objects.get()
    owner = here.seats[Role.OWNER]
    return actions.start(book, here.store, marketplace="US", incident=incident, by=owner, at=NOW)


def step(crisis: Crisis, **values) -> CrisisStep:
    return CrisisStep.objects.select_related("crisis__store").filter(crisis=crisis, **values).first()


def as_(world, role: Role) -> Client:
    client = Client()
    client.force_login(world.user(role))
    return client


def test_a_run_is_begun_once_with_owners_days_and_a_draft_from_facts(here):
    with here:
        crisis = begun(here)
        assert begun(here) == crisis
        first = step(crisis, position=1)
        assert (first.owner, first.due) == (here.seats[Role.MANAGER], TODAY + timedelta(days=1))
        assert "2.40%" in crisis.plan["root"]
        assert "Most defects come from A." in crisis.plan["root"]
        assert IncidentEvent.objects.filter(kind="playbook").exists()


def test_what_goes_to_amazon_is_seen_by_two(here, tmp_path):
    owner, senior = here.seats[Role.OWNER], here.seats[Role.SENIOR]
    file = tmp_path / "poa.txt"
    file.write_text("plan")
    with here:
        submit = step(begun(here), four_eyes=True)
        with pytest.raises(actions.Not, match="asks for a file"):
            actions.finish(submit, by=owner, at=NOW)
        actions.attach(submit, "poa.txt", file, by=owner, at=NOW)
        actions.finish(submit, by=owner, at=NOW)
        assert submit.state == "check"
        with pytest.raises(actions.Not, match="somebody else"):
            actions.confirm(submit, by=owner, at=NOW)
        actions.confirm(submit, by=senior, at=NOW)
        assert (submit.state, submit.confirmed_by) == ("done", senior)
        assert Entry.objects.filter(verb="crisis.confirm").exists()


def test_what_is_added_later_is_confirmed_anew(here, tmp_path):
    owner, senior = here.seats[Role.OWNER], here.seats[Role.SENIOR]
    file = tmp_path / "poa.txt"
    file.write_text("plan")
    with here:
        submit = step(begun(here), four_eyes=True)
        actions.attach(submit, "poa.txt", file, by=owner, at=NOW)
        actions.finish(submit, by=owner, at=NOW)
        actions.attach(submit, "other.txt", file, by=senior, at=NOW)
        with pytest.raises(actions.Not, match="nothing to confirm"):
            actions.confirm(submit, by=senior, at=NOW)


def test_who_sees_one_site_sees_its_runs_only(here):
    senior = here.seats[Role.SENIOR]
    with here:
        crisis = begun(here)
        HealthDay.objects.create(
            store=here.store, marketplace_id="CA", metric="odr", programme="afn", date=TODAY, total=9, as_of=NOW
        )
        StoreGrant.objects.filter(member=senior, store=here.store).update(marketplace="US")
        Crisis.objects.filter(pk=crisis.pk).update(marketplace="")
        crisis = queries.crises_for(senior).get()
        sites = {
            row.marketplace_id for one in Evidence(crisis, senior).tables() if one.name == "metrics" for row in one.rows
        }
        assert sites == {"US"}
        every = list(Evidence(crisis, here.seats[Role.OWNER]).tables())
        assert {row.marketplace_id for one in every if one.name == "metrics" for row in one.rows} == {"US", "CA"}
        Crisis.objects.update(marketplace="CA")
        assert not queries.crises_for(senior).exists()
        assert queries.sells_on(here.store, "US", senior)
        assert not queries.sells_on(here.store, "CA", senior)
        assert not queries.sells_on(here.store, "XX", here.seats[Role.OWNER])


@pytest.mark.parametrize(("role", "told"), [(Role.OWNER, 1), (Role.JUNIOR, 0)])
def test_the_pack_tells_of_costs_those_only_who_may_see_them(here, role, told):
    with here:
        set_costs(here.store, [CostLine("A", TODAY, 7919, "USD")], by=here.seats[Role.OWNER], at=NOW)
        found = {one.name: one.rows for one in Evidence(begun(here), here.seats[role]).tables()}
        assert [entry.verb for entry in found["changes"]].count("costs.set") == told


def test_a_run_closes_when_every_step_is_settled(here):
    owner = here.seats[Role.OWNER]
    with here:
        crisis = begun(here)
        with pytest.raises(actions.Not, match="neither done nor skipped"):
            actions.close(crisis, by=owner, at=NOW)
        for each in CrisisStep.objects.filter(crisis=crisis).select_related("crisis__store"):
            with pytest.raises(actions.Not, match="Say why"):
                actions.skip(each, " ", by=owner, at=NOW)
            actions.skip(each, "not needed", by=owner, at=NOW)
        actions.close(crisis, by=owner, at=NOW)
        assert Crisis.objects.get().state == "closed"
        with pytest.raises(actions.Not, match="closed"):
            actions.save_plan(crisis, {"root": "", "corrective": "", "preventive": ""}, by=owner, at=NOW)


def test_the_pack_holds_everything_and_its_hashes_fit(here, tmp_path):
    owner = here.seats[Role.OWNER]
    file = tmp_path / "x"
    file.write_bytes(b"invoice")
    with here:
        crisis = begun(here)
        actions.attach(step(crisis, position=1), "../../invoice 1.pdf", file, by=owner, at=NOW)
        job = start_job("crisis.pack", by=owner, title="Pack", crisis=crisis.number, language="zh-hans")
    jobs.run(job.pk, agency_id=here.agency.pk)
    with here:
        made = Job.objects.get(pk=job.pk)
        assert made.state == "done", made.note
        archive = ZipFile(io.BytesIO(documents().open(made.file).read()))
    names = set(archive.namelist())
    assert {"index.html", "manifest.json", "defects.csv", "metrics.csv", "changes.csv", "incident.csv"} <= names
    assert "files/01-1-invoice 1.pdf" in names
    assert not [name for name in names if ".." in name or name.startswith("/")]
    manifest = {each["name"]: each["sha256"] for each in json.loads(archive.read("manifest.json"))["files"]}
    assert set(manifest) == names - {"manifest.json"}
    assert all(hashlib.sha256(archive.read(name)).hexdigest() == digest for name, digest in manifest.items())
    assert "113-1" in archive.read("defects.csv").decode()
    page = archive.read("index.html").decode()
    assert "行动计划" in page
    assert "113-1" in page


def test_the_pages(here):
    boss, senior = as_(here, Role.OWNER), as_(here, Role.SENIOR)
    with here:
        number, book = Incident.objects.get().number, Playbook.objects.get(default="odr")
    assert "Order defect rate over its limit" in boss.get(here.url("alerts/1/")).content.decode()
    words = {"playbook": str(book.pk), "store": "north", "incident": str(number)}
    boss.post(here.url("crises/start/"), {"playbook": str(book.pk), "store": "north", "marketplace": "xx"})
    with here:
        assert not Crisis.objects.exists(), "the store does not sell there"
    assert f"{here.url('crises/')}?store=north" in boss.get(here.url("stores/north/health/")).content.decode()
    made = boss.post(here.url("crises/start/"), words)
    page = boss.get(made["Location"]).content.decode()
    assert "Submit the plan of action" in page
    with here:
        first = step(Crisis.objects.get(), position=1)
        second = step(Crisis.objects.get(), position=2)
    boss.post(here.url(f"crises/steps/{first.pk}/"), {"action": "done"})
    refused = boss.post(here.url(f"crises/steps/{second.pk}/"), {"action": "done"})
    assert refused.status_code == 422
    assert "asks for a file" in refused.content.decode()
    proof = SimpleUploadedFile("proof.txt", b"seen")
    boss.post(here.url(f"crises/steps/{second.pk}/"), {"action": "file", "file": proof})
    answer = senior.get(here.url(f"crises/steps/{second.pk}/0/"))
    assert b"".join(answer.streaming_content) == b"seen"
    texts = {"root": "carrier lost a parcel", "corrective": "refunded", "preventive": "another carrier"}
    boss.post(here.url("crises/1/plan/"), texts)
    with here:
        assert Crisis.objects.get().plan == texts
    assert "1/9" in boss.get(here.url("crises/")).content.decode()
    at = here.url(f"playbooks/{book.pk}/")
    assert boss.post(at, {"name_en": "Mine", "steps": "soon | x"}).status_code == 422
    boss.post(at, {"name_en": "Mine", "steps": "!+2 | Submit | 提交", "active": "on"})
    with here:
        kept = Playbook.objects.get(pk=book.pk).steps
        assert kept == [{"en": "Submit", "zh": "提交", "days": 2, "four_eyes": True, "evidence": True}]
        assert CrisisStep.objects.count() == 9, "what has begun keeps its steps"


# -- owners, days, own steps


def test_a_steps_owner_and_day_change_while_the_run_is_open(here):
    boss = as_(here, Role.OWNER)
    with here:
        crisis = begun(here)
        first = step(crisis, position=1)
        senior = here.seats[Role.SENIOR]
    at = here.url(f"crises/steps/{first.pk}/")
    boss.post(at, {"action": "edit", "owner": str(senior.pk), "due": "2026-04-01"})
    with here:
        first = step(crisis, position=1)
        assert (first.owner, first.due) == (senior, date(2026, 4, 1))
        entry = Entry.objects.get(verb="crisis.edit")
        assert (entry.before["owner_id"], entry.after["due"]) == (str(here.seats[Role.MANAGER].pk), "2026-04-01")
        actions.edit(first, senior, date(2026, 4, 1), by=senior, at=NOW)
        assert Entry.objects.filter(verb="crisis.edit").count() == 1, "nothing changed, nothing is told"
    assert boss.post(at, {"action": "edit", "owner": str(here.seats[Role.CLIENT].pk)}).status_code == 422
    assert boss.post(at, {"action": "edit", "due": "soon"}).status_code == 422
    boss.post(at, {"action": "done"})
    assert boss.post(at, {"action": "edit", "owner": ""}).status_code == 422, "settled steps stay as they are"
    assert as_(here, Role.ANALYST).post(at, {"action": "edit"}).status_code == 403


def test_a_step_of_ones_own_comes_last_and_counts(here):
    boss = as_(here, Role.OWNER)
    with here:
        number = begun(here).number
    at = here.url(f"crises/{number}/step/")
    assert boss.post(at, {"step-text": ""}).status_code == 422
    boss.post(at, {"step-text": "Call the carrier", "step-due": "2026-03-04", "step-evidence": "on"})
    with here:
        added = CrisisStep.objects.get(en="Call the carrier")
        assert (added.position, added.evidence, added.zh) == (10, True, "Call the carrier")
        assert Entry.objects.filter(verb="crisis.add").exists()
        with pytest.raises(actions.Not, match="neither done nor skipped"):
            actions.close(Crisis.objects.get(), by=here.seats[Role.OWNER], at=NOW)
        Crisis.objects.update(state="closed")
    assert boss.post(at, {"step-text": "Too late"}).status_code == 422
    with here:
        assert CrisisStep.objects.count() == 10


def test_late_steps_are_findings_of_their_owner_until_they_are_settled(here):
    junior, owner = here.seats[Role.JUNIOR], here.seats[Role.OWNER]
    with here:
        crisis = begun(here)
        first = step(crisis, position=1)
        actions.edit(first, junior, TODAY - timedelta(days=1), by=owner, at=NOW)
        finding = Finding.objects.get(kind="crisis-step")
        assert (finding.assigned, finding.due) == (junior, TODAY - timedelta(days=1))
        refresh_findings(here.store, at=NOW + timedelta(days=30))
        assert Finding.objects.filter(kind="crisis-step", state="open").count() == 9, "days have passed"
        Finding.objects.filter(pk=finding.pk).update(assigned=owner)
        refresh_findings(here.store, at=NOW + timedelta(days=30))
        assert Finding.objects.get(pk=finding.pk).assigned == owner, "whom the inbox gave it to keeps it"
        refresh_findings(here.store, at=NOW)
    page = as_(here, Role.OWNER).get(here.url("inbox/")).content.decode()
    assert "Open every defect of the window: claim, chargeback, feedback: was due on" in page
    assert here.url("stores/north/crises/") in page
    with here:
        actions.finish(step(crisis, position=1), by=owner, at=NOW)
        assert not Finding.objects.filter(kind="crisis-step", state="open").exists()


def test_the_page_shows_whose_turn_it_is_and_what_is_late(here):
    boss = as_(here, Role.OWNER)
    with here:
        crisis = begun(here)
        CrisisStep.objects.filter(position__in=[2, 3]).update(due=timezone.localdate() - timedelta(days=2))
        CrisisStep.objects.exclude(position__in=[2, 3]).update(due=timezone.localdate())
        actions.finish(step(crisis, position=1), by=here.seats[Role.OWNER], at=NOW)
    page = boss.get(here.url("crises/1/")).content.decode()
    assert "2 steps overdue" in page
    assert page.split('aria-current="step"')[0].rstrip().endswith('id="step-2"')
    listed = boss.get(here.url("stores/north/crises/")).content.decode()
    assert "1/9" in listed
    assert '<span class="bdg tone-danger">2</span>' in listed
    assert "#1" not in boss.get(here.url("stores/europe/crises/")).content.decode()


def test_a_runs_page_takes_as_many_queries_for_any_number_of_steps(here, django_assert_num_queries):
    boss = as_(here, Role.OWNER)
    with here:
        crisis = begun(here)
    at = here.url(f"crises/{crisis.number}/")
    boss.get(at)
    with CaptureQueriesContext(connection) as few:
        boss.get(at)
    with here:
        for n in range(5):
            actions.add(crisis, actions.NewStep(f"Step {n}", here.seats[Role.OWNER]), by=here.seats[Role.OWNER], at=NOW)
    with django_assert_num_queries(len(few)):
        boss.get(at)


# -- by itself


def red(here, *, status: str = "deactivated") -> None:
    """The account's own word, and a rule that looks at it."""
    rule(name="Account", metric="account_status")
    report(here.store, None, metric="account_status", programme="", status=status, total=None, target=None, operator="")


def test_a_deactivated_account_begins_its_playbook_once(here):
    with here:
        red(here)
        evaluate(at=NOW)
        crisis = Crisis.objects.get()
        assert (crisis.playbook.default, crisis.started_by, crisis.marketplace) == ("deactivated", None, "US")
        assert crisis.incident.cause == "account", "the account's status stands for its reasons"
        assert set(crisis.steps.values_list("owner", flat=True)) == {here.seats[Role.MANAGER].pk}
        assert "账户" in crisis.plan["root"], "in the agency's language"
        Crisis.objects.update(state="closed")
        evaluate(at=NOW + timedelta(hours=1))
        assert Crisis.objects.count() == 1, "once for an incident, though the run is over"
    assert "by itself" in as_(here, Role.OWNER).get(here.url("crises/1/")).content.decode()


def test_what_is_not_red_or_not_set_so_begins_nothing(here):
    with here:
        red(here, status="at_risk")
        evaluate(at=NOW)
        assert Incident.objects.get(cause="odr").band == 2
        assert not Crisis.objects.exists(), "amber, and the playbook for order defects waits for a person"
    book_at = None
    with here:
        book = Playbook.objects.get(default="odr")
        book_at = here.url(f"playbooks/{book.pk}/")
    boss = as_(here, Role.OWNER)
    boss.post(book_at, {"name_en": "ODR", "steps": "1 | Look | 看", "active": "on", "starts": "on"})
    with here:
        evaluate(at=NOW)
        assert Crisis.objects.get().playbook.default == "odr"
        evaluate(at=NOW)
        assert Crisis.objects.count() == 1
    assert "Starts by itself" in boss.get(here.url("crises/")).content.decode()


# -- the pack


def packed(here, *, by: Role = Role.OWNER, language: str = "en") -> tuple[Job, ZipFile]:
    with here:
        number = (Crisis.objects.first() or begun(here)).number
        job = start_job("crisis.pack", by=here.seats[by], title="Pack", crisis=number, language=language)
    jobs.run(job.pk, agency_id=here.agency.pk)
    with here:
        made = Job.objects.get(pk=job.pk)
        assert made.state == "done", made.note
        return made, ZipFile(io.BytesIO(documents().open(made.file).read()))


def lines(archive: ZipFile, name: str) -> list[list[str]]:
    raw = archive.read(name)
    assert raw.startswith(b"\xef\xbb\xbf"), f"{name} has no mark of its encoding"
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))


@pytest.fixture
def rich(here, tmp_path):
    """Facts of two sites, a letter, a paper, an answer."""
    order, named = "113-1", "114-1234567-7654321"
    with here:
        shipped = {"ordered_at": NOW, "ordered_on": TODAY - timedelta(days=9), "updated_at": NOW, "as_of": NOW}
        for number, site, days in ((order, "US", 3), (named, "US", -1), ("777", "CA", 0)):
            Shipment.objects.create(
                store=here.store, order_id=number, marketplace_id=site, units=2, packages=1, valid_packages=1,
                ship_by=NOW, shipped_at=NOW + timedelta(days=days), **shipped,
            )  # fmt: skip
        back = {"store": here.store, "order_id": order, "as_of": NOW}
        ReturnLine.objects.create(
            sku="A", returned_on=TODAY, programme="mfn", marketplace_id="US", quantity=1, reason="DEFECTIVE",
            comment="Write to a@b.com", **back,
        )  # fmt: skip
        Feedback.objects.create(marketplace_id="US", rated_on=TODAY, rating=1, comment="Never came", **back)
        for ago in range(5):
            report(here.store, 20_000 - ago * 1000, day=TODAY - timedelta(days=ago))
        folder = tmp_path / "letter"
        folder.write_text(
            f"Subject: Order defect rate\nDate: 2026-03-01\n\nOrder {named} was late. Reply within 3 days."
        )
        kept = notices.stage(here.store, folder, name="通知.txt", by=here.seats[Role.OWNER], at=NOW)
        words = {"marketplace": "US", "subject": "Order defect rate", "at": NOW, "owner_id": None}
        made = notices.load(kept, words, by=here.seats[Role.OWNER], at=NOW).made
        for text in ("first answer", "second answer"):
            work_on(made, {"answer": text}, by=here.seats[Role.OWNER], at=NOW)
        other = {"store": here.store, "origin": "person", "kind": "policy", "at": NOW}
        Notice.objects.create(key="ca", marketplace="CA", subject="Canadian letter", **other)
        paper = Paper.objects.create(
            store=here.store,
            kind="lucid",
            number="DE123",
            scope="all",
            state="accepted",
            created_at=NOW,
            updated_at=NOW,
        )
        invoice = tmp_path / "invoice"
        invoice.write_bytes(pdf("Invoice 1"))
        keep(paper, "document", invoice, name="lucid.pdf", by=here.seats[Role.OWNER], at=NOW)
        Coverage.objects.create(
            store=here.store, marketplace_id="US", sku="A", state="covered", rank=5, computed_at=NOW,
            cells={"de-packaging": {"s": "covered", "p": str(paper.pk)}},
        )  # fmt: skip
        actions.attach(step(begun(here), position=1), "发票.pdf", invoice, by=here.seats[Role.OWNER], at=NOW)
    return here


def test_the_pack_brings_orders_shipments_letters_papers_and_proofs(rich):
    _job, archive = packed(rich)
    names = set(archive.namelist())
    orders = lines(archive, "orders.csv")
    assert [row[0] for row in orders[1:]] == ["113-1", "114-1234567-7654321"], "with a defect, and named in a letter"
    assert orders[2][-1] == "Named in a letter"
    shipments = {row[0]: row for row in lines(archive, "shipments.csv")[1:]}
    assert (shipments["113-1"][5], shipments["114-1234567-7654321"][5]) == ("No", "Yes")
    assert "777" not in shipments, "another site's"
    assert lines(archive, "returns.csv")[1][6] == "DEFECTIVE"
    assert "a@b.com" not in archive.read("returns.csv").decode()
    assert "Never came" in archive.read("feedback.csv").decode()
    assert [row[-1] for row in lines(archive, "answers.csv")[1:]] == ["second answer", "first answer"]
    letter = archive.read("correspondence/001-2026-03-02-order-defect-rate.txt").decode()
    assert letter.index("Reply within 3 days") < letter.index("first answer") < letter.index("second answer")
    assert "Reply within" in archive.read("correspondence/001-通知.txt").decode()
    assert not [name for name in names if "canadian" in name]
    held = lines(archive, "papers.csv")[1]
    assert (held[0], held[3]) == ("A", "DE123")
    assert archive.read(held[10]).startswith(b"%PDF")
    assert hashlib.sha256(archive.read(held[10])).hexdigest() == held[11]
    proof = lines(archive, "proofs.csv")[1]
    assert archive.read(proof[3]).startswith(b"%PDF")
    assert proof[5] == str(rich.seats[Role.OWNER])
    manifest = {each["name"]: each["sha256"] for each in json.loads(archive.read("manifest.json"))["files"]}
    assert set(manifest) == names - {"manifest.json"}
    assert all(hashlib.sha256(archive.read(name)).hexdigest() == digest for name, digest in manifest.items())
    page = archive.read("index.html").decode()
    assert page.count("<polyline") == 1
    assert "&lt; 1.00%" in page


def test_tables_of_the_pack_are_in_the_readers_words(rich, unprinted):
    _job, archive = packed(rich, language="zh-hans")
    metrics = lines(archive, "metrics.csv")
    assert metrics[1][2] == "订单缺陷率"
    assert "亚马逊" in metrics[1][3], "a programme by its name"
    assert metrics[1][6] == "2.0000"
    verbs = {row[2] for row in lines(archive, "changes.csv")[1:]}
    assert "已开始应急预案" in verbs or not any("." in verb for verb in verbs), verbs


def test_the_pack_tells_who_sees_one_site_of_that_site_only(rich, unprinted):
    with rich:
        StoreGrant.objects.filter(member=rich.seats[Role.SENIOR]).update(marketplace="US")
        Crisis.objects.update(marketplace="")
    _job, every = packed(rich)
    assert "Canadian letter" in every.read("notices.csv").decode()
    with rich:
        Crisis.objects.update(marketplace="US")
    _job, some = packed(rich, by=Role.SENIOR)
    assert "Canadian letter" not in some.read("notices.csv").decode()
    with rich:
        Coverage.objects.update(marketplace="CA")
        Crisis.objects.update(marketplace="US")
    _job, some = packed(rich, by=Role.SENIOR)
    assert len(lines(some, "papers.csv")) == 1, "papers of offers on another site"


def test_what_the_storage_has_lost_is_said_and_the_pack_is_made(rich, unprinted):
    with rich:
        documents().delete(CrisisStep.objects.exclude(files=[]).get().files[0]["path"])
    _job, archive = packed(rich)
    proof = lines(archive, "proofs.csv")[1]
    assert (proof[2], proof[3]) == ("发票.pdf", "")


def test_a_pdf_is_made_where_the_libraries_are(rich):
    pytest.importorskip("weasyprint", exc_type=(ImportError, OSError))
    job, archive = packed(rich, language="zh-hans")
    made = archive.read("evidence.pdf")
    assert made.startswith(b"%PDF-")
    assert not job.note
    document = HTML_of(archive).render()
    assert len(document.pages) >= 2
    assert made.count(b"/Type /Page\n") + made.count(b"/Type /Page/") in {0, len(document.pages)}
    if program := shutil.which("pdftotext"):
        text = subprocess.run([program, "-", "-"], input=made, capture_output=True, check=True).stdout.decode()
        for word in ("行动计划", "113-1", "second answer"):
            assert word in text


def HTML_of(archive: ZipFile) -> Any:
    return import_module("weasyprint").HTML(string=archive.read("index.html").decode())


def test_without_the_libraries_the_page_to_print_remains_and_the_person_is_told(rich, tmp_path, monkeypatch):
    """A package whose library cannot be loaded, as on a machine without Pango: the loader itself raises OSError."""
    for broken in ('import ctypes\nctypes.CDLL("libpango-that-is-not-here.so.0")\n', "import no_such_module_here\n"):
        folder = tmp_path / str(len(broken)) / "weasyprint"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(broken)
        for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.syspath_prepend(str(folder.parent))
        job, archive = packed(rich)
        assert "evidence.pdf" not in archive.namelist()
        assert "113-1" in archive.read("index.html").decode()
        assert "Print index.html" in job.note
        assert "Print index.html" in as_(rich, Role.OWNER).get(rich.url("crises/1/")).content.decode()


def test_a_chart_needs_two_days_and_tells_its_limit():
    days = [(TODAY - timedelta(days=1), 0.5), (TODAY, 1.5)]
    drawn = line_chart(days, limit=1.0, label='A "b" <c>', limit_label="< 1 %")
    assert ElementTree.fromstring(drawn).get("aria-label") == 'A "b" <c>'
    assert "stroke-dasharray" in drawn
    assert line_chart(days[:1], limit=1.0, label="x") == ""
