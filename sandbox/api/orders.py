"""Orders 2026-01-01: orders with their items inside. Buyer and recipient data are not kept, so never given."""

import numpy as np
import polars as pl

from sandbox.api.reading import bad, marketplaces, moment, money, seal, unseal, whole
from sandbox.clock import iso
from sandbox.http import ApiError, Request, Response
from sandbox.service import Sandbox
from sandbox.world import view
from sandbox.world.hashing import digest
from sandbox.world.marketplaces import BY_CODE
from sandbox.world.orders import NEVER

STATUS = {"Pending": "PENDING", "Unshipped": "UNSHIPPED", "Shipped": "SHIPPED", "Cancelled": "CANCELLED"}
ALL_STATUSES = {"PENDING_AVAILABILITY", "PARTIALLY_SHIPPED", "UNFULFILLABLE", *STATUS.values()}
INCLUDED = {
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
}
LATEST = 120
CARRIERS = {True: ("UPS", "UPS Ground"), False: ("DHL", "DHL Paket")}


def window(request: Request, names: tuple[str, str, str, str], now: int) -> dict:
    """The query of a search; ``names`` = created after/before, updated after/before of this version of the API."""
    given = [request.first(n) for n in names]
    if bool(given[0]) == bool(given[2]):
        raise bad(f"Exactly one of {names[0]} and {names[2]} is required.")
    kind, after, before = ("purchased", *given[:2]) if given[0] else ("updated", *given[2:])
    end = moment(before, "before") if before else now - LATEST
    if end > now - LATEST + 1:
        raise bad("The end of the window must be at least two minutes before now.")
    start = moment(after, "after")
    if start > end:
        raise bad("The beginning of the window is after its end.")
    return {"kind": kind, "start": start, "end": end, "offset": 0}


def found(sandbox: Sandbox, request: Request, query: dict, now: int) -> pl.DataFrame:
    """All lines of the orders in the window, oldest first."""
    world = sandbox.world
    with world.lock:
        rows = world.table()
        index = view.visible(world, now, [request.auth], query["codes"])
        times = rows["purchased"][index] if query["kind"] == "purchased" else view.changed(rows, index, now)
        inside = (times >= query["start"]) & (times <= query["end"])
        index, times = index[inside], times[inside]
        index = index[np.lexsort((rows["line"][index], rows["order"][index], times))]
        table = view.frame(world, index, now)
    if query["statuses"]:
        table = table.filter(pl.col("status").is_in(query["statuses"]))
    if query["merchant"] is not None:
        table = table.filter(pl.col("merchant") == query["merchant"])
    return table


def page(table: pl.DataFrame, query: dict) -> tuple[list[list[dict]], dict | None]:
    """Orders (lists of line rows) of the page, and the query of the next page."""
    ids = table["order_id"].unique(maintain_order=True)
    first, size = query["offset"], query["size"]
    shown = ids[first : first + size]
    groups: dict[str, list[dict]] = {}
    for row in table.filter(pl.col("order_id").is_in(shown.implode())).to_dicts():
        groups.setdefault(row["order_id"], []).append(row)
    following = query | {"offset": first + size} if len(ids) > first + size else None
    return list(groups.values()), following


def lines_of(sandbox: Sandbox, request: Request, order: str) -> list[dict]:
    """The lines of one order of the account; 404 when there is none."""
    now, world = sandbox.now(), sandbox.world
    with world.lock:
        index = view.visible(world, now, [request.auth], list(request.auth.marketplaces))
        rows = world.table()
        digits = order[4:].replace("-", "")
        number = int(digits) if digits.isdigit() else -1
        index = index[view.number(rows["order"][index]) == number]
        lines = view.frame(world, index, now).filter(pl.col("order_id") == order).to_dicts()
    if not lines:
        raise ApiError(404, "NotFound", "Requested resource does not exist.")
    return lines


def search(sandbox: Sandbox, request: Request) -> Response:
    """``searchOrders``."""
    now = sandbox.now()
    included = _included(request)
    token = request.first("paginationToken")
    query = unseal(token) if token else _query(request, now)
    orders, following = page(found(sandbox, request, query, now), query)
    what = fates(sandbox, orders)
    answer: dict = {"orders": [_order(lines, included, what[lines[0]["number"]], now) for lines in orders]}
    if following:
        answer["pagination"] = {"nextToken": seal(following)}
    name = "createdBefore" if query["kind"] == "purchased" else "lastUpdatedBefore"
    return Response.json(answer | {name: iso(query["end"])})


def _query(request: Request, now: int) -> dict:
    query = window(request, ("createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore"), now)
    statuses, by = set(request.many("fulfillmentStatuses")), request.many("fulfilledBy")
    if statuses - ALL_STATUSES or set(by) - {"AMAZON", "MERCHANT"}:
        raise bad("An unknown fulfillmentStatuses or fulfilledBy.")
    codes = marketplaces(request, request.many("marketplaceIds")) or list(request.auth.marketplaces)
    return query | {
        "codes": codes,
        "size": whole(request.first("maxResultsPerPage", "100"), "maxResultsPerPage", 1, 100),
        "statuses": [name for name, code in STATUS.items() if code in statuses] or (["none"] if statuses else []),
        "merchant": None if len(by) != 1 else by[0] == "MERCHANT",
    }


def _included(request: Request) -> set[str]:
    included = set(request.many("includedData"))
    if included - INCLUDED:
        raise bad("includedData holds an unknown value.")
    return included


def one(sandbox: Sandbox, request: Request) -> Response:
    """``getOrder``."""
    lines, now = lines_of(sandbox, request, request.params["order"]), sandbox.now()
    fate = fates(sandbox, [lines])[lines[0]["number"]]
    return Response.json({"order": _order(lines, _included(request), fate, now)})


def fates(sandbox: Sandbox, orders: list[list[dict]]) -> dict[int, dict]:
    """What became of orders, by running number; see ``Outcomes.fates``."""
    return sandbox.world.health()[0].fates([lines[0]["number"] for lines in orders])


def _order(lines: list[dict], included: set[str], fate: dict, now: int) -> dict:
    head = lines[0]
    place = BY_CODE[head["marketplace"]]
    order: dict = {
        "orderId": head["order_id"],
        "createdTime": iso(head["purchased"]),
        "lastUpdatedTime": iso(head["updated"]),
        "programs": ["AMAZON_BUSINESS"] * bool(head["business"]) + ["PRIME"] * fate["prime"],
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": place.id, "marketplaceName": place.channel},
        "orderItems": [_item(line, included, fate) for line in lines],
    }
    if "FULFILLMENT" in included:
        order["fulfillment"] = _fulfillment(head, fate, now)
    if "PACKAGES" in included and head["merchant"] and head["status"] == "Shipped":
        order["packages"] = [_package(lines, fate, now)]
    priced = [line for line in lines if line["price"] is not None]
    if "PROCEEDS" in included and priced:
        total = sum(paid(line, place.tax_inside) for line in priced)
        order["proceeds"] = {"grandTotal": _money(total, head)}
    return order


def _fulfillment(head: dict, fate: dict, now: int) -> dict:
    """Who ships; for a merchant's order that is paid also by when it must be shipped and delivered."""
    fulfillment = {
        "fulfillmentStatus": STATUS[head["status"]],
        "fulfilledBy": "MERCHANT" if head["merchant"] else "AMAZON",
    }
    if head["merchant"] and fate["opened"] <= now:
        fulfillment["fulfillmentServiceLevel"] = "STANDARD"
        fulfillment["shipByWindow"] = _between(fate["opened"], fate["ship_by"])
        fulfillment["deliverByWindow"] = _between(fate["ship_by"], fate["deliver_by"])
    return fulfillment


def _between(first: int, last: int) -> dict:
    return {"earliestDateTime": iso(first), "latestDateTime": iso(last)}


def _package(lines: list[dict], fate: dict, now: int) -> dict:
    """The package of a merchant's order. Amazon's model has no moment of delivery, only the status.

    Without valid tracking there is no tracking number, and Amazon never hears of the delivery.
    """
    carrier, service = CARRIERS[lines[0]["marketplace"] in ("US", "CA", "MX")]
    package: dict = {
        "packageReferenceId": "1",
        "createdTime": iso(fate["shipped"] - 1800),
        "packageStatus": {"status": "SHIPPED"},
        "carrier": carrier,
        "shipTime": iso(fate["shipped"]),
        "shippingService": service,
        "packageItems": [
            {"orderItemId": f"{line['item_id']:014d}", "quantity": line["quantity"]}
            for line in lines
            if line["quantity"]
        ],
    }
    if fate["tracked"]:
        there = fate["delivered"] <= now
        package["trackingNumber"] = f"1Z{digest('package', lines[0]['order_id'])[:16].upper()}"
        package["packageStatus"] = {
            "status": "DELIVERED" if there else "IN_TRANSIT",
            "detailedStatus": "DELIVERED" if there else "PICKED_UP",
        }
    return package


def paid(line: dict, tax_inside: bool) -> int:
    """What the buyer pays for a line, minor units."""
    return line["price"] - line["promotion"] + line["shipping"] + (0 if tax_inside else line["tax"])


def _money(minor: int, line: dict) -> dict:
    return {"amount": money(minor, line["decimals"]), "currencyCode": line["currency"]}


def _item(line: dict, included: set[str], fate: dict) -> dict:
    product = {
        "asin": line["asin"],
        "title": line["title"],
        "sellerSku": line["sku"],
        "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
    }
    item: dict = {"orderItemId": f"{line['item_id']:014d}", "quantityOrdered": line["quantity"], "product": product}
    if line["price"] is not None:
        product["price"] = {"unitPrice": _money(line["price"] // line["ordered"], line)}
        if "PROCEEDS" in included:
            item["proceeds"] = _proceeds(line)
    if "FULFILLMENT" in included:
        sent = line["quantity"] if line["status"] == "Shipped" else 0
        item["fulfillment"] = {"quantityFulfilled": sent, "quantityUnfulfilled": line["quantity"] - sent}
    if "CANCELLATION" in included and line["gone"]:
        item["cancellation"] = _cancellation(line, fate)
    return item


def _cancellation(line: dict, fate: dict) -> dict:
    """By the seller, by the buyer, or by the seller because the buyer asked: that counts as the buyer's."""
    if line["status"] == "Cancelled" and fate["by_seller"]:
        return {"cancellationExecution": {"cancelledBy": "MERCHANT", "cancelReason": "NO_INVENTORY"}}
    execution = {"cancellationExecution": {"cancelledBy": "BUYER", "cancelReason": "OTHER"}}
    if fate["opened"] == NEVER:
        return execution
    return {"cancellationRequest": {"requester": "BUYER", "cancelReason": "CHANGED_MIND"}} | execution


def _proceeds(line: dict) -> dict:
    parts = (("ITEM", "price"), ("SHIPPING", "shipping"), ("TAX", "tax"), ("DISCOUNT", "promotion"))
    total = paid(line, BY_CODE[line["marketplace"]].tax_inside)
    return {
        "proceedsTotal": _money(total, line),
        "breakdowns": [{"type": kind, "subtotal": _money(line[name], line)} for kind, name in parts],
    }
