"""The files of the reports, byte for byte as Amazon writes them: names, order of columns, charset, number format."""

import json
from collections.abc import Callable

import numpy as np
import polars as pl

from sandbox import view
from sandbox.clock import iso
from sandbox.view import PLACES, Scope
from sandbox.world.marketplaces import BY_CODE, MARKETPLACES, charset
from sandbox.world.orders import DAY
from sandbox.world.world import World

ALWAYS = (0, 2**61)
ORDER_HEADER = [
    "amazon-order-id",
    "merchant-order-id",
    "purchase-date",
    "last-updated-date",
    "order-status",
    "fulfillment-channel",
    "sales-channel",
    "order-channel",
    "ship-service-level",
    "product-name",
    "sku",
    "asin",
    "item-status",
    "quantity",
    "currency",
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "gift-wrap-price",
    "gift-wrap-tax",
    "item-promotion-discount",
    "ship-promotion-discount",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "promotion-ids",
    "cpf",
    "is-business-order",
    "purchase-order-number",
    "price-designation",
    "signature-confirmation-recommended",
]
LISTING_HEADER = [
    "item-name",
    "item-description",
    "listing-id",
    "seller-sku",
    "price",
    "quantity",
    "open-date",
    "image-url",
    "item-is-marketplace",
    "product-id-type",
    "zshop-shipping-fee",
    "item-note",
    "item-condition",
    "zshop-category1",
    "zshop-browse-path",
    "zshop-storefront-feature",
    "asin1",
    "asin2",
    "asin3",
    "will-ship-internationally",
    "expedited-shipping",
    "zshop-boldface",
    "product-id",
    "bid-for-featured-placement",
    "add-delete",
    "pending-quantity",
    "fulfillment-channel",
    "merchant-shipping-group",
    "status",
]
# Sites whose listing files have translated column names.
LOCALISED = {
    "JP": {
        "item-name": "商品名",
        "seller-sku": "出品者SKU",
        "price": "価格",
        "quantity": "数量",
        "open-date": "出品日",
        "product-id": "商品ID",
        "item-condition": "コンディション",
        "fulfillment-channel": "フルフィルメント・チャンネル",
        "status": "ステータス",
    },
}
STATUS = {"JP": ("出品中", "停止中")}
STOCK_HEADER = [
    "sku",
    "fnsku",
    "asin",
    "product-name",
    "condition",
    "your-price",
    "mfn-listing-exists",
    "mfn-fulfillable-quantity",
    "afn-listing-exists",
    "afn-warehouse-quantity",
    "afn-fulfillable-quantity",
    "afn-unsellable-quantity",
    "afn-reserved-quantity",
    "afn-total-quantity",
    "per-unit-volume",
    "afn-inbound-working-quantity",
    "afn-inbound-shipped-quantity",
    "afn-inbound-receiving-quantity",
    "afn-researching-quantity",
    "afn-reserved-future-supply",
    "afn-future-supply-buyable",
    "store",
]
AGES = ((0, 90), (91, 180), (181, 270), (271, 365), (366, 455))
FEES = (
    ("181-210", 0),
    ("211-240", 0),
    ("241-270", 38),
    ("271-300", 46),
    ("301-330", 51),
    ("331-365", 58),
    ("366-455", 145),
    ("456-plus", 180),
)


def encoded(table: pl.DataFrame, codes: list[str]) -> tuple[bytes, str]:
    """Tab-separated bytes and the content type that names the charset."""
    name, codec = charset(codes)
    text = table.write_csv(separator="\t", quote_style="never", line_terminator="\r\n", null_value="")
    return text.encode(codec, "replace"), f"text/plain; charset={name}"


def money(column: str, decimals: pl.Expr) -> pl.Expr:
    """Minor units as the amount in a report: ``19.99``, or ``1980`` for the yen."""
    whole, cents = pl.col(column) // 100, (pl.col(column) % 100).cast(pl.String).str.zfill(2)
    with_cents = pl.concat_str(whole.cast(pl.String), pl.lit("."), cents)
    return pl.when(decimals == 0).then(pl.col(column).cast(pl.String)).otherwise(with_cents)


def stamp(column: str) -> pl.Expr:
    return pl.from_epoch(pl.col(column), time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def orders(
    world: World, scope: Scope, now: int, window: tuple[int, int], by: str, hide: float = 0.0
) -> tuple[bytes, str]:
    """All Orders, by last update or by order date. ``hide`` leaves a share of the rows out (a fault)."""
    frame = view.order_lines(world, scope, now, window, by=by)
    if hide:
        frame = frame.filter(pl.int_range(pl.len()) % max(int(1 / hide), 1) != 0)
    digits = pl.when(pl.col("currency") == "JPY").then(0).otherwise(2)
    cities, states = [p[0] for p in PLACES], [p[1] for p in PLACES]
    where = pl.col("place").cast(pl.Int64) % len(PLACES)
    pending = pl.col("status") == "Pending"
    filled = {
        "amazon-order-id": pl.col("order_id"),
        "merchant-order-id": pl.col("order_id"),
        "purchase-date": stamp("purchased"),
        "last-updated-date": stamp("updated"),
        "order-status": pl.col("status"),
        "fulfillment-channel": pl.col("fulfilment"),
        "sales-channel": pl.col("channel"),
        "ship-service-level": pl.lit("Standard"),
        "product-name": pl.col("title"),
        "sku": pl.col("sku"),
        "asin": pl.col("asin"),
        "item-status": pl.col("item_status"),
        "quantity": pl.col("quantity"),
        "currency": pl.when(pl.col("price").is_null()).then(None).otherwise(pl.col("currency")),
        "item-price": money("price", digits),
        "item-tax": money("tax", digits),
        "shipping-price": pl.when(pl.col("shipping") > 0).then(money("shipping", digits)),
        "item-promotion-discount": pl.when(pl.col("promotion") > 0).then(money("promotion", digits)),
        "ship-city": pl.when(~pending).then(where.replace_strict(range(len(cities)), cities)),
        "ship-state": pl.when(~pending).then(where.replace_strict(range(len(states)), states)),
        "ship-country": pl.col("country"),
        "is-business-order": pl.col("business").cast(pl.String),
    }
    empty = pl.lit(None, pl.String)
    return encoded(frame.select(filled.get(n, empty).alias(n) for n in ORDER_HEADER), list(scope.codes))


def listings(world: World, scope: Scope, now: int) -> tuple[bytes, str]:
    """All listings of the first marketplace, as Amazon does."""
    code = scope.codes[0]
    place, catalog = BY_CODE[code], world.catalog
    chosen = Scope(scope.auth, (code,)).listings(catalog)
    merchant = catalog.listing_merchant[chosen]
    shelf = np.maximum(world.available(now), 0)[catalog.listing_pool[chosen]]
    active = catalog.listing_active[chosen].astype(bool)
    words = STATUS.get(code, ("Active", "Inactive"))
    opened = world.start * DAY - (chosen * 7919 % 400) * DAY
    frame = pl.DataFrame(
        {
            "item-name": [catalog.listing_title[i] for i in chosen],
            "listing-id": [catalog.listing_id[i] for i in chosen],
            "seller-sku": [catalog.skus[i].code for i in catalog.listing_sku[chosen]],
            "minor": world.price[chosen],
            "quantity": pl.Series(
                [int(n) if m else None for n, m in zip(shelf, merchant, strict=True)], dtype=pl.Int64
            ),
            "open-date": [f"{iso(int(at)).replace('T', ' ').removesuffix('Z')} {place.clock[0]}" for at in opened],
            "item-is-marketplace": "y",
            "product-id-type": "1",
            "item-condition": "11",
            "asin1": [catalog.skus[i].asin for i in catalog.listing_sku[chosen]],
            "product-id": [catalog.skus[i].asin for i in catalog.listing_sku[chosen]],
            "fulfillment-channel": ["DEFAULT" if m else f"AMAZON_{place.region.replace('FE', 'JP')}" for m in merchant],
            "status": [words[0] if a else words[1] for a in active],
        },
        strict=False,
    )
    frame = frame.with_columns(money("minor", pl.lit(place.decimals)).alias("price"))
    empty = pl.lit(None, pl.String)
    table = frame.select((pl.col(n) if n in frame.columns else empty).alias(n) for n in LISTING_HEADER)
    return encoded(table.rename({k: v for k, v in LOCALISED.get(code, {}).items()}), [code])


def fba_stock(world: World, scope: Scope, now: int) -> tuple[bytes, str]:
    """Manage FBA inventory, unsuppressed, of the first marketplace."""
    code, catalog, held = scope.codes[0], world.catalog, view.stock(world, now)
    chosen = view.fba_listings(world, Scope(scope.auth, (code,)))
    pool = catalog.listing_pool[chosen]
    counts = {
        "afn-fulfillable-quantity": held.available[pool],
        "afn-unsellable-quantity": held.unfulfillable[pool],
        "afn-reserved-quantity": held.reserved[pool],
        "afn-inbound-working-quantity": held.working[pool],
        "afn-inbound-shipped-quantity": held.shipped[pool],
        "afn-inbound-receiving-quantity": held.receiving[pool],
        "afn-researching-quantity": np.zeros(len(pool), dtype=np.int64),
    }
    warehouse = counts["afn-fulfillable-quantity"] + counts["afn-unsellable-quantity"] + counts["afn-reserved-quantity"]
    inbound = sum(counts[f"afn-inbound-{stage}-quantity"] for stage in ("working", "shipped", "receiving"))
    frame = pl.DataFrame(
        {
            "sku": [catalog.skus[i].code for i in catalog.listing_sku[chosen]],
            "fnsku": [catalog.pool_fnsku[i] for i in pool],
            "asin": [catalog.skus[i].asin for i in catalog.listing_sku[chosen]],
            "product-name": [catalog.listing_title[i] for i in chosen],
            "condition": "New",
            "minor": world.price[chosen],
            "mfn-listing-exists": "No",
            "afn-listing-exists": "Yes",
            "per-unit-volume": [f"{catalog.skus[i].volume_cm3 / 28316.8:.2f}" for i in catalog.listing_sku[chosen]],
            "afn-warehouse-quantity": warehouse,
            "afn-total-quantity": warehouse + inbound,
            **counts,
        }
    )
    frame = frame.with_columns(money("minor", pl.lit(BY_CODE[code].decimals)).alias("your-price"))
    empty = pl.lit(None, pl.String)
    return encoded(frame.select((pl.col(n) if n in frame.columns else empty).alias(n) for n in STOCK_HEADER), [code])


def fba_planning(world: World, scope: Scope, now: int) -> tuple[bytes, str]:
    """FBA inventory planning: ages, pace, fees, Amazon's recommendation; one marketplace."""
    code, catalog, held, day = scope.codes[0], world.catalog, view.stock(world, now), now // DAY
    chosen = view.fba_listings(world, Scope(scope.auth, (code,)))
    pool = catalog.listing_pool[chosen]
    on_hand = held.available + held.reserved
    younger = [world.stock.younger_than(day, last + 1, on_hand) for _first, last in AGES]
    ages = np.diff(np.stack([np.zeros_like(on_hand), *younger, on_hand]), axis=0)[:, pool]
    paces = {n: _shipped(world, chosen, now, n) for n in (7, 30, 60, 90)}
    pace = paces[30] / 30
    inbound = (held.working + held.shipped + held.receiving)[pool]
    with np.errstate(divide="ignore", invalid="ignore"):
        supply = np.where(pace > 0, held.available[pool] / np.maximum(pace, 1e-9), np.nan)
    wanted = np.maximum(np.ceil(pace * 75 - on_hand[pool] - inbound), 0).astype(np.int64)
    columns = {
        "snapshot-date": iso(now)[:10],
        "sku": [catalog.skus[i].code for i in catalog.listing_sku[chosen]],
        "fnsku": [catalog.pool_fnsku[i] for i in pool],
        "asin": [catalog.skus[i].asin for i in catalog.listing_sku[chosen]],
        "product-name": [catalog.listing_title[i] for i in chosen],
        "condition": "New",
        "available": held.available[pool],
        "pending-removal-quantity": 0,
        **{f"inv-age-{a}-to-{b}-days": ages[n] for n, (a, b) in enumerate(AGES)},
        "inv-age-456-plus-days": ages[len(AGES)],
        "currency": BY_CODE[code].currency,
        **{f"units-shipped-t{n}": count for n, count in paces.items()},
        "alert": np.where(held.available[pool] == 0, "Out of stock", np.where(supply > 365, "Excess", "")),
        "marketplace": BY_CODE[code].country,
        "product-group": [catalog.skus[i].family for i in catalog.listing_sku[chosen]],
        "days-of-supply": pl.Series([None if np.isnan(s) else int(min(s, 9999)) for s in supply], dtype=pl.Int64),
        "inbound-quantity": inbound,
        "inbound-working": held.working[pool],
        "inbound-shipped": held.shipped[pool],
        "inbound-received": held.receiving[pool],
        "Total Reserved Quantity": held.reserved[pool],
        "unfulfillable-quantity": held.unfulfillable[pool],
        **_fees(ages, code),
        "Recommended ship-in quantity": wanted,
        "Recommended ship-in date": [iso(now + 3 * DAY)[:10] if n else None for n in wanted],
    }
    return encoded(pl.DataFrame(columns, strict=False), [code])


def _shipped(world: World, listing: np.ndarray, now: int, days: int) -> np.ndarray:
    with world.lock:
        rows = world.table()
        recent = (rows["shipped"] <= now) & (rows["shipped"] > now - days * DAY) & ~rows["dropped"]
        counts = np.bincount(rows["listing"][recent], rows["units"][recent], len(world.catalog.listing_sku))
    return counts.astype(np.int64)[listing]


def _fees(ages: np.ndarray, code: str) -> dict[str, list[str]]:
    """Aged inventory surcharge of next month per age bucket, in the site's currency."""
    place = BY_CODE[code]
    units = {
        "181-210": ages[2] // 3,
        "211-240": ages[2] // 3,
        "241-270": ages[2] - 2 * (ages[2] // 3),
        "271-300": ages[3] // 3,
        "301-330": ages[3] // 3,
        "331-365": ages[3] - 2 * (ages[3] // 3),
        "366-455": ages[4],
        "456-plus": ages[5],
    }
    fees = {}
    for bucket, cents in FEES:
        amount = units[bucket] * cents * place.level
        text = [str(round(a / 100)) if place.decimals == 0 else f"{a / 100:.2f}" for a in amount]
        fees[f"quantity-to-be-charged-ais-{bucket}-days"] = [str(n) for n in units[bucket]]
        fees[f"estimated-ais-{bucket}-days"] = text
    return fees


def traffic(world: World, scope: Scope, now: int, day: str) -> tuple[bytes, str]:
    """Sales and Traffic by SKU of one day, JSON."""
    code = scope.codes[0]
    place = BY_CODE[code]
    scope = Scope(scope.auth, (code,))
    entries = [_entry(row, place.currency, place.decimals) for row in view.traffic(world, scope, day, now).to_dicts()]
    body = {
        "reportSpecification": {
            "reportType": "GET_SALES_AND_TRAFFIC_REPORT",
            "reportOptions": {"dateGranularity": "DAY", "asinGranularity": "SKU"},
            "dataStartTime": day,
            "dataEndTime": day,
            "marketplaceIds": [place.id],
        },
        "salesAndTrafficByDate": [],
        "salesAndTrafficByAsin": entries,
    }
    return json.dumps(body, ensure_ascii=False).encode(), "application/json; charset=UTF-8"


def _entry(row: dict, currency: str, decimals: int) -> dict:
    amount = row["sales"] if decimals == 0 else row["sales"] / 100
    sessions, views = row["sessions"], row["page_views"]
    return {
        "parentAsin": row["parent"],
        "childAsin": row["asin"],
        "sku": row["sku"],
        "salesByAsin": {
            "unitsOrdered": row["units"],
            "orderedProductSales": {"amount": amount, "currencyCode": currency},
            "totalOrderItems": row["orders"],
        },
        "trafficByAsin": {
            "sessions": sessions,
            "browserSessions": sessions // 3,
            "mobileAppSessions": sessions - sessions // 3,
            "sessionPercentage": 0.0,
            "pageViews": views,
            "browserPageViews": views // 3,
            "mobileAppPageViews": views - views // 3,
            "pageViewsPercentage": 0.0,
            "buyBoxPercentage": row["buy_box"] / 100,
            "unitSessionPercentage": round(100 * row["units"] / sessions, 2) if sessions else 0.0,
        },
    }


MAKERS: dict[str, Callable[..., tuple[bytes, str]]] = {
    "GET_MERCHANT_LISTINGS_ALL_DATA": listings,
    "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA": fba_stock,
    "GET_FBA_INVENTORY_PLANNING_DATA": fba_planning,
}
__all__ = ["ALWAYS", "MAKERS", "MARKETPLACES", "orders", "traffic"]
