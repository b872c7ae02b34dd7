"""Coverage of one store that sells five thousand SKUs on fifteen sites: worked out, read in pages, asked for one sale."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.core.tenancy import tenant
from apps.health.actions.coverage import recompute_store
from apps.health.actions.paper_findings import refresh_findings
from apps.health.models import CategoryTraits, Paper, PaperKind
from apps.health.queries.coverage import blocks
from apps.health.queries.traits import traits
from bench.ground import SLUG, Ground, ground, vacuumed
from bench.measure import percentile, repeated, tell, timed, title
from bench.pages import measured
from bench.sizes import Sizes

SKUS, FEW = 5_000, 500
SITES = ("DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE", "UK", "JP", "US", "CA", "MX", "AU")
# Of what kind the products are; the last one nobody has said anything of.
CATEGORIES: dict[str, set[str] | None] = {
    "lamps": {"electric", "denan"},
    "chargers": {"electric", "battery", "denan", "pse-specified"},
    "speakers": {"electric", "battery", "radio"},
    "toys": {"toy"},
    "scarves": {"textile"},
    "shelves": {"furniture"},
    "wonders": None,
}
TABLES = ("health_offer", "health_coverage", "health_coveragesum", "health_paper")
_OFFERS = """
    INSERT INTO health_offer (agency_id, store_id, marketplace_id, sku, asin, title, brand, category, fulfilment, active,
        sales_30d, units_30d, currency, told_at)
    SELECT s.agency_id, s.id, m.code, 'BENCH-' || n, 'B' || lpad(n::text, 9, '0'), 'Bench product ' || n, 'Brand ' || n %% 12,
        (%(categories)s::text[])[1 + n %% cardinality(%(categories)s::text[])], 'FBA', true, (n * 7919) %% 900000, n %% 90,
        m.currency, now()
    FROM accounts_store s, accounts_marketplace m, generate_series(1, %(skus)s) n
    WHERE s.id = %(store)s AND m.code = ANY(%(sites)s)"""


def run(sizes: Sizes) -> None:
    title(f"Coverage of papers: {SKUS:,} SKUs on {len(SITES)} sites, pages opened {sizes.times} times")
    settings.ALLOWED_HOSTS = ["*"]
    counts: dict[str, list[int]] = {}
    for skus in (FEW, SKUS):
        with ground(others=0) as here:
            _furnish(here, skus)
            _work_out(here, skus)
            for name, queries in _visit(here, skus, sizes.times).items():
                counts.setdefault(name, []).append(queries)
    for name, (small, large) in counts.items():
        tell(f"queries of {name}", f"{small} and {large}", "flat" if small == large != -1 else "NOT FLAT")


def _furnish(here: Ground, skus: int) -> None:
    """Offers, what is known of categories, and papers of every reach; a quarter of SKUs has a paper of its own."""
    now = datetime.now(UTC)
    with tenant(here.agency.pk), connection.cursor() as cursor:
        cursor.execute(
            _OFFERS, {"categories": list(CATEGORIES), "skus": skus, "store": here.store.pk, "sites": list(SITES)}
        )
        known = traits()
        for name, yes in CATEGORIES.items():
            if yes is not None:
                said = {trait: trait in yes for trait in known}
                CategoryTraits.objects.create(category=name, traits=said, updated_at=now)
        own = [f"BENCH-{n}" for n in range(1, skus, 4)]
        kinds = {kind.code: kind for kind in PaperKind.objects.all()}
        reaches = [("lucid", "all", []), ("gpsr", "brand", [f"brand {n}" for n in range(8)]), ("weee-de", "all", [])]
        reaches += [("ce", "category", ["lamps", "toys"]), ("pse-other", "category", ["lamps"])]
        reaches += [("ce", "sku", own[n : n + 50]) for n in range(0, len(own), 50)]
        Paper.objects.bulk_create(
            Paper(
                store=here.store, kind=code, number="DE1234567890123", person="Bench GmbH", state="accepted", scope=scope,
                reach=reach, parts=[part["key"] for part in kinds[code].parts], created_at=now, updated_at=now,
                valid_to=(now + timedelta(days=-20 + 25 * (n % 20))).date(),
            )
            for n, (code, scope, reach) in enumerate(reaches)
        )  # fmt: skip
    vacuumed(*TABLES)


def _work_out(here: Ground, skus: int) -> None:
    for name in ("first time", "again, nothing changed"):
        with timed() as watch, tenant(here.agency.pk):
            done = recompute_store(here.store.pk, at=datetime.now(UTC))
        tell(
            f"{skus:,} SKUs: coverage, {name}",
            f"{watch.seconds:.2f} s",
            f"{done.offers:,} offers, {done.changed:,} written",
        )
    with timed() as watch, tenant(here.agency.pk):
        refresh_findings(here.store, at=datetime.now(UTC))
    tell(f"{skus:,} SKUs: findings", f"{watch.seconds:.2f} s")
    vacuumed(*TABLES)


def _visit(here: Ground, skus: int, times: int) -> dict[str, int]:
    """Pages and the one question of launches; how many queries each took."""
    person = Client(raise_request_exception=False)
    person.force_login(here.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    address = reverse("papers", kwargs={"agency": SLUG, "store": "bench"})
    asked = {
        "coverage": "",
        "coverage, missing": "?status=missing",
        "coverage, one rule": "?rule=gb-mark-electric&status=missing",
        "coverage, searched": "?q=BENCH-77",
        "coverage, last page": "?page=99999",
    }
    found = {
        name: measured(f"{skus:,} SKUs: {name}", lambda query=query: person.get(address + query), times)
        for name, query in asked.items()
    }
    listed = reverse("paper-list", kwargs={"agency": SLUG, "store": "bench"})
    found["papers"] = measured(f"{skus:,} SKUs: papers", lambda: person.get(listed), times)
    with tenant(here.agency.pk):
        seconds = repeated(lambda: blocks(here.store.pk, "UK", "BENCH-7"), times * 5)
    tell(f"{skus:,} SKUs: what blocks one sale", f"{percentile(seconds, 0.95) * 1000:.1f} ms p95")
    return found
