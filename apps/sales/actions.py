"""Writes: order lines and the sums over them, unit costs."""

from collections.abc import Iterator

import polars as pl
from psycopg.sql import SQL

from apps.core import copying
from apps.core.copying import Facts, Merged, Stage
from apps.core.tenancy import acting_agency
from apps.listings.actions import Taken, stage_rows
from apps.sync.loading import Intake, Loaded
from apps.sync.rows import ORDER_LINE

SALES_DAYS = Facts(
    "sales_salesday",
    key=("marketplace_id", "sku", "date"),
    values=("units", "orders", "revenue", "tax", "promotion", "cancelled", "currency"),
    stamps=(),
    version=(),
    day="date",
)
STORE_DAYS = Facts(
    "sales_storeday",
    key=("marketplace_id", "date"),
    values=("units", "orders", "revenue", "currency"),
    stamps=(),
    version=(),
    day="date",
)

_TOUCHED_BY_ALL = "ON COMMIT DROP AS SELECT DISTINCT marketplace_id, purchased_on AS date FROM {stage}"
_TOUCHED_BY_NEWS = """ON COMMIT DROP AS
    SELECT marketplace_id, purchased_on AS date FROM {news}
    UNION SELECT old_marketplace_id, old_purchased_on FROM {news} WHERE NOT fresh"""

# Lines of the touched days. A cancelled line counts as cancelled units only. An unknown price (an order still
# pending) adds nothing and is not taken for 0: the day is summed again when it is known.
_SALES = """ON COMMIT DROP AS
    SELECT l.marketplace_id, l.sku, l.purchased_on AS date,
        coalesce(sum(l.quantity) FILTER (WHERE NOT l.void), 0) AS units,
        count(DISTINCT l.order_id) FILTER (WHERE NOT l.void) AS orders,
        coalesce(sum(l.price - coalesce(l.promotion, 0)) FILTER (WHERE NOT l.void), 0)::bigint AS revenue,
        coalesce(sum(l.tax) FILTER (WHERE NOT l.void), 0)::bigint AS tax,
        coalesce(sum(l.promotion) FILTER (WHERE NOT l.void), 0)::bigint AS promotion,
        coalesce(sum(l.quantity) FILTER (WHERE l.void), 0) AS cancelled,
        max(m.currency) AS currency
    FROM day_line l JOIN accounts_marketplace m ON m.code = l.marketplace_id
    GROUP BY l.marketplace_id, l.sku, l.purchased_on"""
_STORE = """ON COMMIT DROP AS
    SELECT s.marketplace_id, s.date, s.units, coalesce(o.orders, 0) AS orders, s.revenue, s.currency
    FROM (SELECT marketplace_id, date, sum(units)::bigint AS units, sum(revenue)::bigint AS revenue,
              max(currency) AS currency FROM summed_sales GROUP BY 1, 2) s
    LEFT JOIN (SELECT marketplace_id, purchased_on, count(*) AS orders
          FROM (SELECT DISTINCT marketplace_id, purchased_on, order_id FROM day_line WHERE NOT void) lines
          GROUP BY 1, 2) o ON o.marketplace_id = s.marketplace_id AND o.purchased_on = s.date"""
_LINES = """ON COMMIT DROP AS
    SELECT l.marketplace_id, l.sku, l.purchased_on, l.order_id, l.quantity, l.price, l.promotion, l.tax,
        (lower(l.status) LIKE 'cancel%%' OR lower(l.item_status) LIKE 'cancel%%') AS void
    FROM sales_orderline l JOIN touched_day d ON d.marketplace_id = l.marketplace_id AND d.date = l.purchased_on
    WHERE l.agency_id = %(agency)s AND l.store_id = %(store)s AND l.purchased_on BETWEEN %(first)s AND %(last)s"""


def load_orders(intake: Intake, frames: Iterator[pl.DataFrame], facts: Facts) -> Loaded:
    """Write order lines that are new or newer, then the sums of the days they touch: one transaction, the caller's."""
    copying.lock(intake.store_id, ORDER_LINE.name)
    stage = stage_rows(ORDER_LINE, intake, frames, facts, flags=("business",))
    keep = ("marketplace_id", "purchased_on")
    merged = copying.merge(stage, facts, store_id=intake.store_id, whole=True, keep=keep)
    taken = Taken(stage, merged, [])
    if taken.quiet:
        return taken.loaded
    first, last = _touch(taken.stage, merged)
    add_up(intake.store_id, first, last)
    return Loaded(stage.rows, merged.new, merged.changed, 0, first, last)


def _touch(stage: Stage, merged: Merged) -> tuple:
    """Fill `touched_day`; its first and last."""
    source = _TOUCHED_BY_ALL if merged.news is None else _TOUCHED_BY_NEWS
    names = {"stage": stage.table} if merged.news is None else {"news": merged.news}
    copying.temporary("touched_day", copying.composed(source, names))
    copying.run("ANALYZE touched_day")
    return copying.read("SELECT min(date), max(date) FROM touched_day")[0]


def add_up(store_id: int, first: object, last: object) -> None:
    """Sums of the days in `touched_day`, all within first..last, from the order lines: SalesDay and StoreDay."""
    bounds = {"agency": acting_agency(), "store": store_id, "first": first, "last": last}
    copying.temporary("day_line", SQL(_LINES), values=bounds)
    for facts, name, statement in ((SALES_DAYS, "summed_sales", _SALES), (STORE_DAYS, "summed_store", _STORE)):
        copying.temporary(name, SQL(statement))
        copying.run("ANALYZE {name}", name=name)
        sums = Stage(name, facts.columns, 0, first, last)  # type: ignore[arg-type]
        copying.merge(sums, facts, store_id=store_id, whole=True)
        copying.run(
            "DELETE FROM {table} t USING touched_day d WHERE {mine} AND d.marketplace_id = t.marketplace_id"
            " AND d.date = t.date AND {vanished}",
            values=bounds,
            table=facts.table,
            mine=copying.mine(facts, bounds),
            vanished=copying.vanished(sums, facts, []),
        )
