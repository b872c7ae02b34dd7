"""Account health: the report is Amazon's in shape, follows from the ledger, and is the same whatever way time took."""

import gzip
import json
import os
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.boxes import NOW, Box, Caller, call, copied
from tests.sandbox.test_conformance import SHAPES, problems, strict
from tests.sandbox.walk import REPORTS, Walk

PERFORMANCE = "GET_V2_SELLER_PERFORMANCE_REPORT"
PROGRAMMES = {"FBA": "afn", "FBM": "mfn"}
PARTS = {"claims": "claim", "chargebacks": "chargeback", "negativeFeedback": "negative_feedback"}
ACCOUNTS = ("lumora:NA", "voltnest:NA", "voltnest:EU", "kidobay:EU", "sorano:FE", "sorano:NA")


def document(caller: Caller, kind: str, **body: Any) -> tuple[str, str]:
    """(status, text) of a report."""
    go = Walk(caller)
    report = go.report(kind, **body)
    if "reportDocumentId" not in report:
        return report["processingStatus"], ""
    told = go("GET", f"{REPORTS}/documents/{report['reportDocumentId']}").json
    answer = call("GET", told["url"])
    charset = answer.headers["Content-Type"].partition("charset=")[2] or "utf-8"
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


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_performance_report_has_the_essential_shape(box, account):
    """Our own words about it: checked on every machine."""
    assert (
        problems({"$ref": "#/definitions/Performance"}, SHAPES["definitions"], performance(box.caller(account))) == []
    )


def test_the_report_of_today_is_that_of_the_desk_and_names_every_site_once(box):
    for account in ACCOUNTS:
        caller = box.caller(account)
        body = performance(caller)
        assert body == of_day(box, account, NOW.date())
        sites = [each["marketplaceId"] for each in body["performanceMetrics"]]
        assert sites == [each["marketplaceId"] for each in body["accountStatuses"]] == caller.partner["marketplace_ids"]


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A busier market of its own."""
    with Box(tmp_path_factory.mktemp("busy"), ("--fast",), scale=1.0) as box:
        yield box


SITE = {"account": "voltnest:NA", "marketplace": "US"}
METRICS = {
    "orderDefectRate": (0.01, lambda page: (page["orderWithDefects"]["count"], page["orderCount"])),
    "lateShipmentRate": (0.04, lambda page: (page["lateShipmentCount"], page["orderCount"])),
    "validTrackingRate": (
        0.95,
        lambda page: (page["shipmentCount"] - page["validTrackingCount"], page["shipmentCount"]),
    ),
    "onTimeDeliveryRate": (
        0.9,
        lambda page: (
            page["shipmentCountWithValidTracking"] - page["onTimeDeliveryCount"],
            page["shipmentCountWithValidTracking"],
        ),
    ),
    "preFulfillmentCancellationRate": (0.025, lambda page: (page["cancellationCount"], page["orderCount"])),
}


def placed(lines: list[dict[str, Any]]) -> dict[tuple[str, str, str], set[str]]:
    """Orders never cancelled, by site, programme and UTC day."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for line in lines:
        if line["status"] != "Cancelled":
            key = line["marketplace"], PROGRAMMES[line["fulfilment"]], line["purchased_at"][:10]
            found.setdefault(key, set()).add(line["order_id"])
    return found


@pytest.mark.parametrize("account", ACCOUNTS)
def test_order_defects_recomputed_from_the_ledger_are_those_of_the_report(box, account):
    """All sites, thirteen months: 60 days ending 16 days before the report's day; a defect must be told by then."""
    orders, defects = placed(box.lines(account)), box.desk(f"truth/defects?account={account}")["rows"]
    codes = box.partner(account)["marketplaces"]
    seen = Counter()
    for back in range(0, 390, 26):
        day = NOW.date() - timedelta(days=back)
        window = [str(day - timedelta(days=n)) for n in range(75, 15, -1)]
        told = [
            row
            for row in defects
            if row["reported_at"][:10] < str(day) and not (row["withdrawn_at"] or "9")[:10] < str(day)
        ]
        for code, page in zip(codes, of_day(box, account, day)["performanceMetrics"], strict=True):
            for programme, part in page["orderDefectRate"].items():
                looked_at = set().union(*(orders.get((code, programme, each), set()) for each in window))
                bad = [row for row in told if row["order_id"] in looked_at]
                assert part["reportingDateRange"] == {
                    "reportingDateFrom": f"{window[0]}T00:00Z",
                    "reportingDateTo": f"{window[-1]}T23:59Z",
                }
                defective = len({row["order_id"] for row in bad})
                assert (part["orderCount"], part["orderWithDefects"]["count"]) == (len(looked_at), defective)
                for name, kind in PARTS.items():
                    assert part[name]["count"] == sum(row["kind"] == kind for row in bad)
                if len(looked_at) >= 10:
                    assert part["rate"] == float(
                        (Decimal(defective) / len(looked_at)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
                    )
                    assert part["status"] == ("BAD" if 100 * defective >= len(looked_at) else "GOOD")
                else:
                    assert part["status"] == "NONE"
                seen[part["status"], defective > 0] += 1
    assert seen["GOOD", True] > 0


def test_most_sites_are_healthy_and_three_are_not(busy):
    """One store creeps towards its limit, one ships late, one has no valid tracking; small sites are not rated."""
    statuses: dict[str, Counter[str]] = {}
    creeping = []
    for each in busy.desk("truth/health")["accounts"].values():
        for page in each["report"]["performanceMetrics"]:
            creeping.append(page["orderDefectRate"]["mfn"])
            parts = {name: page[name]["status"] for name in METRICS if name != "orderDefectRate"}
            parts |= {each: part["status"] for each, part in page["orderDefectRate"].items()}
            for name, status in parts.items():
                statuses.setdefault(name, Counter())[status] += 1
    assert statuses["afn"]["GOOD"] >= 20
    assert statuses["lateShipmentRate"]["BAD"] >= 1 and statuses["validTrackingRate"]["BAD"] >= 1
    assert statuses["mfn"]["NONE"] >= 3 and statuses["lateShipmentRate"]["NONE"] >= 4
    assert sum(counts["BAD"] for counts in statuses.values()) < 0.2 * sum(map(Counter.total, statuses.values()))
    assert any(part["orderCount"] > 200 and 0.006 <= part["rate"] < 0.01 for part in creeping)


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


def pages(body: dict[str, Any], metric: str) -> dict[str, Any]:
    return body[metric]["mfn"] if metric == "orderDefectRate" else body[metric]


def merchant_orders(caller: Caller, since: date) -> list[dict[str, Any]]:
    """All merchant-fulfilled orders from the Orders API."""
    found, more = [], {"createdAfter": f"{since}T00:00:00Z", "fulfilledBy": "MERCHANT"}
    while more:
        answer = caller("GET", "/orders/2026-01-01/orders", includedData="FULFILLMENT,PACKAGES,CANCELLATION", **more)
        found += answer.json["orders"]
        token = answer.json.get("pagination", {}).get("nextToken")
        more = {"paginationToken": token} if token else {}
    return found


def cancelled_by(order: dict[str, Any]) -> str:
    done = order["orderItems"][0].get("cancellation", {}).get("cancellationExecution", {})
    return done.get("cancelledBy", "") if order["fulfillment"]["fulfillmentStatus"] == "CANCELLED" else ""


def recomputed(orders: list[dict[str, Any]], day: date) -> dict[str, tuple[int, int]]:
    """(bad, all) of the shipping metrics from orders alone, as the report of the day must have them."""

    def within(moment: str, first: int, last: int) -> bool:
        return str(day - timedelta(days=first)) <= moment[:10] <= str(day - timedelta(days=last))

    sent = [
        (package, order["fulfillment"])
        for order in orders
        for package in order.get("packages", ())
        if within(package["shipTime"], 30, 1)
    ]
    late = sum(package["shipTime"] > way["shipByWindow"]["latestDateTime"] for package, way in sent)
    placed = [
        order
        for order in orders
        if within(order["createdTime"], 7, 1)
        and not (cancelled_by(order) == "BUYER" and order["lastUpdatedTime"][:10] < str(day))
    ]
    sold = sum(cancelled_by(order) == "MERCHANT" and order["lastUpdatedTime"][:10] < str(day) for order in placed)
    return {
        "lateShipmentRate": (late, len(sent)),
        "validTrackingRate": (sum("trackingNumber" not in package for package, _way in sent), len(sent)),
        "preFulfillmentCancellationRate": (sold, len(placed)),
    }


@pytest.mark.parametrize(("account", "code"), [("voltnest:NA", "US"), ("sorano:FE", "JP"), ("voltnest:EU", "UK")])
def test_shipping_recomputed_from_the_orders_api_is_that_of_the_report(busy, account, code):
    busy.calm()
    caller = busy.caller(account)
    place = caller.partner["marketplace_ids"][caller.partner["marketplaces"].index(code)]
    orders = merchant_orders(caller, NOW.date() - timedelta(days=50))
    orders = [each for each in orders if each["salesChannel"]["marketplaceId"] == place]
    bad = 0
    for back in range(12):
        day = NOW.date() - timedelta(days=back)
        told = of_day(busy, account, day)["performanceMetrics"]
        page = next(each for each in told if each["marketplaceId"] == place)
        for metric, counts in recomputed(orders, day).items():
            assert METRICS[metric][1](page[metric]) == counts, (metric, day)
            bad += counts[0]
    assert bad > 10


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_is_set_exactly_on_its_limit_and_just_below(busy, metric):
    """1.00 % is a breach of "less than 1 %", 95.00 % one of "more than 95 %"; one bad order fewer is none."""
    busy.calm()
    target, counts = METRICS[metric]
    share = target if target < 0.5 else 1 - target
    page = pages(busy.desk("health", SITE | {"metric": metric, "at": "limit"})["metrics"], metric)
    bad, total = counts(page)
    assert total > 0 and bad == round(share * total) and abs(bad / total - share) < 1e-9
    assert (page["rate"], page["targetValue"], page["status"]) == (target, target, "BAD")
    page = pages(busy.desk("health", SITE | {"metric": metric, "at": "below"})["metrics"], metric)
    bad, total = counts(page)
    assert bad == round(share * total) - 1 and page["status"] == "GOOD"
    told = performance(busy.caller("voltnest:NA"))
    assert pages(told["performanceMetrics"][0], metric) == page, "the Reports API says the same"
    page = pages(busy.desk("health", SITE | {"metric": metric, "count": 3})["metrics"], metric)
    assert counts(page)[0] == 3


def test_what_is_set_shows_in_orders_and_defects(busy):
    busy.calm()
    busy.desk("health", SITE | {"metric": "lateShipmentRate", "count": 5})
    page = busy.desk("health", SITE | {"metric": "orderDefectRate", "count": 4})["metrics"]
    orders = merchant_orders(busy.caller("voltnest:NA"), NOW.date() - timedelta(days=50))
    assert recomputed(orders, NOW.date())["lateShipmentRate"] == (5, page["lateShipmentRate"]["orderCount"])
    text = call("GET", f"{busy.address}/_sandbox/seller_central/defects.csv?account=voltnest:NA").body.decode()
    rows = [
        dict(zip(text.split("\r\n")[0].split(","), line.split(","), strict=True)) for line in text.split("\r\n")[1:-1]
    ]
    dates = page["orderDefectRate"]["mfn"]["reportingDateRange"]
    standing = {
        row["Order ID"]
        for row in rows
        if row["Fulfilment"] == "FBM"
        and row["Marketplace"] == "Amazon.com"
        and dates["reportingDateFrom"][:10] <= row["Order date"] <= dates["reportingDateTo"][:10]
        and row["Reported date"] < str(NOW.date())
        and not (row["Withdrawn date"] and row["Withdrawn date"] < str(NOW.date()))
    }
    assert len(standing) == 4
    assert {row["Defect type"] for row in rows} == {"Negative feedback", "A-to-z claim", "Chargeback"}


@pytest.mark.parametrize(
    ("kind", "metric"),
    [
        ("negative_feedback", "orderDefectRate"),
        ("late_shipment", "lateShipmentRate"),
        ("invalid_tracking", "validTrackingRate"),
        ("late_delivery", "onTimeDeliveryRate"),
        ("cancellation", "preFulfillmentCancellationRate"),
    ],
)
def test_a_shock_breaches_its_metric_and_no_other_site(busy, kind, metric):
    account = {"account": "sorano:NA", "marketplace": "US"}
    other = busy.desk("truth/health?account=lumora:NA")["accounts"]
    spec = account | {"kind": kind, "share": 0.4, "from": "2026-01-15", "days": 60}
    done = busy.desk("health", spec)
    assert done["struck_so_far"] > 100
    assert pages(done["metrics"], metric)["status"] == "BAD"
    assert busy.desk("truth/health?account=lumora:NA")["accounts"] == other


def test_only_what_is_told_differently_is_told_again(world_folder, tmp_path):
    """Buyers' complaints leave the orders alone; a ship-by date that moved does not."""
    spec = {"account": "voltnest:EU", "marketplace": "UK", "from": "2026-01-01", "days": 50, "share": 0.5}
    with Box(copied(world_folder, tmp_path / "world"), ("--fast",)) as own:
        own.calm()
        caller = own.caller("voltnest:EU")

        def changed(kind: str) -> int:
            """Orders told again within three minutes of a shock."""
            began = own.desk("clock", {"advance_seconds": 1})["now"]
            assert own.desk("health", spec | {"kind": kind})["struck_so_far"] > 5
            own.desk("clock", {"advance_seconds": 180})
            return len(caller("GET", "/orders/2026-01-01/orders", lastUpdatedAfter=began).json["orders"])

        assert changed("claim") < 3
        assert changed("late_shipment") > 5


def test_violations_break_out_and_open_the_account_rating(busy):
    kind = "restrictedProductPolicyViolations"
    spec = {"account": "kidobay:EU", "marketplace": "FR", "kind": kind, "count": 9, "from": "2026-02-20"}
    page = busy.desk("health", spec)["metrics"]
    assert page[kind]["defectsCount"] >= 9 and page[kind]["status"] == "BAD"
    assert page["accountHealthRating"]["accountHealthRatingStatus"] == "WARNED"
    before = of_day(busy, "kidobay:EU", date(2026, 2, 20))["performanceMetrics"][2][kind]["defectsCount"]
    assert page[kind]["defectsCount"] - before == 9, "they count from the day after they were opened"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        SITE,
        SITE | {"kind": "fire", "share": 0.1},
        SITE | {"kind": "claim", "share": 2},
        SITE | {"kind": "claim", "share": 0.1, "from": "yesterday"},
        SITE | {"kind": "claim", "share": 0.1, "color": "red"},
        SITE | {"marketplace": "DE", "kind": "claim", "share": 0.1},
        SITE | {"metric": "orderDefectRate", "at": "above"},
        SITE | {"metric": "orderDefectRate", "count": 10**6},
        SITE | {"metric": "lateShipmentRate", "programme": "afn"},
        {"account": "kidobay:EU", "marketplace": "SE", "metric": "orderDefectRate", "at": "limit"},
    ],
)
def test_trouble_that_nobody_understands_is_refused(busy, wrong):
    answer = call("POST", f"{busy.address}/_sandbox/health", json.dumps(wrong).encode())
    assert answer.status == 400, answer.body


def test_what_was_injected_outlives_a_restart_and_reaches_days_to_come(tmp_path, world_folder):
    spec = SITE | {"kind": "cancellation", "share": 0.5, "days": 5}
    with Box(copied(world_folder, tmp_path / "own"), ("--fast",)) as own:
        own.desk("health", spec)
        own.desk("health", SITE | {"kind": "documentRequests", "count": 2})
        own.desk("health", SITE | {"metric": "lateShipmentRate", "count": 7})
        before = own.desk("truth/health")
    with Box(tmp_path / "own", ("--fast",)) as own:
        assert own.desk("truth/health") == before
        own.desk("clock", {"advance_days": 5})
        page = own.desk("truth/health?account=voltnest:NA")["accounts"]["voltnest:NA"]["report"]["performanceMetrics"][
            0
        ]
        told = page["preFulfillmentCancellationRate"]
        assert told["cancellationCount"] > 0.2 * told["orderCount"] and page["documentRequests"]["defectsCount"] >= 2


def test_an_open_violation_is_an_issue_of_its_listing(busy):
    spec = {"account": "lumora:NA", "marketplace": "CA", "kind": "suspectedIntellectualPropertyViolations", "count": 1}
    busy.calm()
    busy.desk("health", spec)
    caller = busy.caller("lumora:NA")
    path = f"/listings/2021-08-01/items/{caller.partner['seller_id']}"
    place = caller.partner["marketplace_ids"][1]
    found, more = [], {"pageToken": ""}
    while more:
        page = caller("GET", path, marketplaceIds=place, includedData="issues", pageSize=20, **more).json
        found += [issue for item in page["items"] for issue in item["issues"]]
        token = page.get("pagination", {}).get("nextToken")
        more = {"pageToken": token} if token else {}
    mine = [issue for issue in found if "infringe" in issue["message"]]
    assert len(mine) == 1
    assert mine[0]["severity"] == "ERROR" and mine[0]["marketplaceIds"] == [place]


# -- returns and feedback


def rows_of(text: str) -> list[dict[str, str]]:
    head, *lines = text.rstrip("\r\n").split("\r\n")
    return [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in lines]


MERCHANT_RETURN = [
    "Order ID",
    "Order date",
    "Return request date",
    "Return request status",
    "Amazon RMA ID",
    "Merchant RMA ID",
    "Label type",
    "Label cost",
    "Currency code",
    "Return carrier",
    "Tracking ID",
    "Label to be paid by",
    "A-to-Z Claim",
    "Is prime",
    "ASIN",
    "Merchant SKU",
    "Item Name",
    "Return quantity",
    "Return Reason",
    "In policy",
    "Return type",
    "Resolution",
    "Invoice number",
    "Return delivery date",
    "Order Amount",
    "Order quantity",
    "SafeT Action reason",
    "SafeT claim id",
    "SafeT claim state",
    "SafeT claim creation time",
    "SafeT claim reimbursement amount",
    "Refunded Amount",
    "Order Item ID",
]
AMAZON_RETURN = [
    "return-date",
    "order-id",
    "sku",
    "asin",
    "fnsku",
    "product-name",
    "quantity",
    "fulfillment-center-id",
    "detailed-disposition",
    "reason",
    "status",
    "license-plate-number",
    "customer-comments",
]


@pytest.mark.parametrize("account", ["voltnest:NA", "sorano:FE"])
def test_returns_name_orders_of_the_ledger(box, account):
    caller = box.caller(account)
    lines = {(line["order_id"], line["sku"]): line for line in box.lines(account)}
    window = {"dataStartTime": "2026-01-05T00:00:00Z", "dataEndTime": "2026-03-01T00:00:00Z"}
    for kind, cells, way, names in (
        ("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", AMAZON_RETURN, "FBA", ("order-id", "sku", "quantity")),
        (
            "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE",
            MERCHANT_RETURN,
            "FBM",
            ("Order ID", "Merchant SKU", "Return quantity"),
        ),
    ):
        status, text = document(caller, kind, **window)
        rows = rows_of(text)
        assert status == "DONE" and list(rows[0]) == cells and len(rows) > 1
        for row in rows:
            order, sku, quantity = (row[name] for name in names)
            line = lines[order, sku]
            assert line["fulfilment"] == way and line["status"] == "Shipped" and int(quantity) > 0
    long = {"dataStartTime": "2025-10-01T00:00:00Z", "dataEndTime": "2026-03-01T00:00:00Z"}
    assert document(caller, "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", **long)[0] == "FATAL"


@pytest.mark.parametrize(
    ("account", "site", "head", "moment"),
    [
        ("lumora:NA", 0, "Date", "%m/%d/%y"),
        ("kidobay:EU", 0, "Date", "%d/%m/%y"),
        ("kidobay:EU", 1, "Datum", "%d.%m.%y"),
        ("sorano:FE", 0, "日付", "%Y/%m/%d"),
    ],
)
def test_feedback_is_told_in_the_words_of_the_site_and_agrees_with_the_defects(box, account, site, head, moment):
    caller = box.caller(account)
    window = {"dataStartTime": "2025-06-01T00:00:00Z", "marketplaceIds": [caller.partner["marketplace_ids"][site]]}
    _status, text = document(caller, "GET_SELLER_FEEDBACK_DATA", **window)
    rows = [list(row.values()) for row in rows_of(text)]
    assert text.startswith(head + "\t") and len(rows) > 2
    days = [datetime.strptime(row[0], moment).replace(tzinfo=UTC).date() for row in rows]
    assert days == sorted(days, reverse=True) and {row[1] for row in rows} <= {"1", "2", "3"}
    code = caller.partner["marketplaces"][site]
    known = box.desk(f"truth/defects?account={account}&marketplace={code}")["rows"]
    negative = {
        row["order_id"]
        for row in known
        if row["kind"] == "negative_feedback" and not row["withdrawn_at"] and row["reported_at"] >= "2025-06-01"
    }
    assert {row[4] for row in rows if row[1] in "12"} == negative
