"""Orders v0, which Amazon keeps readable until the end of March 2027."""

from sandbox.api.orders import fates, found, lines_of, page, paid, window
from sandbox.api.reading import bad, marketplaces, money, seal, unseal, whole
from sandbox.clock import iso
from sandbox.http import Request, Response
from sandbox.service import Sandbox
from sandbox.world.marketplaces import BY_CODE

STATUS = {"Pending": "Pending", "Unshipped": "Unshipped", "Shipped": "Shipped", "Cancelled": "Canceled"}


def search(sandbox: Sandbox, request: Request) -> Response:
    """``getOrders``."""
    now = sandbox.now()
    token = request.first("NextToken")
    query = unseal(token) if token else _query(request, now)
    orders, following = page(found(sandbox, request, query, now), query)
    prime = fates(sandbox, orders)
    payload: dict = {"Orders": [_order(lines, prime[lines[0]["number"]]["prime"]) for lines in orders]}
    if following:
        payload["NextToken"] = seal(following)
    name = "CreatedBefore" if query["kind"] == "purchased" else "LastUpdatedBefore"
    return Response.json({"payload": payload | {name: iso(query["end"])}})


def _query(request: Request, now: int) -> dict:
    query = window(request, ("CreatedAfter", "CreatedBefore", "LastUpdatedAfter", "LastUpdatedBefore"), now)
    ids, channels = request.many("MarketplaceIds"), request.many("FulfillmentChannels")
    if not ids:
        raise bad("MarketplaceIds is required.")
    statuses = set(request.many("OrderStatuses"))
    return query | {
        "codes": marketplaces(request, ids),
        "size": whole(request.first("MaxResultsPerPage", "100"), "MaxResultsPerPage", 1, 100),
        "statuses": [name for name, word in STATUS.items() if word in statuses] or (["none"] if statuses else []),
        "merchant": None if len(channels) != 1 else channels[0] == "MFN",
    }


def one(sandbox: Sandbox, request: Request) -> Response:
    """``getOrder``."""
    lines = lines_of(sandbox, request, request.params["order"])
    return Response.json({"payload": _order(lines, fates(sandbox, [lines])[lines[0]["number"]]["prime"])})


def items(sandbox: Sandbox, request: Request) -> Response:
    """``getOrderItems``."""
    lines = lines_of(sandbox, request, request.params["order"])
    payload = {"AmazonOrderId": request.params["order"], "OrderItems": [_item(line) for line in lines]}
    return Response.json({"payload": payload})


def _money(minor: int, line: dict) -> dict:
    return {"CurrencyCode": line["currency"], "Amount": money(minor, line["decimals"])}


def _order(lines: list[dict], prime: bool) -> dict:
    head = lines[0]
    place = BY_CODE[head["marketplace"]]
    units = sum(line["quantity"] for line in lines)
    sent = units if head["status"] == "Shipped" else 0
    order: dict = {
        "AmazonOrderId": head["order_id"],
        "SellerOrderId": head["order_id"],
        "PurchaseDate": iso(head["purchased"]),
        "LastUpdateDate": iso(head["updated"]),
        "OrderStatus": STATUS[head["status"]],
        "FulfillmentChannel": "MFN" if head["merchant"] else "AFN",
        "SalesChannel": place.channel,
        "MarketplaceId": place.id,
        "NumberOfItemsShipped": sent,
        "NumberOfItemsUnshipped": units - sent,
        "OrderType": "StandardOrder",
        "IsBusinessOrder": head["business"],
        "IsPrime": prime or not head["merchant"],
        "IsPremiumOrder": False,
        "IsReplacementOrder": False,
    }
    priced = [line for line in lines if line["price"] is not None]
    if priced:
        order["OrderTotal"] = _money(sum(paid(line, place.tax_inside) for line in priced), head)
    return order


def _item(line: dict) -> dict:
    item: dict = {
        "ASIN": line["asin"],
        "SellerSKU": line["sku"],
        "OrderItemId": f"{line['item_id']:014d}",
        "Title": line["title"],
        "QuantityOrdered": line["quantity"],
        "IsGift": "false",
        "ConditionId": "New",
        "QuantityShipped": line["quantity"] if line["status"] == "Shipped" else 0,
    }
    if line["price"] is not None:
        names = (
            ("ItemPrice", "price"),
            ("ItemTax", "tax"),
            ("ShippingPrice", "shipping"),
            ("PromotionDiscount", "promotion"),
        )
        item |= {name: _money(line[column], line) for name, column in names}
    return item
