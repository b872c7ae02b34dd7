"""Crisis playbooks: started once, worked by two people where it counts, proved by a pack whose hashes fit."""

import hashlib
import io
import json
from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.actions.jobs import start_job
from apps.accounts.models import StoreGrant
from apps.core import jobs
from apps.core.models import Entry, Job
from apps.core.permissions import Role
from apps.core.storage import documents
from apps.health.actions import crises as actions
from apps.health.actions.evaluating import evaluate
from apps.health.models import Crisis, CrisisStep, Defect, HealthDay, Incident, IncidentEvent, Playbook
from apps.health.queries import crises as queries
from apps.health.queries.evidence import Evidence
from apps.sales.actions import CostLine, set_costs
from tests.health.ground import TODAY, offer, ready, report, rule
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
