"""Merchant-fulfilled orders of Orders API 2026-01-01, page by page: no report tells of promises and packages.

Buyers and recipients are not asked for. A page is a document; its cursor names the window and Amazon's token of the
next page, so a run that is throttled goes on where it was.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from apps.sync import rows
from apps.sync.http import InvalidRequest
from apps.sync.reading.shipments import INCLUDED
from apps.sync.source import Document, Task, TryLater

PATH = "/orders/2026-01-01/orders"
PAGE = "100"
# Amazon refuses windows that end less than two minutes ago.
SETTLED = timedelta(minutes=3)
DATASET = "shipments"

Call = Callable[[str, str, str], dict[str, Any]]
Window = tuple[datetime, datetime]


def fetch(call: Call, task: Task, windows: list[Window], folder: Path) -> Iterator[Document]:
    """Pages of the merchant orders changed in the windows, oldest window first. Raises what `call` raises."""
    number, _colon, token = (task.cursor or "0:").partition(":")
    for index in range(int(number), len(windows)):
        more = True
        while more:
            answer = _page(call, task, windows[index], index, token)
            token = (answer.get("pagination") or {}).get("nextToken") or ""
            more = bool(token)
            if answer["orders"]:
                yield _document(answer, task, windows[index], f"{index}:{token}" if more else f"{index + 1}:", folder)


def _page(call: Call, task: Task, window: Window, index: int, token: str) -> dict[str, Any]:
    since, until = window
    query = {
        "lastUpdatedAfter": _iso(since),
        "lastUpdatedBefore": _iso(until),
        "marketplaceIds": ",".join(market.amazon_id for market in task.markets),
        "fulfilledBy": "MERCHANT",
        "includedData": INCLUDED,
        "maxResultsPerPage": PAGE,
    }
    try:
        return call("searchOrders", "GET", f"{PATH}?{urlencode(query | ({'paginationToken': token} if token else {}))}")
    except InvalidRequest as error:
        if not token:
            raise
        # Tokens of pages do not live long: the window is read from its beginning again.
        raise TryLater("Amazon has forgotten the page: the window is read again", 1, f"{index}:") from error


def _document(answer: dict[str, Any], task: Task, window: Window, cursor: str, folder: Path) -> Document:
    with tempfile.NamedTemporaryFile("w", prefix="orders-", dir=folder, delete=False, encoding="utf-8") as file:
        json.dump({"orders": answer["orders"]}, file, ensure_ascii=False, default=str)
    return Document(
        name=f"orders-{window[0]:%Y%m%d}-{window[1]:%Y%m%d}",
        row=rows.SHIPMENT,
        path=Path(file.name),
        as_of=window[1],
        markets=task.markets,
        cursor=cursor,
        encoding="utf-8",
        media_type="application/json",
        facts={"dataset": DATASET},
    )


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
