"""How many orders came in by who fulfils them: counted for account health in UTC days, as Amazon's report counts."""

from datetime import date, timedelta

from psycopg.sql import SQL

from apps.core import copying
from apps.core.copying import Stage
from apps.core.tenancy import acting_agency
from apps.health.actions.offers import ORDER_DAYS

_DAY = "(purchased_at AT TIME ZONE 'UTC')::date"
_TOUCHED = """ON COMMIT DROP AS
    SELECT marketplace_id, (purchased_at AT TIME ZONE 'UTC')::date AS date FROM {news}
    UNION SELECT old_marketplace_id, (old_purchased_at AT TIME ZONE 'UTC')::date FROM {news} WHERE NOT fresh"""
# A UTC day is never more than one day away from the local day by which lines are found.
_LINES = """ON COMMIT DROP AS
    SELECT l.marketplace_id, l.purchased_at, l.order_id, l.fulfilment, l.status, l.item_status
    FROM sales_orderline l
    JOIN touched_utc d ON d.marketplace_id = l.marketplace_id AND d.date = (l.purchased_at AT TIME ZONE 'UTC')::date
    WHERE l.agency_id = %(agency)s AND l.store_id = %(store)s AND l.purchased_on BETWEEN %(first)s AND %(last)s"""
# An order of both programmes counts for both; one of which every line is cancelled for none.
_SUMS = f"""ON COMMIT DROP AS
    SELECT marketplace_id, programme, date, count(*)::integer AS orders
    FROM (SELECT DISTINCT marketplace_id, {_DAY} AS date, order_id,
              CASE fulfilment WHEN 'FBA' THEN 'afn' ELSE 'mfn' END AS programme
          FROM {{lines}} l WHERE NOT (status LIKE 'Cancel%' OR item_status LIKE 'Cancel%')) orders
    GROUP BY 1, 2, 3"""


def count_programmes(store_id: int, *, lines: str = "", news: str = "") -> None:
    """Count again the UTC days on which changed lines (the table `news`) lie or lay, or all days from `lines`.

    `news` has the staged columns with old_marketplace_id and old_purchased_at; `lines` are all lines of the store.
    """
    if news:
        _find(store_id, news)
    copying.temporary("summed_programmes", copying.composed(_SUMS, {"lines": lines or "programme_line"}))
    copying.run("ANALYZE summed_programmes")
    bounds = _span("summed_programmes")
    stage = Stage("summed_programmes", ORDER_DAYS.columns, 0, *bounds)
    copying.merge(stage, ORDER_DAYS, store_id=store_id, whole=True)
    if news:
        first, last = _span("touched_utc")
        copying.run(
            "DELETE FROM {table} t USING touched_utc d WHERE {mine} AND d.marketplace_id = t.marketplace_id"
            " AND d.date = t.date AND {vanished}",
            values={"agency": acting_agency(), "store": store_id, "first": first, "last": last},
            table=ORDER_DAYS.table,
            mine=copying.mine(ORDER_DAYS, {"first": first}),
            vanished=copying.vanished(stage, ORDER_DAYS, []),
        )


def count_all_programmes(store_id: int) -> bool:
    """Count the orders of every day of a store of which none was counted yet; was there anything to do?"""
    values = {"agency": acting_agency(), "store": store_id}
    mine = "agency_id = %(agency)s AND store_id = %(store)s"
    if copying.read(f"SELECT EXISTS (SELECT FROM health_orderday WHERE {mine})", values=values)[0][0]:
        return False
    copying.temporary("all_line", SQL(f"ON COMMIT DROP AS SELECT * FROM sales_orderline WHERE {mine}"), values=values)
    count_programmes(store_id, lines="all_line")
    return True


def _find(store_id: int, news: str) -> None:
    copying.temporary("touched_utc", copying.composed(_TOUCHED, {"news": news}))
    copying.run("ANALYZE touched_utc")
    first, last = _span("touched_utc")
    day = timedelta(days=1)
    values = {"agency": acting_agency(), "store": store_id, "first": first - day, "last": last + day}
    copying.temporary("programme_line", SQL(_LINES), values=values)


def _span(table: str) -> tuple[date, date]:
    return copying.read("SELECT min(date), max(date) FROM {table}", table=table)[0]  # type: ignore[return-value]
