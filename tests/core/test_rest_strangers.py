"""Calls that nobody of good will makes: refused in problem details, never a crash."""

import base64
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.api import Stores
from apps.core.permissions import SCOPES, Role
from apps.listings.models import Product
from tests.core.test_rest import NOW, Api, key_for

PROBLEM = "application/problem+json"


@pytest.fixture
def api(acme):
    api = Api(key_for(acme, *SCOPES))
    api.raise_request_exception = False
    return api


def cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("orders", '["abc", 1, "a", "b", 1]'),
        ("orders", '[5, 1, "a", "b", 1]'),
        ("orders", '["2026-01-01T00:00:00", 1, "a", "b", 1]'),
        ("orders", '["2026-01-01T00:00:00+00:00", "x", "a", "b", 1]'),
        ("runs", '["2026-01-01T00:00:00+00:00", "no-uuid"]'),
        ("changes", '["x"]'),
        ("changes", "[null]"),
        ("changes", "[" * 5000),
    ],
)
def test_a_cursor_somebody_made_up_leads_nowhere(api, path, text):
    answer = api.get(f"/api/v1/{path}", {"cursor": cursor_of(text)})
    assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)


@pytest.mark.parametrize("query", ["store=a%00", "marketplace=U%00", "store=%%0000", "order_id=%00"])
def test_nul_in_a_query_is_no_letter(api, query):
    assert api.get(f"/api/v1/orders?{query}").status_code == 200
    assert api.get(f"/api/v1/products?{query}").status_code == 200


def test_nul_in_an_address_leads_nowhere(api):
    answer = api.get("/api/v1/products/north/a%00b")
    assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)


@pytest.mark.parametrize("query", ["q=%00", "store=%00", "supplier=%00", "verb=%00"])
@pytest.mark.parametrize("path", ["", "inbox/", "replenishment/", "products/", "costs/", "changes/"])
def test_pages_ignore_nul(acme, path, query):
    client = Client(raise_request_exception=False)
    client.force_login(acme.user(Role.OWNER))
    assert client.get(f"/acme/{path}?{query}").status_code == 200


def test_a_crash_is_told_in_problem_details(api, monkeypatch):
    monkeypatch.setattr(Stores, "rows", lambda _self: 1 / 0)
    answer = api.get("/api/v1/stores")
    assert (answer.status_code, answer["Content-Type"]) == (500, PROBLEM)
    assert "ZeroDivision" not in answer.content.decode()


def test_a_body_too_large_to_be_read_is_told_so(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = api.put("/api/v1/stock/own", "x" * 200, content_type="application/json", headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer["Content-Type"]) == (413, PROBLEM)


def test_whoever_changes_a_product_holds_it_before_comparing(api, acme):
    """Else two calls with the same ETag would both find the product unchanged, and one change be lost."""
    with acme:
        Product.objects.create(store=acme.store, sku="A", updated_at=NOW)
    tag = api.get("/api/v1/products/north/A")["ETag"]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = api.patch(
            "/api/v1/products/north/A",
            json.dumps({"brand": "Loom"}),
            "application/json",
            headers={"Idempotency-Key": "k", "If-Match": tag},
        )
    assert answer.status_code == 200
    reads = [q["sql"] for q in asked if q["sql"].startswith("SELECT") and 'FROM "listings_product"' in q["sql"]]
    assert "FOR UPDATE" in reads[0]
