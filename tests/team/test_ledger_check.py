"""The chain of the ledger is checked by a job; pages only say what came of the last one, and when."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core import audit, jobs
from apps.core.models import ChainHead, Entry, Job
from apps.core.permissions import Role
from apps.team import actions
from apps.team.tasks import check_ledgers


@pytest.fixture
def owner(acme, client):
    client.force_login(acme.user(Role.OWNER))
    return client


def write(world, n=0):
    audit.record("store.edit", world.store, by=world.seats[Role.OWNER], at=timezone.now(), after={"n": n})


def written(world, count=5):
    with world:
        for n in range(count):
            write(world, n)


def worked(world, by=Role.OWNER):
    with world:
        job = actions.check_ledger(by=by and world.seats[by])
    jobs.run(job.pk, agency_id=world.agency.pk)
    with world:
        return audit.last_check()


def test_a_check_keeps_its_result_and_its_time(acme):
    written(acme)
    before = timezone.now()
    with acme:
        assert audit.last_check() is None
    found = worked(acme)
    with acme:
        assert (found.entries, found.broken) == (ChainHead.objects.get().number, None)
    assert found.at >= before


def test_no_page_reads_the_chain(acme, owner, monkeypatch):
    written(acme)
    monkeypatch.setattr(audit, "chain_digest", lambda entry: pytest.fail("a page read the chain"))
    for path in ("changes/", "changes/verify/", "stores/north/certificate/"):
        assert owner.get(acme.url(path)).status_code == 200


def test_the_page_says_when_and_what(acme, owner):
    assert "not checked yet" in owner.get(acme.url("changes/")).content.decode()
    written(acme)
    worked(acme)
    page = owner.get(acme.url("changes/")).content.decode()
    assert "entries, none altered" in page
    assert "checked <" in page
    assert "is whole up to entry" in owner.get(acme.url("stores/north/certificate/")).content.decode()


def test_the_button_starts_one_job_and_the_page_watches_it(acme, owner):
    for _ in range(2):
        answer = owner.post(acme.url("changes/verify/"), headers={"HX-Request": "true"})
        assert "The chain is being checked…" in answer.content.decode()
    with acme:
        (job,) = Job.objects.filter(kind=audit.CHECK)
        assert job.by == acme.seats[Role.OWNER]
    assert 'hx-trigger="every 2s"' in owner.get(acme.url("changes/verify/")).content.decode()
    jobs.run(job.pk, agency_id=acme.agency.pk)
    assert "hx-trigger" not in owner.get(acme.url("changes/verify/")).content.decode()
    assert owner.post(acme.url("changes/verify/")).url == acme.url("changes/")


def test_an_altered_entry_is_named_on_the_pages(acme, owner, monkeypatch):
    written(acme)
    monkeypatch.setattr(audit, "chain_digest", lambda entry: entry.digest if entry.number != 3 else "other")
    assert worked(acme).broken == 3
    assert "The chain breaks at entry 3" in owner.get(acme.url("changes/")).content.decode()
    assert "chain breaks at entry 3" in owner.get(acme.url("stores/north/certificate/")).content.decode()


def test_a_cut_off_end_and_an_entry_behind_it_are_found(acme):
    written(acme)
    with acme:
        head = ChainHead.objects.get()
        ChainHead.objects.update(number=head.number + 1)
        assert audit.verify() == head.number + 1
        ChainHead.objects.update(number=head.number - 1, digest=Entry.objects.get(number=head.number).previous)
        assert audit.verify() == head.number
        ChainHead.objects.all().delete()
        assert audit.verify() == 1


def test_what_is_appended_meanwhile_is_no_break(acme, monkeypatch):
    written(acme)
    monkeypatch.setattr(audit, "STEP", 2)
    told, head_of = [], ChainHead.objects.first

    def first():
        head = head_of()
        write(acme)  # between the head and the entries
        return head

    with acme:
        last = head_of().number
        monkeypatch.setattr(ChainHead.objects, "first", first)
        assert audit.verify(lambda *seen: told.append(seen)) is None
    assert told[0] == (2, last)


def test_every_night_each_agency_and_only_the_last_of_those_is_kept(acme, zeta):
    written(acme)
    worked(acme)  # somebody's own stays
    for _ in range(3):
        assert check_ledgers() == 2
        for world in (acme, zeta):
            with world:
                job = Job.objects.get(kind=audit.CHECK, state="queued")
            jobs.run(job.pk, agency_id=world.agency.pk)
    check_ledgers()
    with acme:
        kept = Job.objects.filter(kind=audit.CHECK).values_list("by", "state")
        assert sorted((by is not None, state) for by, state in kept) == [
            (False, "done"),
            (False, "queued"),
            (True, "done"),
        ]
        assert audit.last_check().at > timezone.now() - timedelta(minutes=5)
