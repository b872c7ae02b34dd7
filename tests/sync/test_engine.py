"""The engine against a real database: leases, slots, three failures, dead letters, nothing doubled."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.core.models import Entry, Finding
from apps.core.storage import documents as storage
from apps.core.tenancy import tenant
from apps.sales.models import OrderLine
from apps.sync import actions
from apps.sync.actions import leases
from apps.sync.actions.leases import LeaseLost
from apps.sync.actions.reviewing import review
from apps.sync.models import Connection, Run, StoredDocument, Stream
from apps.sync.queries import as_of, freshness
from apps.sync.source import NeedsOwner, TryLater, Unreadable
from tests.sync.doors import Told, answer, install, text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(monkeypatch) -> Told:
    told = Told()
    install(told, monkeypatch)
    return told


@pytest.fixture
def acme(transactional_db):
    from tests.world import World

    return World("acme")


@pytest.fixture
def door(acme, told):
    with acme:
        return actions.connect(acme.store, "told", {"refresh_token": "r"}, by=acme.seats["owner"], at=timezone.now())


def regular(door) -> Run:
    with tenant(door.agency_id):
        return Run.objects.exclude(slot__startswith="backfill:").get(stream__connection=door)


def work(run) -> Run:
    actions.run(run.pk, agency_id=run.agency_id)
    with tenant(run.agency_id):
        return Run.objects.get(pk=run.pk)


def due_now(run) -> Run:
    with tenant(run.agency_id):
        Run.objects.filter(pk=run.pk).update(due_at=timezone.now())
    return run


def lines(door) -> dict[str, int]:
    with tenant(door.agency_id):
        return dict(OrderLine.objects.values_list("order_id", "quantity"))


def test_connecting_opens_now_and_the_past_newest_first(acme, door):
    with acme:
        stream = Stream.objects.get(connection=door)
        runs = list(Run.objects.filter(stream=stream).order_by("priority"))
        assert [run.slot.partition(":")[0] for run in runs[1:]] == ["backfill", "backfill"]
        assert runs[0].priority == 10
        assert runs[1].until > runs[2].until
        assert runs[2].since == pytest.approx(runs[0].until - timedelta(days=90), abs=timedelta(minutes=1))
        assert actions.open_slots(at=timezone.now()) == 0  # the open run will bring everything
        assert Entry.objects.filter(verb="connection.connect").count() == 1


def test_a_run_brings_documents_into_the_facts_and_moves_the_cursor(acme, door, told):
    at = timezone.now()
    told.answers = [answer(at, ("o1", 2, 1000), ("o2", 1, 500)), answer(at, ("o3", 1, 100))]
    run = work(regular(door))
    assert (run.state, run.rows, run.changed, run.documents, run.attempts) == ("done", 3, 3, 2, 1)
    assert run.cursor == "c0"
    assert lines(door) == {"o1": 2, "o2": 1, "o3": 1}
    with acme:
        stream = Stream.objects.get(connection=door)
        assert (stream.reached, stream.rows, stream.failures) == (run.until, 3, 0)
        kept = StoredDocument.objects.order_by("name").first()
        assert storage().open(kept.path).read().decode() in {
            text(("o3", 1, 100)),
            text(("o1", 2, 1000), ("o2", 1, 500)),
        }
        assert Connection.objects.get(pk=door.pk).last_ok_at


def test_the_next_slot_asks_from_where_the_facts_end_with_an_overlap(acme, door, told):
    run = work(regular(door))
    assert run.state == "empty"
    with acme:
        later = timezone.now() + timedelta(hours=1)
        assert actions.open_slots(at=later) == 1
        assert actions.open_slots(at=later) == 0
        following = Run.objects.exclude(slot__startswith="backfill:").order_by("-until").first()
        assert following.since == run.until - timedelta(hours=2)


def test_the_same_document_again_changes_nothing_and_an_older_one_neither(acme, door, told):
    at = timezone.now()
    told.answers = [answer(at, ("o1", 2, 1000))]
    run = work(regular(door))
    for again in (answer(at, ("o1", 2, 1000)), answer(at - timedelta(hours=3), ("o1", 9, 1))):
        told.answers = [again]
        with acme:
            assert actions.replay(run.pk, by=acme.seats["owner"], at=timezone.now())
        assert work(run).changed == 0
        assert lines(door) == {"o1": 2}
    with acme:
        assert StoredDocument.objects.filter(applied_at__isnull=False).count() == 2


def test_try_later_is_nobodys_business_and_goes_on_where_it_was(acme, door, told):
    told.answers = [TryLater("busy", 40, cursor="report-1")]
    run = work(regular(door))
    assert (run.state, run.cursor, run.error_kind, run.lease) == ("due", "report-1", "try_later", None)
    assert timedelta(seconds=35) < run.due_at - timezone.now() < timedelta(seconds=50)
    assert actions.run(run.pk, agency_id=run.agency_id) == ""  # not yet
    told.answers = [answer(timezone.now(), ("o1", 1, 1))]
    assert work(due_now(run)).state == "done"
    assert told.tasks[-1].cursor == "report-1"


def test_a_run_put_off_for_eight_days_is_given_up_and_can_be_replayed(acme, door, told):
    run = regular(door)
    with acme:
        Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(days=9))
    told.answers = [TryLater("busy", 1)]
    assert work(run).state == "dead"
    told.answers = [answer(timezone.now(), ("o1", 1, 1))]
    with acme:
        assert actions.replay(run.pk, by=acme.seats["senior"], at=timezone.now())
        assert Entry.objects.get(verb="run.replay").by == acme.seats["senior"]
    assert work(run).state == "done"


def test_needs_owner_stops_the_connection_and_tells_once(acme, door, told):
    told.answers = [NeedsOwner("the seller has withdrawn consent")]
    assert work(regular(door)).state == "needs_owner"
    with acme:
        assert Connection.objects.get(pk=door.pk).state == "needs_owner"
        assert actions.open_slots(at=timezone.now() + timedelta(hours=1)) == 0
        waiting = Run.objects.filter(stream__connection=door, state="due").first()
        review(at=timezone.now())
        review(at=timezone.now())
        finding = Finding.objects.get(kind="sync-needs-owner")
        assert "withdrawn" in finding.detail["problem"]
        assert {f.word for f in freshness([acme.store]) if f.connection_id == door.pk} == {"broken"}
    assert actions.run(waiting.pk, agency_id=waiting.agency_id) == ""
    with acme:
        actions.connect(acme.store, "told", {"refresh_token": "new"}, by=acme.seats["owner"], at=timezone.now())
        review(at=timezone.now())
        assert Finding.objects.get(pk=finding.pk).state == "recovered"
    assert work(regular(door)).state == "empty"


def test_what_was_under_way_when_a_connection_stopped_does_not_hide_why(acme, door, told):
    def stopped_meanwhile():
        with acme:
            Connection.objects.filter(pk=door.pk).update(state="needs_owner", problem="no access to CA", failures=1)

    told.answers = [stopped_meanwhile, answer(timezone.now(), ("o1", 1, 1))]
    assert work(regular(door)).state == "done"
    with acme:
        now = Connection.objects.get(pk=door.pk)
        assert (now.state, now.problem, now.failures) == ("needs_owner", "no access to CA", 1)
        assert now.last_ok_at


def test_an_unreadable_document_is_kept_whole_and_the_facts_stay(acme, door, told):
    at = timezone.now()
    told.answers = [answer(at, ("o1", 2, 1000))]
    run = work(regular(door))
    told.answers = [("o1,5,1000\nbroken\no2,1,1", at + timedelta(hours=1))]
    with acme:
        actions.replay(run.pk, by=None, at=timezone.now())
    run = work(run)
    assert (run.state, run.error_kind) == ("quarantined", "unreadable")
    assert run.errors == [{"line": 2, "column": "quantity", "value": "broken", "problem": "not a number"}]
    assert lines(door) == {"o1": 2}
    with acme:
        kept = StoredDocument.objects.get(applied_at=None)
        assert kept.quarantine == "a line is broken"
        assert storage().open(kept.path).read() == b"o1,5,1000\nbroken\no2,1,1"
    told.answers = [answer(at + timedelta(hours=2), ("o1", 6, 1000))]
    with acme:
        actions.replay(run.pk, by=None, at=timezone.now())
    assert work(run).state == "done"
    assert lines(door) == {"o1": 6}


def test_a_source_that_cannot_be_understood_leaves_no_document(acme, door, told):
    told.answers = [Unreadable("the report is fatal")]
    run = work(regular(door))
    assert (run.state, run.error) == ("quarantined", "the report is fatal")
    with acme:
        assert not StoredDocument.objects.exists()


def test_our_own_mistakes_are_tried_five_times_then_kept(acme, door, told):
    run = regular(door)
    for _attempt in range(5):
        told.answers = [RuntimeError("a bug")]
        run = work(due_now(run))
    assert (run.state, run.crashes, run.attempts) == ("dead", 5, 5)
    assert "a bug" in run.error


def test_crashes_are_forgotten_once_there_is_progress(acme, door, told):
    """What breaks down on its way time and again, but comes further each time, is not given up."""
    run, begun = regular(door), timezone.now()
    for attempt in range(7):
        told.answers = [answer(begun + timedelta(hours=attempt), (f"o{attempt}", 1, 500)), RuntimeError("killed")]
        run = work(due_now(run))
        assert (run.state, run.crashes) == ("due", 1)
    told.answers = [RuntimeError("killed")]
    assert work(due_now(run)).crashes == 2
    told.answers = []
    run = work(due_now(run))
    assert (run.state, run.crashes) == ("done", 0)


def test_passing_known_documents_on_the_way_is_no_progress(acme, door, told):
    run, begun = regular(door), timezone.now()
    for _attempt in range(6):
        told.answers = [answer(begun, ("o1", 1, 500)), RuntimeError("this kills workers")]
        run = work(due_now(run))
    assert (run.state, run.crashes) == ("dead", 5)


def test_one_worker_at_a_time_and_the_stale_one_writes_nothing(acme, door, told):
    run, at = regular(door), timezone.now()
    with acme:
        first = leases.claim(run.pk, at=at)
        assert leases.claim(run.pk, at=at) is None
    with acme:  # the worker fell silent; another one takes over
        second = leases.claim(run.pk, at=at + timedelta(seconds=61))
        assert second.run.crashes == 1
        assert second.run.attempts == 2
        assert not leases.renew(first, at=at)
        with pytest.raises(LeaseLost):
            leases.held(first)
        with pytest.raises(LeaseLost):
            leases.count(first, rows=1, changed=1, cursor="")
        assert leases.renew(second, at=at)


def test_a_worker_that_lost_its_lease_changes_no_fact(acme, door, told):
    run, other = regular(door), uuid.uuid4()

    def taken_over() -> None:
        with acme:
            Run.objects.filter(pk=run.pk).update(lease=other)

    told.answers = [taken_over, answer(timezone.now(), ("o1", 1, 1))]
    assert actions.run(run.pk, agency_id=run.agency_id) == ""
    assert lines(door) == {}
    with acme:
        left = Run.objects.get(pk=run.pk)
        assert (left.state, left.lease, left.documents) == ("running", other, 0)


def test_nobody_takes_a_run_over_while_its_document_is_being_loaded(acme, door, told):
    run, seen = regular(door), []

    def ask() -> None:
        def claim() -> None:
            with tenant(door.agency_id):
                seen.append(leases.claim(run.pk, at=timezone.now() + timedelta(hours=1)))
            connection.close()

        thread = threading.Thread(target=claim)
        thread.start()
        thread.join()

    told.before_load = ask
    told.answers = [answer(timezone.now(), ("o1", 1, 1))]
    assert work(run).state == "done"
    assert seen == [None]


def test_a_worker_that_dies_again_and_again_gives_the_run_up(acme, door):
    run, at = regular(door), timezone.now()
    for n in range(5):
        with acme:
            assert leases.claim(run.pk, at=at + timedelta(minutes=2 * n))
    with acme:
        assert leases.claim(run.pk, at=at + timedelta(minutes=20)) is None
        assert Run.objects.get(pk=run.pk).state == "dead"


def test_two_runs_of_one_stream_never_overlap(acme, door):
    with acme:
        one, other = Run.objects.filter(stream__connection=door)[:2]
        at = timezone.now()
        assert leases.claim(one.pk, at=at)
        assert leases.claim(other.pk, at=at) is None
        assert Run.objects.get(pk=other.pk).due_at > at


def test_freshness_says_never_backfilling_fresh_late(acme, door, told):
    def word(at=None) -> str:
        with acme:
            return {f.dataset: f.word for f in freshness([acme.store], at=at) if f.connection_id == door.pk}["orders"]

    assert word() == "backfilling"
    with acme:
        assert as_of("orders", [acme.store]) is None
        runs = list(Run.objects.filter(stream__connection=door).order_by("priority"))
    assert work(runs[0]).state == "empty"
    assert word() == "backfilling"
    for run in runs[1:]:
        assert work(due_now(run)).state == "empty"
    assert word() == "fresh"
    assert word(timezone.now() + timedelta(hours=2)) == "late"
    with acme:
        stream = Stream.objects.get(connection=door)
        assert stream.backfilled_to == runs[2].since
        assert as_of("orders", [acme.store]) == stream.fresh_at
        review(at=timezone.now() + timedelta(hours=5))
        assert Finding.objects.get(kind="sync-late").detail["dataset"] == "orders"


def test_pausing_and_disconnecting_stop_everything_and_are_written_down(acme, door):
    with acme:
        owner = acme.seats["owner"]
        actions.pause(door, by=owner, at=timezone.now())
        assert leases.claim(Run.objects.filter(stream__connection=door).first().pk, at=timezone.now()) is None
        actions.resume(door, by=owner, at=timezone.now())
        actions.disconnect(door, by=owner, at=timezone.now(), reason="contract ended")
        assert not Run.objects.filter(stream__connection=door).exists()
        assert Connection.objects.get(pk=door.pk).credentials == ""
        verbs = list(Entry.objects.order_by("number").values_list("verb", flat=True))
        assert verbs[-3:] == ["connection.pause", "connection.resume", "connection.disconnect"]
