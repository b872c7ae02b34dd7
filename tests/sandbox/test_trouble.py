"""Throttling by Amazon's rule, and every switchable fault: it does what it says, and is off again when told so."""

import gzip
import http.client
import json
import time
import zlib
from datetime import datetime

import pytest

from sandbox.faults import KINDS
from tests.boxes import Answer, Box, Caller, call, copied
from tests.sandbox.walk import REPORTS, Walk

ACCOUNT = "lumora:NA"
ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
RATE = "x-amzn-RateLimit-Limit"
ON_CALLS = ("429_storm", "500", "503_html", "hang", "reset", "slow", "revoked_token", "expired_token")
ON_CONTENT = ("truncated_gzip", "bad_crc", "restated_rows", "vanished_rows", "fatal_report", "cancelled_report")


@pytest.fixture
def caller(box) -> Caller:
    return box.caller(ACCOUNT)


def inventory(caller: Caller, **options) -> Answer:
    place = caller.marketplace
    return caller(
        "GET",
        "/fba/inventory/v1/summaries",
        granularityType="Marketplace",
        granularityId=place,
        marketplaceIds=place,
        **options,
    )


def orders(caller: Caller, since: str = "2026-02-20T00:00:00Z") -> tuple[str, bytes]:
    """(status, document as it lies on the storage host) of an orders report."""
    go = Walk(caller)
    found = go.report(ORDERS, dataStartTime=since)
    if not found.get("reportDocumentId"):
        return found["processingStatus"], b""
    told = go("GET", f"{REPORTS}/documents/{found['reportDocumentId']}").json
    return found["processingStatus"], call("GET", told["url"]).body


def rows(document: bytes) -> list[dict[str, str]]:
    head, *lines = gzip.decompress(document).decode("cp1252").rstrip("\r\n").split("\r\n")
    return [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in lines]


# -- throttling


def test_a_bucket_gives_its_burst_then_429_then_its_rate(box, caller):
    box.desk("throttle", {"factor": 1})  # getInventorySummaries: 2 a second, burst 2
    began = time.monotonic()
    answers = [inventory(caller)]
    while answers[-1].status == 200 and len(answers) < 30:
        answers.append(inventory(caller))
    passed = time.monotonic() - began
    assert answers[-1].status == 429
    assert 2 <= len(answers) - 1 <= 2 + 2 * passed + 1, "no more than burst and rate allow"
    assert answers[0].headers[RATE] == "2"
    refused = answers[-1]
    assert refused.json["errors"][0]["code"] == "QuotaExceeded"
    assert refused.headers["x-amzn-ErrorType"] == "TooManyRequestsException"
    assert refused.headers["Retry-After"] is None and refused.headers[RATE] is None, "Amazon tells neither"
    time.sleep(0.55)
    assert inventory(caller).status == 200, "refilled"


def test_buckets_are_apart_by_seller_and_operation(box, caller):
    box.desk("throttle", {"factor": 1})
    while inventory(caller).status == 200:
        pass
    assert inventory(box.caller("kidobay:EU")).status == 200
    assert caller("GET", "/sellers/v1/marketplaceParticipations").status == 200
    counted = box.desk("truth/calls")
    assert counted["throttled"]["getInventorySummaries"] >= 1


def test_the_rate_grows_with_the_factor_and_is_told(box, caller):
    for factor, told in ((1, "0.016"), (20, "0.32"), (500, "8")):
        box.desk("throttle", {"factor": factor})
        assert caller("GET", "/sellers/v1/marketplaceParticipations").headers[RATE] == told


# -- faults of calls


def strikes(caller: Caller, kind: str) -> bool:
    """Does a call show this trouble?"""
    began = time.monotonic()
    try:
        answer = inventory(caller, timeout=1.5)
    except (TimeoutError, ConnectionError, http.client.HTTPException, OSError) as error:
        words = f"{type(error).__name__} {error}".lower()
        return {"hang": "timed out" in words, "reset": "reset" in words}.get(kind, False)
    return {
        "429_storm": answer.status == 429 and answer.json["errors"][0]["code"] == "QuotaExceeded",
        "500": answer.status == 500 and answer.json["errors"][0]["code"] == "InternalFailure",
        "503_html": answer.status == 503 and answer.headers["Content-Type"] == "text/html" and b"<h1>" in answer.body,
        "slow": answer.status == 200 and time.monotonic() - began >= 0.4,
        "revoked_token": answer.status == 403 and caller.sign_in().json.get("error") == "invalid_grant",
        "expired_token": answer.status == 403 and "expired" in answer.json["errors"][0]["details"],
    }.get(kind, False)


def test_all_faults_are_tested():
    assert set(ON_CALLS) | set(ON_CONTENT) == set(KINDS)


@pytest.mark.parametrize("kind", ON_CALLS)
def test_a_fault_strikes_whom_it_names_until_it_is_off(box, caller, kind):
    other = box.caller("kidobay:EU")
    assert inventory(caller).status == 200
    spec = {"kind": kind, "partner": ACCOUNT}
    box.desk("faults", spec | ({"seconds": 0.4 if kind == "slow" else 4} if kind in ("slow", "hang") else {}))
    assert strikes(caller, kind)
    assert inventory(other).status == 200, "others are spared"
    assert box.desk("faults")["faults"][0]["hits"] >= 1
    assert box.desk("faults", method="DELETE")["faults"] == []
    began = time.monotonic()
    assert inventory(caller).status == 200
    assert time.monotonic() - began < 0.4
    assert caller.sign_in().status == 200


def test_a_fault_may_be_bounded_by_number_operation_time_and_chance(box, caller):
    box.desk("faults", {"kind": "500", "operation": "getInventorySummaries", "times": 2})
    assert caller("GET", "/sellers/v1/marketplaceParticipations").status == 200
    assert [inventory(caller).status for _n in range(3)] == [500, 500, 200]
    box.desk("faults", {"kind": "500", "for_seconds": 0.3})
    assert inventory(caller).status == 500
    time.sleep(0.35)
    assert inventory(caller).status == 200
    box.calm()
    box.desk("faults", {"kind": "500", "rate": 0.5})
    statuses = [inventory(caller).status for _n in range(30)]
    assert 4 < statuses.count(500) < 26


def test_a_fault_nobody_knows_is_refused(box):
    for wrong in ({"kind": "fire"}, {"kind": "500", "rate": 2}, {"kind": "500", "color": "red"}):
        answer = call("POST", f"{box.address}/_sandbox/faults", json.dumps(wrong).encode())
        assert answer.status == 400, wrong


# -- faults of content


@pytest.mark.parametrize("kind", ["truncated_gzip", "bad_crc"])
def test_a_broken_download_is_broken_and_whole_again(box, caller, kind):
    _status, whole = orders(caller)
    box.desk("faults", {"kind": kind, "times": 1})
    _status, broken = orders(caller)
    with pytest.raises((EOFError, zlib.error, gzip.BadGzipFile)):
        gzip.decompress(broken)
    assert gzip.decompress(orders(caller)[1]) == gzip.decompress(whole)


@pytest.mark.parametrize(("kind", "status"), [("fatal_report", "FATAL"), ("cancelled_report", "CANCELLED")])
def test_a_report_that_is_not_made(box, caller, kind, status):
    box.desk("faults", {"kind": kind, "times": 1})
    ended, document = orders(caller)
    assert ended == status
    assert bool(document) == (kind == "fatal_report"), "a fatal report says why"
    assert not document or "errorDetails" in json.loads(gzip.decompress(document))
    assert orders(caller)[0] == "DONE"


def test_rows_vanish_from_a_report_and_come_back(box, caller):
    whole = rows(orders(caller)[1])
    box.desk("faults", {"kind": "vanished_rows", "rate": 0.2})
    thin = rows(orders(caller)[1])
    assert 0.7 * len(whole) < len(thin) < 0.9 * len(whole)
    assert {tuple(row.values()) for row in thin} < {tuple(row.values()) for row in whole}
    assert len(box.lines(ACCOUNT, since="2026-02-20")) > 0
    box.calm()
    assert rows(orders(caller)[1]) == whole


def test_restated_rows_are_cheaper_and_told_again_as_changed_now(world_folder, tmp_path):
    """Restating changes the world for good, so it happens in a world of its own."""
    with Box(copied(world_folder, tmp_path / "world"), ("--fast",)) as own:
        caller = own.caller(ACCOUNT)

        def known() -> dict[tuple[str, str, int], dict]:
            return {(line["order_id"], line["sku"], line["ordinal"]): line for line in own.lines(ACCOUNT, "2026-01-25")}

        before = known()
        restated = own.desk("faults", {"kind": "restated_rows", "rate": 0.1, "partner": ACCOUNT, "days": 10})[
            "restated"
        ]
        after = known()
        assert restated > 20 and before.keys() == after.keys()
        changed = {key for key in before if before[key]["price"] != after[key]["price"]}
        assert 0 < len(changed) <= restated
        assert all(after[key]["price"] < before[key]["price"] for key in changed)
        now = own.desk("clock")["now"]
        assert {after[key]["updated_at"] for key in changed} == {now}
        told = rows(orders(caller, since=now)[1])
        theirs = {(row["amazon-order-id"], row["sku"]) for row in told}
        assert {key[:2] for key in changed if after[key]["marketplace"] == "US"} <= theirs
        assert {datetime.fromisoformat(row["last-updated-date"]) for row in told} == {datetime.fromisoformat(now)}
        assert own.desk("faults")["faults"] == [], "restating is done once, nothing stays on"
        assert known() == after
