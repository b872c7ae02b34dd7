"""Every operation of the sandbox, called as clients call it: well, wrongly, and with the wrong papers."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from sandbox.routes import ROUTES, Route
from tests.boxes import NOW, Answer, Box, Caller

REPORTS = "/reports/2021-06-30"
ORDERS = "/orders/2026-01-01/orders"
NEWS = "/notifications/v1"
WEEK_AGO = (NOW - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
EVERYTHING = "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES"
ITEM_PARTS = "summaries,attributes,offers,fulfillmentAvailability,issues,productTypes"


@dataclass(frozen=True)
class Step:
    """One call and its answer."""

    method: str
    path: str
    answer: Answer


def route_of(step: Step) -> Route:
    """The sandbox's own entry for a call."""
    return next(each for each in ROUTES if each.method == step.method and each.pattern.match(step.path))


class Walk:
    """Notes every step of one seller."""

    def __init__(self, caller: Caller) -> None:
        self.caller, self.steps = caller, []

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None, **options: Any) -> Answer:
        answer = self.caller(method, path, body, **options)
        self.steps.append(Step(method, path, answer))
        return answer

    def report(self, kind: str, **body: Any) -> dict[str, Any]:
        """Asked for and waited for."""
        asked = self("POST", f"{REPORTS}/reports", {"reportType": kind, "marketplaceIds": [self.place], **body})
        for _look in range(100):
            found = self("GET", f"{REPORTS}/reports/{asked.json['reportId']}").json
            if found["processingStatus"] in ("DONE", "CANCELLED", "FATAL"):
                return found
            time.sleep(0.1)
        raise AssertionError(f"{kind} is never made")

    @property
    def place(self) -> str:
        return self.caller.marketplace


def walk(box: Box, account: str) -> list[Step]:
    """All operations for one consent."""
    go = Walk(box.caller(account))
    go("GET", "/sellers/v1/marketplaceParticipations")
    _reports(go)
    _orders(go, box, account)
    _listings(go)
    for query in ({"details": "true"}, {}):
        first = go("GET", "/fba/inventory/v1/summaries", **_inventory(go, query)).json
        if token := first.get("pagination", {}).get("nextToken"):
            go("GET", "/fba/inventory/v1/summaries", **_inventory(go, query | {"nextToken": token}))
    go("GET", "/fba/inventory/v1/summaries", **_inventory(go, {"granularityType": "Planet"}))
    _notifications(go)
    _wrong_papers(go, box)
    return go.steps


def _reports(go: Walk) -> None:
    done = go.report("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL")
    go("GET", f"{REPORTS}/documents/{done['reportDocumentId']}")
    future = {"dataStartTime": "2026-03-02T11:59:59Z", "dataEndTime": "2026-03-02T11:59:59Z"}
    go.report("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", **future)
    go.report("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", dataStartTime="2025-06-01T00:00:00Z")
    asked = go("POST", f"{REPORTS}/reports", {"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA", **_sites(go)})
    assert go("DELETE", f"{REPORTS}/reports/{asked.json['reportId']}").status == 200
    kinds = {"reportTypes": "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL,GET_MERCHANT_LISTINGS_ALL_DATA"}
    token = go("GET", f"{REPORTS}/reports", pageSize=1, **kinds).json["nextToken"]
    go("GET", f"{REPORTS}/reports", nextToken=token)
    go("GET", f"{REPORTS}/reports")
    go("POST", f"{REPORTS}/reports", {"reportType": "GET_NOTHING", **_sites(go)})
    go("GET", f"{REPORTS}/reports/1")
    go("DELETE", f"{REPORTS}/reports/1")
    go("GET", f"{REPORTS}/documents/amzn1.spdoc.1")


def _sites(go: Walk) -> dict[str, list[str]]:
    return {"marketplaceIds": [go.place]}


def _orders(go: Walk, box: Box, account: str) -> None:
    window = {"lastUpdatedAfter": WEEK_AGO, "includedData": EVERYTHING}
    found = go("GET", ORDERS, maxResultsPerPage=100, **window).json
    if token := found.get("pagination", {}).get("nextToken"):
        go("GET", ORDERS, paginationToken=token, includedData=EVERYTHING)
    go("GET", ORDERS, createdAfter=WEEK_AGO, maxResultsPerPage=100)
    old = {"MarketplaceIds": go.place, "LastUpdatedAfter": WEEK_AGO}
    known = go("GET", "/orders/v0/orders", **old).json["payload"]
    if token := known.get("NextToken"):
        go("GET", "/orders/v0/orders", MarketplaceIds=go.place, NextToken=token)
    for order in _of_every_kind(box, account):
        go("GET", f"{ORDERS}/{order}", includedData=EVERYTHING)
        go("GET", f"/orders/v0/orders/{order}")
        go("GET", f"/orders/v0/orders/{order}/orderItems")
    for path in (f"{ORDERS}/1", "/orders/v0/orders/1", "/orders/v0/orders/1/orderItems", ORDERS, "/orders/v0/orders"):
        go("GET", path)


def _of_every_kind(box: Box, account: str) -> list[str]:
    """An order per status and carrier, business and not, of one line and more, dropped lines included."""
    kinds: dict[tuple[Any, ...], str] = {}
    for line in box.lines(account, since="2026-02-01"):
        kinds.setdefault((line["status"], line["item_status"], line["fulfilment"], line["ordinal"]), line["order_id"])
    return sorted(set(kinds.values()))


def _listings(go: Walk) -> None:
    items = f"/listings/2021-08-01/items/{go.caller.partner['seller_id']}"
    query = {"marketplaceIds": go.place, "includedData": ITEM_PARTS}
    found = go("GET", items, pageSize=20, **query).json
    if token := found.get("pagination", {}).get("nextToken"):
        go("GET", items, pageSize=20, pageToken=token, **query)
    skus = sorted((item["sku"] for item in found["items"]), key=lambda sku: (sku.isascii(), "/" not in sku, sku))
    go("GET", items, marketplaceIds=go.place, identifiers=skus[0], identifiersType="SKU")
    for sku in skus[:3]:
        go("GET", f"{items}/{quote(sku, safe='')}", **query)
    one, place = f"{items}/{quote(skus[0], safe='')}", {"marketplaceIds": go.place}
    offer = found["items"][0]["attributes"]["purchasable_offer"]
    for value in (offer, [{**offer[0], "our_price": [{"schedule": [{"value_with_tax": 0.01}]}]}]):
        change = {"op": "replace", "path": "/attributes/purchasable_offer", "value": value}
        body = {"productType": "PRODUCT", "patches": [change]}
        go("PATCH", one, body, mode="VALIDATION_PREVIEW", **place)
    go("PATCH", one, {"productType": "PRODUCT", "patches": [{**change, "value": []}]}, **place)
    go("PATCH", one, {}, **place)
    go("GET", f"{items}/nothing", **place)
    go("GET", items)


def _inventory(go: Walk, more: dict[str, str]) -> dict[str, str]:
    return {"granularityType": "Marketplace", "granularityId": go.place, "marketplaceIds": go.place} | more


def _notifications(go: Walk) -> None:
    """Both kinds of destination and subscription, made, found, made again, and removed."""
    own, kinds = go.caller.grantless(), {"sqs": "ACCOUNT_STATUS_CHANGED", "eventBridge": "LISTINGS_ITEM_ISSUES_CHANGE"}
    resources = {
        "sqs": {"arn": f"arn:aws:sqs:us-east-2:444455556666:{go.place}"},
        "eventBridge": {"accountId": "444455556666", "region": f"us-{go.place}"},
    }
    for way, kind in kinds.items():
        body = {"name": way, "resourceSpecification": {way: resources[way]}}
        made = go("POST", f"{NEWS}/destinations", body, token=own).json["payload"]["destinationId"]
        go("POST", f"{NEWS}/destinations", body, token=own)
        go("GET", f"{NEWS}/destinations/{made}", token=own)
        version = "2021-01-01" if way == "sqs" else "2023-12-13"
        wish = {"payloadVersion": version, "destinationId": made}
        subscription = go("POST", f"{NEWS}/subscriptions/{kind}", wish).json["payload"]["subscriptionId"]
        go("POST", f"{NEWS}/subscriptions/{kind}", wish)
        go("POST", f"{NEWS}/subscriptions/{kind}", {"payloadVersion": "0", "destinationId": made})
        go("GET", f"{NEWS}/subscriptions/{kind}")
        go("GET", f"{NEWS}/subscriptions/{kind}", payloadVersion="0")
        go("GET", f"{NEWS}/subscriptions/{kind}/{subscription}", token=own)
        trial = {"destinationId": made, "testNotification": {"payloadVersion": version}}
        go("POST", f"{NEWS}/subscriptions/{kind}/testNotification", trial, token=own)
        go("POST", f"{NEWS}/subscriptions/{kind}/testNotification", {}, token=own)
        go("DELETE", f"{NEWS}/destinations/{made}", token=own)
        go("DELETE", f"{NEWS}/subscriptions/{kind}/{subscription}", token=own)
        go("DELETE", f"{NEWS}/destinations/{made}", token=own)
        for method, path in (
            ("GET", f"destinations/{made}"),
            ("DELETE", f"destinations/{made}"),
            ("GET", f"subscriptions/{kind}/{subscription}"),
            ("DELETE", f"subscriptions/{kind}/{subscription}"),
        ):
            go(method, f"{NEWS}/{path}", token=own)
    go("GET", f"{NEWS}/destinations", token=own)
    go("GET", f"{NEWS}/subscriptions", notificationTypes=",".join(kinds.values()))
    go("GET", f"{NEWS}/subscriptions")
    go("POST", f"{NEWS}/destinations", {"name": "both", "resourceSpecification": resources}, token=own)


def _wrong_papers(go: Walk, box: Box) -> None:
    """Every operation without a token, with its bucket empty, and broken down."""
    own = go.caller.grantless()
    paths = {(route_of(step).operation, step.method): step.path for step in go.steps}
    tokens = {step.path: own for step in go.steps if route_of(step).guard == "grantless"}
    for (_operation, method), path in paths.items():
        go(method, path, {} if method in ("POST", "PATCH") else None, token="Atza|nobody")
    for kind in ("429_storm", "500"):
        box.desk("faults", {"kind": kind})
        for (_operation, method), path in paths.items():
            go(method, path, {} if method in ("POST", "PATCH") else None, token=tokens.get(path))
        box.desk("faults", method="DELETE")
