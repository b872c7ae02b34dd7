"""Papers, offers and what is known of products, for the tests of compliance."""

import zlib
from datetime import UTC, date, datetime, timedelta

from apps.accounts.models import Marketplace, Store
from apps.health.actions.coverage import recompute_store
from apps.health.models import CategoryTraits, Coverage, Offer, Paper, PaperKind, PaperRule, PaperTrait

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = NOW.date()


def pdf(*lines: str, packed: bool = True) -> bytes:
    """A small, whole PDF that says these lines."""
    shown = b" T* ".join(b"(" + line.encode("cp1252").replace(b"(", b"\\(") + b") Tj" for line in lines)
    stream = b"BT /F1 12 Tf 14 TL 72 720 Td " + shown + b" ET"
    how = b""
    if packed:
        stream, how = zlib.compress(stream), b"/Filter /FlateDecode "
    body = b"4 0 obj << " + how + b"/Length %d >>\nstream\n" % len(stream) + stream + b"\nendstream endobj\n"
    return b"%PDF-1.4\n" + body + b"trailer << /Root 1 0 R >>\n%%EOF\n"


def known() -> None:
    """The kinds and rules every installation began with, and no others: few enough to name them all in a test."""
    PaperRule.objects.filter(unsure=True).update(active=False)


def traits(**yes: bool) -> dict[str, bool]:
    """Everything is known: what is named as told, the rest no."""
    every = dict.fromkeys(PaperTrait.objects.values_list("code", flat=True), False)
    return every | {name.replace("_", "-"): value for name, value in yes.items()}


def category(name: str, **yes: bool) -> CategoryTraits:
    return CategoryTraits.objects.create(category=name.lower(), traits=traits(**yes), updated_at=NOW)


def offer(store: Store, sku: str, site: str, **values: object) -> Offer:
    money = {"sales_30d": 100_00, "currency": Marketplace.objects.get(pk=site).currency}
    return Offer.objects.create(
        store=store, sku=sku, marketplace_id=site, title=f"Title of {sku}", told_at=NOW, **(money | values)
    )


def paper(store: Store, kind: str, **values: object) -> Paper:
    """Accepted, whole, of all products and without an end, if nothing else is said."""
    parts = [part["key"] for part in PaperKind.objects.get(code=kind).parts]
    fields = {"number": "DE1234567890123", "person": "Demo GmbH, Berlin", "state": "accepted", "scope": "all"}
    fields |= {"parts": parts, "created_at": NOW, "updated_at": NOW}
    return Paper.objects.create(store=store, kind=kind, **(fields | values))


def covered(store: Store, *, at: datetime = NOW) -> dict[tuple[str, str], dict[str, str]]:
    """{(SKU, site): {rule: state}} after a recalculation."""
    recompute_store(store.pk, at=at)
    rows = Coverage.objects.filter(store=store)
    return {(r.sku, r.marketplace_id): {rule: cell["s"] for rule, cell in r.cells.items()} for r in rows}


def in_days(days: int) -> date:
    return TODAY + timedelta(days=days)
