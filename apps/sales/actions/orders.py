"""Order lines, and the sums over them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl
from psycopg.sql import SQL

from apps.core import copying
from apps.core.copying import Facts, Stage
from apps.core.tenancy import acting_agency
from apps.sales.actions.programmes import count_programmes
from apps.sync.actions.taking import Taken, stage_rows
from apps.sync.loading import Intake, Loaded
from apps.sync.rows import ORDER_LINE

SALES_DAYS = Facts(
    "sales_salesday",
    key=("marketplace_id", "sku", "date", "currency"),
    values=("units", "orders", "revenue", "tax", "promotion", "cancelled"),
    stamps=(),
    version=(),
    day="date",
)
STORE_DAYS = Facts(
    "sales_storeday",
    key=("marketplace_id", "date", "currency"),
    values=("units", "orders", "revenue"),
    stamps=(),
    version=(),
    day="date",
)

_TOUCHED = """ON COMMIT DROP AS
    SELECT marketplace_id, purchased_on AS date FROM {news}
    UNION SELECT old_marketplace_id, old_purchased_on FROM {news} WHERE NOT fresh"""

# Lines of the touched days; when all the store's lines are of this document, they are where they were staged.
_LINES = """ON COMMIT DROP AS
    SELECT l.marketplace_id, l.sku, l.purchased_on, l.order_id, l.ordinal, l.quantity, l.price, l.promotion, l.tax,
        l.currency, l.status, l.item_status
    FROM sales_orderline l JOIN touched_day d ON d.marketplace_id = l.marketplace_id AND d.date = l.purchased_on
    WHERE l.agency_id = %(agency)s AND l.store_id = %(store)s AND l.purchased_on BETWEEN %(first)s AND %(last)s"""
# A line counts in its own money; without any (an order still pending) in its site's. Money that has no rate could be
# converted by no page: it is not known, here, and never taken for the site's.
_MONEY = """accounts_marketplace m ON m.code = l.marketplace_id
    LEFT JOIN (SELECT currency AS known FROM accounts_marketplace UNION SELECT currency FROM accounts_fxrate) k
        ON k.known = l.currency"""
_OWN = "coalesce(k.known, m.currency)"
_VOID = "(l.status LIKE 'Cancel%' OR l.item_status LIKE 'Cancel%')"
# A cancelled line counts as cancelled units only. An unknown price (an order still pending) adds nothing and is not
# taken for 0: the day is summed again when it is known. Lines are counted for orders and the few that repeat a SKU
# within their order are taken off: count(DISTINCT order_id) would sort everything.
_SALES = f"""ON COMMIT DROP AS
    SELECT marketplace_id, sku, purchased_on AS date, money AS currency,
        coalesce(sum(quantity) FILTER (WHERE NOT void), 0) AS units,
        count(*) FILTER (WHERE NOT void) - coalesce(max(repeats), 0) AS orders,
        coalesce(sum(price - coalesce(promotion, 0)) FILTER (WHERE NOT void AND told), 0)::bigint AS revenue,
        coalesce(sum(tax) FILTER (WHERE NOT void AND told), 0)::bigint AS tax,
        coalesce(sum(promotion) FILTER (WHERE NOT void AND told), 0)::bigint AS promotion,
        coalesce(sum(quantity) FILTER (WHERE void), 0) AS cancelled
    FROM (SELECT l.*, {_VOID} AS void, {_OWN} AS money, k.known IS NOT NULL AS told
          FROM {{lines}} l JOIN {_MONEY}) lines
    LEFT JOIN (SELECT marketplace_id, sku, purchased_on, money, sum(times - 1) AS repeats
          FROM (SELECT marketplace_id, sku, purchased_on, order_id, {_OWN} AS money, count(*) AS times
                FROM {{lines}} l JOIN {_MONEY}
                WHERE NOT {_VOID} AND (order_id, sku) IN (SELECT order_id, sku FROM {{lines}} WHERE ordinal > 1)
                GROUP BY 1, 2, 3, 4, 5) same GROUP BY 1, 2, 3, 4) twice USING (marketplace_id, sku, purchased_on, money)
    GROUP BY 1, 2, 3, 4"""
# An order counts once: with what it was paid in, where some of its lines do not say.
_STORE = f"""ON COMMIT DROP AS
    SELECT s.marketplace_id, s.date, s.currency, s.units, coalesce(o.orders, 0) AS orders, s.revenue
    FROM (SELECT marketplace_id, date, currency, sum(units)::bigint AS units, sum(revenue)::bigint AS revenue
          FROM summed_sales GROUP BY 1, 2, 3) s
    LEFT JOIN (SELECT marketplace_id, purchased_on, coalesce(other, m.currency) AS money, count(*) AS orders
          FROM (SELECT l.marketplace_id, purchased_on, order_id, max(nullif(k.known, m.currency)) AS other
                FROM {{lines}} l JOIN {_MONEY} WHERE NOT {_VOID} GROUP BY 1, 2, 3) orders
          JOIN accounts_marketplace m ON m.code = marketplace_id
          GROUP BY 1, 2, 3) o ON o.marketplace_id = s.marketplace_id AND o.purchased_on = s.date AND money = s.currency"""


def load_orders(intake: Intake, frames: Iterator[pl.DataFrame], facts: Facts) -> Loaded:
    """Write order lines that are new or newer, then the sums of the days they touch: one transaction, the caller's."""
    copying.lock(intake.store_id, ORDER_LINE.name)
    stage = stage_rows(ORDER_LINE, intake, frames, facts, flags=("business",))
    keep = ("marketplace_id", "purchased_on", "purchased_at")
    merged = copying.merge(stage, facts, store_id=intake.store_id, whole=True, keep=keep)
    taken = Taken(stage, merged, [])
    if taken.quiet:
        return taken.loaded
    if merged.news is None:
        first, last = copying.read("SELECT min(purchased_on), max(purchased_on) FROM {s}", s=stage.table)[0]
        _add_up(intake.store_id, Days(first, last), lines=stage.table)
        count_programmes(intake.store_id, lines=stage.table)
    else:
        first, last = _touch(merged.news)
        _add_up(intake.store_id, Days(first, last), lines="day_line")
        count_programmes(intake.store_id, news=merged.news)
    return Loaded(stage.rows, merged.new, merged.changed, 0, first, last)


@dataclass(frozen=True)
class Days:
    first: date
    last: date


def _touch(news: str) -> tuple[date, date]:
    """Fill `touched_day` from the days that changed lines lie on and lay on before; its first and last."""
    copying.temporary("touched_day", copying.composed(_TOUCHED, {"news": news}))
    copying.run("ANALYZE touched_day")
    return copying.read("SELECT min(date), max(date) FROM touched_day")[0]  # type: ignore[return-value]


def _add_up(store_id: int, days: Days, *, lines: str) -> None:
    """SalesDay and StoreDay of the touched days from their order lines."""
    bounds = {"agency": acting_agency(), "store": store_id, "first": days.first, "last": days.last}
    if lines == "day_line":
        copying.temporary("day_line", SQL(_LINES), values=bounds)
        copying.run("ANALYZE day_line")
    for facts, name, statement in ((SALES_DAYS, "summed_sales", _SALES), (STORE_DAYS, "summed_store", _STORE)):
        copying.temporary(name, copying.composed(statement, {"lines": lines}))
        copying.run("ANALYZE {name}", name=name)
        sums = Stage(name, facts.columns, 0, days.first, days.last)
        copying.merge(sums, facts, store_id=store_id, whole=True)
        if lines != "day_line":
            continue
        copying.run(
            "DELETE FROM {table} t USING touched_day d WHERE {mine} AND d.marketplace_id = t.marketplace_id"
            " AND d.date = t.date AND {vanished}",
            values=bounds,
            table=facts.table,
            mine=copying.mine(facts, bounds),
            vanished=copying.vanished(sums, facts, []),
        )
