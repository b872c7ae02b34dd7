"""Events for the agency's own systems: told once committed, signed, tried again, given up, replayed; never inwards."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from apps.core.findings import Candidate, update_findings
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.inventory.actions import Turn, create_plans
from apps.inventory.actions import plans as steps
from apps.inventory.models import Replenishment
from apps.inventory.tasks import tell_plan
from apps.sync import addresses, outward
from apps.sync.actions import emit, webhooks
from apps.sync.models import WebhookDelivery, WebhookEndpoint
from apps.sync.tasks import deliver
from tests.inventory.lines import fill


class Receiver:
    """A real HTTP server that keeps what it is sent and answers what it is told to."""

    def __init__(self):
        self.status, self.got = 200, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(outer.status)
                if outer.status == 302:
                    self.send_header("location", outer.url + "/elsewhere")
                self.end_headers()
                self.wfile.write(b"access_token=very-secret")

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def hook(acme, receiver, settings):
    """(endpoint, its secret); plain HTTP to loopback is for development and tests."""
    settings.ALLOW_HTTP_OUTSIDE = True
    with acme:
        return webhooks.add_endpoint(
            url=receiver.url + "/in?x=1", events=[], by=acme.seats[Role.OWNER], at=timezone.now()
        )


def told(acme, event="run.done", **data):
    with acme:
        emit(event, data or {"rows": 7}, store=acme.store, at=timezone.now())
        return WebhookDelivery.objects.latest("created_at")


def now(acme, delivery):
    with acme:
        return WebhookDelivery.objects.select_related("endpoint").get(pk=delivery.pk)


def send(acme, delivery):
    """Whatever its pause: it is due now."""
    with acme:
        WebhookDelivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now())
    return deliver(str(delivery.pk), acme.agency.pk)


def test_an_event_arrives_signed_as_standard_webhooks_asks(acme, hook, receiver):
    delivery = told(acme, rows=7)
    assert send(acme, delivery) == "sent"
    path, headers, body = receiver.got[0]
    assert path == "/in?x=1"
    said = Webhook(hook[1]).verify(body, headers)
    assert (said["type"], said["data"]) == ("run.done", {"rows": 7, "store": acme.store.pk})
    with pytest.raises(WebhookVerificationError):
        Webhook(hook[1]).verify(body.replace(b"7", b"8"), headers)
    assert now(acme, delivery).state == "sent"
    assert send(acme, delivery) == ""  # a second bell sends nothing
    assert len(receiver.got) == 1


def test_while_a_secret_is_rotated_both_sign(acme, hook, receiver):
    with acme:
        new = webhooks.rotate_secret(hook[0], by=acme.seats[Role.OWNER], at=timezone.now())
    send(acme, told(acme))
    _path, headers, body = receiver.got[0]
    for secret in (hook[1], new):
        assert Webhook(secret).verify(body, headers)


def test_what_is_rolled_back_is_never_told(acme, hook):
    with acme:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            emit("run.done", {}, store=acme.store)
            raise ZeroDivisionError
        assert not WebhookDelivery.objects.exists()


def test_only_the_chosen_events_are_told(acme, hook):
    with acme:
        WebhookEndpoint.objects.update(events=["run.dead"])
        assert emit("run.done", {}, store=acme.store) == 0
        assert emit("run.dead", {}, store=acme.store) == 1
        WebhookEndpoint.objects.update(active=False)
        assert emit("run.dead", {}, store=acme.store) == 0


def test_a_failure_is_tried_again_later_and_then_given_up(acme, hook, receiver):
    receiver.status = 500
    delivery = told(acme)
    assert send(acme, delivery) == "failed"
    found = now(acme, delivery)
    assert (found.state, found.status, found.attempts) == ("due", 500, 1)
    assert found.due_at > timezone.now()
    assert "very-secret" not in found.error
    assert deliver(str(delivery.pk), acme.agency.pk) == ""  # not before its time
    while now(acme, delivery).state == "due":
        send(acme, delivery)
    assert len(receiver.got) == now(acme, delivery).attempts > 5
    receiver.status = 200
    given_up = now(acme, delivery)
    with acme:
        webhooks.replay_delivery(given_up, by=acme.seats[Role.OWNER], at=timezone.now())
    assert send(acme, delivery) == "sent"
    ids = {headers["webhook-id"] for _path, headers, _body in receiver.got}
    assert len(ids) == 1, "a receiver can tell that it has it already"


def test_two_workers_send_once(acme, hook, receiver):
    delivery = told(acme)
    with acme:
        assert webhooks.claim_delivery(delivery.pk, at=timezone.now())
    assert deliver(str(delivery.pk), acme.agency.pk) == ""
    assert receiver.got == []
    with acme:  # the first one died: its lease runs out
        WebhookDelivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert deliver(str(delivery.pk), acme.agency.pk) == "sent"


def test_an_endpoint_that_is_gone_is_switched_off_and_the_ledger_says_so(acme, hook, receiver):
    receiver.status = 410
    delivery = told(acme)
    assert send(acme, delivery) == "failed"
    assert now(acme, delivery).state == "dead"
    with acme:
        assert not WebhookEndpoint.objects.get().active
        assert Entry.objects.filter(verb="webhook.switch-off").exists()


def test_redirects_are_not_followed(acme, hook, receiver):
    receiver.status = 302
    assert send(acme, told(acme)) == "failed"
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/", "https"),
        ("https://user:secret@example.com/", "user name"),
        ("https://example.com:8443/", "port 443"),
        ("https:///nowhere", "not an address"),
        ("https://example.com:x/", "not an address"),
    ],
)
def test_addresses_that_are_refused_by_their_look(url, why):
    with pytest.raises(outward.Refused, match=why):
        outward.checked(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
    ],
)  # fmt: skip
def test_nothing_is_sent_into_private_networks(address):
    assert not addresses.public(address)


def test_public_addresses_are_public():
    assert all(addresses.public(each) for each in ("8.8.8.8", "2606:4700:4700::1111"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0x7f000001", "2130706433", "127.1"])
def test_loopback_under_any_name_is_refused_in_production(host):
    with pytest.raises(outward.Refused, match="private network|cannot be resolved"):
        outward.post(f"https://{host}/", b"{}", {})


def test_what_people_and_data_do_is_told(acme, hook):
    at = timezone.now()
    with acme:
        fill(acme.store, 1)
        plan = create_plans(list(Replenishment.objects.all()), by=acme.seats[Role.OWNER], at=at)[0]
        steps.submit(plan, Turn(acme.seats[Role.JUNIOR], at))
        steps.approve(plan, Turn(acme.seats[Role.OWNER], at))
        update_findings("stock-stale", acme.store, [Candidate("a", rank=1), Candidate("b", rank=9)], at=at)
        update_findings("stock-stale", acme.store, [Candidate("a", rank=1), Candidate("b", rank=9)], at=at)
        units = plan.lines.get().units
        events = {d.event: d.payload["data"] for d in WebhookDelivery.objects.all()}
        assert WebhookDelivery.objects.count() == len(events) == 3, "what stays open is not told again"
    assert events["plan.submitted"]["state"] == "submitted"
    assert events["plan.approved"]["units"] == units
    assert events["finding.opened"]["count"] == 2
    assert [f["subject"] for f in events["finding.opened"]["findings"]] == ["b", "a"]


def test_a_clients_yes_is_told_by_a_task(acme, hook, client, django_capture_on_commit_callbacks, monkeypatch):
    rung = []
    monkeypatch.setattr("apps.inventory.jobs.send", lambda *task, **words: rung.append((*task, words)))
    at = timezone.now()
    with acme:
        fill(acme.store, 1)
        plan = create_plans(list(Replenishment.objects.all()), by=acme.seats[Role.OWNER], at=at)[0]
        plan = steps.ask_client(plan, Turn(acme.seats[Role.OWNER], at))
    client.force_login(acme.user(Role.CLIENT))
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(
            f"/portal/{acme.agency.slug}/plans/{plan.pk}/decide/", {"version": plan.version, "verdict": "approve"}
        )
    assert answer.status_code in {200, 302}
    words = rung[0][1]
    tell_plan(words["plan_id"], words["event"], agency_id=words["agency_id"])
    with acme:
        told = WebhookDelivery.objects.get(event="plan.approved").payload
    assert json.dumps(told)
    assert told["data"]["state"] == "approved"
