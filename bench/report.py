"""An all-orders report of any length, as Amazon writes it: tab-separated, gzipped, in the report's own columns."""

import gzip
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

FIRST = datetime(2025, 10, 1, tzinfo=UTC)
DAYS, SKUS = 365, 2000
# Few products sell most: the n-th best sells like 1/n.
POPULARITY = 1 / np.arange(1, SKUS + 1)
POPULARITY /= POPULARITY.sum()
CHUNK = 200_000


def write(path: Path, lines: int, *, seed: int = 7) -> None:
    """A year of orders of one US seller and 2000 SKUs: 4 of 100 cancelled, 1 of 12 orders with two lines."""
    chance = np.random.default_rng(seed)
    with gzip.open(path, "wb", compresslevel=1) as file:
        for start in range(0, lines, CHUNK):
            frame = _chunk(chance, start, min(CHUNK, lines - start))
            file.write(frame.write_csv(separator="\t", include_header=start == 0, quote_style="never").encode())


def _chunk(chance: np.random.Generator, start: int, count: int) -> pl.DataFrame:
    number = np.arange(start, start + count)
    order = number - (number % 12 == 11)  # every twelfth line belongs to the order before it
    middle, last = (order * 7_368_787) % 9_999_991, (order * 5_915_587) % 9_999_973
    minute = (order * 2_654_435) % (DAYS * 1440)
    bought = pl.Series("m", minute).cast(pl.Int64) * 60_000_000
    quantity = chance.integers(1, 4, count)
    cents = quantity * chance.integers(899, 6999, count)
    cancelled = chance.random(count) < 0.04
    promotion = np.where(~cancelled & (chance.random(count) < 0.2), cents // 10, 0)
    frame = pl.DataFrame(
        {
            "middle": middle,
            "last": last,
            "bought": bought,
            "sku": chance.choice(SKUS, count, p=POPULARITY),
            "quantity": np.where(cancelled, 0, quantity),
            "cents": cents,
            "cancelled": cancelled,
            "promotion": promotion,
        }
    )
    return frame.select(_columns())


def _columns() -> list[pl.Expr]:
    bought = pl.lit(FIRST).dt.cast_time_unit("us") + pl.duration(microseconds=pl.col("bought"))
    money = lambda column: (pl.col(column) / 100).round(2).cast(pl.String)  # noqa: E731
    stamp = "%Y-%m-%dT%H:%M:%S+00:00"
    known = pl.when("cancelled").then(pl.lit(""))
    return [
        pl.format(
            "114-{}-{}", pl.col("middle").cast(pl.String).str.zfill(7), pl.col("last").cast(pl.String).str.zfill(7)
        ).alias("amazon-order-id"),
        pl.lit("").alias("merchant-order-id"),
        bought.dt.strftime(stamp).alias("purchase-date"),
        (bought + timedelta(days=2)).dt.strftime(stamp).alias("last-updated-date"),
        pl.when("cancelled").then(pl.lit("Cancelled")).otherwise(pl.lit("Shipped")).alias("order-status"),
        pl.lit("Amazon").alias("fulfillment-channel"),
        pl.lit("Amazon.com").alias("sales-channel"),
        pl.lit("").alias("order-channel"),
        pl.lit("Expedited").alias("ship-service-level"),
        pl.format("Bench product {} for home and garden, pack of two", "sku").alias("product-name"),
        pl.format("BENCH-{}", pl.col("sku").cast(pl.String).str.zfill(5)).alias("sku"),
        pl.format("B0{}", pl.col("sku").cast(pl.String).str.zfill(8)).alias("asin"),
        pl.when("cancelled").then(pl.lit("Cancelled")).otherwise(pl.lit("Shipped")).alias("item-status"),
        pl.col("quantity").alias("quantity"),
        known.otherwise(pl.lit("USD")).alias("currency"),
        known.otherwise(money("cents")).alias("item-price"),
        known.otherwise(pl.lit("0.80")).alias("item-tax"),
        pl.lit("").alias("shipping-price"),
        pl.lit("").alias("shipping-tax"),
        pl.lit("").alias("gift-wrap-price"),
        pl.lit("").alias("gift-wrap-tax"),
        pl.when(pl.col("promotion") > 0)
        .then(money("promotion"))
        .otherwise(pl.lit(""))
        .alias("item-promotion-discount"),
        pl.lit("").alias("ship-promotion-discount"),
        pl.lit("Springfield").alias("ship-city"),
        pl.lit("IL").alias("ship-state"),
        pl.lit("62701").alias("ship-postal-code"),
        pl.lit("US").alias("ship-country"),
        pl.lit("").alias("promotion-ids"),
        pl.lit("false").alias("is-business-order"),
        pl.lit("").alias("purchase-order-number"),
        pl.lit("").alias("price-designation"),
    ]


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
