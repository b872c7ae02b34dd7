"""Account health: the report is Amazon's in shape, follows from the ledger, and is the same whatever way time took."""

import gzip
import json
import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.boxes import NOW, Box, Caller, call, copied
from tests.sandbox.test_conformance import strict
from tests.sandbox.walk import REPORTS, Walk

PERFORMANCE = "GET_V2_SELLER_PERFORMANCE_REPORT"
ACCOUNTS = ("lumora:NA", "voltnest:NA", "voltnest:EU", "kidobay:EU", "sorano:FE", "sorano:NA")


def document(caller: Caller, kind: str, **body: Any) -> tuple[str, str]:
    """(status, text) of a report."""
    go = Walk(caller)
    report = go.report(kind, **body)
    if "reportDocumentId" not in report:
        return report["processingStatus"], ""
    told = go("GET", f"{REPORTS}/documents/{report['reportDocumentId']}").json
    answer = call("GET", told["url"])
    charset = answer.headers["Content-Type"].rpartition("charset=")[2]
    return report["processingStatus"], gzip.decompress(answer.body).decode({"Shift_JIS": "cp932"}.get(charset, charset))


def performance(caller: Caller) -> dict[str, Any]:
    return json.loads(document(caller, PERFORMANCE)[1])


def of_day(box: Box, account: str, day: date) -> dict[str, Any]:
    """The report as of a day, from the sandbox's own desk."""
    return box.desk(f"truth/health?account={account}&on={day}")["accounts"][account]["report"]


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_performance_report_has_the_shape_that_amazon_published(box, account):
    folder = os.environ.get("AMAZON_MODELS")
    if not folder:
        pytest.skip("AMAZON_MODELS is not set: it names a folder with Amazon's published API models")
    schema = json.loads(next(Path(folder).rglob("accountHealthReport-2020-11-18.json")).read_text())
    # Both are required there, but not described.
    rating = schema["properties"]["performanceMetrics"]["items"]["properties"]["accountHealthRating"]
    rating["properties"]["ahrStatus"] = {"enum": ["GREAT", "WARNED"]}
    schema["definitions"]["OrderDefectRate"]["properties"]["fulfillmentType"] = {"enum": ["afn", "mfn"]}
    checker = Draft7Validator(strict(schema))
    body = performance(box.caller(account))
    assert [f"{e.json_path}: {e.message[:200]}" for e in checker.iter_errors(body)] == []
    del body["performanceMetrics"][0]["lateShipmentRate"]["rate"]
    assert list(checker.iter_errors(body)), "a checker that lets everything through would prove nothing"


def test_the_report_of_today_is_that_of_the_desk_and_names_every_site_once(box):
    for account in ACCOUNTS:
        caller = box.caller(account)
        body = performance(caller)
        assert body == of_day(box, account, NOW.date())
        sites = [each["marketplaceId"] for each in body["performanceMetrics"]]
        assert sites == [each["marketplaceId"] for each in body["accountStatuses"]] == caller.partner["marketplace_ids"]


def test_order_defects_recomputed_from_the_ledger_are_those_of_the_report(box):
    """60 days ending 16 days before the report's day; reported before that day, not withdrawn before it."""
    account = "voltnest:NA"
    lines, defects = box.lines(account), box.desk(f"truth/defects?account={account}")["rows"]
    alive = {row["order_id"] for row in lines if row["status"] != "Cancelled"}
    seen = set()
    for back in range(0, 300, 7):
        day = NOW.date() - timedelta(days=back)
        first, last = (str(day - timedelta(days=n)) for n in (75, 16))
        mfn = of_day(box, account, day)["performanceMetrics"][0]["orderDefectRate"]["mfn"]
        orders = {
            row["order_id"]
            for row in lines
            if row["order_id"] in alive and row["fulfilment"] == "FBM" and first <= row["purchased_at"][:10] <= last
        }
        standing = [
            row
            for row in defects
            if row["order_id"] in orders
            and row["reported_at"][:10] < str(day)
            and not (row["withdrawn_at"] and row["withdrawn_at"][:10] < str(day))
        ]
        bad = len({row["order_id"] for row in standing})
        assert mfn["reportingDateRange"] == {
            "reportingDateFrom": f"{first}T00:00Z",
            "reportingDateTo": f"{last}T23:59Z",
        }
        assert (mfn["orderCount"], mfn["orderWithDefects"]["count"]) == (len(orders), bad)
        assert mfn["claims"]["count"] == sum(row["kind"] == "claim" for row in standing)
        assert mfn["negativeFeedback"]["count"] == sum(row["kind"] == "negative_feedback" for row in standing)
        assert mfn["rate"] == pytest.approx(bad / len(orders), abs=0.00005)
        seen.add(bad)
    assert len(seen) > 3, "there is something to count"


def test_the_same_seed_tells_the_same_health_whatever_way_the_clock_came(world_folder, tmp_path):
    later = NOW + timedelta(days=3)
    with Box(copied(world_folder, tmp_path / "jumps")) as jumps:
        jumps.desk("clock", {"now": later.isoformat()})
        one = jumps.desk("truth/health"), jumps.desk("truth/defects")
    with Box(copied(world_folder, tmp_path / "walks")) as walks:
        walks.desk("clock", {"advance_days": 1})
        walks.desk("truth/health")
    with Box(tmp_path / "walks") as walks:
        walks.desk("clock", {"advance_days": 2})
        two = walks.desk("truth/health"), walks.desk("truth/defects")
        before = walks.desk(f"truth/health?on={NOW.date()}")["accounts"]
    assert one == two
    with Box(copied(world_folder, tmp_path / "stands")) as stands:
        assert stands.desk("truth/health")["accounts"] == before, "what was reported stays"
