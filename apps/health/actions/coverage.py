"""Coverage, made anew for one store: rules meet products, papers meet rules, and only what differs is written.

Products that are alike (site, brand, category, traits) are judged once, papers that reach by brand or category are
matched with such a profile once; only papers that name SKUs meet single offers. Papers are numbered from the best to
the worst for the purpose, so that "the best paper" is the smallest number.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.sql import SQL

from apps.accounts.models import Store
from apps.core import copying
from apps.core.tenancy import acting_agency
from apps.health.domain.validity import STEPS

# Days ahead that a requirement is told of before it holds.
HORIZON = 365
# An agency's own rule stands for the shared one of the same code. One that holds from a later day on is coming.
RULES = """
    WITH every AS (
        SELECT code, marketplaces, wants, categories, brands, skus, kinds, active, valid_from, binding
          FROM health_ownpaperrule WHERE agency_id = %(agency)s
        UNION ALL
        SELECT code, marketplaces, wants, categories, brands, skus, kinds, active, valid_from, binding
          FROM health_paperrule r
         WHERE NOT EXISTS (SELECT FROM health_ownpaperrule o WHERE o.agency_id = %(agency)s AND o.code = r.code))
    SELECT code, site, wants, categories, brands, skus, kinds, binding,
           CASE WHEN valid_from > %(today)s THEN valid_from END AS coming
      FROM every, jsonb_array_elements_text(marketplaces) AS site
     WHERE active AND (valid_from IS NULL OR valid_from <= %(today)s::date + %(horizon)s)"""

OFFERS = """
    SELECT row_number() OVER () AS n,
           dense_rank() OVER (ORDER BY o.marketplace_id, o.brand, o.category,
                              coalesce(c.traits, '{}') || coalesce(s.traits, '{}')) AS profile,
           o.marketplace_id AS site, o.sku, o.asin, o.title, o.brand, o.category, o.sales_30d AS sales, o.currency,
           coalesce(c.traits, '{}') || coalesce(s.traits, '{}') AS traits
      FROM health_offer o
      LEFT JOIN health_categorytraits c ON c.agency_id = %(agency)s AND c.category = lower(btrim(o.category))
      LEFT JOIN health_skutraits s ON s.agency_id = %(agency)s AND s.store_id = %(store)s AND s.sku = o.sku
     WHERE o.agency_id = %(agency)s AND o.store_id = %(store)s AND o.active"""

# What a profile's traits, brand and category say to a rule: no, ask or yes.
JUDGED = """
    WITH profiles AS (
        SELECT DISTINCT ON (profile) profile, site, traits, lower(btrim(brand)) AS brand,
               lower(btrim(category)) AS category FROM cover_offer ORDER BY profile)
    SELECT p.profile, p.site, p.brand, p.category, r.code, r.kinds, r.binding, r.coming,
           ARRAY(SELECT key FROM jsonb_object_keys(r.wants) AS key WHERE NOT p.traits ? key) AS unknown,
           NOT (p.traits @> r.wants AND (r.categories = '[]' OR r.categories ? p.category)
                AND (r.brands = '[]' OR r.brands ? p.brand)) AS asked
      FROM profiles p JOIN cover_rule r ON r.site = p.site AND r.skus = '[]'
     WHERE NOT EXISTS (SELECT FROM jsonb_each(r.wants) w WHERE p.traits ? w.key AND p.traits -> w.key <> w.value)
       AND (r.categories = '[]' OR p.category = '' OR r.categories ? p.category)
       AND (r.brands = '[]' OR p.brand = '' OR r.brands ? p.brand)"""

# Advice, and what is yet to come, is only told of products it is sure for.
APPLIES = """
    SELECT o.n, o.sku, j.site, j.profile, j.code, j.kinds, j.binding, j.coming, j.asked, false AS named
      FROM cover_offer o JOIN cover_judged j USING (profile)
     WHERE NOT j.asked OR (j.binding AND j.coming IS NULL)
    UNION ALL
    SELECT o.n, o.sku, o.site, o.profile, r.code, r.kinds, r.binding, r.coming, false, true
      FROM cover_rule r CROSS JOIN LATERAL jsonb_array_elements_text(r.skus) AS named
      JOIN cover_offer o ON o.site = r.site AND o.sku = named"""

# standing: 0 covered, 1 expiring, 2 in review, 3 accepted but not yet valid or not whole, 4 expired.
PAPERS = """
    WITH kinds AS (
        SELECT code, needs_number, needs_person, parts FROM health_ownpaperkind WHERE agency_id = %(agency)s
        UNION ALL SELECT code, needs_number, needs_person, parts FROM health_paperkind),
    stood AS (
        SELECT p.id, p.kind, p.scope, p.reach, p.marketplaces, p.valid_to, lacks.parts AS lacks,
               CASE WHEN p.state = 'review' THEN 2
                    WHEN p.valid_to < %(today)s THEN 4
                    WHEN p.valid_from > %(today)s OR lacks.parts <> '[]' OR (k.needs_number AND p.number = '')
                         OR (k.needs_person AND p.person = '') THEN 3
                    WHEN p.valid_to <= %(today)s::date + %(first)s THEN 1
                    ELSE 0 END AS standing
          FROM health_paper p JOIN kinds k ON k.code = p.kind
          CROSS JOIN LATERAL (SELECT coalesce(jsonb_agg(part -> 'key'), '[]') AS parts
                                FROM jsonb_array_elements(k.parts) AS part WHERE NOT p.parts ? (part ->> 'key')) AS lacks
         WHERE p.agency_id = %(agency)s AND p.store_id = %(store)s AND p.state IN ('accepted', 'review'))
    SELECT (row_number() OVER (ORDER BY standing, valid_to DESC NULLS FIRST, id))::int AS place, * FROM stood"""

_REACHES = """j.kinds ? p.kind AND (p.marketplaces = '[]' OR p.marketplaces ? j.site)
       AND (p.scope = 'all' OR (p.scope = 'brand' AND p.reach ? j.brand) OR (p.scope = 'category' AND p.reach ? j.category))"""
BROAD = f"""
    SELECT j.profile, j.code, min(p.place) AS place FROM cover_judged j JOIN cover_paper p ON {_REACHES}
     GROUP BY j.profile, j.code"""

# Papers that name SKUs, and rules that do: offer by offer.
NARROW = f"""
    SELECT n, code, min(place) AS place FROM (
        SELECT a.n, a.code, p.place
          FROM (SELECT place, kind, marketplaces, named AS sku FROM cover_paper, jsonb_array_elements_text(reach) AS named
                 WHERE scope = 'sku') p
          JOIN cover_applies a ON a.sku = p.sku AND a.kinds ? p.kind AND (p.marketplaces = '[]' OR p.marketplaces ? a.site)
        UNION ALL
        SELECT j.n, j.code, p.place
          FROM (SELECT a.n, a.code, a.kinds, a.site, lower(btrim(o.brand)) AS brand, lower(btrim(o.category)) AS category
                  FROM cover_applies a JOIN cover_offer o USING (n) WHERE a.named) j
          JOIN cover_paper p ON {_REACHES}) AS found
     GROUP BY n, code"""

# An offer may be excused twice, for every site and for this one: it is one cell all the same.
WAIVED = """
    SELECT DISTINCT a.n, a.code FROM health_paperwaiver w
      JOIN cover_applies a ON a.sku = w.sku AND a.code = w.rule AND w.marketplace IN ('', a.site)
     WHERE w.agency_id = %(agency)s AND w.store_id = %(store)s AND w.state = 'granted'"""

# Papers that cover are worth more than a question; a question is worth more than a paper that does not. What is only
# advice, or holds from a later day on, asks and blocks nothing; a paper that ends before that day will not do.
CELLS = """
    SELECT a.n, a.code, p.id AS paper, p.valid_to AS until, p.lacks, a.coming,
           CASE WHEN w.n IS NOT NULL THEN 'waived'
                WHEN a.coming > p.valid_to AND a.binding THEN 'coming'
                WHEN p.standing = 0 OR (p.standing = 1 AND NOT a.binding) THEN 'covered' WHEN p.standing = 1 THEN 'expiring'
                WHEN NOT a.binding THEN 'advised' WHEN a.coming IS NOT NULL THEN 'coming'
                WHEN a.asked THEN 'ask' WHEN p.standing = 2 THEN 'review' WHEN p.standing = 4 THEN 'expired'
                ELSE 'missing' END AS state
      FROM cover_applies a
      LEFT JOIN cover_broad b ON b.profile = a.profile AND b.code = a.code
      LEFT JOIN cover_narrow s ON s.n = a.n AND s.code = a.code
      LEFT JOIN cover_paper p ON p.place = least(b.place, s.place)
      LEFT JOIN cover_waived w ON w.n = a.n AND w.code = a.code"""

STATES = ("expired", "missing", "ask", "review", "expiring", "coming", "covered", "advised", "waived", "none")
STAKES = ("expired", "missing", "expiring", "coming")  # money hangs on these
_RANK = f"array_position(ARRAY{list(STATES)}, state)"

ROWS = f"""
    WITH gathered AS (
        SELECT n, min({_RANK})::smallint AS rank, min(until) FILTER (WHERE state IN ('covered', 'expiring')) AS until,
               bool_or(state IN {STAKES}) AS stakes,
               jsonb_object_agg(code, jsonb_strip_nulls(jsonb_build_object('s', state, 'p', paper, 'u', until, 'f', coming,
                   'm', CASE WHEN state = 'missing' THEN nullif(lacks, '[]') END))) AS cells
          FROM cover_cell GROUP BY n),
    whole AS (
        SELECT o.site AS marketplace_id, o.sku, o.asin, o.title, o.brand, o.category, o.sales, o.currency,
               coalesce(g.cells, '{{}}') AS cells, g.until, coalesce(g.stakes, false) AS stakes,
               coalesce(g.rank, {len(STATES)})::smallint AS rank
          FROM cover_offer o LEFT JOIN gathered g USING (n))
    SELECT marketplace_id, sku, asin, title, brand, category, (ARRAY{list(STATES)})[rank] AS state, rank, cells, until,
           CASE WHEN stakes THEN sales END AS at_stake, currency, sales FROM whole"""

SUMS = """
    SELECT o.site AS marketplace, c.code AS rule, c.state, c.paper, count(*)::int AS offers, sum(o.sales)::bigint AS sales,
           max(o.currency) AS currency
      FROM (SELECT n, code, state, CASE WHEN state IN ('expired', 'review', 'expiring') THEN paper END AS paper
              FROM cover_cell) c JOIN cover_offer o USING (n)
     GROUP BY o.site, c.code, c.state, c.paper, o.currency
    UNION ALL
    SELECT marketplace_id, '', state, NULL, count(*)::int, sum(sales)::bigint, max(currency) FROM cover_row
     GROUP BY marketplace_id, state, currency"""

# What binding rules, those to come as well, have to know of a product and nobody has said.
QUESTIONS = """
    SELECT o.sku, max(o.title) AS title, max(o.category) AS category, array_agg(DISTINCT o.site) AS sites,
           array_agg(DISTINCT each.trait) AS unknown
      FROM cover_offer o JOIN cover_judged j USING (profile) CROSS JOIN LATERAL unnest(j.unknown) AS each(trait)
     WHERE j.asked AND j.binding GROUP BY o.sku"""

STAGES = (
    ("cover_rule", RULES),
    ("cover_offer", OFFERS),
    ("cover_judged", JUDGED),
    ("cover_applies", APPLIES),
    ("cover_paper", PAPERS),
    ("cover_broad", BROAD),
    ("cover_narrow", NARROW),
    ("cover_waived", WAIVED),
    ("cover_cell", CELLS),
    ("cover_row", ROWS),
    ("cover_question", QUESTIONS),
)

_WRITTEN = ("asin", "title", "brand", "category", "state", "rank", "cells", "until", "at_stake", "currency")
_NAMES = ", ".join(_WRITTEN)
_OLD, _NEW = (", ".join(f"{prefix}.{name}" for name in _WRITTEN) for prefix in ("c", "r"))
_MINE = "c.agency_id = %(agency)s AND c.store_id = %(store)s"
_SAME = "r.marketplace_id = c.marketplace_id AND r.sku = c.sku"
_DELETE = f"DELETE FROM health_coverage c WHERE {_MINE} AND NOT EXISTS (SELECT FROM cover_row r WHERE {_SAME})"
_UPDATE = f"""
    UPDATE health_coverage c SET ({_NAMES}, computed_at) = ROW({_NEW}, %(at)s::timestamptz) FROM cover_row r
     WHERE {_MINE} AND {_SAME} AND ({_OLD}) IS DISTINCT FROM ({_NEW})"""
_INSERT = f"""
    INSERT INTO health_coverage (agency_id, store_id, marketplace_id, sku, {_NAMES}, computed_at)
    SELECT %(agency)s, %(store)s, marketplace_id, sku, {_NAMES}, %(at)s FROM cover_row r
     WHERE NOT EXISTS (SELECT FROM health_coverage c WHERE {_MINE} AND {_SAME})"""
_FORGET = "DELETE FROM health_coveragesum WHERE agency_id = %(agency)s AND store_id = %(store)s"
_ADD_UP = f"""
    INSERT INTO health_coveragesum (agency_id, store_id, marketplace, rule, state, paper_id, offers, sales, currency)
    SELECT %(agency)s, %(store)s, marketplace, rule, state, paper, offers, sales, currency FROM ({SUMS}) AS added"""
_ANSWERED = """
    DELETE FROM health_traitquestion q WHERE q.agency_id = %(agency)s AND q.store_id = %(store)s
       AND NOT EXISTS (SELECT FROM cover_question c WHERE c.sku = q.sku)"""
_QUESTION = """
    INSERT INTO health_traitquestion AS q (agency_id, store_id, sku, title, category, unknown, sites, computed_at)
    SELECT %(agency)s, %(store)s, sku, title, category, to_jsonb(unknown), to_jsonb(sites), %(at)s FROM cover_question
        ON CONFLICT (agency_id, store_id, sku) DO UPDATE
       SET (title, category, unknown, sites, computed_at)
           = ROW(excluded.title, excluded.category, excluded.unknown, excluded.sites, excluded.computed_at)
     WHERE (q.title, q.category, q.unknown, q.sites)
           IS DISTINCT FROM (excluded.title, excluded.category, excluded.unknown, excluded.sites)"""


@dataclass(frozen=True)
class Recomputed:
    """Offers there are, those of them that are new or different, and those that went."""

    offers: int
    changed: int
    gone: int


def recompute_store(store_id: int, *, at: datetime) -> Recomputed:
    """Make the store's coverage anew from offers, rules, papers and waivers. Safe to run twice, or twice at once."""
    Store.objects.select_for_update(no_key=True).get(pk=store_id)
    values: dict[str, Any] = {"agency": acting_agency(), "store": store_id, "at": at}
    values |= {"today": at.date(), "first": max(STEPS), "horizon": HORIZON}
    copying.run(f"SET LOCAL work_mem = '{copying.WORK_MEM}'; SET LOCAL jit = off")
    # Nobody has counted a new store's rows: what is taken for one must not be gone through for each offer.
    copying.run("SET LOCAL enable_nestloop = off")
    for name, statement in STAGES:
        copying.temporary(name, SQL(f"ON COMMIT DROP AS {statement}"), values=values)  # type: ignore[arg-type]
        copying.run("ANALYZE {name}", name=name)
    gone, changed, new = (copying.run(statement, values=values) for statement in (_DELETE, _UPDATE, _INSERT))
    for statement in (_FORGET, _ADD_UP, _ANSWERED, _QUESTION):
        copying.run(statement, values=values)
    copying.run("SET LOCAL enable_nestloop = on")
    offers = copying.read("SELECT count(*) FROM cover_row")[0][0]
    return Recomputed(offers, changed + new, gone)
