"""Listing reports → listings, and the products behind them."""

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from apps.core import copying
from apps.core.copying import Facts
from apps.core.tenancy import acting_agency
from apps.listings import actions
from apps.sync.actions.taking import Taken, take_in
from apps.sync.loading import Intake, Loaded, loads
from apps.sync.rows import LISTING

LISTINGS = Facts(
    "listings_listing",
    key=("marketplace_id", "sku"),
    values=(
        "asin",
        "title",
        "price",
        "currency",
        "quantity",
        "opened_at",
        "fulfilment",
        "status",
        "condition",
        "image_url",
    ),
)


@loads(LISTING)
def load_listings(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """A whole report also tells which listings are gone: they stay, marked so, with their history."""
    shortened = (frame.with_columns(pl.col("title").str.head(500)) for frame in frames)
    taken = _mark_gone(take_in(LISTING, intake, shortened, LISTINGS), intake)
    if not taken.quiet:
        actions.follow_listings(intake.store_id)
    return taken.loaded


def _mark_gone(taken: Taken, intake: Intake) -> Taken:
    if intake.first is None:
        return taken
    gone = copying.run(
        "UPDATE {table} t SET status = 'gone', as_of = %(as_of)s WHERE t.agency_id = %(agency)s"
        " AND t.store_id = %(store)s AND t.marketplace_id = ANY(%(parts)s) AND t.as_of <= %(as_of)s"
        " AND t.status <> 'gone' AND {vanished}",
        values={
            "agency": acting_agency(),
            "store": intake.store_id,
            "parts": list(intake.markets),
            "as_of": intake.as_of,
        },
        table=LISTINGS.table,
        vanished=copying.vanished(taken.stage, LISTINGS, taken.retold),
    )
    return replace(taken, gone=gone)
