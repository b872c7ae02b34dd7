"""All Orders, by last update and by order date: one row per order item."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sandbox.reports.text import File, NoData, Refused, amount, stamp, tabs, thinned
from sandbox.world import view
from sandbox.world.marketplaces import MARKETPLACES
from sandbox.world.orders import DAY

if TYPE_CHECKING:
    from sandbox.reports.book import Report
    from sandbox.service import Sandbox

LONGEST_DAYS = 31
DEFAULT_DAYS = 30
CITIES = {
    "US": ("Springfield", "Riverton", "Fairview"),
    "CA": ("Lakeside", "Montclair", "Trois-Monts"),
    "MX": ("San Aurelio", "Ciudad Jardín", "Peñablanca"),
    "UK": ("Ashbourne", "Millford", "Oakhampton"),
    "DE": ("Grünwalde", "Bad Lindenau", "Königsfurt"),
    "FR": ("Saint-Élie", "Montrivière", "Châteauvert"),
    "IT": ("Borgo Verità", "Castelnuovo", "Pietralta"),
    "ES": ("Villaniña", "Peñarroja", "Montealto"),
    "JP": ("青葉市", "桜川町", "緑ヶ丘"),
}
ELSEWHERE = ("Newport", "Newtown", "Riverside")


def by_last_update(sandbox: "Sandbox", report: "Report", now: int) -> File:
    """Orders whose last change falls into the window."""
    return _make(sandbox, report, now, last_update=True)


def by_order_date(sandbox: "Sandbox", report: "Report", now: int) -> File:
    """Orders placed in the window."""
    return _make(sandbox, report, now, last_update=False)


def _make(sandbox: "Sandbox", report: "Report", now: int, last_update: bool) -> File:
    end = now if report.window[1] is None else min(report.window[1], now)
    start = end - DEFAULT_DAYS * DAY if report.window[0] is None else report.window[0]
    if end - start > LONGEST_DAYS * DAY:
        raise Refused(f"The requested date range is longer than {LONGEST_DAYS} days.")
    world = sandbox.world
    with world.lock:
        index = view.visible(world, now, [report.auth], report.codes)
        rows = world.table()
        moment = view.changed(rows, index, now) if last_update else rows["purchased"][index]
        inside = (moment >= start) & (moment < max(end, start + 1))
        index, moment = index[inside], moment[inside]
        # Newest change first; the lines of an order stay together, in their order.
        index = index[np.lexsort((rows["line"][index], rows["order"][index], -moment))]
        table = view.frame(world, index, now)
    vanished = sandbox.faults.strike(("vanished_rows",), report.type, report.account)
    table = thinned(table, vanished.rate if vanished else None, int(report.id[-8:]))
    if not table.height:
        raise NoData
    return tabs(table.select(_cells()), report.codes)


def _cells() -> list[pl.Expr]:
    """The header cells in Amazon's order."""
    empty = pl.lit("")
    shipping_tax = pl.when(pl.col("price").is_not_null()).then(pl.lit(0, pl.Int64))
    merchant = pl.col("merchant")
    place = pl.col("marketplace")
    cells = {
        "amazon-order-id": pl.col("order_id"),
        "merchant-order-id": pl.col("order_id"),
        "purchase-date": stamp("purchased"),
        "last-updated-date": stamp("updated"),
        "order-status": pl.col("status"),
        "fulfillment-channel": pl.when(merchant).then(pl.lit("Merchant")).otherwise(pl.lit("Amazon")),
        "sales-channel": place.replace_strict({m.code: m.channel for m in MARKETPLACES}),
        "order-channel": empty,
        "ship-service-level": pl.when(merchant).then(pl.lit("Standard")).otherwise(pl.lit("Expedited")),
        "product-name": pl.col("title"),
        "sku": pl.col("sku"),
        "asin": pl.col("asin"),
        "item-status": pl.col("item_status"),
        "quantity": pl.col("quantity"),
        "currency": pl.when(pl.col("price").is_not_null()).then(pl.col("currency")),
        "item-price": amount("price"),
        "item-tax": amount("tax"),
        "shipping-price": amount("shipping"),
        "shipping-tax": shipping_tax.cast(pl.String),
        "gift-wrap-price": empty,
        "gift-wrap-tax": empty,
        "item-promotion-discount": amount("promotion"),
        "ship-promotion-discount": empty,
        "ship-city": _city(),
        "ship-state": empty,
        "ship-postal-code": pl.col("place").cast(pl.String).str.zfill(5),
        "ship-country": place.replace_strict({m.code: m.country for m in MARKETPLACES}),
        "promotion-ids": pl.when(pl.col("promotion") > 0).then(pl.lit("Seller percentage off 15")).otherwise(empty),
        "cpf": empty,
        "is-business-order": pl.col("business").cast(pl.String),
        "purchase-order-number": empty,
        "price-designation": empty,
        "signature-confirmation-recommended": pl.lit("false"),
    }
    return [cell.alias(name) for name, cell in cells.items()]


def _city() -> pl.Expr:
    names = {f"{m.code}{i}": c for m in MARKETPLACES for i, c in enumerate(CITIES.get(m.code, ELSEWHERE))}
    return (pl.col("marketplace") + (pl.col("place") % 3).cast(pl.String)).replace_strict(names)
