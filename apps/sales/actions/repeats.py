"""An order that one document names in several places: told again, or going on?

Amazon's reports have no id of a line. An order's lines lie together, and what is equal among them is two lines. Where
a file comes back to an order, by whatever hand it was made, the last update decides; tellings of the same update are
one telling that was repeated, as far as they agree, and one that goes on elsewhere, as far as they do not.
"""

from collections.abc import Sequence

from apps.core import copying

# A telling begins with the first of equal SKUs. A temporary table keeps the order of its lines in ctid.
_LINES = """ON COMMIT DROP AS
    WITH tellings AS (
        SELECT s.*, s.ctid AS place, max(updated_at) OVER (PARTITION BY order_id, sku) AS newest,
               count(*) FILTER (WHERE ordinal = 1) OVER (PARTITION BY order_id, sku ORDER BY s.ctid) AS telling
        FROM {stage} s
        WHERE (order_id, sku) IN (SELECT order_id, sku FROM {stage} GROUP BY order_id, sku, ordinal HAVING count(*) > 1)
    ), equal AS (
        SELECT *, row_number() OVER (PARTITION BY order_id, sku, telling, {values} ORDER BY place) AS nth
        FROM tellings
    ), lines AS (
        SELECT place, order_id, sku, updated_at = newest
               AND row_number() OVER (PARTITION BY order_id, sku, nth, {values} ORDER BY place) = 1 AS stays
        FROM equal
    )
    SELECT place, stays, row_number() OVER (PARTITION BY order_id, sku, stays ORDER BY place) AS ordinal FROM lines"""


def told_once(stage: str, values: Sequence[str]) -> None:
    """Leave each line of an order once in a staging table of order lines; `values` are what lines may differ in."""
    told = f"{stage}_told"
    definition = copying.composed(_LINES, {"stage": stage, "values": copying.columns(values)})
    copying.temporary(told, definition)
    copying.run("DELETE FROM {stage} s USING {told} t WHERE s.ctid = t.place AND NOT t.stays", stage=stage, told=told)
    copying.run(
        "UPDATE {stage} s SET ordinal = t.ordinal FROM {told} t"
        " WHERE s.ctid = t.place AND t.stays AND s.ordinal <> t.ordinal",
        stage=stage,
        told=told,
    )
