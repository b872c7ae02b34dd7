"""Documents of account health → facts."""

from collections.abc import Iterator

import polars as pl

from apps.core.copying import Facts
from apps.health import actions
from apps.health.actions import products
from apps.sync.actions.taking import take_in
from apps.sync.loading import Intake, Loaded, loads
from apps.sync.rows import DEFECT, DELIVERY, FEEDBACK, FIGURE, HEALTH, RETURN, SHIPMENT, TRAIT

HEALTH_DAYS = Facts(
    "health_healthday",
    key=("marketplace_id", "metric", "programme", "date"),
    values=("total", "count", "rate", "target", "operator", "status", "window_first", "window_last", "raw"),
    day="date",
)
DEFECTS = Facts(
    "health_defect",
    key=("order_id", "kind"),
    values=("marketplace_id", "programme", "sku", "ordered_on", "reported_on", "withdrawn_on"),
)
FEEDBACKS = Facts(
    "health_feedback",
    key=("order_id",),
    values=("marketplace_id", "rated_on", "rating", "comment", "response"),
    version=("as_of",),
)
RETURNS = Facts(
    "health_returnline",
    key=("order_id", "sku", "returned_on", "programme", "ordinal"),
    values=(
        "marketplace_id",
        "asin",
        "ordered_on",
        "quantity",
        "reason",
        "disposition",
        "status",
        "comment",
        "claimed",
    ),
)
# An order's own `updated_at` decides which telling of it is newer, the document's as-of between equal ones.
SHIPMENTS = Facts(
    "health_shipment",
    key=("order_id",),
    values=(
        "marketplace_id",
        "programme",
        "ordered_at",
        "ordered_on",
        "ship_by",
        "shipped_at",
        "deliver_by",
        "delivered_at",
        "cancelled_at",
        "cancelled_by",
        "units",
        "packages",
        "valid_packages",
        "business",
        "skus",
        "updated_at",
    ),
    version=("updated_at", "as_of"),
)

FIGURES = Facts(
    "health_figure",
    key=("marketplace_id", "metric", "programme", "date", "origin"),
    values=("total", "count", "rate"),
)
DELIVERIES = Facts("health_delivery", key=("order_id",), values=("delivered_at",), reduce=actions.keep_last_delivery)


@loads(HEALTH)
def load_health(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """The report of a day, site by site: what a later one of the same day does not name any more is unknown again."""
    return actions.load_health(intake, frames, HEALTH_DAYS)


@loads(DEFECT)
def load_defects(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """Order defects as told; who works on them and how far they are stays."""
    return actions.load_defects(intake, frames, DEFECTS)


@loads(FEEDBACK)
def load_feedback(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """Feedback, and the defects that follow from negative one."""
    return actions.load_feedback(intake, frames, FEEDBACKS)


@loads(RETURN)
def load_returns(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    return take_in(RETURN, intake, frames, RETURNS, flags=("claimed",)).loaded


@loads(SHIPMENT)
def load_shipments(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """Merchant orders as last updated, and what is wrong with them."""
    return actions.load_shipments(intake, frames, SHIPMENTS)


@loads(FIGURE)
def load_figures(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """Figures of people's own, beside what the marketplace reports; one undo for the whole file."""
    return actions.load_figures(intake, frames, FIGURES)


@loads(DELIVERY)
def load_deliveries(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """Delivery scans: when merchant orders arrived, and which of them too late."""
    return actions.load_deliveries(intake, frames, DELIVERIES)


@loads(TRAIT)
def load_traits(intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """What products are, as a table says it; what was said later stands. Coverage follows."""
    rows = [row for frame in frames for row in frame.select("sku", "trait", "answer").iter_rows()]
    return products.take_table(intake.store_id, rows, as_of=intake.as_of)
