"""What every resource of the API does, tried on real ones."""

import json
import secrets
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.authentication import secret_digest
from apps.accounts.models import ApiKey, Member, StoreGrant
from apps.core import audit
from apps.core.permissions import SCOPES
from apps.listings.models import Product

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def key_for(world, *scopes: str, stores=(), **fields) -> str:
    """A living key; returns the secret."""
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    whole = f"swk_{prefix}_{secret}"
    with world:
        member = Member.objects.create(name="ERP", scopes=list(scopes))
        for store in stores:
            StoreGrant.objects.create(member=member, store=store)
        fields = {"expires_at": timezone.now() + timedelta(days=1), "created_at": timezone.now()} | fields
        ApiKey.objects.create(member=member, prefix=prefix, digest=secret_digest(whole), **fields)
    return whole


class Api(Client):
    """A client that sends a key."""

    def __init__(self, key: str) -> None:
        super().__init__(headers={"Authorization": f"Bearer {key}"})


@pytest.fixture
def api(acme):
    with acme:
        Product.objects.bulk_create(
            Product(store=acme.store, sku=f"SKU-{n:03}", title=f"Lamp {n}", updated_at=NOW + timedelta(minutes=n // 3))
            for n in range(25)
        )
    return Api(key_for(acme, *SCOPES))


def test_without_a_key_one_is_told_how_to_send_it(db):
    answer = Client().get("/api/v1/stores")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert "Bearer" in answer["WWW-Authenticate"]
    assert answer.json()["status"] == 401


@pytest.mark.parametrize(
    "fields",
    [{"expires_at": NOW}, {"revoked_at": NOW}, {"networks": ["203.0.113.0/24"]}],
)
def test_a_dead_or_far_key_is_refused(acme, fields):
    key = key_for(acme, "stores:read", "stores:all", **fields)
    assert Api(key).get("/api/v1/stores").status_code == 401
    assert Api(key[:-1] + "_").get("/api/v1/stores").status_code == 401


def test_a_key_without_the_scope_is_refused_and_one_for_a_store_sees_that_store(acme):
    key = key_for(acme, "stores:read", stores=[acme.store])
    assert Api(key).get("/api/v1/products").status_code == 403
    assert [s["store"] for s in Api(key).get("/api/v1/stores").json()["items"]] == ["north"]
    assert Api(key).get(f"/api/v1/stores/{acme.other_store.slug}").status_code == 404


def test_another_agencys_stores_do_not_exist(acme, zeta):
    with zeta:
        zeta.store.slug = "far"
        zeta.store.save()
    key = key_for(acme, *SCOPES)
    assert Api(key).get("/api/v1/stores/far").status_code == 404
    assert Api(key).get("/api/v1/products?store=far").json()["items"] == []


def test_pages_follow_each_other_without_gap_or_repetition(api, acme):
    seen, cursor = [], None
    while True:
        page = api.get("/api/v1/products", {"limit": 7} | ({"cursor": cursor} if cursor else {})).json()
        seen += [p["sku"] for p in page["items"]]
        with acme:  # somebody adds one while we page
            Product.objects.create(store=acme.store, sku=f"NEW-{len(seen)}", updated_at=NOW - timedelta(days=1))
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"SKU-{n:03}" for n in range(25)]


def test_updated_since_and_sparse_fields(api):
    late = (NOW + timedelta(minutes=8)).isoformat()
    page = api.get("/api/v1/products", {"updated_since": late, "fields": "sku,title"}).json()
    assert page["items"] == [{"sku": "SKU-024", "title": "Lamp 24"}]
    assert api.get("/api/v1/products?fields=password").status_code == 400


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=", "updated_since=yesterday", "fields="])
def test_a_wrong_parameter_is_named(api, query):
    answer = api.get(f"/api/v1/products?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("cursor", ["zzz", "W10", ""])
def test_a_cursor_that_is_none_leads_nowhere(api, cursor):
    assert api.get(f"/api/v1/products?cursor={cursor}").status_code == 404


def test_below_the_api_even_unknown_addresses_answer_with_problem_details(api):
    answer = api.get("/api/v1/changes/none")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_an_unchanged_answer_is_not_sent_again(api):
    first = api.get("/api/v1/products")
    again = api.get("/api/v1/products", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def change(api, body, **headers):
    headers = {"Idempotency-Key": secrets.token_hex(8)} | headers
    return api.patch("/api/v1/products/north/SKU-001", json.dumps(body), "application/json", headers=headers)


def test_a_change_needs_the_state_it_was_based_on(api, acme):
    tag = api.get("/api/v1/products/north/SKU-001")["ETag"]
    assert change(api, {"moq": 200}).status_code == 428
    assert change(api, {"moq": 200}, **{"If-Match": '"old"'}).status_code == 412
    done = change(api, {"moq": 200}, **{"If-Match": tag})
    assert (done.status_code, done.json()["moq"]) == (200, 200)
    assert done["ETag"] != tag
    with acme:
        assert audit.verify() is None


def test_a_call_sent_twice_happens_once(api, acme):
    tag = api.get("/api/v1/products/north/SKU-001")["ETag"]
    headers = {"If-Match": tag, "Idempotency-Key": "order-7"}
    first, second = (change(api, {"moq": 300}, **headers) for _ in range(2))
    assert second.json() == first.json()
    assert second["Idempotency-Replayed"] == "true"
    assert change(api, {"moq": 301}, **headers).status_code == 422
    assert change(api, {"moq": 300}, **headers | {"Idempotency-Key": ""}).status_code == 400
    with acme:
        assert Product.objects.get(store=acme.store, sku="SKU-001").moq == 300


def test_a_key_has_so_many_calls_a_minute(acme):
    api = Api(key_for(acme, "stores:read", per_minute=2))
    if (left := 60 - time.time() % 60) < 10:
        time.sleep(left)  # the calls below belong to one minute
    answers = [api.get("/api/v1/stores") for _ in range(3)]
    assert [a["RateLimit-Remaining"] for a in answers] == ["1", "0", "0"]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) <= 60
