"""Papers by program: whole papers of several parts, their steps, requests, exceptions, traits and coverage."""

import json
from itertools import count

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.core.models import Entry
from apps.health.actions.coverage import recompute_store
from apps.health.models import Coverage, Paper, PaperFile, PaperRequest, SkuTraits
from tests.core.test_rest import Api, key_for
from tests.health.papers import NOW, category, known, offer, paper, pdf

CALLS = count()
PSE = ("certificate", "notification", "label", "inspection")


@pytest.fixture
def acme(acme):
    with acme:
        known()
        category("chargers", electric=True, denan=True, pse_specified=True)
        offer(acme.other_store, "CHARGER", "JP", category="chargers")
        recompute_store(acme.other_store.pk, at=NOW)
    return acme


@pytest.fixture
def api(acme):
    return Api(key_for(acme, "papers:read", "papers:write", "stores:all"))


@pytest.fixture
def reviewer(acme):
    return Api(key_for(acme, "papers:read", "papers:review", "stores:all"))


def part(name):
    return SimpleUploadedFile(f"{name}.pdf", pdf(name))


def key(**more):
    return {"Idempotency-Key": f"papers-{next(CALLS)}", **more}


def post(api, path, body, **headers):
    return api.post(f"/api/v1/{path}", body, content_type="application/json", headers=key(**headers))


def bring(api, parts=PSE, **values):
    body = {"store": "europe", "kind": "pse-specified", "reach": "CHARGER", "file": [part(n) for n in parts]}
    return api.post("/api/v1/papers", body | {"part": list(parts)} | values, headers=key())


def test_a_paper_of_four_parts_is_brought_reviewed_and_covers(api, reviewer, acme):
    made = bring(api, send="false", parts=PSE[:2])
    assert made.status_code == 201, made.content
    assert (made.json()["state"], made.json()["parts"]) == ("draft", ["certificate", "notification"])
    path = f"papers/{made.json()['id']}"
    more = {"file": [part("label"), part("inspection")], "part": ["label", "inspection"]}
    added = api.post(f"/api/v1/{path}/files", more, headers=key())
    assert added.status_code == 201, added.content
    assert sorted(f["part"] for f in added.json()["files"]) == sorted(PSE)
    assert post(api, f"{path}/steps", {"step": "submit"}).json()["state"] == "review"
    assert post(api, f"{path}/review", {"verdict": "accept"}).status_code == 403, "who writes does not review"
    assert post(reviewer, f"{path}/review", {"verdict": "reject"}).status_code == 422, "a rejection says why"
    assert post(reviewer, f"{path}/review", {"verdict": "accept"}).json()["state"] == "accepted"
    with acme:
        recompute_store(acme.other_store.pk, at=NOW)
        verbs = list(Entry.objects.filter(verb__startswith="paper.").order_by("number").values_list("verb", flat=True))
        assert verbs == ["paper.create", "paper.file", "paper.file", "paper.submit", "paper.accept"]
    found = api.get("/api/v1/coverage/europe/JP/CHARGER").json()
    assert (found["state"], found["blockers"]) == ("covered", [])
    assert post(api, f"{path}/steps", {"step": "renew"}).json()["version"] == 2


def test_several_files_of_one_call_are_one_call_twice_and_another_with_other_bytes(api, acme):
    once = {"Idempotency-Key": "the-same"}
    body = {"store": "europe", "kind": "pse-specified", "reach": "CHARGER"}

    def send(*names):
        files = {"file": [part(name) for name in names], "part": ["certificate", "label"]}
        return api.post("/api/v1/papers", body | files, headers=once)

    first = send("one", "two")
    assert first.status_code == 201, first.content
    assert send("one", "two").json()["id"] == first.json()["id"]
    assert send("other", "two").status_code == 422, "the first of two files is a part of the call, too"
    with acme:
        assert Paper.objects.count() == 1


@pytest.mark.parametrize(
    ("parts", "values"),
    [(("label", "nothing"), {}), (("label",), {"part": []}), (("label",), {"part": ["label", "inspection"]})],
)
def test_each_file_needs_a_part_of_its_own(api, acme, parts, values):
    answer = bring(api, parts=parts, **values)
    assert answer.status_code == 422
    assert "certificate, notification, label, inspection" in answer.json()["detail"]
    with acme:
        assert not Paper.objects.exists()


def test_what_a_paper_says_is_changed_before_it_is_decided_and_never_blindly(api, acme):
    with acme:
        lucid = paper(acme.other_store, "lucid", state="review")
    path = f"/api/v1/papers/{lucid.pk}"
    tag = api.get(path)["ETag"]

    def change(body, tag=tag):
        headers = key(**({"If-Match": tag} if tag else {}))
        return api.patch(path, body, content_type="application/json", headers=headers)

    assert change({"number": "DE9999999999999"}, tag="").status_code == 428
    done = change({"number": "DE 9999999999999", "valid_to": "2027-01-01", "scope": "sku", "reach": ["A", "B"]})
    assert done.status_code == 200, done.content
    told = {name: done.json()[name] for name in ("number", "valid_to", "reach", "person")}
    assert told == {
        "number": "DE9999999999999",
        "valid_to": "2027-01-01",
        "reach": ["A", "B"],
        "person": "Demo GmbH, Berlin",
    }
    assert change({"issuer": "X"}).status_code == 412, "the tag is of the state before"
    assert change({"number": "12"}, tag=done["ETag"]).status_code == 422
    with acme:
        Paper.objects.update(state="accepted")
    tag = api.get(path)["ETag"]
    assert change({"issuer": "X"}, tag=tag).status_code == 422, "a version that was decided stays as it is"


def test_files_are_read_by_program_as_they_were_handed_over(api, acme):
    file = bring(api, parts=("label",)).json()["files"][0]
    answer = api.get(f"/api/v1/paper-files/{file['id']}")
    assert b"".join(answer.streaming_content) == pdf("label")
    assert answer["Content-Disposition"].startswith("attachment")
    stranger = Api(key_for(acme, "papers:read", stores=[acme.store]))
    assert stranger.get(f"/api/v1/paper-files/{file['id']}").status_code == 404
    with acme:
        PaperFile.objects.update(key="agency/lost")
    assert api.get(f"/api/v1/paper-files/{file['id']}").status_code == 404


def test_a_client_is_asked_reminded_of_and_let_off_by_program(api, acme):
    body = {"store": "europe", "kind": "ce", "text": "Please send it", "skus": ["CHARGER"], "due": "2026-04-01"}
    made = post(api, "paper-requests", body)
    assert made.status_code == 201, made.content
    assert [m.to for m in mail.outbox] == [[acme.other_client.user.email]]
    assert [row["id"] for row in api.get("/api/v1/paper-requests?state=open").json()["items"]] == [made.json()["id"]]
    path = f"paper-requests/{made.json()['id']}"
    assert post(api, f"{path}/cancel", {}).json()["state"] == "cancelled"
    assert post(api, f"{path}/cancel", {}).status_code == 422
    assert post(api, "paper-requests", body | {"kind": "nothing"}).status_code == 422
    assert post(api, "paper-requests", body | {"store": "nowhere"}).status_code == 422
    with acme:
        assert PaperRequest.objects.get().state == "cancelled"


def test_an_exception_is_asked_by_one_program_and_granted_by_another(api, reviewer, acme):
    body = {"store": "europe", "sku": "CHARGER", "rule": "jp-pse-specified", "reason": "Not sold with a plug"}
    asked = post(api, "paper-waivers", body)
    assert asked.status_code == 201, asked.content
    assert post(api, "paper-waivers", body).status_code == 422, "it waits already"
    both = Api(key_for(acme, "papers:write", "papers:review", "stores:all"))
    own = post(both, "paper-waivers", body | {"marketplace": "JP"}).json()
    assert post(both, f"paper-waivers/{own['id']}/decision", {"verdict": "grant"}).status_code == 422
    path = f"paper-waivers/{asked.json()['id']}"
    assert post(reviewer, f"{path}/decision", {"verdict": "grant"}).json()["state"] == "granted"
    assert post(reviewer, f"{path}/decision", {"verdict": "refuse"}).status_code == 422
    with acme:
        recompute_store(acme.other_store.pk, at=NOW)
        assert Coverage.objects.get().cells["jp-pse-specified"]["s"] == "waived"


def test_what_products_are_is_read_and_written_by_program(api, acme):
    codes = {row["code"] for row in api.get("/api/v1/paper-traits").json()["items"]}
    assert {"electric", "toy", "ppe"} <= codes
    kinds = {row["code"]: row for row in api.get("/api/v1/paper-kinds").json()["items"]}
    assert [part["key"] for part in kinds["pse-specified"]["parts"]] == list(PSE)

    def put(*items):
        body = json.dumps({"items": items})
        return api.put("/api/v1/sku-traits", body, content_type="application/json", headers=key())

    row = {"store": "europe", "sku": "CHARGER", "traits": {"toy": True, "battery": False}}
    assert put(row).json() == {"received": 1}
    assert put(row | {"traits": {"toy": None, "electric": False}}).status_code == 200
    with acme:
        assert SkuTraits.objects.get().traits == {"battery": False, "electric": False}
    assert api.get("/api/v1/sku-traits?sku=CHARGER").json()["items"][0]["traits"] == {
        "battery": False,
        "electric": False,
    }
    wrong = put(row, row, row | {"store": "nowhere"}, row | {"sku": "X", "traits": {"magic": True}})
    assert wrong.status_code == 422
    assert [(e["index"], e["field"]) for e in wrong.json()["errors"]] == [(1, "sku"), (2, "store"), (3, "traits")]


def test_an_offer_that_is_new_is_said_to_be_new(api, acme, client):
    with acme:
        offer(acme.other_store, "FRESH", "JP")
    found = api.get("/api/v1/coverage/europe/jp/FRESH").json()
    assert (found["state"], found["requirements"], found["computed_at"]) == ("new", {}, None)
    assert api.get("/api/v1/coverage/europe/JP/UNHEARD-OF").status_code == 404
    from django.urls import reverse

    from apps.core.permissions import Role

    client.force_login(acme.user(Role.OWNER))
    where = {"agency": acme.agency.slug, "store": "europe", "site": "JP", "sku": "FRESH"}
    page = client.get(reverse("paper-cell", kwargs=where))
    assert page.status_code == 200
    assert "Not worked out yet" in page.content.decode() and "nothing is free" in page.content.decode()
    assert client.get(reverse("paper-pack", kwargs=where)).status_code == 404
