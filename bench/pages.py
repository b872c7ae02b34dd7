"""Overview, replenishment page and API lists at ten thousand and at a million facts: queries and 95th percentile."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from apps.accounts.authentication import secret_digest
from apps.accounts.models import ApiKey, Member
from apps.core.permissions import SCOPES
from apps.core.tenancy import tenant
from apps.inventory.actions import recompute_store, refresh_findings
from bench.facts import fill
from bench.ground import SLUG, Ground, ground, vacuumed
from bench.measure import percentile, repeated, tell, title
from bench.sizes import SELLING_DAYS, Sizes, skus_of

AIM = 0.3  # seconds, 95th percentile
TABLES = (
    "sales_salesday",
    "sales_storeday",
    "sales_orderline",
    "inventory_stockday",
    "inventory_replenishment",
    "listings_product",
    "listings_listing",
    "core_finding",
)
PAGES = {
    "overview": {},
    "replenishment": {"store": "bench"},
    "products": {},
    "orders": {},
}
# Filters of the orders page over a year: one that most lines pass, and those for which many are read in vain.
ORDERS = {
    "shipped": "status=shipped",
    "cancelled": "status=cancelled",
    "pending": "status=pending",
    "to be shipped": "status=unshipped",
    "by the seller": "way=FBM",
    "one site": "mp=CA",
    "a SKU": "q=BENCH-77",
    "nothing": "q=nothing-like-it",
}
LISTS = ("api-orders", "api-products", "api-stock")


def run(sizes: Sizes) -> None:
    title(f"Pages and API lists, opened {sizes.times} times; {sizes.others:,} facts of others beside them")
    settings.ALLOWED_HOSTS = ["*"]
    counts: dict[str, list[int]] = {}
    for facts in (sizes.few, sizes.facts):
        with ground(others=sizes.others) as here:
            with tenant(here.agency.pk):
                made = fill(here.store.pk, skus=skus_of(facts), selling_days=SELLING_DAYS, last=timezone.now().date())
                recompute_store(here.store.pk, at=datetime.now(UTC))
                refresh_findings(here.store, at=datetime.now(UTC))
            vacuumed(*TABLES)
            for name, get in _visits(here).items():
                counts.setdefault(name, []).append(measured(f"{made:,} facts: {name}", get, sizes.times))
    for name, (small, large) in counts.items():
        tell(f"queries of {name}", f"{small} and {large}", "flat" if small == large != -1 else "NOT FLAT")


def _visits(here: Ground) -> dict[str, Callable[[], object]]:
    """What is opened: by name, a call that answers with a response."""
    person, program = (
        Client(raise_request_exception=False),
        Client(headers={"Authorization": f"Bearer {_key(here)}"}, raise_request_exception=False),
    )
    person.force_login(here.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    visits: dict[str, Callable[[], object]] = {}
    for client, names in ((person, dict(PAGES)), (program, {name: {} for name in LISTS})):
        for name, arguments in names.items():
            if address := _address(name, arguments):
                visits[name] = lambda client=client, address=address: client.get(address)
            else:
                tell(name, "not there", "this page does not exist yet")
    orders = _address("orders", {})
    for name, query in ORDERS.items():
        visits[f"orders, {name}"] = lambda query=query: person.get(f"{orders}?last=365d&{query}")
    return visits


def _address(name: str, arguments: dict[str, str]) -> str:
    given = {} if name.startswith("api-") else {"agency": SLUG, **arguments}
    for kwargs in (given, {key: value for key, value in given.items() if key != "agency"}):
        try:
            return reverse(name, kwargs=kwargs)
        except NoReverseMatch:
            continue
    return ""


def measured(label: str, get: Callable[[], object], times: int) -> int:
    """One visit to warm up, one to count queries, then the timed ones. Returns the number of queries."""
    answer = get()
    if answer.status_code != 200:  # type: ignore[attr-defined]
        tell(label, f"status {answer.status_code}", "not measured")  # type: ignore[attr-defined]
        return -1
    queries: list[str] = []

    def count(execute, sql, *rest):  # type: ignore[no-untyped-def]
        queries.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        get()
    seconds = repeated(get, times)
    slow = percentile(seconds, 0.95)
    tell(
        label,
        f"{slow * 1000:.0f} ms p95",
        f"{percentile(seconds, 0.5) * 1000:.0f} ms p50, {len(queries)} queries, {len(answer.content):,} bytes"  # type: ignore[attr-defined]
        + ("" if slow <= AIM else f" (more than {AIM * 1000:.0f} ms)"),
    )
    return len(queries)


def _key(here: Ground) -> str:
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    whole = f"swk_{prefix}_{secret}"
    now = timezone.now()
    with tenant(here.agency.pk):
        member = Member.objects.create(name="Bench", scopes=list(SCOPES))
        ApiKey.objects.create(
            member=member,
            prefix=prefix,
            digest=secret_digest(whole),
            created_at=now,
            expires_at=now + timedelta(days=1),
            per_minute=1_000_000,
        )
    return whole
