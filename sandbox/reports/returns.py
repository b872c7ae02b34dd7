"""Returns: what came back to Amazon's warehouses, and what buyers asked to send back to merchants."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sandbox.reports.text import File, NoData, Refused, amount, tabs, thinned
from sandbox.world import view
from sandbox.world.hashing import digest, uniform
from sandbox.world.marketplaces import BY_CODE
from sandbox.world.orders import DAY, NEVER
from sandbox.world.outcomes import CLAIM

if TYPE_CHECKING:
    from sandbox.reports.book import Report
    from sandbox.service import Sandbox
    from sandbox.world.world import World

VOICES = json.loads((Path(__file__).parents[1] / "world/voices.json").read_text(encoding="utf-8"))["return"]
DEFAULT_DAYS, LONGEST_DAYS = 30, 60
# Reason, as Amazon's warehouses and its returns page call it; the last two are the buyer's own doing.
REASONS = (
    ("NOT_AS_DESCRIBED", "AMZ-PG-BAD-DESC", 0),
    ("DEFECTIVE", "CR-DEFECTIVE", 1),
    ("DAMAGED_BY_CARRIER", "CR-DAMAGED_BY_CARRIER", 1),
    ("UNWANTED_ITEM", "CR-UNWANTED_ITEM", 2),
    ("ORDERED_WRONG_ITEM", "CR-ORDERED_WRONG_ITEM", 2),
)
REASON_CHANCE = np.cumsum([0.2, 0.25, 0.08, 0.35])
SPOILED = ("CUSTOMER_DAMAGED", "DEFECTIVE", "CARRIER_DAMAGED", "CUSTOMER_DAMAGED", "CUSTOMER_DAMAGED")
CENTERS = {"NA": ("PHX6", "ONT8", "MDW2"), "EU": ("LEJ1", "MAN1", "BVA1"), "FE": ("NRT1", "KIX2", "MEL1")}
ASKED_SHARE = 0.6  # of the time from shipping to the return's arrival, a merchant's buyer asks


def to_amazon(sandbox: "Sandbox", report: "Report", now: int) -> File:
    """FBA customer returns by the day the warehouse received them; at most 60 days."""
    start, end = _window(report, now)
    table = _lines(sandbox.world, report, now, merchant=False)
    table = table.filter((pl.col("returned") >= start) & (pl.col("returned") < end)).sort("returned", descending=True)
    when = pl.from_epoch("returned").dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    status = pl.when("spoiled").then(pl.lit("Reimbursed")).otherwise(pl.lit("Unit returned to inventory"))
    cells = {
        "return-date": when,
        "order-id": pl.col("order_id"),
        "sku": pl.col("sku"),
        "asin": pl.col("asin"),
        "fnsku": pl.col("fnsku"),
        "product-name": pl.col("title"),
        "quantity": pl.col("quantity"),
        "fulfillment-center-id": pl.col("center"),
        "detailed-disposition": pl.col("disposition"),
        "reason": pl.col("reason"),
        "status": status,
        "license-plate-number": pl.col("plate"),
        "customer-comments": pl.col("comment"),
    }
    return _file(sandbox, report, table.select(cell.alias(name) for name, cell in cells.items()))


def to_merchants(sandbox: "Sandbox", report: "Report", now: int) -> File:
    """Merchant-fulfilled returns by the day the buyer asked; at most 60 days."""
    start, end = _window(report, now)
    table = _lines(sandbox.world, report, now, merchant=True)
    table = table.filter((pl.col("asked") >= start) & (pl.col("asked") < end)).sort("asked", descending=True)
    return _file(sandbox, report, table.select(_merchant_cells(now)))


def _merchant_cells(now: int) -> list[pl.Expr]:
    empty, there = pl.lit(""), pl.col("returned") <= now
    cost = pl.when(pl.col("decimals") == 0).then(pl.lit("600")).otherwise(pl.lit("5.99"))
    cells = {
        "Order ID": pl.col("order_id"),
        "Order date": _day("purchased"),
        "Return request date": _day("asked"),
        "Return request status": pl.when(there).then(pl.lit("Completed")).otherwise(pl.lit("Approved")),
        "Amazon RMA ID": pl.col("plate").str.replace("LPN", "D") + "RRMA",
        "Merchant RMA ID": empty,
        "Label type": pl.lit("AmazonUnPaidLabel"),
        "Label cost": cost,
        "Currency code": pl.col("currency"),
        "Return carrier": pl.lit("UPS"),
        "Tracking ID": pl.lit("1Z") + pl.col("plate").str.slice(3),
        "Label to be paid by": pl.when(pl.col("fault") < 2).then(pl.lit("Seller")).otherwise(pl.lit("Customer")),
        "A-to-Z Claim": pl.when("claimed").then(pl.lit("Y")).otherwise(pl.lit("N")),
        "Is prime": pl.lit("N"),
        "ASIN": pl.col("asin"),
        "Merchant SKU": pl.col("sku"),
        "Item Name": pl.col("title"),
        "Return quantity": pl.col("quantity"),
        "Return Reason": pl.col("merchant_reason"),
        "In policy": pl.lit("Y"),
        "Return type": pl.lit("C-Returns"),
        "Resolution": pl.lit("StandardRefund"),
        "Invoice number": empty,
        "Return delivery date": pl.when(there).then(_day("returned")).otherwise(empty),
        "Order Amount": amount("price"),
        "Order quantity": pl.col("quantity"),
        "SafeT Action reason": empty,
        "SafeT claim id": empty,
        "SafeT claim state": empty,
        "SafeT claim creation time": empty,
        "SafeT claim reimbursement amount": empty,
        "Refunded Amount": pl.when(there).then(amount("price")).otherwise(empty),
        "Order Item ID": pl.col("item_id").cast(pl.String).str.zfill(14),
    }
    return [cell.alias(name) for name, cell in cells.items()]


def _day(name: str) -> pl.Expr:
    return pl.from_epoch(name).dt.strftime("%d-%b-%Y")


def _window(report: "Report", now: int) -> tuple[int, int]:
    end = now if report.window[1] is None else min(report.window[1], now)
    start = end - DEFAULT_DAYS * DAY if report.window[0] is None else report.window[0]
    if end - start > LONGEST_DAYS * DAY:
        raise Refused(f"The requested date range is longer than {LONGEST_DAYS} days.")
    return start, max(end, start + 1)


def _file(sandbox: "Sandbox", report: "Report", table: pl.DataFrame) -> File:
    vanished = sandbox.faults.strike(("vanished_rows",), report.type, report.account)
    table = thinned(table, vanished.rate if vanished else None, int(report.id[-8:]))
    if not table.height:
        raise NoData
    return tabs(table, report.codes)


def _lines(world: "World", report: "Report", now: int, merchant: bool) -> pl.DataFrame:
    """Order lines of one programme whose return is known by now, with reason, disposition and the buyer's words."""
    with world.lock:
        rows, catalog = world.table(), world.catalog
        index = view.visible(world, now, [report.auth], report.codes)
        index = index[(rows["returned"][index] != NEVER) & ~rows["dropped"][index]]
        index = index[catalog.listing_merchant[rows["listing"][index]] == merchant]
        shipped, returned = rows["shipped"][index], rows["returned"][index]
        asked = shipped + ((returned - shipped) * ASKED_SHARE).astype(np.int64)
        known = (asked if merchant else returned) <= now
        index, asked = index[known], asked[known]
        table = view.frame(world, index, now)
        claims = world.health()[0]
        claimed = claims.number[claims.defects[CLAIM][0] <= now]
        key = rows["order"][index] * 64 + rows["line"][index]
        extra = {
            "returned": rows["returned"][index],
            "asked": asked,
            "spoiled": rows["spoiled"][index],
            "claimed": np.isin(rows["order"][index], claimed),
            "fnsku": view.picked(catalog.pool_fnsku, catalog.listing_pool[rows["listing"][index]]),
        }
    return table.with_columns(
        **{n: pl.Series(v) for n, v in extra.items()}, **_words(world.seed, report, key, table, extra)
    )


def _words(seed: int, report: "Report", key: np.ndarray, table: pl.DataFrame, extra: dict) -> dict[str, pl.Series]:
    reason = np.searchsorted(REASON_CHANCE, uniform(seed, 6900, key), side="right")
    pick, centers = uniform(seed, 6901, key), CENTERS[report.auth.region]
    said = []
    for code, number, u in zip(table["marketplace"].to_list(), reason.tolist(), pick.tolist(), strict=True):
        fault = REASONS[number][2]
        said.append(VOICES[BY_CODE[code].language[:2]][fault] if u < 0.55 else "")
    spoiled = np.where(extra["spoiled"], np.array(SPOILED)[reason], "SELLABLE")
    return {
        "reason": view.picked([each[0] for each in REASONS], reason),
        "merchant_reason": view.picked([each[1] for each in REASONS], reason),
        "fault": pl.Series(np.array([each[2] for each in REASONS])[reason]),
        "disposition": pl.Series(spoiled.tolist(), dtype=pl.String),
        "comment": pl.Series(said, dtype=pl.String),
        "center": view.picked(list(centers), (pick * len(centers)).astype(int)),
        "plate": pl.Series([f"LPN{digest(seed, 'plate', int(k))[:11].upper()}" for k in key], dtype=pl.String),
    }
