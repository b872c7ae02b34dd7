"""The Sales and Traffic report: JSON, one local day of one marketplace, by SKU."""

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
from apps.sync.reading.jsons import MISSHAPEN, content_of
from apps.sync.reading.reports import Context
from apps.sync.source import Market, Unreadable

NAME = "GET_SALES_AND_TRAFFIC_REPORT"
BATCH = 50_000


def is_traffic(head: bytes) -> bool:
    """Does a file that begins like this hold the report?"""
    return b"reportSpecification" in head or b"salesAndTraffic" in head


def day_of(path: Path) -> tuple[str, date]:
    """(Amazon's marketplace id, local day) that the file says it is about. Raises Unreadable."""
    try:
        about = content_of(path)["reportSpecification"]
        first, last = (date.fromisoformat(about[key][:10]) for key in ("dataStartTime", "dataEndTime"))
        market = str(about["marketplaceIds"][0])
    except MISSHAPEN:
        raise Unreadable(_("The report does not say which site and day it is about.")) from None
    if first != last:
        raise Unreadable(_("The report adds up several days: ask Amazon for one report per day."))
    return market, first


def read_uploaded(path: Path, context: Context) -> Iterator[pl.DataFrame]:
    """Like `read`, of the site and day that the file itself names; the site is one of the context's."""
    amazon_id, day = day_of(path)
    market = next((market for market in context.markets if market.amazon_id == amazon_id), None)
    if market is None:
        raise Unreadable(_("The file is about a marketplace that this store does not sell in."))
    yield from read(path, market, day)


def read(path: Path, market: Market, day: date) -> Iterator[pl.DataFrame]:
    """Typed batches of TRAFFIC rows. Raises Unreadable before the first one if any entry is wrong."""
    try:
        entries = content_of(path)["salesAndTrafficByAsin"]
        found = [_row(entry, market, day) for entry in entries]
        frame = pl.DataFrame(found, schema=rows.TRAFFIC.schema, orient="row")
    except MISSHAPEN as error:
        raise Unreadable(
            gettext("The report has another shape than Sales and Traffic: %(why)s") % {"why": repr(error)[:200]}
        ) from None
    yield from frame.iter_slices(BATCH) if frame.height else ()


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
