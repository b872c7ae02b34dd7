"""The vocabulary: what a source can tell us, one row type per kind of fact. No Django here.

Rows travel in *batches*: polars data frames holding exactly the columns of one row type, already typed.
A batch keeps a report of a million lines in columns, so that nothing is done per line in Python.

Kinds of column:
    text      str, stripped, never null unless the column is optional
    integer   64-bit whole number
    minor     money in minor units of the row's currency (cents; yen for JPY), 64-bit
    date      calendar day in the marketplace's own time zone
    instant   UTC timestamp with microseconds
    basis     share in basis points (1/100 of a percent), 64-bit
"""

from dataclasses import dataclass
from enum import StrEnum, auto

import polars as pl
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Kind(StrEnum):
    TEXT = auto()
    INTEGER = auto()
    MINOR = auto()
    DATE = auto()
    INSTANT = auto()
    BASIS = auto()


DTYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.INTEGER: pl.Int64(),
    Kind.MINOR: pl.Int64(),
    Kind.DATE: pl.Date(),
    Kind.INSTANT: pl.Datetime("us", "UTC"),
    Kind.BASIS: pl.Int64(),
}


@dataclass(frozen=True)
class Column:
    """One named, typed column; `optional` columns may be null, all others never are."""

    name: str
    kind: Kind
    optional: bool = False


@dataclass(frozen=True)
class RowType:
    """One kind of fact. `key` names the columns that identify a row within one store."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        return {column.name: DTYPES[column.kind] for column in self.columns}

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if not column.optional)


def _columns(spec: str) -> tuple[Column, ...]:
    """`"sku:text price:minor?"` → columns; a question mark makes one optional."""
    parts = (word.split(":") for word in spec.split())
    return tuple(Column(name, Kind(kind.rstrip("?")), kind.endswith("?")) for name, kind in parts)


# `marketplace` is our code ("US", "UK", ...). `ordinal` counts equal SKUs inside one order from 1: an order
# may hold the same SKU twice and both lines are real. It begins anew where a document tells an order once more.
ORDER_LINE = RowType(
    "order_line",
    _columns(
        "order_id:text marketplace:text sku:text ordinal:integer asin:text? title:text? purchased_at:instant"
        " purchased_on:date updated_at:instant status:text item_status:text? fulfilment:text quantity:integer"
        " currency:text? price:minor? tax:minor? shipping:minor? shipping_tax:minor? promotion:minor?"
        " ship_country:text? business:integer"
    ),
    key=("order_id", "sku", "ordinal"),
)

LISTING = RowType(
    "listing",
    _columns(
        "marketplace:text sku:text asin:text? title:text? price:minor? currency:text? quantity:integer?"
        " opened_at:instant? fulfilment:text status:text condition:text? image_url:text?"
    ),
    key=("marketplace", "sku"),
)

# A snapshot of one SKU in one marketplace's FBA view. `pool` names marketplaces that share one physical stock
# (Pan-EU): equal pool + fnsku is the same units seen twice, and is counted once.
FBA_STOCK = RowType(
    "fba_stock",
    _columns(
        "marketplace:text sku:text date:date fnsku:text? asin:text? title:text? condition:text? price:minor?"
        " currency:text? available:integer reserved:integer unsellable:integer inbound_working:integer"
        " inbound_shipped:integer inbound_receiving:integer researching:integer mfn_quantity:integer?"
    ),
    key=("marketplace", "sku", "date"),
)

FBA_PLANNING = RowType(
    "fba_planning",
    _columns(
        "marketplace:text sku:text date:date fnsku:text? asin:text? available:integer? inbound:integer?"
        " reserved_transfer:integer? reserved_processing:integer? reserved_customer:integer? unfulfillable:integer?"
        " age_0_90:integer? age_91_180:integer? age_181_270:integer? age_271_365:integer? age_365_plus:integer?"
        " shipped_7:integer? shipped_30:integer? shipped_60:integer? shipped_90:integer? days_of_supply:integer?"
        " amazon_recommended:integer? amazon_ship_by:date? estimated_aged_fee:minor? estimated_storage_fee:minor?"
        " currency:text? alert:text? category:text?"
    ),
    key=("marketplace", "sku", "date"),
)

TRAFFIC = RowType(
    "traffic",
    _columns(
        "marketplace:text sku:text asin:text? date:date sessions:integer page_views:integer buy_box:basis?"
        " units_ordered:integer ordered_sales:minor currency:text"
    ),
    key=("marketplace", "sku", "date"),
)

# From ERPs and files, not from Amazon.
OWN_STOCK = RowType(
    "own_stock",
    _columns("warehouse:text sku:text date:date available:integer reserved:integer inbound:integer"),
    key=("warehouse", "sku", "date"),
)

COST = RowType(
    "cost",
    _columns("sku:text valid_from:date unit_cost:minor currency:text freight:minor? note:text?"),
    key=("sku", "valid_from"),
)

PRODUCT = RowType(
    "product",
    _columns(
        "sku:text title:text? asin:text? brand:text? supplier:text? carton_units:integer? moq:integer?"
        " production_days:integer? transit_days:integer? category:text?"
    ),
    key=("sku",),
)

# What a product is: a trait that requirements ask for, answered with 1 (it is) or 0 (it is not).
TRAIT = RowType("trait", _columns("sku:text trait:text answer:integer"), key=("sku", "trait"))

# Account health. Days of windows and of orders are UTC days, as Amazon's performance report counts.
# Rates and their targets are millionths; `total` and `count` are what a metric looks at and what it counts.
HEALTH = RowType(
    "health",
    _columns(
        "marketplace:text metric:text programme:text? date:date total:integer? count:integer? rate:integer?"
        " target:integer? operator:text? status:text? window_first:date? window_last:date? raw:text?"
    ),
    key=("marketplace", "metric", "programme", "date"),
)

DEFECT = RowType(
    "defect",
    _columns(
        "order_id:text kind:text marketplace:text programme:text? sku:text? ordered_on:date? reported_on:date?"
        " withdrawn_on:date?"
    ),
    key=("order_id", "kind"),
)

FEEDBACK = RowType(
    "feedback",
    _columns("order_id:text marketplace:text rated_on:date rating:integer comment:text? response:text?"),
    key=("order_id",),
)

RETURN = RowType(
    "return",
    _columns(
        "order_id:text sku:text returned_on:date programme:text ordinal:integer marketplace:text asin:text?"
        " ordered_on:date? quantity:integer reason:text? disposition:text? status:text? comment:text?"
        " claimed:integer"
    ),
    key=("order_id", "sku", "returned_on", "programme", "ordinal"),
)

# An order that the seller ships. `cancelled_by` is "seller" or "buyer", `skus` JSON of units by SKU.
SHIPMENT = RowType(
    "shipment",
    _columns(
        "order_id:text marketplace:text programme:text ordered_at:instant ordered_on:date ship_by:instant?"
        " shipped_at:instant? deliver_by:instant? delivered_at:instant? cancelled_at:instant? cancelled_by:text?"
        " units:integer packages:integer? valid_packages:integer? business:integer skus:text? updated_at:instant"
    ),
    key=("order_id",),
)

# What no API of a marketplace tells, as people bring it: numbers like HEALTH's. `origin` says that a file told it.
FIGURE = RowType(
    "figure",
    _columns(
        "marketplace:text metric:text programme:text? date:date origin:text total:integer? count:integer? rate:integer?"
    ),
    key=("marketplace", "metric", "programme", "date", "origin"),
)

# When the last package of an order arrived, as carriers tell.
DELIVERY = RowType("delivery", _columns("order_id:text delivered_at:instant"), key=("order_id",))

ROW_TYPES: dict[str, RowType] = {
    row.name: row
    for row in (
        ORDER_LINE,
        LISTING,
        FBA_STOCK,
        FBA_PLANNING,
        TRAFFIC,
        OWN_STOCK,
        COST,
        PRODUCT,
        TRAIT,
        HEALTH,
        DEFECT,
        FEEDBACK,
        RETURN,
        SHIPMENT,
        FIGURE,
        DELIVERY,
    )
}


LABELS = {
    "order_line": pgettext_lazy("page", "Orders"),
    "listing": _("Listings"),
    "fba_stock": _("FBA stock"),
    "fba_planning": _("FBA planning"),
    "traffic": _("Sales and traffic"),
    "own_stock": _("Own warehouses"),
    "cost": _("Costs"),
    "product": _("Products"),
    "trait": _("What products are"),
    "health": _("Account health"),
    "defect": _("Order defects"),
    "feedback": _("Seller feedback"),
    "return": _("Returns"),
    "shipment": _("Merchant orders"),
    "figure": _("Health figures of your own"),
    "delivery": _("Delivery scans"),
}
DATASETS = {
    "orders": LABELS["order_line"],
    "listings": LABELS["listing"],
    "fba_stock": LABELS["fba_stock"],
    "fba_planning": LABELS["fba_planning"],
    "traffic": LABELS["traffic"],
    "own_stock": LABELS["own_stock"],
    "costs": LABELS["cost"],
    "products": LABELS["product"],
    "traits": LABELS["trait"],
    "health": LABELS["health"],
    "defects": LABELS["defect"],
    "feedback": LABELS["feedback"],
    "fba_returns": _("FBA returns"),
    "merchant_returns": _("Merchant returns"),
    "shipments": LABELS["shipment"],
    "figures": LABELS["figure"],
    "deliveries": LABELS["delivery"],
}
