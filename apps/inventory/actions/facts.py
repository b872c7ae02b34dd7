"""What the recalculation reads: one store's sites, sales, stock, policies and costs, as SQL over sets.

STAGES become temporary tables one after the other, so that the planner knows how many rows each has (and may read
facts in parallel); FACTS are what one last statement reads beside them.

Parameters: agency, store, at (instant), since (a day some 95 before it: lets PostgreSQL skip old partitions), skus
(null: all of the store's).
"""

from apps.inventory.domain.replenishment import DEFAULTS

# Sites that share one physical stock are one pool; the first site by position gives the pool its day and money.
SITES = """
    SELECT sm.marketplace_id AS mp, m.position, m.currency, m.time_zone,
           coalesce(nullif(sm.pool, ''), sm.marketplace_id) AS pool,
           (%(at)s::timestamptz AT TIME ZONE m.time_zone)::date AS today
    FROM accounts_storemarketplace sm JOIN accounts_marketplace m ON m.code = sm.marketplace_id
    WHERE sm.agency_id = %(agency)s AND sm.store_id = %(store)s AND sm.active"""

# Orders are whole from `backfilled_to` until `reached`; without a stream (files only) from the first to the last sale.
KNOWN = """
    SELECT (SELECT min(date) FROM sales_salesday WHERE agency_id = %(agency)s AND store_id = %(store)s
              AND date >= %(since)s) AS first_sale,
           (SELECT max(date) FROM sales_salesday WHERE agency_id = %(agency)s AND store_id = %(store)s
              AND date >= %(since)s) AS last_sale,
           min(backfilled_to) AS whole_from, max(reached) AS reached
    FROM sync_stream WHERE agency_id = %(agency)s AND store_id = %(store)s AND dataset LIKE 'order%%'"""

POOLS = """
    SELECT *, greatest(last - 89, coalesce((whole_from AT TIME ZONE time_zone)::date, first_sale, last - 89)) AS first
    FROM (SELECT pools.*, known.*,
                 least(today - 1, coalesce((reached AT TIME ZONE time_zone)::date - 1, last_sale, today - 1)) AS last
          FROM (SELECT pool, (array_agg(mp ORDER BY position, mp))[1] AS main,
                       jsonb_agg(mp ORDER BY position, mp) AS mps,
                       (array_agg(today ORDER BY position, mp))[1] AS today,
                       (array_agg(time_zone ORDER BY position, mp))[1] AS time_zone
                FROM sites GROUP BY pool) pools CROSS JOIN known) spans"""

SOLD = """
    SELECT pool, d.sku, d.date, sum(d.units)::bigint AS units, sum(d.revenue) AS revenue
    FROM sales_salesday d JOIN sites ON mp = d.marketplace_id JOIN pools USING (pool)
    WHERE d.agency_id = %(agency)s AND d.store_id = %(store)s
      AND (%(skus)s::text[] IS NULL OR d.sku = ANY(%(skus)s::text[])) AND d.date >= %(since)s
      AND d.date BETWEEN pools.first AND pools.last GROUP BY 1, 2, 3"""

# When each SKU was first seen in stock.
SEEN = """
    SELECT pool, d.sku, min(d.date) AS in_stock
    FROM inventory_stockday d JOIN sites ON mp = d.marketplace_id JOIN pools USING (pool)
    WHERE d.agency_id = %(agency)s AND d.store_id = %(store)s AND d.available > 0
      AND (%(skus)s::text[] IS NULL OR d.sku = ANY(%(skus)s::text[])) AND d.date >= %(since)s
      AND d.date BETWEEN pools.first AND pools.last GROUP BY 1, 2"""

# Days that ended without stock: nothing left on any site of the pool that tells of them.
OUTS = """
    SELECT pool, d.sku, d.date
    FROM inventory_stockday d JOIN sites ON mp = d.marketplace_id JOIN pools USING (pool)
    WHERE d.agency_id = %(agency)s AND d.store_id = %(store)s AND jsonb_array_length(mps) = 1 AND d.available <= 0
      AND (%(skus)s::text[] IS NULL OR d.sku = ANY(%(skus)s::text[])) AND d.date >= %(since)s
      AND d.date BETWEEN pools.first AND pools.last
    UNION ALL SELECT pool, d.sku, d.date
    FROM inventory_stockday d JOIN sites ON mp = d.marketplace_id JOIN pools USING (pool)
    WHERE d.agency_id = %(agency)s AND d.store_id = %(store)s AND jsonb_array_length(mps) > 1
      AND (%(skus)s::text[] IS NULL OR d.sku = ANY(%(skus)s::text[])) AND d.date >= %(since)s
      AND d.date BETWEEN pools.first AND pools.last GROUP BY 1, 2, 3 HAVING max(d.available) <= 0"""


def _windows() -> str:
    """Units sold on in-stock days. A day that ended with no stock is left out whole: demand was cut off."""
    units = "sum(units) FILTER (WHERE outs.pool IS NULL AND date > last - {d})"
    return ", ".join(f"coalesce({units.format(d=d)}, 0)::bigint AS units_{d}" for d in (7, 30, 90))


def _trend() -> str:
    """Units of each of the last 30 days, oldest first."""
    return ", ".join(f"coalesce(sum(units) FILTER (WHERE date = last - {back}), 0)" for back in range(29, -1, -1))


# One row per SKU that sold: since when, how much, and day by day.
SALES = f"""
    SELECT pool, sku, min(date) FILTER (WHERE units > 0) AS first_sold, {_windows()},
           jsonb_build_array({_trend()}) AS trend
    FROM sold JOIN (SELECT pool, last FROM pools) pools USING (pool) LEFT JOIN outs USING (pool, sku, date)
    GROUP BY 1, 2"""

# The last day that a document told whole, by site: what it left out is there no more.
WHOLE = """
    SELECT whole_mp, max(last) AS whole_day
    FROM sync_storeddocument CROSS JOIN LATERAL jsonb_array_elements_text(marketplaces) whole_mp
    WHERE agency_id = %(agency)s AND store_id = %(store)s AND row = 'fba_stock' AND applied_at IS NOT NULL
      AND last >= %(since)s GROUP BY 1"""

# From which day on a site's stock counts. Where no document tells it whole, its newest day may still be arriving: the
# day before is looked at, too. Only sites with stock are asked for their newest day: an index answers both
# (a mere EXISTS would read the table).
SITE_DAYS = """
    SELECT sites.*, greatest(whole_day, CASE WHEN (
        SELECT true FROM inventory_stockday n WHERE n.agency_id = %(agency)s AND n.store_id = %(store)s
          AND n.marketplace_id = mp AND n.date >= %(since)s ORDER BY n.sku LIMIT 1) THEN (
        SELECT max(n.date) - 1 FROM inventory_stockday n WHERE n.agency_id = %(agency)s AND n.store_id = %(store)s
          AND n.marketplace_id = mp AND n.date >= %(since)s) END) AS day
    FROM sites LEFT JOIN whole ON whole_mp = mp"""

# The same FNSKU in one pool is the same units seen from several sites: the newest view counts, once.
NEWEST = """
    SELECT DISTINCT ON (pool, d.sku, d.fnsku) pool, d.*
    FROM inventory_stockday d JOIN site_days ON mp = d.marketplace_id AND d.date >= site_days.day
    WHERE d.agency_id = %(agency)s AND d.store_id = %(store)s
      AND (%(skus)s::text[] IS NULL OR d.sku = ANY(%(skus)s::text[]))
      AND d.date >= %(since)s
    ORDER BY pool, d.sku, d.fnsku, d.date DESC, d.as_of DESC, position"""

STOCK = """
    SELECT pool, sku, sum(greatest(available, 0))::bigint AS available, sum(greatest(reserved, 0))::bigint AS reserved,
           sum(greatest(inbound_receiving, 0))::bigint AS receiving,
           sum(greatest(inbound_shipped, 0))::bigint AS shipped,
           sum(greatest(inbound_working, 0))::bigint AS working, max(as_of) AS as_of
    FROM newest GROUP BY 1, 2"""

LISTED = """
    SELECT DISTINCT ON (pool, l.sku) pool, l.sku, l.asin, l.title, l.price, l.currency,
           min(l.opened_at) OVER (PARTITION BY pool, l.sku) AS opened_at
    FROM listings_listing l JOIN sites ON mp = l.marketplace_id
    WHERE l.agency_id = %(agency)s AND l.store_id = %(store)s
      AND (%(skus)s::text[] IS NULL OR l.sku = ANY(%(skus)s::text[])) AND l.fulfilment = 'FBA' AND l.status <> 'gone'
    ORDER BY pool, l.sku, l.price IS NULL, sites.position"""

# Where the listing has no price: what it sold for on the pool's main site.
REALISED = """
    SELECT pool, d.sku, min(d.currency) AS currency, (sum(d.revenue) / sum(d.units))::bigint AS price
    FROM sales_salesday d JOIN pools ON pools.main = d.marketplace_id
    WHERE d.agency_id = %(agency)s AND d.store_id = %(store)s
      AND (%(skus)s::text[] IS NULL OR d.sku = ANY(%(skus)s::text[])) AND d.date >= %(since)s
      AND d.date > pools.last - 30 AND d.units > 0 GROUP BY 1, 2 HAVING count(DISTINCT d.currency) = 1"""

KNOWN_SKUS = "SELECT pool, sku FROM listed UNION SELECT pool, sku FROM stock"

# A SKU's history begins when it was opened, first sold or first seen in stock, whichever was first.
STARTS = """
    SELECT k.pool, k.sku, pools.*,
           greatest(pools.first, least((listed.opened_at AT TIME ZONE pools.time_zone)::date, sales.first_sold,
                                       seen.in_stock)) AS start,
           coalesce(listed.opened_at::date, sales.first_sold, seen.in_stock) IS NOT NULL AS begun
    FROM known_skus k JOIN (SELECT pool AS of_pool, main, mps, today, first, last, time_zone, reached, last_sale
                            FROM pools) pools ON of_pool = k.pool
    LEFT JOIN listed USING (pool, sku)
    LEFT JOIN sales USING (pool, sku) LEFT JOIN seen USING (pool, sku)"""


def _outs() -> str:
    return ", ".join(f"count(*) FILTER (WHERE d.date > s.last - {d}) AS out_{d}" for d in (7, 30, 90))


OUT_OF_STOCK = f"""
    SELECT pool, sku, {_outs()} FROM outs d JOIN starts s USING (pool, sku) WHERE d.date >= s.start GROUP BY 1, 2"""

OWN = """
    SELECT sku, sum(greatest(available, 0) + greatest(inbound, 0))::bigint AS own_total, max(updated_at) AS own_as_of
    FROM inventory_ownstock WHERE agency_id = %(agency)s AND store_id = %(store)s
      AND (%(skus)s::text[] IS NULL OR sku = ANY(%(skus)s::text[])) GROUP BY 1"""

# What approved plans will bring. Once shipped, Amazon's own inbound counts it.
ON_ORDER = """
    SELECT l.pool, l.sku, sum(greatest(l.units - l.received, 0))::bigint AS on_order
    FROM inventory_planline l JOIN inventory_plan p ON p.agency_id = l.agency_id AND p.id = l.plan_id
    WHERE l.agency_id = %(agency)s AND l.store_id = %(store)s
      AND (%(skus)s::text[] IS NULL OR l.sku = ANY(%(skus)s::text[]))
      AND p.state IN ('approved', 'ordered') GROUP BY 1, 2"""

COSTS = """
    SELECT DISTINCT ON (sku) sku, unit_cost, currency AS cost_currency FROM sales_cost
    WHERE agency_id = %(agency)s AND store_id = %(store)s
      AND (%(skus)s::text[] IS NULL OR sku = ANY(%(skus)s::text[])) AND valid_from <= (%(at)s::timestamptz)::date
    ORDER BY sku, valid_from DESC"""

AGES = """
    SELECT pool, sku, max(aged_units)::bigint AS aged_units, max(aged_fee) AS aged_fee, min(currency) AS fee_currency,
           max(amazon_recommended) AS amazon_recommended, min(amazon_ship_by) AS amazon_ship_by
    FROM (SELECT pool, a.sku, a.aged_fee, a.currency, a.amazon_recommended, a.amazon_ship_by,
                 a.age_181_270 + coalesce(a.age_271_365, 0) + coalesce(a.age_365_plus, 0) AS aged_units
          FROM inventory_stockage a JOIN sites ON mp = a.marketplace_id
          WHERE a.agency_id = %(agency)s AND a.store_id = %(store)s
      AND (%(skus)s::text[] IS NULL OR a.sku = ANY(%(skus)s::text[]))) ages GROUP BY 1, 2"""

RULES = "SELECT * FROM inventory_policy WHERE agency_id = %(agency)s AND (store_id = %(store)s OR store_id IS NULL)"

# Narrowest first; within a level a rule for the site before one for all sites.
_LEVELS = (
    ("sku_site", "store_id IS NOT NULL AND {t}.sku = s.sku AND {t}.marketplace = s.main"),
    ("sku_all", "store_id IS NOT NULL AND {t}.sku = s.sku AND {t}.marketplace = ''"),
    ("store_site", "store_id IS NOT NULL AND {t}.sku = '' AND {t}.marketplace = s.main"),
    ("store_all", "store_id IS NOT NULL AND {t}.sku = '' AND {t}.marketplace = ''"),
    ("agency_site", "store_id IS NULL AND {t}.sku = '' AND {t}.marketplace = s.main"),
    ("agency_all", "store_id IS NULL AND {t}.sku = '' AND {t}.marketplace = ''"),
)
_DAYS = ("production_days", "inspection_days", "sea_days", "air_days", "receiving_days", "review_days", "excess_days")


def _first(column: str, default: str, *, of_product: bool = False) -> str:
    """The narrowest level that says something; a product's own master data stand behind a SKU's rule."""
    levels = [f"{name}.{column}" for name, _ in _LEVELS]
    if of_product:
        levels.insert(2, f"p.{column}")
    return f"coalesce({', '.join(levels)}, {default})"


def _columns() -> str:
    found = [f"greatest({_first(name, str(getattr(DEFAULTS, name)))}, 0)::bigint AS {name}" for name in _DAYS]
    for name in ("moq", "carton_units"):
        value = _first(name, str(getattr(DEFAULTS, name)), of_product=True)
        found.append(f"greatest({value}, 1)::bigint AS {name}")
    found.append(f"round({_first('safety_factor', str(DEFAULTS.safety / 100))} * 100)::bigint AS safety")
    for name in ("weight_7", "weight_30", "weight_90"):
        value = _first(name, str(getattr(DEFAULTS, name) / 1000))
        found.append(f"greatest(round({value} * 1000), 0)::bigint AS {name}")
    return ", ".join(found)


def _joins() -> str:
    return " ".join(f"LEFT JOIN rules {n} ON {n}.{on.format(t=n)}" for n, on in _LEVELS)


# Days of a window the SKU could be bought: since its start, less the days that ended without stock.
def _days(days: int) -> str:
    on_sale = f"s.last - greatest(s.last - {days - 1}, s.start) + 1 - coalesce(o.out_{days}, 0)"
    return f"CASE WHEN begun THEN greatest(0, {on_sale}) ELSE 0 END::bigint AS days_{days}"


COUNTED = f"""
    SELECT s.*, {", ".join(_days(d) for d in (7, 30, 90))},
           {", ".join(f"coalesce(u.units_{d}, 0)::bigint AS units_{d}" for d in (7, 30, 90))}, {_columns()},
           p.asin AS product_asin, p.title AS product_title, p.image_url, p.supplier, p.owner_id,
           u.trend AS sold_trend
    FROM starts s LEFT JOIN sales u USING (pool, sku) LEFT JOIN out_of_stock o USING (pool, sku)
    LEFT JOIN listings_product p ON p.agency_id = %(agency)s AND p.store_id = %(store)s AND p.sku = s.sku {_joins()}"""

# One physical stock cannot serve every pool: own units are shared by daily sales, to the last unit.
SHARED = """
    SELECT pool, sku, own_total, own_as_of,
           CASE WHEN total > 0 THEN floor(own_total * reached_v / total) - floor(own_total * (reached_v - v) / total)
                WHEN turn = 1 THEN own_total ELSE 0 END::bigint AS own
    FROM (SELECT pool, sku, own_total, own_as_of, v,
                 sum(v) OVER (PARTITION BY sku) AS total,
                 sum(v) OVER (PARTITION BY sku ORDER BY v DESC, pool) AS reached_v,
                 row_number() OVER (PARTITION BY sku ORDER BY v DESC, pool) AS turn
          FROM (SELECT pool, sku, own_total, own_as_of, coalesce(velocity, 0)::numeric AS v
                FROM moving JOIN own USING (sku)) one) two"""

INPUTS = """
    SELECT m.*, coalesce(stock.available, 0)::bigint AS available, coalesce(stock.reserved, 0)::bigint AS reserved,
           coalesce(stock.receiving, 0)::bigint AS receiving, coalesce(stock.shipped, 0)::bigint AS shipped,
           coalesce(stock.working, 0)::bigint AS working, stock.as_of AS stock_as_of,
           coalesce(shared.own, 0)::bigint AS own, coalesce(shared.own_total, 0)::bigint AS own_total, shared.own_as_of,
           coalesce(on_order.on_order, 0)::bigint AS on_order,
           coalesce(listed.price, realised.price)::bigint AS price,
           CASE WHEN listed.price IS NOT NULL THEN listed.currency ELSE realised.currency END AS price_currency,
           coalesce(nullif(listed.asin, ''), product_asin, '') AS asin,
           coalesce(nullif(listed.title, ''), product_title, '') AS title,
           costs.unit_cost, costs.cost_currency, ages.aged_units, ages.aged_fee::bigint AS aged_fee, ages.fee_currency,
           ages.amazon_recommended, ages.amazon_ship_by, coalesce(m.sold_trend, '[]') AS trend,
           r.edited, coalesce(r.chosen_mode, '') AS chosen_mode
    FROM moving m LEFT JOIN stock USING (pool, sku) LEFT JOIN own_shares shared USING (pool, sku)
    LEFT JOIN on_order USING (pool, sku) LEFT JOIN listed USING (pool, sku) LEFT JOIN realised USING (pool, sku)
    LEFT JOIN costs USING (sku) LEFT JOIN ages USING (pool, sku)
    LEFT JOIN inventory_replenishment r ON r.agency_id = %(agency)s AND r.store_id = %(store)s
      AND r.pool = m.pool AND r.sku = m.sku"""

STAGES = {
    "sites": SITES,
    "pools": f"WITH known AS ({KNOWN}) {POOLS}",
    "sold": SOLD,
    "seen": SEEN,
    "outs": OUTS,
    "sales": SALES,
    "site_days": f"WITH whole AS ({WHOLE}) {SITE_DAYS}",
    "stock": f"WITH newest AS ({NEWEST}) {STOCK}",
    "listed": LISTED,
    "starts": f"WITH known_skus AS ({KNOWN_SKUS}) {STARTS}",
}
FACTS = (
    ("realised", REALISED),
    ("out_of_stock", OUT_OF_STOCK),
    ("own", OWN),
    ("on_order", ON_ORDER),
    ("costs", COSTS),
    ("ages", AGES),
    ("rules", RULES),
    ("counted", COUNTED),
)
