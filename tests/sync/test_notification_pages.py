"""The section of a store's connections that says what Amazon tells by itself, and the API's list of the same."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.core.models import Entry
from apps.core.permissions import Role
from apps.sync.actions import destinations, letters
from apps.sync.actions.destinations import Addresses
from apps.sync.actions.letters import NotUnderstood
from apps.sync.forms import DestinationForm
from apps.sync.models import Connection, Destination, Subscription, UnreadLetter
from tests.core.test_rest import Api, key_for

ARN = "arn:aws:sqs:us-east-1:123456789012:shop"


@pytest.fixture
def owner(acme, client):
    client.force_login(acme.user(Role.OWNER))
    return client


def page(acme) -> str:
    return reverse("connections", args=[acme.agency.slug, acme.store.slug])


def post(owner, acme, what: str = "", **values: str):
    names = [acme.agency.slug, acme.store.slug]
    url = reverse("notifications-act", args=[*names, what]) if what else reverse("notifications-subscribe", args=names)
    return owner.post(url, {f"news-{name}": value for name, value in values.items()})


def place(acme) -> Destination:
    with acme:
        return Destination.objects.get(store=acme.store)


def subscribed(acme, **values) -> Subscription:
    with acme:
        at = timezone.now()
        destinations.subscribe(acme.connection, Addresses(ARN), by=acme.seats[Role.OWNER], at=at)
        fields = {"type": "ACCOUNT_STATUS_CHANGED", "number": "s-1", "destination": "d-1", "created_at": at} | values
        return Subscription.objects.create(store=acme.store, connection=acme.connection, **fields)


def test_addresses_are_kept_and_made_due_and_a_key_is_sealed(acme, owner):
    before = owner.get(page(acme)).content.decode()
    assert "Where Amazon delivers" in before and "Send a test" not in before
    answer = post(
        owner,
        acme,
        queue=f" {ARN} ",
        bus_account="1234-5678-9012",
        bus_region="US-east-1",
        key_id="AKIA1",
        secret="hush",
    )
    assert answer.status_code == 302
    kept = place(acme)
    assert (kept.queue, kept.bus_account, kept.bus_region) == (ARN, "123456789012", "us-east-1")
    assert kept.due_at <= timezone.now() and kept.secret and "hush" not in kept.secret
    with acme:
        entry = Entry.objects.get(verb="notifications.subscribe")
        assert entry.after == {"queue": ARN, "bus": "123456789012 us-east-1", "reads_queue": True}
    shown = owner.get(page(acme)).content.decode()
    assert "Amazon is being asked" in shown and "hush" not in shown and "AKIA1" not in shown
    assert post(owner, acme, queue=ARN).status_code == 302 and place(acme).secret == kept.secret, "empty: as before"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Name a queue, an event bus, or both."),
        ({"queue": "https://sqs.us-east-1.amazonaws.com/1/x"}, "This is no ARN of an SQS queue."),
        ({"queue": f"{ARN}.fifo"}, "does not deliver to FIFO queues"),
        ({"bus_account": "12345", "bus_region": "us-east-1"}, "An AWS account is twelve digits."),
        ({"bus_account": "123456789012"}, "named by its account and its region"),
        ({"bus_region": "us-east-1"}, "named by its account and its region"),
        ({"bus_account": "123456789012", "bus_region": "Ohio"}, "This is no AWS region."),
        ({"queue": ARN, "key_id": "AKIA"}, "The key and its secret go together."),
        ({"bus_account": "123456789012", "bus_region": "us-east-1", "key_id": "AKIA", "secret": "x"}, "Name the queue"),
    ],
)
def test_wrong_addresses_are_refused_with_what_to_do(acme, owner, values, said):
    answer = post(owner, acme, **values)
    text = answer.content.decode()
    assert answer.status_code == 422 and said in text.replace("&#x27;", "'")
    with acme:
        assert not Destination.objects.exists()


def test_without_boto3_a_key_is_refused(acme, owner, monkeypatch):
    monkeypatch.setattr("apps.sync.forms.readable", lambda: False)
    answer = post(owner, acme, queue=ARN, key_id="AKIA", secret="x")
    assert answer.status_code == 422 and "boto3 is missing" in answer.content.decode()
    assert DestinationForm({"queue": ARN}).is_valid()


def test_the_states_are_told(acme, owner):
    row = subscribed(acme, heard_at=timezone.now() - timedelta(hours=2), lost_at=timezone.now() - timedelta(days=2))
    with acme:
        Destination.objects.update(due_at=None, problem="getSubscription: HTTP 403", problem_kind="needs_owner")
    text = owner.get(page(acme)).content.decode()
    for said in (
        "Subscribed</span>",
        "was lost, made again",
        "Needs an event bus",
        "getSubscription: HTTP 403",
        "Put it right",
    ):
        assert said in text, said
    assert "every 2s" not in text
    assert str(row.pk) not in text
    partial = owner.get(page(acme), headers={"HX-Request": "true", "HX-Target": "store-news"}).content.decode()
    assert 'id="store-news"' in partial and "<html" not in partial


def test_what_is_said_in_chinese_names_no_code_only(acme, owner):
    type(acme.user(Role.OWNER)).objects.filter(pk=acme.user(Role.OWNER).pk).update(language="zh-hans")
    subscribed(acme)
    assert owner.get(page(acme)).status_code == 200


def test_buttons_ask_a_worker_and_tell_the_ledger(acme, owner):
    subscribed(acme)
    with acme:
        Destination.objects.update(due_at=None)
    assert post(owner, acme, "check").status_code == 302 and place(acme).due_at
    assert post(owner, acme, "test").status_code == 302 and place(acme).trial
    assert post(owner, acme, "unsubscribe").status_code == 302
    with acme:
        assert Subscription.objects.get().state == "ending" and not place_of(acme).wanted
        verbs = list(
            Entry.objects.filter(verb__startswith="notifications.").values_list("verb", flat=True).order_by("number")
        )
    assert verbs == ["notifications.subscribe", "notifications.test", "notifications.unsubscribe"]
    assert post(owner, acme, "dance").status_code == 404
    assert "Notifications ended" in owner.get(page(acme)).content.decode()


def place_of(acme) -> Destination:
    return Destination.objects.get(store=acme.store)


def test_a_store_without_a_connection_has_no_notifications(acme, owner):
    with acme:
        Connection.objects.update(state=Connection.State.REVOKED)
    assert "store-news" not in owner.get(page(acme)).content.decode()
    assert post(owner, acme, queue=ARN).status_code == post(owner, acme, "check").status_code == 404


def test_messages_that_could_not_be_read_are_read_again_or_removed(acme, owner, monkeypatch):
    subscribed(acme)
    with acme:
        for number, body in enumerate(["{}", "broken", '{"good": 1}']):
            UnreadLetter.objects.create(
                destination=place_of(acme),
                store=acme.store,
                number=str(number),
                body=body,
                reason="?",
                came_at=timezone.now(),
            )

    def taker(body, *, at):
        if not body:
            raise NotUnderstood("still nothing")

    monkeypatch.setattr(letters, "TAKERS", [taker])
    assert "3 messages of the queue could not be read" in owner.get(page(acme)).content.decode()
    assert post(owner, acme, "take").status_code == 302
    with acme:
        reasons = sorted(UnreadLetter.objects.values_list("reason", flat=True))
    assert len(reasons) == 2 and reasons[0].startswith("no JSON") and reasons[1] == "still nothing"
    post(owner, acme, "drop")
    with acme:
        assert not UnreadLetter.objects.exists()
        assert Entry.objects.get(verb="notifications.drop").after == {"count": 2}


def test_the_page_asks_as_often_however_much_there_is(acme, owner, django_assert_max_num_queries):
    subscribed(acme)
    owner.get(page(acme))
    with django_assert_max_num_queries(200) as few:
        owner.get(page(acme))
    with acme:
        for n in range(40):
            UnreadLetter.objects.create(
                destination=place_of(acme),
                store=acme.store,
                number=str(n),
                body="x",
                reason="?",
                came_at=timezone.now(),
            )
    with django_assert_max_num_queries(len(few.captured_queries)):
        owner.get(page(acme))


def test_programs_read_the_state_of_their_stores_only(acme, zeta):
    subscribed(acme, lost_at=timezone.now())
    subscribed(zeta)
    with acme:
        Subscription.objects.create(
            store=acme.other_store, connection=acme.connection, type="X", number="s-2", destination="d", state="ended",
            created_at=timezone.now(),
        )  # fmt: skip
    every = Api(key_for(acme, "runs:read", "stores:all")).get("/api/v1/subscriptions").json()["items"]
    assert {(row["store"], row["subscription_id"], row["state"]) for row in every} == {
        (acme.store.slug, "s-1", "active"),
        (acme.other_store.slug, "s-2", "ended"),
    }
    assert every[0]["lost_at"] and every[0]["heard_at"] is None
    one = Api(key_for(acme, "runs:read", stores=[acme.other_store])).get("/api/v1/subscriptions").json()["items"]
    assert [row["subscription_id"] for row in one] == ["s-2"]
    living = Api(key_for(acme, "runs:read", "stores:all")).get("/api/v1/subscriptions?state=active").json()["items"]
    assert [row["subscription_id"] for row in living] == ["s-1"]
    assert Api(key_for(acme, "health:read", "stores:all")).get("/api/v1/subscriptions").status_code == 403
