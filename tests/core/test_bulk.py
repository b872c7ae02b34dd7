"""ERPs tell many rows at once: all are taken, or none, and sending twice changes nothing."""

import json
import secrets

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.core.permissions import SCOPES
from apps.inventory.models import OwnStock
from apps.sales.models import Cost
from apps.sync.models import StoredDocument
from tests.core.test_rest import Api, key_for


@pytest.fixture
def api(acme):
    return Api(key_for(acme, *SCOPES))


def put(api, path, body, kind="application/json", key=""):
    body = body if isinstance(body, str) else json.dumps(body)
    return api.put(f"/api/v1/{path}", body, kind, headers={"Idempotency-Key": key or secrets.token_hex(8)})


def row(sku, **values):
    return {"store": "north", "sku": sku, "available": 5} | values


def test_own_stock_as_json_and_as_lines(api, acme):
    done = put(api, "stock/own", {"items": [row("A"), row("B", available=7, warehouse="SZ")]})
    assert (done.status_code, done.json()) == (200, {"received": 2, "new": 2, "changed": 0})
    lines = "\n".join(json.dumps(row(sku, available=9)) for sku in ("A", "C"))
    done = put(api, "stock/own", lines, "application/x-ndjson")
    assert done.json() == {"received": 2, "new": 1, "changed": 1}
    with acme:
        assert dict(OwnStock.objects.values_list("sku", "available")) == {"A": 9, "B": 7, "C": 9}
        assert StoredDocument.objects.filter(row="own_stock", applied_at__isnull=False).count() == 2
    again = put(api, "stock/own", lines, "application/x-ndjson")
    assert again.json() == {"received": 2, "new": 0, "changed": 0}


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (row("A", available=-1), "available"),
        (row("A", store="europe-of-zeta"), "store"),
        (row(""), "sku"),
        ({"store": "north", "sku": "A"}, ""),
        (row("B"), ""),
    ],
)
def test_one_wrong_row_stops_all(api, acme, bad, field):
    done = put(api, "stock/own", {"items": [row("B"), bad]})
    assert done.status_code == 422
    assert done.json()["errors"][0]["field"] == field
    with acme:
        assert not OwnStock.objects.exists()


@pytest.mark.parametrize("body", ["", "[]", "{", '{"items": 3}', '{"rows": []}'])
def test_what_is_no_list_of_rows_is_refused(api, body):
    assert put(api, "stock/own", body).status_code in {400, 422}


def test_costs_need_their_scope(api, acme):
    item = {"store": "north", "sku": "A", "unit_cost": 399, "currency": "USD", "valid_from": "2026-01-01"}
    assert put(api, "costs", {"items": [item]}).json()["new"] == 1
    with acme:
        assert Cost.objects.get().unit_cost == 399
    reader = Api(key_for(acme, "stores:all", "costs:read"))
    assert put(reader, "costs", {"items": [item]}).status_code == 403
    assert reader.get("/api/v1/costs").json()["items"][0]["unit_cost"] == 399


def test_an_empty_file_says_so(api, acme):
    empty = {"store": "north", "file": SimpleUploadedFile("nothing.csv", b"")}
    answer = api.post("/api/v1/documents", empty, headers={"Idempotency-Key": "nothing"})
    assert (answer.status_code, "empty" in answer.json()["detail"]) == (422, True)


def test_a_file_is_brought_as_by_a_person(api, acme, tmp_path):
    file = tmp_path / "costs.csv"
    file.write_text("sku,unit-cost,currency\nA,3.99,USD\n")
    with file.open("rb") as handle:
        done = api.post("/api/v1/documents", {"store": "north", "file": handle}, headers={"Idempotency-Key": "costs-1"})
    assert done.status_code == 202, done.content
    assert api.get(f"/api/v1/runs/{done.json()['id']}").json()["dataset"] == "costs"
    file.write_text("sku,unit-cost,currency\nA,free,USD\n")
    with file.open("rb") as handle:
        done = api.post("/api/v1/documents", {"store": "north", "file": handle}, headers={"Idempotency-Key": "costs-2"})
    assert done.status_code == 422
