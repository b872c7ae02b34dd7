"""Orders, traffic and unit costs: documents → facts, and the sums that follow from orders."""

from collections.abc import Iterator
from functools import partial

import polars as pl

from apps.core.copying import Facts
from apps.sales import actions
from apps.sync.actions.taking import take_in, withdraw
from apps.sync.loading import Intake, Loaded, loads
from apps.sync.rows import COST, ORDER_LINE, TRAFFIC

_OF_LINE = (
    "marketplace_id",
    "asin",
    "purchased_at",
    "purchased_on",
    "updated_at",
    "status",
    "item_status",
    "fulfilment",
    "quantity",
    "currency",
    "price",
    "tax",
    "shipping",
    "shipping_tax",
    "promotion",
    "ship_country",
    "business",
)
# An order's own `updated_at` decides which telling of it is newer, the document's as-of between equal ones. No `day`
# bound: a line whose day was corrected must still be found.
ORDER_LINES = Facts(
    "sales_orderline",
    key=("order_id", "sku", "ordinal"),
    values=_OF_LINE,
    version=("updated_at", "as_of"),
    changed="changed_at",
    reduce=partial(actions.told_once, values=_OF_LINE),
)
TRAFFIC_DAYS = Facts(
    "sales_trafficday",
    key=("marketplace_id", "sku", "date"),
    values=("asin", "sessions", "page_views", "buy_box", "units", "revenue", "currency"),
    day="date",
)
COSTS = Facts(
    "sales_cost",
    key=("sku", "valid_from"),
    values=("unit_cost", "freight", "currency", "note"),
    stamps=("updated_at",),
    version=("updated_at",),
)


@loads(ORDER_LINE)
def load_order_lines(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """Order lines as last updated; sums of the days they lie on, and lay on before, are added up again."""
    return actions.load_orders(intake, frames, ORDER_LINES)


@loads(TRAFFIC)
def load_traffic(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    renamed = {"units_ordered": "units", "ordered_sales": "revenue"}
    taken = take_in(TRAFFIC, intake, frames, TRAFFIC_DAYS, renamed=renamed)
    return withdraw(taken, intake, TRAFFIC_DAYS).loaded


@loads(COST)
def load_costs(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """Unit costs by the day they begin to hold. A later word, a person's included, stands."""
    return take_in(COST, intake, frames, COSTS).loaded
