"""What the floors above know of the orders behind defects."""

from apps.core import copying
from apps.core.tenancy import acting_agency

_PLACED = """
    UPDATE health_defect t SET ordered_on = coalesce(t.ordered_on, s.ordered_on),
        programme = coalesce(nullif(t.programme, ''), s.programme), sku = coalesce(nullif(t.sku, ''), s.sku)
    FROM {staged} s WHERE t.agency_id = %(agency)s AND t.store_id = %(store)s AND t.order_id = s.order_id
        AND (t.ordered_on IS NULL OR t.programme = '' OR (t.sku = '' AND s.sku <> ''))"""


def place(store_id: int, staged: str) -> int:
    """Fill in what defects lack from the temporary table `staged` (order_id, ordered_on, programme, sku), each order
    once; how many. A file of feedback, for example, knows neither day nor SKU of an order."""
    return copying.run(_PLACED, values={"agency": acting_agency(), "store": store_id}, staged=staged)
