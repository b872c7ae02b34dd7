"""Breakers in a real Valkey, with a clock that the test moves: who opens them, who does not, and what people see."""

import uuid
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from apps.accounts.models import StoreGrant
from apps.core.crypto import ShortLived
from apps.core.permissions import Role
from apps.core.tenancy import tenant
from apps.sync import actions
from apps.sync.actions import letters, subscribing
from apps.sync.actions.destinations import Addresses, subscribe
from apps.sync.breakers import FAILURES, FIRST_SECONDS, PROBE_SECONDS, Breaker, Resting
from apps.sync.http import Forbidden, Http, Throttled, Transient
from apps.sync.limits import Limiter
from apps.sync.models import Run, Subscription
from apps.sync.queries.silences import quiet_for
from apps.sync.source import Call, NeedsOwner, SourceError, TryLater
from apps.sync.sources import SOURCES
from apps.sync.sources.calling import Account, Caller
from apps.sync.sources.notifications import STATUS
from apps.sync.sources.queues import RECEIVE, Queue, QueueReader
from apps.sync.tokens import Grant, TokenStore
from tests.sync.amazon import Reply, counter
from tests.sync.doors import Told, install
from tests.sync.test_limits import Clock

LOOK = "GET /reports/R1"
REVOKED = Reply({"error": "invalid_grant"}, 400)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def valkey():
    return redis.Redis.from_url(settings.RATES_URL)


@pytest.fixture
def breaker(valkey, clock):
    return Breaker(valkey, clock=clock)


@pytest.fixture
def amazon():
    with counter() as desk:
        desk.say("POST /auth/o2/token", Reply({"access_token": "Atza|one", "expires_in": 3600}))
        desk.say(LOOK, Reply({"ok": True}))
        yield desk


@pytest.fixture
def caller(amazon, valkey, clock, tmp_path):
    name = f"7:{uuid.uuid4()}"
    http = Http(user_agent="Test/1", plain_hosts=frozenset({amazon.host}), read_seconds=0.5)
    account = Account(name, amazon.url, Grant(amazon.url + "/auth/o2/token", "client", "hush", "Atzr|r"), tmp_path)
    caller = Caller(account, http, TokenStore(http, ShortLived("token", name), valkey), Limiter(valkey, patience=60))
    caller.limiter.sleep = lambda _seconds: None
    caller.breaker.clock = clock
    return caller


def look(caller) -> SourceError | None:
    try:
        caller.call("getReport", "GET", "/reports/R1")
    except SourceError as error:
        return error
    return None


def calls(caller, times: int) -> list[str]:
    return [type(look(caller)).__name__ for _ in range(times)]


def test_failures_of_theirs_open_it_one_probe_goes_and_an_answer_closes(caller, amazon, clock):
    amazon.say(LOOK, Reply({}, 503))
    assert calls(caller, FAILURES + 2) == ["Transient"] * FAILURES + ["Resting"] * 2
    assert amazon.asked(LOOK) == FAILURES
    clock.now += FIRST_SECONDS + 1
    amazon.say(LOOK, Reply({"ok": True}))
    assert look(caller) is None
    amazon.say(LOOK, Reply({}, 503))
    assert calls(caller, FAILURES) == ["Transient"] * FAILURES, "counted from nothing again"


def test_a_probe_that_fails_keeps_it_open_for_twice_as_long(caller, amazon, clock):
    amazon.say(LOOK, Reply({}, 503))
    calls(caller, FAILURES)
    clock.now += FIRST_SECONDS + 1
    assert calls(caller, 2) == ["Transient", "Resting"]
    clock.now += FIRST_SECONDS + 1
    assert calls(caller, 1) == ["Resting"]
    clock.now += FIRST_SECONDS
    assert calls(caller, 1) == ["Transient"]


def test_only_one_probes_and_a_dead_prober_does_not_keep_it_open(breaker, clock):
    name = f"7:{uuid.uuid4()}"
    for _ in range(FAILURES):
        breaker.failed(name, "getReport")
    clock.now += FIRST_SECONDS + 1
    breaker.ask(name, "getReport")
    with pytest.raises(Resting) as caught:
        breaker.ask(name, "getReport")
    assert 1 <= caught.value.seconds <= PROBE_SECONDS
    clock.now += PROBE_SECONDS + 1
    breaker.ask(name, "getReport")


@pytest.mark.parametrize(
    "reply", [Reply(b"<html>", 200), lambda: (_ for _ in ()).throw(ConnectionError)], ids=["html", "reset"]
)
def test_an_error_page_and_a_broken_line_are_their_fault(caller, amazon, reply):
    amazon.say(LOOK, reply)
    assert calls(caller, FAILURES + 1)[-1] == "Resting"


@pytest.mark.parametrize("status", [429, 400, 403, 404, 408, 410])
def test_who_answers_no_answers(caller, amazon, clock, status):
    amazon.say(LOOK, Reply({}, status, {"retry-after": "0"}))
    assert "Resting" not in calls(caller, 2 * FAILURES)
    amazon.say(LOOK, Reply({}, 503))
    calls(caller, FAILURES - 1)
    amazon.say(LOOK, Reply({}, status, {"retry-after": "0"}))
    look(caller)
    amazon.say(LOOK, Reply({}, 503))
    assert "Resting" not in calls(caller, FAILURES - 1), "an answer between them breaks the row"


def test_a_revoked_token_opens_nothing_and_a_probe_it_stops_is_given_back(caller, amazon, clock):
    amazon.say(LOOK, Reply({}, 503))
    calls(caller, FAILURES)
    clock.now += FIRST_SECONDS + 1
    caller.tokens.forget(caller.account.name, caller.account.grant)
    amazon.say("POST /auth/o2/token", REVOKED)
    assert calls(caller, 2 * FAILURES) == ["ConnectionRevoked"] * 2 * FAILURES
    amazon.say("POST /auth/o2/token", Reply({"access_token": "Atza|two", "expires_in": 3600}))
    amazon.say(LOOK, Reply({"ok": True}))
    assert look(caller) is None


def test_other_operations_and_connections_go_on(breaker):
    name = f"7:{uuid.uuid4()}"
    for _ in range(FAILURES):
        breaker.failed(name, "getReport")
    breaker.ask(name, "createReport")
    breaker.ask(f"8:{uuid.uuid4()}", "getReport")
    with pytest.raises(Resting, match="getReport has not answered since 1970-01-12 13:46 UTC"):
        breaker.ask(name, "getReport")


def test_without_valkey_everybody_asks_and_nothing_is_told():
    lost = Breaker(redis.Redis(port=9))
    for _ in range(FAILURES):
        lost.failed("7:a", "getReport")
    lost.ask("7:a", "getReport")
    assert lost.silences(["7:a"]) == []


@pytest.mark.parametrize(
    ("error", "opens"),
    [
        (Transient("slow").during(Call("getReport")), True),
        (Transient("token slow").during(Call("token")), False),
        (Throttled("our own bucket", 5), False),
        (Forbidden("no").during(Call("getReport", 403)), False),
    ],
)
def test_what_counts_is_what_came_from_the_call_itself(breaker, error, opens):
    name = f"7:{uuid.uuid4()}"
    for _ in range(FAILURES):
        with pytest.raises(SourceError), breaker.watch(name, "getReport"):
            raise error
    assert bool(breaker.silences([name])) == opens


# -- calls without a seller's grant, and the agency's own queue

NEWS, ARN = "/notifications/v1/destinations", "arn:aws:sqs:us-east-2:123456789012:storewright"
RESOURCE = {"sqs": {"arn": ARN}}


@pytest.fixture
def desk(amazon, settings):
    """{connection: Amazon's notifications for it}, each of another region at the same address."""
    settings.ALLOW_HTTP_OUTSIDE, settings.SANDBOX_URL = True, amazon.url
    settings.LWA_URL, settings.SP_API_URLS = amazon.url + "/auth/o2/token", {"NA": amazon.url, "EU": amazon.url}
    keys = {"client_id": uuid.uuid4().hex, "client_secret": "hush", "refresh_token": "Atzr|r"}

    def of(name: str, region: str):
        return SOURCES["sp_api"].notifies(keys, name=name, region=region, folder=None)

    return of


def test_calls_without_a_grant_are_left_in_peace_for_the_connection_they_serve(desk, amazon, breaker):
    here, there = f"7:{uuid.uuid4()}", f"7:{uuid.uuid4()}"
    amazon.say(f"GET {NEWS}", Reply({}, 503))
    kinds = []
    for _ in range(FAILURES + 2):
        with pytest.raises(TryLater) as caught:
            desk(here, "NA").destination(RESOURCE, known="D1")
        kinds.append(caught.type)
    assert kinds == [Transient] * FAILURES + [Resting] * 2
    assert amazon.asked(f"GET {NEWS}") == FAILURES
    assert [each.operation for each in breaker.silences([here])] == ["getDestinations"]
    amazon.say(f"GET {NEWS}", Reply({"payload": [{"destinationId": "D1", "resource": RESOURCE}]}))
    assert desk(there, "EU").destination(RESOURCE, known="D1") == "D1", "the other region's answers"


def reader(breaker, name, amazon) -> QueueReader:
    return QueueReader(Queue(ARN, "AKIA", "hush", amazon.url), partial(breaker.watch, name))


SQS = "POST /"


@pytest.mark.parametrize(
    ("reply", "kind", "opens"),
    [
        (Reply({"__type": "ServiceUnavailable"}, 503), Transient, True),
        (lambda: (_ for _ in ()).throw(ConnectionError), Transient, True),
        (Reply({"__type": "RequestThrottled"}, 400), TryLater, False),
        (Reply({"__type": "InvalidClientTokenId"}, 403), NeedsOwner, False),
    ],
    ids=["503", "reset", "throttled", "refused"],
)
def test_a_queue_that_does_not_answer_is_left_in_peace(breaker, amazon, reply, kind, opens):
    name = f"7:{uuid.uuid4()}"
    for _ in range(FAILURES - 1):
        breaker.failed(name, RECEIVE)
    amazon.say(SQS, reply)
    with pytest.raises(kind):
        reader(breaker, name, amazon).letters()
    asked = amazon.asked(SQS)
    with pytest.raises(Resting if opens else kind):
        reader(breaker, name, amazon).letters()
    assert (amazon.asked(SQS) == asked) == opens
    assert [each.operation for each in breaker.silences([name])] == ([RECEIVE] if opens else [])


def test_a_queue_that_answers_again_is_read(breaker, amazon, clock):
    name = f"7:{uuid.uuid4()}"
    for _ in range(FAILURES):
        breaker.failed(name, RECEIVE)
    clock.now += FIRST_SECONDS + 1
    amazon.say(SQS, Reply({"Messages": [{"MessageId": "1", "Body": "{}", "ReceiptHandle": "r"}]}))
    assert [each.number for each in reader(breaker, name, amazon).letters()] == ["1"]
    assert breaker.silences([name]) == []


@pytest.fixture
def place(acme, amazon, valkey, settings):
    """A store's queue, with its breaker open."""
    settings.SQS_URL = amazon.url
    to = Addresses(queue=ARN, key_id="AKIA", secret="hush")
    with acme:
        door = actions.connect(acme.store, "sp_api", {"refresh_token": "r"}, by=acme.seats["owner"], at=timezone.now())
        place = subscribe(door, to, by=acme.seats["owner"], at=timezone.now())
    name = f"{acme.agency.pk}:{door.pk}"
    for _ in range(FAILURES):
        Breaker(valkey).failed(name, RECEIVE)
    yield place
    valkey.delete(f"breaker:{name}")


def test_reading_a_queue_waits_as_long_as_its_breaker(acme, place, amazon):
    assert letters.read(place.pk, agency_id=acme.agency.pk) == 0
    assert amazon.asked(SQS) == 0
    with acme:
        place.refresh_from_db()
        assert (
            timedelta(seconds=FIRST_SECONDS - 20)
            < place.read_until - timezone.now()
            <= timedelta(seconds=FIRST_SECONDS)
        )
        assert (place.read_at, place.read_problem) == (None, "")
        assert letters.ring_readers(at=timezone.now()) == 0
        assert letters.ring_readers(at=timezone.now() + timedelta(seconds=FIRST_SECONDS)) == 1


def test_the_page_names_the_queue_that_does_not_answer(acme, place, client):
    client.force_login(acme.user(Role.OWNER))
    assert "Your queues at AWS have not answered since" in client.get(acme.url("sync/")).content.decode()


def test_subscriptions_that_meet_an_open_one_were_not_tried(acme, place, valkey):
    name = f"{acme.agency.pk}:{place.connection_id}"
    for operation in ("getDestinations", "createDestination"):
        for _ in range(FAILURES):
            Breaker(valkey).failed(name, operation)
    assert subscribing.settle(place.pk, agency_id=acme.agency.pk) == "failed"
    with acme:
        place.refresh_from_db()
        assert (place.attempts, place.problem_kind) == (0, "try_later")
        assert place.due_at > timezone.now() + timedelta(seconds=FIRST_SECONDS - 20)


def test_a_subscription_is_not_let_go_while_amazon_is_not_even_asked(acme, place, valkey):
    with acme:
        kept = Subscription.objects.create(
            store=place.store, connection=place.connection, type=STATUS.key, number="S1", application=place.application,
            state="ending", created_at=timezone.now(), ended_at=timezone.now() - 2 * subscribing.GIVE_UP,
        )  # fmt: skip
    for _ in range(FAILURES):
        Breaker(valkey).failed(f"{acme.agency.pk}:{place.connection_id}", "deleteSubscriptionById")
    assert subscribing.settle(place.pk, agency_id=acme.agency.pk) == "failed"
    with acme:
        assert Subscription.objects.get(pk=kept.pk).state == "ending"


# -- runs and pages


@pytest.fixture
def told(monkeypatch) -> Told:
    told = Told()
    install(told, monkeypatch)
    return told


@pytest.mark.django_db(transaction=True)
def test_a_run_that_meets_an_open_one_is_put_off_and_never_given_up(transactional_db, told):
    from tests.world import World

    acme = World("acme")
    with acme:
        door = actions.connect(acme.store, "told", {"refresh_token": "r"}, by=acme.seats["owner"], at=timezone.now())
        run = Run.objects.exclude(slot__startswith="backfill:").get(stream__connection=door)
        Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(days=9))
    told.answers = [Resting("getReport has not answered", 300, cursor="report-1")]
    assert actions.run(run.pk, agency_id=run.agency_id) == "due"
    with tenant(acme.agency.pk):
        run.refresh_from_db()
        assert (run.attempts, run.crashes, run.cursor, run.error_kind) == (0, 0, "report-1", "try_later")
        assert timedelta(seconds=290) < run.due_at - timezone.now() < timedelta(seconds=340)
        Run.objects.filter(pk=run.pk).update(due_at=timezone.now())
    told.answers = [TryLater("busy", 1)]
    assert actions.run(run.pk, agency_id=run.agency_id) == "dead", "what was really tried for nine days is given up"


@pytest.fixture
def silent(acme, valkey):
    """Amazon's reports are silent for the first store."""
    with acme:
        door = actions.connect(acme.store, "sp_api", {"refresh_token": "r"}, by=acme.seats["owner"], at=timezone.now())
    name = f"{acme.agency.pk}:{door.pk}"
    started = datetime.now(UTC).replace(microsecond=0)
    clock = Clock()
    clock.now = started.timestamp()
    breaker = Breaker(valkey, clock=clock)
    for operation in ("getReport", "createReport"):
        for _ in range(FAILURES):
            breaker.failed(name, operation)
    yield acme
    valkey.delete(f"breaker:{name}")


@pytest.mark.parametrize("address", ["sync/", "stores/{slug}/connections/"])
def test_the_pages_say_who_does_not_answer_in_one_sentence(silent, client, address):
    client.force_login(silent.user(Role.OWNER))
    page = client.get(silent.url(address.format(slug=silent.store.slug))).content.decode()
    assert page.count("have not answered since") == 1
    assert "Amazon&#x27;s reports" in page
    assert "next try at" in page


def test_who_may_not_see_the_store_is_told_nothing(silent, client):
    with silent:
        assert [each.store for each in quiet_for(silent.seats[Role.SENIOR])] == [silent.store]
        StoreGrant.objects.filter(member=silent.seats[Role.SENIOR]).delete()
    client.force_login(silent.user(Role.SENIOR))
    assert "have not answered" not in client.get(silent.url("sync/")).content.decode()
