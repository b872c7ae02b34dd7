"""The source against answers that come at one exact moment; the whole journey is tested against the sandbox."""

import gzip
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import redis
from django.conf import settings

from apps.core.crypto import ShortLived
from apps.sync.addresses import Hosts
from apps.sync.http import ConnectionRevoked, Forbidden, Http, Throttled
from apps.sync.limits import Limiter
from apps.sync.source import Market, Task, TryLater, Unreadable
from apps.sync.sources import SOURCES, consent_url
from apps.sync.sources.sp_api import Account, SpApi, asks_of
from apps.sync.tokens import Grant, TokenStore
from tests.sync.amazon import Reply, counter

ORDERS = (Path(__file__).parent.parent / "documents" / "orders_us.txt").read_bytes()
CREATE, LOOK, ADDRESS = "POST /reports/2021-06-30/reports", "GET /reports/2021-06-30/reports/R1", "GET /d/D1"
US = Market("US", "ATVPDKIKX0DER", "America/Los_Angeles", "USD", "en")
CA = Market("CA", "A2EUQ1WTGCTBG2", "America/Los_Angeles", "CAD", "en")
SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
DONE = {
    "reportId": "R1",
    "processingStatus": "DONE",
    "reportDocumentId": "D1",
    "createdTime": "2026-03-02T09:00:00Z",
    "processingEndTime": "2026-03-02T09:01:00Z",
}


@pytest.fixture
def amazon():
    with counter() as desk:
        desk.say("POST /auth/o2/token", Reply({"access_token": "Atza|one", "expires_in": 3600}))
        desk.say(CREATE, Reply({"reportId": "R1"}, 202))
        desk.say(LOOK, Reply(DONE))
        desk.say("GET /reports/2021-06-30/documents/D1", Reply(about(desk)))
        desk.say(ADDRESS, file())
        yield desk


def about(desk) -> dict[str, str]:
    return {"reportDocumentId": "D1", "url": f"{desk.url}/d/D1", "compressionAlgorithm": "GZIP"}


def file(content: bytes = ORDERS, cut: int = 0) -> Reply:
    packed = gzip.compress(content, mtime=0)
    return Reply(packed[: len(packed) - cut], 200, {"content-type": "text/plain; charset=Cp1252"})


def state(status: str) -> Reply:
    return Reply({**DONE, "processingStatus": status})


@pytest.fixture
def source(amazon, tmp_path):
    valkey = redis.Redis.from_url(settings.RATES_URL)
    name = f"7:{uuid.uuid4()}"
    http = Http(
        user_agent="Test/1", plain_hosts=frozenset({amazon.host}), documents=Hosts((amazon.host,), True), read_seconds=2
    )
    account = Account(name, amazon.url, Grant(amazon.url + "/auth/o2/token", "client", "hush", "Atzr|r"), tmp_path)
    return SpApi(account, http, TokenStore(http, ShortLived("token", name), valkey), Limiter(valkey), lambda _s: None)


def task(cursor: str = "", dataset: str = "orders", days: int = 1) -> Task:
    return Task(dataset, (US, CA), UNTIL - timedelta(days=days), UNTIL, cursor)


def test_a_report_is_asked_for_waited_for_fetched_and_read(source, amazon, tmp_path):
    amazon.say(LOOK, state("IN_QUEUE"), state("IN_PROGRESS"), Reply(DONE))
    (document,) = source.fetch(task())
    assert document.path.read_bytes() == ORDERS
    assert document.as_of == datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
    assert (document.encoding, document.cursor) == ("cp1252", "1::0")
    assert sum(frame.height for frame in source.parse(document)) == 6
    assert list(tmp_path.iterdir()) == [document.path], "the packed file is gone"
    sent = next(headers for where, headers, _body in amazon.calls if where == CREATE)
    assert sent["x-amz-access-token"] == "Atza|one"
    fetched = next(headers for where, headers, _body in amazon.calls if where == ADDRESS)
    assert "x-amz-access-token" not in fetched, "the signed address gets no token of ours"


def test_a_document_on_a_foreign_host_is_a_clear_failure(source, amazon, tmp_path):
    amazon.say("GET /reports/2021-06-30/documents/D1", Reply(about(amazon) | {"url": "https://169.254.169.254/d/D1"}))
    with pytest.raises(Unreadable, match="documents of 169.254.169.254 are not fetched"):
        list(source.fetch(task()))
    assert list(tmp_path.iterdir()) == []


def test_a_slow_report_gives_the_worker_back_and_is_not_asked_for_twice(source, amazon):
    amazon.say(LOOK, state("IN_PROGRESS"))
    with pytest.raises(TryLater) as caught:
        list(source.fetch(task()))
    assert (caught.value.cursor, caught.value.seconds) == ("0:R1:0", 30)
    amazon.say(LOOK, Reply(DONE))
    assert len(list(source.fetch(task(caught.value.cursor)))) == 1
    assert amazon.asked(CREATE) == 1


@pytest.mark.parametrize(
    "moment", [LOOK, "GET /reports/2021-06-30/documents/D1", ADDRESS], ids=["state", "document", "bytes"]
)
@pytest.mark.parametrize("reply", [Reply({}, 429), Reply({}, 503), Reply(b"<html>", 500)], ids=["429", "503", "500"])
def test_a_failure_on_the_way_resumes_the_same_report(source, amazon, moment, reply):
    before = amazon.replies[moment][0]
    amazon.say(moment, reply)
    with pytest.raises(TryLater) as caught:
        list(source.fetch(task()))
    assert caught.value.cursor == "0:R1:0"
    amazon.say(moment, before)
    if not isinstance(caught.value, Throttled) or moment == ADDRESS:
        assert len(list(source.fetch(task(caught.value.cursor)))) == 1
        assert amazon.asked(CREATE) == 1
    else:
        assert caught.value.seconds >= 0.5, "one token's time of this operation"


def test_an_expired_address_is_no_revoked_consent(source, amazon):
    amazon.say(ADDRESS, Reply(b"<Error><Code>AccessDenied</Code></Error>", 403), file())
    with pytest.raises(TryLater) as caught:
        list(source.fetch(task()))
    assert len(list(source.fetch(task(caught.value.cursor)))) == 1


def test_no_data_is_a_success_without_documents(source, amazon):
    amazon.say(LOOK, state("CANCELLED"))
    assert list(source.fetch(task())) == []


def test_a_report_that_fails_twice_waits_for_a_person(source, amazon):
    amazon.say(LOOK, state("FATAL"))
    with pytest.raises(TryLater) as caught:
        list(source.fetch(task()))
    assert caught.value.cursor == "0::1", "the next attempt asks for a new report"
    with pytest.raises(Unreadable):
        list(source.fetch(task(caught.value.cursor)))
    assert amazon.asked(CREATE) == 2


def test_a_truncated_file_is_fetched_again_and_then_refused(source, amazon, tmp_path):
    amazon.say(ADDRESS, file(cut=12))
    with pytest.raises(TryLater) as caught:
        list(source.fetch(task()))
    assert list(tmp_path.iterdir()) == []
    (document,) = source.fetch(task(caught.value.cursor))
    assert document.path.read_bytes() == file(cut=12).body, "kept as it came"
    assert document.media_type == "application/gzip"
    with pytest.raises(Unreadable, match="cut off"):
        list(source.parse(document))


@pytest.mark.parametrize("dataset", ["listings", "fba_stock", "fba_planning"])
def test_a_snapshot_tells_the_local_day_it_was_made_on_whole(source, amazon, dataset):
    amazon.say(LOOK, Reply(DONE | {"processingEndTime": "2026-03-02T03:00:00Z"}))
    for document in source.fetch(task(dataset=dataset)):
        assert (document.first, document.last) == (date(2026, 3, 1), date(2026, 3, 1)), "still the day before there"


def test_orders_tell_only_what_they_mention(source):
    (document,) = source.fetch(task())
    assert (document.first, document.last) == (None, None)


def asked_before(**other) -> dict:
    return {
        "reportId": "R1",
        "reportType": "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
        "marketplaceIds": [CA.amazon_id, US.amazon_id],
        "dataStartTime": "2026-03-01T00:00:00+00:00",
        "dataEndTime": "2026-03-02T00:00:00+00:00",
        "processingStatus": "DONE",
    } | other


SEARCH = "GET /reports/2021-06-30/reports"


def test_after_a_crash_the_report_asked_for_is_found_again(source, amazon):
    amazon.say(SEARCH, Reply({"reports": [asked_before(reportId="R0", marketplaceIds=[US.amazon_id]), asked_before()]}))
    assert len(list(source.fetch(replace(task(), begun=UNTIL)))) == 1
    assert (amazon.asked(SEARCH), amazon.asked(CREATE)) == (1, 0)


@pytest.mark.parametrize(
    "other",
    [
        {"dataEndTime": "2026-03-01T12:00:00+00:00"},
        {"marketplaceIds": [US.amazon_id]},
        {"reportType": "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"},
    ],
    ids=["window", "sites", "type"],
)
def test_a_report_about_something_else_is_not_taken_for_ours(source, amazon, other):
    amazon.say(SEARCH, Reply({"reports": [asked_before(**other)]}))
    assert len(list(source.fetch(replace(task(), begun=UNTIL)))) == 1
    assert amazon.asked(CREATE) == 1


def test_nobody_looks_for_reports_without_a_crash_nor_for_failed_ones(source, amazon):
    list(source.fetch(task()))
    list(source.fetch(replace(task("0::1"), begun=UNTIL)))
    assert (amazon.asked(SEARCH), amazon.asked(CREATE)) == (0, 2)


def test_a_refused_token_is_renewed_once(source, amazon):
    amazon.say(LOOK, Reply({}, 403), Reply(DONE))
    assert len(list(source.fetch(task()))) == 1
    assert amazon.asked("POST /auth/o2/token") == 2
    amazon.say(LOOK, Reply({}, 403))
    with pytest.raises(Forbidden):
        list(source.fetch(task("0:R1:0")))


def test_a_revoked_consent_needs_the_owner(source, amazon):
    amazon.say("POST /auth/o2/token", Reply({"error": "invalid_grant"}, 400))
    with pytest.raises(ConnectionRevoked):
        list(source.fetch(task()))
    assert amazon.asked(CREATE) == 0


def test_our_own_bucket_stops_us_before_amazon_does(source, amazon):
    for _ in range(15):
        list(source.fetch(task()))
    with pytest.raises(Throttled) as caught:
        list(source.fetch(task()))
    assert caught.value.seconds > 30
    assert amazon.asked(CREATE) == 15


def test_windows_longer_than_amazon_allows_are_cut():
    asks = asks_of(task(days=70))
    assert [(ask.until - ask.since).days for ask in asks] == [30, 30, 10]
    assert (asks[0].since, asks[-1].until) == (UNTIL - timedelta(days=70), UNTIL)
    assert all(one.until == other.since for one, other in pairwise(asks))


def test_listings_are_asked_site_by_site_and_traffic_day_by_day():
    assert [ask.markets for ask in asks_of(task(dataset="listings"))] == [(US,), (CA,)]
    days = asks_of(Task("traffic", (US,), UNTIL - timedelta(days=3), UNTIL + timedelta(hours=12)))
    assert [ask.since.date().isoformat() for ask in days] == ["2026-03-01", "2026-02-28", "2026-02-27", "2026-02-26"]


def test_participations_name_our_codes(source, amazon):
    entry = {
        "marketplace": {"id": "A1F83G8C2ARO7P", "countryCode": "GB", "defaultCurrencyCode": "GBP"},
        "participation": {"isParticipating": True, "hasSuspendedListings": False},
        "storeName": "Plain Mugs",
    }
    amazon.say("GET /sellers/v1/marketplaceParticipations", Reply({"payload": [entry]}))
    (site,) = source.participations()
    assert (site.code, site.currency, site.active, site.store_name) == ("UK", "GBP", True, "Plain Mugs")


def test_the_consent_address_carries_our_state():
    assert consent_url("a b", back="https://us.example/", address="https://here.example/consent").endswith(
        "state=a+b&redirect_uri=https%3A%2F%2Fus.example%2F"
    )


@pytest.mark.parametrize("kind", SOURCES.values(), ids=lambda kind: kind.key)
def test_every_kind_tells_what_it_brings_and_can_be_built(kind, tmp_path):
    source = kind.build({"refresh_token": "x"}, name="7:1", region="NA", folder=tmp_path)
    assert {key: dataset.row for key, dataset in kind.datasets.items()}.items() <= source.datasets.items()
    for dataset in kind.datasets.values():
        assert str(dataset.label)
        assert dataset.promise >= dataset.every
        assert dataset.window <= 100  # days that one run brings: what breaks off is begun anew
    assert bool(kind.fields) == kind.pulls
