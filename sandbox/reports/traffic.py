"""Sales and Traffic (JSON): by date, and by ASIN or SKU over the whole window."""

import datetime as dt
import json
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sandbox.reports.feedback import received
from sandbox.reports.text import File, NoData, Refused
from sandbox.world import view
from sandbox.world.hashing import uniform
from sandbox.world.marketplaces import BY_CODE
from sandbox.world.orders import NEVER

if TYPE_CHECKING:
    from sandbox.reports.book import Report
    from sandbox.service import Sandbox
    from sandbox.world.partners import Authorisation

EPOCH = dt.date(1970, 1, 1)
LONGEST_DAYS = 731


def daily(
    sandbox: "Sandbox", auth: "Authorisation", code: str, first: dt.date, last: dt.date, now: int
) -> pl.DataFrame:
    """One row per SKU and local day with traffic or sales; ``minor`` is ordered product sales in minor units."""
    world = sandbox.world
    with world.lock:
        table = _visits(sandbox, auth, code, first, last, now).join(
            _sales(sandbox, auth, code, first, last, now), on=["listing", "date"], how="full", coalesce=True
        )
    catalog = world.catalog
    listing = table["listing"].to_numpy()
    skus = catalog.skus
    sku = catalog.listing_sku[listing]
    table = table.with_columns(
        view.picked([s.code for s in skus], sku).alias("sku"),
        view.picked([s.asin for s in skus], sku).alias("asin"),
        view.picked([s.parent_asin for s in skus], sku).alias("parent"),
        pl.col("units", "minor", "items", "sessions", "views", "phone", "box").fill_null(0),
    ).with_columns(pl.max_horizontal("sessions", "items").alias("sessions"))
    table = table.with_columns(
        pl.max_horizontal("views", "sessions").alias("views"), pl.min_horizontal("phone", "sessions").alias("phone")
    )
    return table.filter(pl.col("sessions") > 0).sort("date", "sku")


def _visits(
    sandbox: "Sandbox", auth: "Authorisation", code: str, first: dt.date, last: dt.date, now: int
) -> pl.DataFrame:
    """Sessions that follow demand (also demand without stock), from the seed alone, so that they never change."""
    world, seed = sandbox.world, sandbox.options.seed
    listing = view.listed(world, now, auth, code)
    listing = listing[world.catalog.listing_active[listing]]
    parts = []
    for day in range((first - EPOCH).days, (last - EPOCH).days + 1):
        rate = world.rates(day)[listing].astype(np.float64)
        open_ = world.opened(day)[world.catalog.listing_pool[listing]]
        conversion = 0.06 + 0.12 * uniform(seed, 61, listing)
        noise = 0.75 + 0.5 * uniform(seed, 62, listing, day)
        sessions = np.floor(rate / conversion * noise * np.where(open_, 1.0, 0.35) + uniform(seed, 63, listing, day))
        views = np.floor(sessions * (1.15 + 0.4 * uniform(seed, 64, listing, day)))
        box = np.where(open_, 82 + 17 * uniform(seed, 65, listing, day), 0)
        parts.append(
            pl.DataFrame(
                {
                    "listing": listing.astype(np.int64),
                    "date": np.full(len(listing), day),
                    "sessions": sessions.astype(int),
                    "views": views.astype(np.int64),
                    "phone": (sessions * 0.6).astype(np.int64),
                    "box": np.round(box, 2) * (sessions > 0),
                }
            )
        )
    return pl.concat(parts).with_columns(pl.from_epoch("date", time_unit="d"))


def _sales(
    sandbox: "Sandbox", auth: "Authorisation", code: str, first: dt.date, last: dt.date, now: int
) -> pl.DataFrame:
    world = sandbox.world
    rows = world.table()
    index = view.visible(world, now, [auth], [code])
    begin, end = (first - EPOCH).days * 86_400 - 54_000, (last - EPOCH).days * 86_400 + 140_400
    placed = rows["purchased"][index]
    index = index[(placed >= begin) & (placed < end)]
    kept = (rows["cancelled"][index] > now) & ~(rows["dropped"][index] & (rows["shipped"][index] <= now))
    index = index[kept & (rows["purchased"][index] != NEVER)]
    table = view.frame(world, index, now).with_columns(
        pl.Series("minor", rows["price"][index] * rows["units"][index]), pl.col("listing").cast(pl.Int64)
    )
    table = table.filter(pl.col("purchased_on").is_between(first, last))
    return table.group_by("listing", pl.col("purchased_on").alias("date")).agg(
        pl.col("ordered").sum().cast(pl.Int64).alias("units"),
        pl.col("minor").sum(),
        pl.len().cast(pl.Int64).alias("items"),
    )


def make(sandbox: "Sandbox", report: "Report", now: int) -> File:
    """The report; days are the marketplace's own, both ends included."""
    code = report.codes[0]
    if None in report.window:
        raise Refused("dataStartTime and dataEndTime are required.")
    if len(report.codes) > 1:
        raise Refused("This report takes one marketplace.")
    first, last = (dt.datetime.fromtimestamp(m, dt.UTC).date() for m in report.window)
    last = min(last, dt.datetime.fromtimestamp(now, dt.UTC).date())
    if (last - first).days > LONGEST_DAYS:
        raise Refused(f"The requested date range is longer than {LONGEST_DAYS} days.")
    if last < first:
        raise NoData
    table = daily(sandbox, report.auth, code, first, last, now)
    shown = report.shown()
    content = {
        "reportSpecification": {
            "reportType": report.type,
            "marketplaceIds": shown["marketplaceIds"],
            "reportOptions": {
                "dateGranularity": report.options.get("dateGranularity", "DAY"),
                "asinGranularity": report.options.get("asinGranularity", "PARENT"),
            },
            "dataStartTime": first.isoformat(),
            "dataEndTime": last.isoformat(),
        },
        "salesAndTrafficByDate": _by_date(table, received(sandbox.world, report.auth, code, now), report, first, last),
        "salesAndTrafficByAsin": _by_asin(table, report, code),
    }
    return File(json.dumps(content).encode(), "application/json; charset=UTF-8", table.height)


def _sums(table: pl.DataFrame, keys: list[str]) -> list[dict]:
    sums = [pl.col(n).sum() for n in ("units", "minor", "items", "sessions", "views", "phone")]
    box = (pl.col("box") * pl.col("views")).sum() / pl.col("views").sum().clip(1)
    grouped = table.group_by(keys, maintain_order=True).agg(*sums, box.round(2).alias("box"), pl.len().alias("count"))
    return grouped.to_dicts()


def _money(minor: int, code: str) -> dict:
    place = BY_CODE[code]
    return {"amount": minor if place.decimals == 0 else round(minor / 100, 2), "currencyCode": place.currency}


def _share(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _by_asin(table: pl.DataFrame, report: "Report", code: str) -> list[dict]:
    level = report.options.get("asinGranularity", "PARENT")
    keys = {"PARENT": ["parent"], "CHILD": ["parent", "asin"], "SKU": ["parent", "asin", "sku"]}.get(level)
    if keys is None:
        raise Refused("asinGranularity must be PARENT, CHILD or SKU.")
    rows = _sums(table, keys)
    totals = {n: sum(r[n] for r in rows) for n in ("sessions", "views", "phone")}
    names = {"parent": "parentAsin", "asin": "childAsin", "sku": "sku"}
    return [
        {names[k]: row[k] for k in keys}
        | {
            "salesByAsin": {
                "unitsOrdered": row["units"],
                "orderedProductSales": _money(row["minor"], code),
                "totalOrderItems": row["items"],
            },
            "trafficByAsin": _asin_traffic(row, totals),
        }
        for row in rows
    ]


def _asin_traffic(row: dict, totals: dict) -> dict:
    browser, phone_views = row["sessions"] - row["phone"], row["views"] * 6 // 10
    return {
        "browserSessions": browser,
        "mobileAppSessions": row["phone"],
        "sessions": row["sessions"],
        "browserSessionPercentage": _share(browser, totals["sessions"] - totals["phone"]),
        "mobileAppSessionPercentage": _share(row["phone"], totals["phone"]),
        "sessionPercentage": _share(row["sessions"], totals["sessions"]),
        "browserPageViews": row["views"] - phone_views,
        "mobileAppPageViews": phone_views,
        "pageViews": row["views"],
        "browserPageViewsPercentage": _share(row["views"], totals["views"]),
        "mobileAppPageViewsPercentage": _share(row["views"], totals["views"]),
        "pageViewsPercentage": _share(row["views"], totals["views"]),
        "buyBoxPercentage": row["box"],
        "unitSessionPercentage": _share(row["units"], row["sessions"]),
    }


def _by_date(table: pl.DataFrame, said: pl.DataFrame, report: "Report", first: dt.date, last: dt.date) -> list[dict]:
    step = report.options.get("dateGranularity", "DAY")
    if step not in ("DAY", "WEEK", "MONTH"):
        raise Refused("dateGranularity must be DAY, WEEK or MONTH.")
    rule = {"DAY": "1d", "WEEK": "1w", "MONTH": "1mo"}[step]
    every = pl.date_range(first, last, "1d", eager=True).dt.truncate(rule).unique().sort().to_list()
    day = pl.col("date").dt.truncate(rule)
    found = {r["date"]: r for r in _sums(table.with_columns(day), ["date"])}
    said = said.filter(pl.col("date").is_between(first, last)).group_by(day).agg(pl.col("feedback", "negative").sum())
    heard = {r["date"]: r for r in said.to_dicts()}
    empty = {"units": 0, "minor": 0, "items": 0, "sessions": 0, "views": 0, "phone": 0, "box": 0.0, "count": 0}
    silent = {"feedback": 0, "negative": 0}
    return [
        {"date": day.isoformat()} | _day(found.get(day, empty) | heard.get(day, silent), report.codes[0])
        for day in every
    ]


def _day(row: dict, code: str) -> dict:
    items, units, views = row["items"], row["units"], row["views"]
    phone_views = views * 6 // 10
    return {
        "salesByDate": {
            "orderedProductSales": _money(row["minor"], code),
            "unitsOrdered": units,
            "totalOrderItems": items,
            "averageSalesPerOrderItem": _money(row["minor"] // max(items, 1), code),
            "averageUnitsPerOrderItem": round(units / items, 2) if items else 0,
            "averageSellingPrice": _money(row["minor"] // max(units, 1), code),
            "unitsRefunded": 0,
            "refundRate": 0,
            "claimsGranted": 0,
            "claimsAmount": _money(0, code),
            "shippedProductSales": _money(row["minor"], code),
            "unitsShipped": units,
            "ordersShipped": items,
        },
        "trafficByDate": {
            "browserPageViews": views - phone_views,
            "mobileAppPageViews": phone_views,
            "pageViews": views,
            "browserSessions": row["sessions"] - row["phone"],
            "mobileAppSessions": row["phone"],
            "sessions": row["sessions"],
            "buyBoxPercentage": row["box"],
            "orderItemSessionPercentage": _share(items, row["sessions"]),
            "unitSessionPercentage": _share(units, row["sessions"]),
            "averageOfferCount": row["count"],
            "averageParentItems": row["count"],
            "feedbackReceived": row["feedback"],
            "negativeFeedbackReceived": row["negative"],
            "receivedNegativeFeedbackRate": _share(row["negative"], row["feedback"]),
        },
    }
