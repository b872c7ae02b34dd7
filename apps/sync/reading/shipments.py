"""Pages of Orders API 2026-01-01: what a merchant promised and did, order by order. Nothing of buyers is read."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from django.utils.translation import gettext

from apps.sync import rows
from apps.sync.reading.jsons import MISSHAPEN, content_of
from apps.sync.reading.reports import Context
from apps.sync.source import Unreadable

INCLUDED = "FULFILLMENT,PACKAGES,CANCELLATION"
PRIME = "PRIME"
Entry = dict[str, Any]


def is_shipments(head: bytes) -> bool:
    """Does a file that begins like this hold a page of orders?"""
    return b'"orders"' in head and b'"orderId"' in head


def read(path: Path, context: Context) -> Iterator[pl.DataFrame]:
    """One batch of SHIPMENT rows: the merchant-fulfilled orders of the store's sites. Raises Unreadable."""
    sites = {market.amazon_id: market.code for market in context.markets}
    try:
        orders = content_of(path)["orders"]
        found = [_row(order, sites) for order in orders if _ours(order, sites)]
        frame = pl.DataFrame(found, schema=rows.SHIPMENT.schema)
    except MISSHAPEN as error:
        raise Unreadable(
            gettext("The file has another shape than a page of orders: %(why)s") % {"why": repr(error)[:200]}
        ) from None
    if frame.height:
        yield frame


def _ours(order: Entry, sites: dict[str, str]) -> bool:
    merchant = (order.get("fulfillment") or {}).get("fulfilledBy") == "MERCHANT"
    return merchant and order["salesChannel"].get("marketplaceId") in sites


def _row(order: Entry, sites: dict[str, str]) -> Entry:
    fulfilment, packages = order["fulfillment"], order.get("packages") or []
    ordered, updated = _moment(order["createdTime"]), _moment(order["lastUpdatedTime"])
    cancelled = fulfilment["fulfillmentStatus"] == "CANCELLED"
    sent = [_moment(package["shipTime"]) for package in packages if package.get("shipTime")]
    programmes = order.get("programs") or []
    return {
        "order_id": order["orderId"],
        "marketplace": sites[order["salesChannel"]["marketplaceId"]],
        "programme": "sfp" if PRIME in programmes else "mfn",
        "ordered_at": ordered,
        "ordered_on": ordered.date(),
        "ship_by": _end(fulfilment.get("shipByWindow")),
        "shipped_at": max(sent) if sent else None,
        "deliver_by": _end(fulfilment.get("deliverByWindow")),
        "delivered_at": None,  # Amazon tells that a package arrived, not when
        # Nor does it tell the moment of a cancellation: it is the order's last change.
        "cancelled_at": updated if cancelled else None,
        "cancelled_by": _canceller(order["orderItems"]) if cancelled else "",
        "units": sum(int(item["quantityOrdered"]) for item in order["orderItems"]),
        "packages": len(sent) if sent else None,
        "valid_packages": sum(bool(p.get("trackingNumber")) for p in packages if p.get("shipTime")) if sent else None,
        "business": int("AMAZON_BUSINESS" in programmes),
        "skus": _units_by_sku(order["orderItems"]),
        "updated_at": updated,
    }


def _units_by_sku(items: list[Entry]) -> str:
    """What was ordered and not cancelled, as JSON; "" where a seller's SKU is not told."""
    units: dict[str, int] = {}
    for item in items:
        sku, count = (item.get("product") or {}).get("sellerSku"), int(item["quantityOrdered"])
        if not sku:
            return ""
        if count:
            units[sku] = units.get(sku, 0) + count
    return json.dumps(units, ensure_ascii=False, sort_keys=True) if units else ""


def _canceller(items: list[Entry]) -> str:
    """The seller unless the buyer did it or asked for it; Amazon's own cancellations are nobody's fault."""
    told = [item["cancellation"] for item in items if item.get("cancellation")]
    asked = any((each.get("cancellationRequest") or {}).get("requester") == "BUYER" for each in told)
    by = {(each.get("cancellationExecution") or {}).get("cancelledBy") for each in told}
    if asked or "BUYER" in by:
        return "buyer"
    return "seller" if "MERCHANT" in by else ""


def _end(window: Entry | None) -> datetime | None:
    return _moment(window["latestDateTime"]) if window and window.get("latestDateTime") else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
