"""The Sales and Traffic report: JSON, one local day of one marketplace, by SKU."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from apps.core.money import to_minor
from apps.sync import rows
from apps.sync.source import Market, Unreadable

NAME = "GET_SALES_AND_TRAFFIC_REPORT"
BATCH = 50_000
MOST_BYTES = 256 * 2**20  # it is read as one piece
# What reading a report of another shape may end in: nested too deep, other keys, texts for numbers.
MISSHAPEN = (RecursionError, ValueError, LookupError, TypeError, ArithmeticError, pl.exceptions.PolarsError)


def is_traffic(path: Path) -> bool:
    """Does the file begin like this report?"""
    with path.open("rb") as file:
        head = file.read(4096).lstrip(b"\xef\xbb\xbf \r\n\t")
    return head.startswith(b"{") and (b"reportSpecification" in head or b"salesAndTraffic" in head)


def day_of(path: Path) -> tuple[str, date]:
    """(Amazon's marketplace id, local day) that the file says it is about. Raises Unreadable."""
    try:
        about = _content(path)["reportSpecification"]
        first, last = (date.fromisoformat(about[key][:10]) for key in ("dataStartTime", "dataEndTime"))
        market = str(about["marketplaceIds"][0])
    except MISSHAPEN:
        raise Unreadable(_("The report does not say which site and day it is about.")) from None
    if first != last:
        raise Unreadable(_("The report adds up several days: ask Amazon for one report per day."))
    return market, first


def read(path: Path, market: Market, day: date) -> Iterator[pl.DataFrame]:
    """Typed batches of TRAFFIC rows. Raises Unreadable before the first one if any entry is wrong."""
    try:
        entries = _content(path)["salesAndTrafficByAsin"]
        found = [_row(entry, market, day) for entry in entries]
        frame = pl.DataFrame(found, schema=rows.TRAFFIC.schema, orient="row")
    except MISSHAPEN as error:
        raise Unreadable(
            gettext("The report has another shape than Sales and Traffic: %(why)s") % {"why": repr(error)[:200]}
        ) from None
    yield from frame.iter_slices(BATCH) if frame.height else ()


def _content(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MOST_BYTES:
        raise Unreadable(gettext("The file is larger than %(count)s bytes when unpacked.") % {"count": MOST_BYTES})
    content = json.loads(path.read_text("utf-8-sig"), parse_float=Decimal)
    if not isinstance(content, dict):
        raise TypeError("not an object")
    return content


def _row(entry: dict[str, Any], market: Market, day: date) -> tuple[Any, ...]:
    traffic, sales = entry["trafficByAsin"], entry["salesByAsin"]
    money = sales["orderedProductSales"]
    share = traffic.get("buyBoxPercentage")
    return (
        market.code,
        entry["sku"],
        entry.get("childAsin") or entry.get("parentAsin"),
        day,
        traffic["sessions"],
        traffic["pageViews"],
        None if share is None else round(share * 100),
        sales["unitsOrdered"],
        to_minor(Decimal(money["amount"]), money["currencyCode"]),
        money["currencyCode"],
    )
