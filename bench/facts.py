"""Facts of a store made by the server itself: as many SKUs and days as a bench wants."""

from datetime import date, timedelta

from django.db import connection

from apps.core.tenancy import acting_agency
from bench.sizes import STOCK_DAYS

_STATEMENTS = (
    """INSERT INTO listings_product (agency_id, store_id, sku, asin, fnsku, title, brand, category, image_url,
           supplier, carton_units, moq, active, edited, updated_at)
       SELECT %(agency)s, %(store)s, 'BENCH-' || n, 'B' || lpad(n::text, 9, '0'), 'X' || n, 'Bench product ' || n, '',
           'Home', '', 'Bench Mill ' || n %% 20, 10, 100, true, '{}', now() FROM generate_series(1, %(skus)s) n""",
    """INSERT INTO listings_listing (agency_id, store_id, marketplace_id, sku, asin, title, price, currency, fulfilment,
           status, condition, image_url, as_of)
       SELECT %(agency)s, %(store)s, 'US', 'BENCH-' || n, 'B' || lpad(n::text, 9, '0'), 'Bench product ' || n,
           1500 + n %% 4000, 'USD', 'FBA', 'active', 'new', '', now() FROM generate_series(1, %(skus)s) n""",
    """INSERT INTO inventory_stockday (agency_id, store_id, marketplace_id, sku, date, fnsku, available,
           reserved, unsellable, inbound_working, inbound_shipped, inbound_receiving, researching, as_of)
       SELECT %(agency)s, %(store)s, 'US', 'BENCH-' || n, %(last)s::date - d, 'X' || n, (n * 7 + d) %% 90, n %% 5, 0, 0,
           (n %% 3) * 40, 0, 0, now() FROM generate_series(1, %(skus)s) n, generate_series(0, %(stock_days)s - 1) d""",
    """INSERT INTO sales_salesday (agency_id, store_id, marketplace_id, sku, date, units, orders, revenue, tax,
           promotion, cancelled, currency)
       SELECT %(agency)s, %(store)s, 'US', 'BENCH-' || n, %(last)s::date - d * (80 / %(selling)s) - n %% 3, 1 + n %% 4,
           1 + n %% 3, (1 + n %% 4) * (1500 + n %% 4000), 90, 0, 0, 'USD'
       FROM generate_series(1, %(skus)s) n, generate_series(0, %(selling)s - 1) d""",
    """INSERT INTO sales_storeday (agency_id, store_id, marketplace_id, date, units, orders, revenue, currency)
       SELECT agency_id, store_id, marketplace_id, date, sum(units), sum(orders), sum(revenue),
           'USD' FROM sales_salesday
       WHERE agency_id = %(agency)s AND store_id = %(store)s GROUP BY 1, 2, 3, 4""",
    """INSERT INTO sales_orderline (agency_id, store_id, order_id, sku, ordinal, marketplace_id, asin, purchased_at,
           purchased_on, updated_at, status, item_status, fulfilment, quantity, currency, price, tax, shipping,
           shipping_tax, promotion, ship_country, business, as_of)
       SELECT agency_id, store_id, '114-' || row_number() OVER (), sku, 1, marketplace_id, '',
           date + time '12:00', date,
           date + time '18:00' + row_number() OVER () %% 3600 * interval '1 second',
           CASE row_number() OVER () %% 1000 WHEN 1 THEN 'Pending' WHEN 2 THEN 'Unshipped' ELSE 'Shipped' END,
           'Shipped', CASE row_number() OVER () %% 200 WHEN 3 THEN 'FBM' ELSE 'FBA' END, units, 'USD', revenue, tax,
           0, 0, 0, 'US', false, now()
       FROM sales_salesday WHERE agency_id = %(agency)s AND store_id = %(store)s""",
)


def fill(store_id: int, *, skus: int, selling_days: int, last: date) -> int:
    """Products, listings, daily stock, sales with their sums and orders; how many rows. `selling_days` divides 80."""
    values = {"agency": acting_agency(), "store": store_id, "skus": skus, "selling": selling_days}
    values |= {"last": last - timedelta(days=3), "stock_days": STOCK_DAYS}
    made = 0
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement, values)
            made += cursor.rowcount
    return made
