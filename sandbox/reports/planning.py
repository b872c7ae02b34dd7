"""FBA inventory planning: ages, velocities and Amazon's own recommendation, one file per marketplace."""

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sandbox.reports.stock import figures
from sandbox.reports.text import File, amount, tabs
from sandbox.world import view
from sandbox.world.orders import DAY

if TYPE_CHECKING:
    from sandbox.reports.book import Report
    from sandbox.service import Sandbox

AGES = ((0, 30), (31, 60), (61, 90), (91, 180), (181, 270), (271, 365), (366, 455), (456, 4000))
SURCHARGES = {
    "181-210": 0,
    "211-240": 0,
    "241-270": 4,
    "271-300": 5,
    "301-330": 6,
    "331-365": 7,
    "366-455": 11,
    "456-plus": 15,
}
SPANS = (7, 30, 60, 90)
HEADER = [
    "snapshot-date",
    "sku",
    "fnsku",
    "asin",
    "product-name",
    "condition",
    "available",
    "pending-removal-quantity",
    "inv-age-0-to-90-days",
    "inv-age-91-to-180-days",
    "inv-age-181-to-270-days",
    "inv-age-271-to-365-days",
    "inv-age-366-to-455-days",
    "inv-age-456-plus-days",
    "currency",
    "units-shipped-t7",
    "units-shipped-t30",
    "units-shipped-t60",
    "units-shipped-t90",
    "alert",
    "your-price",
    "sales-price",
    "lowest-price-new-plus-shipping",
    "lowest-price-used",
    "recommended-action",
    "DEPRECATED_healthy-inventory-level",
    "recommended-sales-price",
    "recommended-sale-duration-days",
    "recommended-removal-quantity",
    "estimated-cost-savings-of-recommended-actions",
    "sell-through",
    "item-volume",
    "volume-unit-measurement",
    "storage-type",
    "storage-volume",
    "marketplace",
    "product-group",
    "sales-rank",
    "days-of-supply",
    "estimated-excess-quantity",
    "weeks-of-cover-t30",
    "weeks-of-cover-t90",
    "featuredoffer-price",
    "sales-shipped-last-7-days",
    "sales-shipped-last-30-days",
    "sales-shipped-last-60-days",
    "sales-shipped-last-90-days",
    "inv-age-0-to-30-days",
    "inv-age-31-to-60-days",
    "inv-age-61-to-90-days",
    "inv-age-181-to-330-days",
    "inv-age-331-to-365-days",
    "estimated-storage-cost-next-month",
    "inbound-quantity",
    "inbound-working",
    "inbound-shipped",
    "inbound-received",
    "no-sale-last-6-months",
    "Total_Reserved_Quantity",
    "unfulfillable-quantity",
]
TAIL = (
    "historical-days-of-supply",
    "fba-minimum-inventory-level",
    "fba-inventory-level-health-status",
    "Recommended ship-in quantity",
    "Recommended ship-in date",
    "Last updated date for Historical Days of Supply",
    "Exempted from Low-Inventory-Level fee?",
    "Low-Inventory-Level fee applied in current week?",
    "Short term historical days of supply",
    "Long term historical days of supply",
    "Inventory age snapshot date",
    "Inventory Supply at FBA",
    "Reserved FC Transfer",
    "Reserved FC Processing",
    "Reserved Customer Order",
    "Total Days of Supply (including units from open shipments)",
    "supplier",
    "is-seasonal-in-next-3-months",
    "season-name",
    "season-start-date",
    "season-end-date",
)


def header() -> list[str]:
    """All header cells in Amazon's order."""
    fees = [cell for b in SURCHARGES for cell in (f"quantity-to-be-charged-ais-{b}-days", f"estimated-ais-{b}-days")]
    return [cell.replace("_", " ") for cell in HEADER] + fees + list(TAIL)


def make(sandbox: "Sandbox", report: "Report", now: int) -> File:
    """The report of the first marketplace asked for."""
    code = report.codes[0]
    table = figures(sandbox, report.auth, code, now)
    table = _with_ages(sandbox, _with_sales(sandbox, table, now), now)
    today = dt.datetime.fromtimestamp(now, dt.UTC).date()
    cells = _plain(code, today) | _supply(today) | _fees()
    return tabs(table.select(cells.get(n, pl.lit("")).alias(n) for n in header()), [code])


def _with_sales(sandbox: "Sandbox", table: pl.DataFrame, now: int) -> pl.DataFrame:
    listing = table["listing"].to_numpy()
    with sandbox.world.lock:
        sold = {f"sent{d}": view.sent(sandbox.world, listing, now - d * DAY, now) for d in (*SPANS, 180)}
    return table.with_columns(pl.Series(n, units) for n, units in sold.items()).with_columns(
        (pl.col("sent30") * pl.col("price")).alias("money30"),
        (pl.col("sent30") / 60 + pl.col("sent90") / 180).alias("pace"),
    )


def _with_ages(sandbox: "Sandbox", table: pl.DataFrame, now: int) -> pl.DataFrame:
    """Units on hand by age, first in first out; the ages add up to what is on hand."""
    world, pool = sandbox.world, table["pool"].to_numpy()
    hand = np.maximum(world.available(now), 0)
    older, columns = np.zeros(len(pool), dtype=np.int64), {}
    for first, last in AGES:
        within = world.stock.younger_than(now // DAY, last + 1, hand)[pool] if last < 4000 else hand[pool]
        columns[f"age{first}"] = within - older
        older = within
    return table.with_columns(pl.Series(n, units) for n, units in columns.items())


def _plain(code: str, today: dt.date) -> dict[str, pl.Expr]:
    cells = {
        "snapshot-date": pl.lit(today.isoformat()),
        "sku": pl.col("sku"),
        "fnsku": pl.col("fnsku"),
        "asin": pl.col("asin"),
        "product-name": pl.col("title"),
        "condition": pl.lit("New"),
        "available": pl.col("available"),
        "pending-removal-quantity": pl.lit("0"),
        "currency": pl.col("currency"),
        "your-price": amount("price"),
        "sales-price": amount("price"),
        "featuredoffer-price": amount("price"),
        "item-volume": (pl.col("volume") / 28316.8).round(4).cast(pl.String),
        "marketplace": pl.lit(code),
        "volume-unit-measurement": pl.lit("cubic feet"),
        "storage-type": pl.lit("Standard-Size"),
        "product-group": pl.col("family"),
        "inbound-quantity": pl.col("inbound"),
        "inbound-working": pl.col("working"),
        "inbound-shipped": pl.col("shipped"),
        "inbound-received": pl.col("receiving"),
        "Total Reserved Quantity": pl.col("reserved"),
        "unfulfillable-quantity": pl.col("unfulfillable"),
        "Reserved FC Transfer": pl.col("transfer"),
        "Reserved FC Processing": pl.col("processing"),
        "Reserved Customer Order": pl.col("customer"),
        "Inventory Supply at FBA": pl.col("available") + pl.col("transfer") + pl.col("processing"),
        "inv-age-0-to-90-days": pl.col("age0") + pl.col("age31") + pl.col("age61"),
        "inv-age-0-to-30-days": pl.col("age0"),
        "inv-age-31-to-60-days": pl.col("age31"),
        "inv-age-61-to-90-days": pl.col("age61"),
        "inv-age-91-to-180-days": pl.col("age91"),
        "inv-age-181-to-270-days": pl.col("age181"),
        "inv-age-271-to-365-days": pl.col("age271"),
        "inv-age-366-to-455-days": pl.col("age366"),
        "inv-age-456-plus-days": pl.col("age456"),
        "Inventory age snapshot date": pl.lit(today.isoformat()),
        "no-sale-last-6-months": pl.when(pl.col("sent180") == 0).then(pl.col("available")).otherwise(0),
    }
    return cells | {f"units-shipped-t{d}": pl.col(f"sent{d}") for d in SPANS}


def _supply(today: dt.date) -> dict[str, pl.Expr]:
    pace = pl.col("pace")
    selling = pace > 0
    supply = pl.when(selling).then((pl.col("available") / pace).floor().clip(0, 9999).cast(pl.Int64))
    total = pl.when(selling).then(((pl.col("available") + pl.col("inbound")) / pace).clip(0, 9999).cast(pl.Int64))
    wanted = (pace * 60 - pl.col("available") - pl.col("inbound")).clip(0).ceil().cast(pl.Int64)
    excess = (pl.col("available") - pace * 180).clip(0).floor().cast(pl.Int64)
    ship = pl.lit((today + dt.timedelta(days=7)).isoformat())
    low = selling & (pl.col("available") < pace * 14)
    storage = (pl.col("available") * pl.col("volume") * 87 // 28317).cast(pl.Int64)
    return {
        "days-of-supply": supply,
        "historical-days-of-supply": supply,
        "estimated-excess-quantity": excess,
        "Total Days of Supply (including units from open shipments)": total,
        "Recommended ship-in quantity": wanted,
        "Recommended ship-in date": pl.when(wanted > 0).then(ship),
        "alert": pl.when(low)
        .then(pl.lit("Low stock"))
        .when(excess > 0)
        .then(pl.lit("Excess inventory"))
        .otherwise(pl.lit("")),
        "recommended-action": pl.when(excess > 0).then(pl.lit("Create sale")).otherwise(pl.lit("No action required")),
        "fba-inventory-level-health-status": pl.when(low)
        .then(pl.lit("Low"))
        .when(excess > 0)
        .then(pl.lit("Excess"))
        .otherwise(pl.lit("Healthy")),
        "sell-through": (pl.col("sent90") / pl.col("available").clip(1)).round(2).cast(pl.String),
        "estimated-storage-cost-next-month": amount_of(storage),
    }


def _fees() -> dict[str, pl.Expr]:
    """Aged-inventory surcharge: units per bucket of 30 days (spread evenly over Amazon's age classes) and money."""
    shares = {
        "181-210": ("age181", 3),
        "211-240": ("age181", 3),
        "241-270": ("age181", 3),
        "271-300": ("age271", 3),
        "301-330": ("age271", 3),
        "331-365": ("age271", 3),
        "366-455": ("age366", 1),
        "456-plus": ("age456", 1),
    }
    cells = {}
    for bucket, (age, parts) in shares.items():
        units = pl.col(age) // parts
        cells[f"quantity-to-be-charged-ais-{bucket}-days"] = units
        cells[f"estimated-ais-{bucket}-days"] = amount_of(units * pl.col("volume") * SURCHARGES[bucket] * 100 // 283168)
    return cells


def amount_of(minor: pl.Expr) -> pl.Expr:
    """An expression of minor units as text in the row's currency."""
    cents = (minor // 100).cast(pl.String) + "." + (minor % 100).cast(pl.String).str.zfill(2)
    return pl.when(pl.col("decimals") == 0).then(minor.cast(pl.String)).otherwise(cents)
