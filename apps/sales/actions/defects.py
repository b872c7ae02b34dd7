"""What our orders know of those with a defect: day, programme and SKU, told to health."""

from psycopg.sql import SQL

from apps.core import copying
from apps.core.tenancy import acting_agency
from apps.health.actions import defects

# An order of several SKUs has a defect of none of them in particular.
_ORDERS = """ON COMMIT DROP AS
    SELECT l.order_id, (min(l.purchased_at) AT TIME ZONE 'UTC')::date AS ordered_on,
        CASE min(l.fulfilment) WHEN 'FBA' THEN 'afn' ELSE 'mfn' END AS programme,
        CASE WHEN count(DISTINCT l.sku) = 1 THEN min(l.sku) ELSE '' END AS sku
    FROM sales_orderline l
    WHERE l.agency_id = %(agency)s AND l.store_id = %(store)s AND l.order_id IN (
        SELECT order_id FROM health_defect WHERE agency_id = %(agency)s AND store_id = %(store)s
            AND (ordered_on IS NULL OR programme = '' OR sku = ''))
    GROUP BY l.order_id"""


def place_defects(store_id: int) -> int:
    """Tell health of the orders of defects that lack something; how many were filled in."""
    values = {"agency": acting_agency(), "store": store_id}
    copying.temporary("defect_order", SQL(_ORDERS), values=values)
    return defects.place(store_id, "defect_order")
