"""Subscriptions to Amazon's notifications, made and kept alive at the real sandbox process."""

import json
import time
import urllib.parse
from datetime import timedelta

import boto3
import pytest
import redis
from django.conf import settings as django_settings
from django.utils import timezone

from apps.core.models import Entry, Finding
from apps.core.permissions import Role
from apps.health.models import Notice
from apps.sync import actions
from apps.sync.actions import destinations, letters, subscribing
from apps.sync.actions.connections import disconnect
from apps.sync.actions.credentials import opened_key, rewrap
from apps.sync.actions.destinations import Addresses
from apps.sync.actions.reviewing import review
from apps.sync.http import ConnectionRevoked, InvalidRequest, Throttled
from apps.sync.models import Connection, Destination, Subscription, UnreadLetter
from apps.sync.sources import SOURCES, notifications
from apps.sync.sources.notifications import ISSUES, STATUS
from tests.boxes import Box
from tests.core.test_rest import Api, key_for
from tests.world import World

ACCOUNT, OTHER = "lumora:NA", "sorano:NA"
ARN = "arn:aws:sqs:us-east-2:123456789012:storewright"
BUS = {"bus_account": "123456789012", "bus_region": "us-east-2"}
BOTH = Addresses(queue=ARN, **BUS)
NEWS = "/notifications/v1"
pytestmark = pytest.mark.xdist_group("subscriptions")  # one sandbox for all


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with Box(tmp_path_factory.mktemp("sandbox"), ("--fast",), scale=0.1) as box:
        yield box


class Shop:
    """A store of ours with the consent of one of the sandbox's sellers."""

    def __init__(self, world, box: Box, account: str, settings) -> None:
        self.world, self.box, self.partner = world, box, box.partner(account)
        self.caller = box.caller(account)
        settings.ALLOW_HTTP_OUTSIDE, settings.SANDBOX_URL = True, box.address
        settings.LWA_URL, settings.SQS_URL = self.partner["token_url"], f"{box.address}/_sqs"
        settings.SP_API_URLS = {self.partner["region"]: self.partner["endpoint"]}
        self.by = world.seats[Role.OWNER]
        with world:
            world.connection.delete()
            self.store = world.store
            self.door = self.connect()

    def connect(self, **other: str) -> Connection:
        keys = {name: self.partner[name] for name in ("refresh_token", "client_id", "client_secret")}
        return actions.connect(self.store, "sp_api", keys | other, by=self.by, at=timezone.now())

    def subscribe(self, to: Addresses = BOTH, *, replace: bool = False) -> Destination:
        with self.world:
            return destinations.subscribe(self.door, to, by=self.by, at=timezone.now(), replace=replace)

    def settle(self) -> str:
        """As a worker does it, at once."""
        place = self.place
        with self.world:
            Destination.objects.filter(pk=place.pk, due_at__gt=timezone.now()).update(due_at=timezone.now())
        return subscribing.settle(place.pk, agency_id=self.world.agency.pk)

    @property
    def place(self) -> Destination:
        with self.world:
            return Destination.objects.select_related("store", "connection").get(store=self.store)

    def place_in(self) -> Destination:
        """The same, for who acts already."""
        return Destination.objects.select_related("store").get(store=self.store)

    def rows(self, state: str = "active") -> dict[str, Subscription]:
        with self.world:
            return {row.type: row for row in Subscription.objects.filter(store=self.store, state=state)}

    def verbs(self) -> list[str]:
        with self.world:
            found = Entry.objects.filter(verb__startswith="notifications.").order_by("number")
            return [verb.partition(".")[2] for verb in found.values_list("verb", flat=True)]

    def told(self, type_=STATUS) -> str:
        """What Amazon knows: the id of the subscription, or ""."""
        answer = self.caller("GET", f"{NEWS}/subscriptions/{type_.key}", payloadVersion=type_.version)
        return answer.json["payload"]["subscriptionId"] if answer.status == 200 else ""

    def desk(self, **other: str) -> notifications.Notifications:
        """The API for its consent; `other` keys replace the right ones."""
        keys = {name: self.partner[name] for name in ("refresh_token", "client_id", "client_secret")} | other
        where = {"name": f"{self.world.agency.pk}:{self.door.pk}", "region": self.partner["region"]}
        return SOURCES["sp_api"].notifies(keys, **where, folder=None)

    def clean(self) -> None:
        """The sandbox as it was: it outlives the test."""
        for kind in (STATUS, ISSUES):
            while number := self.told(kind):
                address = f"{NEWS}/subscriptions/{kind.key}/{number}"
                assert self.caller("DELETE", address, token=self.caller.grantless()).status == 200
        for each in self.caller("GET", f"{NEWS}/destinations", token=self.caller.grantless()).json["payload"]:
            self.caller("DELETE", f"{NEWS}/destinations/{each['destinationId']}", token=self.caller.grantless())
        for arn in self.box.desk("notify")["queues"]:
            self.drain(arn)

    def sqs(self):
        key = self.box.desk("notify")["queue_key"]
        session = boto3.session.Session(key["key_id"], key["secret"], region_name="us-east-2")
        return session.client("sqs", endpoint_url=f"{self.box.address}/_sqs")

    @property
    def queue_url(self) -> str:
        return f"{self.box.address}/_sqs/123456789012/storewright"

    def drain(self, arn: str) -> None:
        address = self.queue_url
        while True:
            try:
                found = self.sqs().receive_message(QueueUrl=address, MaxNumberOfMessages=10).get("Messages", [])
            except Exception:
                return
            if not found:
                return
            for each in found:
                self.sqs().delete_message(QueueUrl=address, ReceiptHandle=each["ReceiptHandle"])


@pytest.fixture
def shop(acme, sandbox, settings):
    sandbox.calm(1000)
    sandbox.desk("notify", method="DELETE")
    found = Shop(acme, sandbox, ACCOUNT, settings)
    found.clean()
    forget_limits(found)
    return found


def forget_limits(shop) -> None:
    """Full buckets of ours: what one test asked is not held against the next."""
    valkey = redis.Redis.from_url(django_settings.RATES_URL)
    for key in valkey.scan_iter(f"rate:{shop.partner['client_id']}:*"):
        valkey.delete(key)


# -- the API itself


def test_what_there_is_already_is_found_and_taken_over(shop):
    desk = shop.desk()
    queue = {"sqs": {"arn": ARN}}
    bus = {"eventBridge": {"accountId": "123456789012", "region": "us-east-2"}}
    first = desk.destination(queue)
    assert desk.destination(queue) == first, "409 and found, although nothing was known"
    assert desk.destination(bus) != first and desk.destination(bus, "gone") == desk.destination(bus)
    made = desk.subscribe(STATUS, first)
    assert desk.subscribe(STATUS, first) == made == desk.subscription(STATUS)
    desk.unsubscribe(STATUS.key, made.number)
    desk.unsubscribe(STATUS.key, made.number)
    assert desk.subscription(STATUS) is None


def test_a_token_of_the_application_is_asked_for_once_and_renewed_when_refused(shop):
    def signed_in() -> int:
        return sum(each["operation"] == "token" for each in shop.box.desk("truth/calls")["recent"])

    desk = shop.desk()
    desk.destination({"sqs": {"arn": ARN}})
    before = signed_in()
    shop.desk().destination({"sqs": {"arn": ARN}})
    assert signed_in() == before


def test_it_fails_in_the_three_ways(shop):
    desk, queue = shop.desk(), {"sqs": {"arn": ARN}}
    with pytest.raises(InvalidRequest):
        desk.destination({"sqs": {"arn": ARN, "more": "x"}})
    number = desk.destination(queue)
    shop.box.desk("faults", {"kind": "429_storm", "operation": "createSubscription"})
    with pytest.raises(Throttled):
        desk.subscribe(STATUS, number)
    shop.box.desk("faults", method="DELETE")
    with pytest.raises(ConnectionRevoked, match="authorisation"):
        shop.desk(refresh_token="Atzr|nobody").subscription(STATUS)
    with pytest.raises(ConnectionRevoked, match="client id or secret"):
        shop.desk(client_secret="wrong").destination(queue)


# -- a store's subscriptions


def test_a_store_is_subscribed_to_what_its_addresses_can_take_and_the_ledger_knows(shop):
    shop.subscribe()
    assert shop.settle() == "done"
    rows = shop.rows()
    assert {type_: row.number for type_, row in rows.items()} == {
        STATUS.key: shop.told(STATUS),
        ISSUES.key: shop.told(ISSUES),
    }
    place = shop.place
    assert place.queue_number and place.bus_number and place.checked_at and not place.problem
    assert timedelta(hours=20) < place.due_at - timezone.now() < timedelta(hours=25), "looked at again tomorrow"
    assert shop.verbs() == ["subscribe", "began", "began"]
    assert shop.settle() == "done" and shop.verbs() == ["subscribe", "began", "began"], "nothing new, nothing told"


def test_nobody_settles_what_is_not_due_or_is_being_settled(shop):
    place = shop.subscribe()
    with shop.world:
        claim = subscribing._claim(place.pk, at=timezone.now())
        assert claim and subscribing._claim(place.pk, at=timezone.now()) is None
        later = timezone.now() + timedelta(minutes=5)
        assert subscribing._claim(place.pk, at=later), "its worker died"
    assert subscribing._settled(claim, shop.world.agency.pk) == "done"
    assert shop.place.lease and not shop.place.checked_at, "who lost the lease writes nothing"


def test_a_queue_alone_subscribes_to_what_queues_take_and_taking_an_address_away_ends_its_type(shop):
    shop.subscribe()
    shop.settle()
    shop.subscribe(Addresses(queue=ARN))
    shop.settle()
    assert set(shop.rows()) == {STATUS.key} and set(shop.rows("ended")) == {ISSUES.key}
    assert shop.told(STATUS) and not shop.told(ISSUES)


def test_another_queue_moves_the_subscription(shop):
    shop.subscribe(Addresses(queue=ARN))
    shop.settle()
    first = shop.told()
    shop.subscribe(Addresses(queue=ARN + "-two"))
    assert shop.settle() == "done"
    row = shop.rows()[STATUS.key]
    assert row.number == shop.told() != first and row.lost_at is None and row.destination == shop.place.queue_number


def test_what_amazon_forgot_is_made_again_and_shown_as_lost(shop):
    shop.subscribe()
    shop.settle()
    old = shop.rows()[STATUS.key]
    shop.caller("DELETE", f"{NEWS}/subscriptions/{STATUS.key}/{old.number}", token=shop.caller.grantless())
    assert not shop.told()
    with shop.world:
        assert subscribing.ring_due(at=timezone.now()) == 0
        assert subscribing.ring_due(at=timezone.now() + timedelta(days=1)) == 1
    assert shop.settle() == "done"
    new = shop.rows()[STATUS.key]
    assert new.number == shop.told() != old.number and new.lost_at
    assert shop.rows("ended")[STATUS.key].number == old.number, "late notifications still find their store"
    assert shop.verbs()[-1] == "lost"


def test_a_subscription_that_delivers_elsewhere_is_not_taken_away_unasked(shop):
    elsewhere = shop.desk().destination({"sqs": {"arn": ARN + "-other-program"}})
    theirs = shop.desk().subscribe(STATUS, elsewhere)
    shop.subscribe()
    assert shop.settle() == "failed"
    assert "is subscribed to already" in shop.place.problem and shop.place.problem_kind == "needs_owner"
    assert shop.told() == theirs.number and set(shop.rows()) == {ISSUES.key}, "the other type does not wait for it"
    with shop.world:
        review(at=timezone.now())
        finding = Finding.objects.get(kind="sync-notifications")
        assert "is subscribed to already" in finding.detail["problem"]
    shop.subscribe(replace=True)
    assert shop.settle() == "done" and shop.told() == shop.rows()[STATUS.key].number != theirs.number
    with shop.world:
        review(at=timezone.now())
        assert Finding.objects.get(pk=finding.pk).state == "recovered"


@pytest.mark.parametrize("fault", ["429_storm", "500", "503_html", "reset"])
def test_a_service_in_trouble_is_asked_again_until_it_answers(shop, fault):
    shop.box.desk("faults", {"kind": fault, "operation": "createSubscription", "times": 1})
    shop.subscribe()
    assert shop.settle() == "failed"
    place = shop.place
    assert place.problem_kind == "try_later" and place.due_at < timezone.now() + timedelta(minutes=16)
    with shop.world:
        review(at=timezone.now())
        assert not Finding.objects.filter(kind="sync-notifications").exists(), "nobody has to act yet"
    forget_limits(shop)
    assert shop.settle() == "done" and set(shop.rows()) == {STATUS.key, ISSUES.key} and not shop.place.problem


def test_a_withdrawn_consent_is_told_to_the_owner_and_a_new_one_mends_it(shop):
    with shop.world:
        shop.door = shop.connect(refresh_token="Atzr|nobody")
    shop.subscribe()
    assert shop.settle() == "failed"
    assert "authorisation was revoked" in shop.place.problem and not shop.rows()
    with shop.world:
        review(at=timezone.now())
        assert Finding.objects.filter(kind="sync-notifications", state="open").exists()
        shop.door = shop.connect()
    assert not shop.place.problem and shop.place.due_at <= timezone.now()
    assert shop.settle() == "done" and set(shop.rows()) == {STATUS.key, ISSUES.key}


def test_unsubscribing_has_amazon_forget_and_keeps_the_addresses(shop):
    shop.subscribe(Addresses(queue=ARN, key_id="AKIAX", secret="s"))
    shop.settle()
    with shop.world:
        destinations.unsubscribe(shop.place_in(), by=shop.by, at=timezone.now())
    assert shop.settle() == "done"
    place = shop.place
    assert not shop.told() and not shop.rows() and (place.queue, place.secret, place.due_at) == (ARN, "", None)


def test_closing_a_connection_deletes_its_subscriptions_and_then_the_last_of_its_keys(shop, settings):
    settings.SP_API_CLIENT_ID = settings.SP_API_CLIENT_SECRET = ""
    shop.subscribe()
    shop.settle()
    with shop.world:
        disconnect(shop.door, by=shop.by, at=timezone.now(), reason="over")
        assert not Connection.objects.get(pk=shop.door.pk).credentials
    farewell = shop.place.farewell
    assert farewell and shop.partner["refresh_token"] not in farewell
    shop.box.desk("faults", {"kind": "500", "operation": "deleteSubscriptionById", "times": 1})
    assert shop.settle() == "failed" and shop.place.farewell and shop.told()
    forget_limits(shop)
    assert shop.settle() == "done" and not shop.place.farewell and not shop.place.due_at
    assert not shop.told(STATUS) and not shop.told(ISSUES) and set(shop.rows("ended")) == {STATUS.key, ISSUES.key}
    with shop.world:
        shop.door = shop.connect()
    assert shop.settle() == "done" and set(shop.rows()) == {STATUS.key, ISSUES.key}
    assert shop.rows()[STATUS.key].connection_id == shop.door.pk, "connected again: subscribed again"


def test_another_application_makes_its_own(shop, settings):
    """The subscriptions of the old one are deleted with its keys; here the new one's keys are refused."""
    shop.subscribe()
    shop.settle()
    with shop.world:
        shop.door = shop.connect(client_id="amzn1.application-oa2-client.other", client_secret="other")
    assert not shop.place.queue_number and set(shop.rows("ending")) == {STATUS.key, ISSUES.key}
    assert shop.settle() == "failed" and "client id or secret" in shop.place.problem
    assert not shop.told(STATUS) and not shop.told(ISSUES)


def test_what_cannot_be_deleted_is_told_and_let_go(shop, settings):
    settings.SP_API_CLIENT_ID = ""
    shop.subscribe()
    shop.settle()
    with shop.world:
        disconnect(shop.door, by=shop.by, at=timezone.now())
        Destination.objects.update(farewell="")
    assert shop.settle() == "failed" and "may still be subscribed" in shop.place.problem
    assert set(shop.rows("ended")) == {STATUS.key, ISSUES.key} and shop.place.due_at is None


# -- what comes


def letter(number: str, subscription: str) -> dict:
    return {
        "notificationType": STATUS.key,
        "eventTime": "2026-03-02T10:00:00.000Z",
        "payload": {
            "accountStatusChangeNotification": {"previousAccountStatus": "NORMAL", "currentAccountStatus": "AT_RISK"}
        },
        "notificationMetadata": {"subscriptionId": subscription, "notificationId": number},
    }


def test_a_notification_finds_its_store_by_the_subscription_even_after_the_connection_is_closed(shop):
    shop.subscribe()
    shop.settle()
    number = shop.rows()[STATUS.key].number
    api = Api(key_for(shop.world, "health:write", "stores:all"))

    def bring(name: str):
        answer = api.post("/api/v1/notifications", json.dumps(letter(name, number)), "application/json")
        return answer.status_code, answer.json().get("result")

    assert bring("n-1") == (202, "taken") and shop.rows()[STATUS.key].heard_at
    with shop.world:
        disconnect(shop.door, by=shop.by, at=timezone.now())
    shop.settle()
    assert bring("n-2") == (202, "taken")
    with shop.world:
        assert Notice.objects.filter(store=shop.store, kind="account_status").count() == 2


def test_a_test_arrives_and_is_no_notice(shop):
    shop.subscribe()
    shop.settle()
    key = shop.box.desk("notify")["queue_key"]
    shop.subscribe(Addresses(queue=ARN, **BUS, **key))
    with shop.world:
        destinations.send_test(shop.place_in(), by=shop.by, at=timezone.now())
    assert shop.settle() == "done" and shop.place.tried_at and not shop.place.trial
    assert letters.read(shop.place.pk, agency_id=shop.world.agency.pk) >= 1
    assert shop.rows()[STATUS.key].tried_at and not shop.rows()[ISSUES.key].tried_at
    with shop.world:
        assert not Notice.objects.filter(origin="notification").exists()
        review(at=timezone.now())
        assert not Finding.objects.filter(kind="sync-notifications").exists()
        review(at=timezone.now() + timedelta(hours=2))
        finding = Finding.objects.get(kind="sync-notifications")
        assert finding.detail["code"] == "test" and ISSUES.key in finding.detail["types"]


# -- the queue, read by boto3


@pytest.fixture
def reading(shop):
    key = shop.box.desk("notify")["queue_key"]
    shop.subscribe(Addresses(queue=ARN, **key))
    assert shop.settle() == "done"
    return shop


def put(shop, body: str) -> None:
    shop.sqs().send_message(QueueUrl=shop.queue_url, MessageBody=body)


def read(shop) -> int:
    with shop.world:
        Destination.objects.update(read_until=None)
    return letters.read(shop.place.pk, agency_id=shop.world.agency.pk)


def test_what_a_queue_holds_is_taken_once_and_leaves_it_after_it_is_kept(reading):
    number = reading.rows()[STATUS.key].number
    for name in ("q-1", "q-2", "q-1"):
        put(reading, json.dumps(letter(name, number)))
    assert read(reading) == 3 and reading.box.desk("notify")["queues"][ARN] == 0
    with reading.world:
        assert sorted(Notice.objects.values_list("key", flat=True)) == ["q-1", "q-2"]
    assert reading.place.read_at and reading.rows()[STATUS.key].heard_at and read(reading) == 0


def test_a_real_change_of_status_comes_through_the_queue(acme, sandbox, settings, shop):
    other = Shop.__new__(Shop)
    other.__dict__ |= shop.__dict__ | {"partner": sandbox.partner(OTHER), "caller": sandbox.caller(OTHER)}
    with acme:
        other.door = other.connect()
    key = sandbox.desk("notify")["queue_key"]
    other.subscribe(Addresses(queue=ARN, **key))
    assert other.settle() == "done"
    spec = {"account": OTHER, "marketplace": "US", "kind": "late_shipment", "share": 0.5, "from": "2026-02-01"}
    sandbox.desk("health", spec | {"days": 60})
    end = time.monotonic() + 20
    while not sandbox.desk("notify")["queues"].get(ARN) and time.monotonic() < end:
        time.sleep(0.1)
    assert read(other) >= 1
    with acme:
        notice = Notice.objects.get(kind="account_status")
        assert (notice.subject, notice.store) == ("NORMAL → AT_RISK", other.store)
    other.clean()


def test_what_nobody_can_take_is_kept_with_its_reason_and_blocks_nothing(reading):
    number = reading.rows()[STATUS.key].number
    for body in ("no json", "[1]", json.dumps(letter("q-9", "nobody's")), json.dumps(letter("q-1", number))):
        put(reading, body)
    assert read(reading) == 4 and reading.box.desk("notify")["queues"][ARN] == 0
    with reading.world:
        reasons = sorted(UnreadLetter.objects.values_list("reason", flat=True))
        assert Notice.objects.get().key == "q-1"
    assert len(reasons) == 3 and any("no JSON" in reason for reason in reasons)
    assert any("No store of yours" in reason for reason in reasons)


def test_a_message_that_breaks_us_stays_until_it_has_done_so_often(reading, monkeypatch):
    def broken(body, *, at):
        raise RuntimeError("ours")

    monkeypatch.setattr(letters, "TAKERS", [broken])
    monkeypatch.setattr("apps.sync.sources.queues.HIDDEN_SECONDS", 0)
    put(reading, json.dumps(letter("q-1", "x")))
    for _time in range(letters.MOST_TIMES - 1):
        assert read(reading) == 0 and reading.box.desk("notify")["queues"][ARN] == 1
    assert read(reading) == 1 and reading.box.desk("notify")["queues"][ARN] == 0
    with reading.world:
        assert "RuntimeError: ours" in UnreadLetter.objects.get().reason


def test_a_key_that_aws_refuses_is_told_to_the_owner(reading):
    key = reading.box.desk("notify")["queue_key"]
    for wrong in ({"key_id": "AKIANOBODY", "secret": "x"}, {"key_id": key["key_id"], "secret": "wrong"}):
        reading.subscribe(Addresses(queue=ARN, **wrong))
        assert read(reading) == 0
        assert reading.place.read_problem.startswith("SQS: ")
    with reading.world:
        review(at=timezone.now())
        assert Finding.objects.filter(kind="sync-notifications", state="open").exists()
    reading.subscribe(Addresses(queue=ARN, **key))
    read(reading)
    assert not reading.place.read_problem


def test_the_key_is_sealed_to_its_row_and_sealed_anew(reading):
    place = reading.place
    assert "AKIA" not in place.secret
    with reading.world:
        assert opened_key(place)["key_id"].startswith("AKIA")
        assert rewrap() == 0


def test_queues_are_read_in_turn_and_one_that_stores_share_once(reading):
    with reading.world:
        now = timezone.now()
        assert letters.ring_readers(at=now) == 1
        Destination.objects.update(read_at=now)
        assert letters.ring_readers(at=now) == 0
        assert letters.ring_readers(at=now + timedelta(minutes=1)) == 1


# -- the whole way, by HTTP


@pytest.mark.django_db(transaction=True)
def test_the_sandbox_posts_to_our_door_and_a_notice_is_there(sandbox, settings, live_server):
    sandbox.calm(1000)
    shop = Shop(World("acme"), sandbox, "kidobay:EU", settings)
    with shop.world:
        shop.world.store.sites.all().delete()
        shop.world.store.sites.create(marketplace_id="DE")
        shop.world.store.region, shop.world.store.seller_id = "EU", shop.partner["seller_id"]
        shop.world.store.save()
    key = key_for(shop.world, "health:write", "stores:all")
    desk = {"url": f"{live_server.url}/api/v1/notifications", "header": "authorization", "secret": f"Bearer {key}"}
    sandbox.desk("notify", desk | {"account": "kidobay:EU"})
    shop.subscribe()
    assert shop.settle() == "done"
    sandbox.desk(
        "health", {"account": "kidobay:EU", "marketplace": "DE", "kind": "listingPolicyViolations", "count": 2}
    )

    def kept() -> int:
        with shop.world:
            return Notice.objects.filter(kind="listing_issue", store=shop.store).count()

    end = time.monotonic() + 30
    while not kept():
        assert time.monotonic() < end, sandbox.desk("notify")
        time.sleep(0.2)
    assert shop.rows()[ISSUES.key].heard_at
    assert urllib.parse.urlsplit(live_server.url).scheme == "http"
    shop.clean()
    sandbox.desk("notify", method="DELETE")
