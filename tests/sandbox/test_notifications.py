"""Notifications: subscribed to by Amazon's API, brought to a real receiver, at least once, in Amazon's envelopes."""

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from tests.boxes import Box, call, copied
from tests.sandbox.test_conformance import strict
from tests.sandbox.walk import NEWS

STATUS, ISSUES = "ACCOUNT_STATUS_CHANGED", "LISTINGS_ITEM_ISSUES_CHANGE"
ENOUGH_SECONDS = 20


@dataclass
class Receiver:
    """What was POSTed to it, in order of arrival; answers with `status`."""

    address: str
    letters: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    status: int = 204

    def ids(self) -> list[str]:
        """Notification ids in order of arrival."""
        found = []
        for letter in self.letters:
            old = letter.get("NotificationMetadata")
            found.append(old["NotificationId"] if old else letter["notificationMetadata"]["notificationId"])
        return found

    def wait(self, enough: Callable[[], bool]) -> None:
        """Until it is so; fails after a while."""
        end = time.monotonic() + ENOUGH_SECONDS
        while not enough():
            assert time.monotonic() < end, f"{len(self.letters)} letters came"
            time.sleep(0.05)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.letters.append(json.loads(body))
            here.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(here.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Receiver(f"http://127.0.0.1:{server.server_port}/news")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield here
    server.shutdown()
    server.server_close()


@pytest.fixture
def own(world_folder, tmp_path) -> Iterator[Box]:
    with Box(copied(world_folder, tmp_path / "world"), ("--fast",)) as box:
        yield box


def subscribe(box: Box, account: str, kind: str, version: str) -> str:
    """A subscription of a seller, with a destination of its own."""
    caller = box.caller(account)
    arn = {"sqs": {"arn": f"arn:aws:sqs:us-east-2:1:{account}-{version}"}}
    bus = {"eventBridge": {"accountId": account, "region": version}}
    body = {"name": kind, "resourceSpecification": arn if kind == STATUS else bus}
    made = caller("POST", f"{NEWS}/destinations", body, token=caller.grantless()).json["payload"]["destinationId"]
    wish = {"payloadVersion": version, "destinationId": made}
    return str(caller("POST", f"{NEWS}/subscriptions/{kind}", wish).json["payload"]["subscriptionId"])


def violations(box: Box, count: int) -> None:
    spec = {"account": "kidobay:EU", "marketplace": "DE", "kind": "listingPolicyViolations", "count": count}
    box.desk("health", spec)


@pytest.mark.parametrize(
    ("version", "model"),
    [
        ("1.0", "ListingsItemIssuesChangeNotification"),
        ("2023-12-13", "ListingsItemIssuesChangeNotification_2023-12-13"),
    ],
)
def test_issues_of_listings_come_in_amazons_envelope(own, receiver, version, model):
    folder = os.environ.get("AMAZON_MODELS")
    if not folder:
        pytest.skip("AMAZON_MODELS is not set: it names a folder with Amazon's published API models")
    own.desk("notify", {"url": receiver.address, "header": "x-our-key", "secret": "sesame"})
    subscription = subscribe(own, "kidobay:EU", ISSUES, version)
    violations(own, 3)
    receiver.wait(lambda: len(set(receiver.ids())) >= 2)
    schema = strict(json.loads(next(Path(folder).rglob(f"{model}.json")).read_text()))
    checker = Draft7Validator(schema, format_checker=FormatChecker(formats=("date-time",)))
    listed = {row["sku"]: row["asin"] for row in own.desk("truth/listings?partner=kidobay:EU&marketplace=DE")["rows"]}
    for letter, headers in zip(list(receiver.letters), list(receiver.headers), strict=False):
        assert [f"{e.json_path}: {e.message[:200]}" for e in checker.iter_errors(letter)] == []
        assert letter["NotificationMetadata"]["SubscriptionId"] == subscription
        assert letter["Payload"]["SellerId"] == own.partner("kidobay:EU")["seller_id"]
        assert listed[letter["Payload"]["Sku"]] == letter["Payload"]["Asin"]
        assert headers["x-our-key"] == "sesame" and headers["content-type"].startswith("application/json")
    del letter["Payload"]["Sku"]
    assert list(checker.iter_errors(letter)), "a checker that lets everything through would prove nothing"


def test_news_come_at_least_once_sometimes_twice_and_not_in_order(own, receiver):
    own.desk("notify", {"url": receiver.address})
    subscribe(own, "kidobay:EU", ISSUES, "2023-12-13")
    violations(own, 40)
    listings = {row["sku"] for row in own.desk("truth/listings?partner=kidobay:EU&marketplace=DE")["rows"]}
    receiver.wait(lambda: len(receiver.letters) > 20 and own.desk("notify")["waiting"] == 0)
    ids = receiver.ids()
    twice = [count for count in Counter(ids).values() if count > 1]
    assert set(twice) == {2} and len(twice) < len(set(ids)) / 2
    assert {letter["Payload"]["Sku"] for letter in receiver.letters} <= listings
    apart = [abs(ids.index(each) - len(ids) + 1 + ids[::-1].index(each)) for each in set(ids) if ids.count(each) > 1]
    assert max(apart) > 1, "others came between a letter and its copy"
    told = len(set(ids))
    time.sleep(1)
    assert len(set(receiver.ids())) == told, "what was told is told no more"


def test_what_the_receiver_refuses_comes_again_even_after_a_restart(world_folder, tmp_path, receiver):
    receiver.status = 503
    with Box(copied(world_folder, tmp_path / "world"), ("--fast",)) as own:
        own.desk("notify", {"url": receiver.address})
        subscribe(own, "kidobay:EU", ISSUES, "2023-12-13")
        violations(own, 1)
        receiver.wait(lambda: len(receiver.letters) >= 2)
        assert len(set(receiver.ids())) == 1 and own.desk("notify")["waiting"] >= 1
    receiver.status = 204
    with Box(tmp_path / "world", ("--fast",)) as own:
        receiver.wait(lambda: own.desk("notify")["waiting"] == 0)
        assert own.desk("notify")["delivered"][-1]["status"] == 204
    assert len(set(receiver.ids())) == 1


def test_a_breach_that_lasts_changes_the_status_of_the_account(own, receiver):
    """The notification names neither seller nor site: only its subscription tells whose it is."""
    account = "sorano:NA"
    own.desk("notify", {"url": receiver.address, "account": account})
    subscription = subscribe(own, account, STATUS, "2021-01-01")
    subscribe(own, "lumora:NA", STATUS, "2021-01-01")
    before = own.desk(f"truth/health?account={account}")["accounts"][account]["report"]["accountStatuses"]
    assert before == [{"marketplaceId": "ATVPDKIKX0DER", "status": "NORMAL"}]
    spec = {"account": account, "marketplace": "US", "kind": "late_shipment", "share": 0.5, "from": "2026-02-01"}
    own.desk("health", spec | {"days": 60})
    receiver.wait(lambda: len(receiver.letters) >= 1)
    letter = receiver.letters[0]
    assert letter["payload"] == {
        "accountStatusChangeNotification": {"previousAccountStatus": "NORMAL", "currentAccountStatus": "AT_RISK"}
    }
    assert letter["notificationType"] == STATUS and letter["payloadVersion"] == "2021-01-01"
    assert letter["notificationMetadata"]["subscriptionId"] == subscription
    after = own.desk(f"truth/health?account={account}")["accounts"][account]["report"]["accountStatuses"]
    assert after == [{"marketplaceId": "ATVPDKIKX0DER", "status": "AT_RISK"}]


def test_nothing_comes_without_a_subscription_and_a_test_comes_at_once(own, receiver):
    own.desk("notify", {"url": receiver.address})
    violations(own, 5)
    caller = own.caller("kidobay:EU")
    own_token = caller.grantless()
    body = {"name": "bus", "resourceSpecification": {"eventBridge": {"accountId": "1", "region": "eu"}}}
    made = caller("POST", f"{NEWS}/destinations", body, token=own_token).json["payload"]["destinationId"]
    trial = {"destinationId": made, "testNotification": {"payloadVersion": "2023-12-13"}}
    assert caller("POST", f"{NEWS}/subscriptions/{ISSUES}/testNotification", trial, token=own_token).status == 200
    receiver.wait(lambda: len(receiver.letters) >= 1)
    assert {letter["Payload"]["Sku"] for letter in receiver.letters} == {"TEST-SKU"}
    own.desk("notify", method="DELETE")
    assert own.desk("notify")["addresses"] == []


def test_a_sellers_token_opens_no_destinations_and_the_applications_own_no_subscriptions(box):
    caller = box.caller("lumora:NA")
    own_token = caller.grantless()
    assert caller("GET", f"{NEWS}/destinations").status == 403
    assert caller("GET", f"{NEWS}/destinations", token=own_token).status == 200
    assert caller("GET", f"{NEWS}/subscriptions/{STATUS}", token=own_token).status == 403
    other = caller.sign_in(grant_type="client_credentials", scope="sellingpartnerapi::client_credential:rotation")
    assert caller("GET", f"{NEWS}/destinations", token=other.json["access_token"]).status == 403


def test_a_type_wants_its_kind_of_destination(own):
    caller = own.caller("lumora:NA")
    body = {"name": "queue", "resourceSpecification": {"sqs": {"arn": "arn:aws:sqs:us-east-2:1:q"}}}
    made = caller("POST", f"{NEWS}/destinations", body, token=caller.grantless()).json["payload"]["destinationId"]
    wish = {"payloadVersion": "2023-12-13", "destinationId": made}
    answer = caller("POST", f"{NEWS}/subscriptions/{ISSUES}", wish)
    assert answer.status == 400 and "eventBridge" in answer.json["errors"][0]["message"]


def test_subscriptions_are_apart_by_seller_and_fill_a_bucket_of_five(own):
    subscribe(own, "lumora:NA", STATUS, "2021-01-01")
    assert own.caller("voltnest:NA")("GET", f"{NEWS}/subscriptions/{STATUS}").status == 404
    own.desk("throttle", {"factor": 1})
    caller = own.caller("lumora:NA")
    statuses = [caller("GET", f"{NEWS}/subscriptions/{STATUS}").status for _n in range(9)]
    assert statuses[:5] == [200] * 5 and 429 in statuses


@pytest.mark.parametrize(
    "wrong", [{}, {"url": "ftp://x"}, {"url": "http://x", "color": 1}, {"url": "http://x", "account": "y"}]
)
def test_addresses_that_nobody_can_reach_are_refused(box, wrong):
    answer = call("POST", f"{box.address}/_sandbox/notify", json.dumps(wrong).encode())
    assert answer.status == 400


def test_the_command_line_names_an_address(world_folder, tmp_path, receiver):
    words = ("--fast", "--notify", receiver.address, "--notify-secret", "sesame")
    with Box(copied(world_folder, tmp_path / "world"), words) as own:
        subscribe(own, "kidobay:EU", ISSUES, "2023-12-13")
        violations(own, 1)
        receiver.wait(lambda: len(receiver.letters) >= 1)
    assert receiver.headers[0]["x-api-key"] == "sesame"
