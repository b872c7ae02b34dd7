"""What health needs to know of offers: told in one statement over listings, products and sums of sales."""

from datetime import datetime, timedelta

from psycopg.sql import SQL

from apps.core import copying
from apps.core.copying import Merged
from apps.core.tenancy import acting_agency
from apps.health.actions import offers

DAYS = 30
# A site of which no day was summed in these 30 has unknown sales; an offer that sold nothing on a known site sold 0.
_TOLD = """ON COMMIT DROP AS
    SELECT l.marketplace_id, l.sku, coalesce(nullif(l.asin, ''), p.asin, '') AS asin,
        coalesce(nullif(l.title, ''), p.title, '') AS title, coalesce(p.brand, '') AS brand,
        coalesce(p.category, '') AS category, l.fulfilment, l.status = 'active' AS active, p.owner_id,
        CASE WHEN k.marketplace_id IS NOT NULL THEN coalesce(s.revenue, 0) END AS sales_30d,
        CASE WHEN k.marketplace_id IS NOT NULL THEN coalesce(s.units, 0)::integer END AS units_30d,
        coalesce(s.currency, m.currency) AS currency, %(at)s::timestamptz AS told_at
    FROM listings_listing l
    JOIN accounts_marketplace m ON m.code = l.marketplace_id
    LEFT JOIN listings_product p ON p.agency_id = %(agency)s AND p.store_id = %(store)s AND p.sku = l.sku
    LEFT JOIN (SELECT marketplace_id, sku, sum(revenue)::bigint AS revenue, sum(units) AS units,
                   max(currency) AS currency FROM sales_salesday
               WHERE agency_id = %(agency)s AND store_id = %(store)s AND date BETWEEN %(first)s AND %(last)s
               GROUP BY 1, 2) s ON s.marketplace_id = l.marketplace_id AND s.sku = l.sku
    LEFT JOIN (SELECT DISTINCT marketplace_id FROM sales_storeday
               WHERE agency_id = %(agency)s AND store_id = %(store)s AND date BETWEEN %(first)s AND %(last)s) k
        ON k.marketplace_id = l.marketplace_id
    WHERE l.agency_id = %(agency)s AND l.store_id = %(store)s"""


def tell_offers(store_id: int, *, at: datetime) -> Merged:
    """Tell health what this store offers and what each offer sold in the 30 days until `at`."""
    last = at.date()
    copying.lock(store_id, offers.OFFERS.table)
    copying.temporary(
        "told_offer",
        SQL(_TOLD),
        values={
            "agency": acting_agency(),
            "store": store_id,
            "at": at,
            "first": last - timedelta(days=DAYS - 1),
            "last": last,
        },
    )
    return offers.tell(store_id, "told_offer")
