"""Programs work on order defects and notices as people do on the pages, as far as their key goes."""

from uuid import uuid4

import pytest

from apps.core.models import Entry, Finding
from apps.core.permissions import Role
from apps.health.models import Defect, Notice
from tests.health.rows import TODAY
from tests.health.test_alert_api import key, patch
from tests.world import NOW

DEFECT = "defects/north/1/claim"


@pytest.fixture
def work(acme):
    with acme:
        Defect.objects.create(store=acme.store, order_id="1", kind="claim", marketplace_id="US", as_of=NOW)
        Defect.objects.create(store=acme.other_store, order_id="2", kind="claim", marketplace_id="DE", as_of=NOW)
        Notice.objects.create(store=acme.store, origin="file", key="1", kind="policy", at=NOW, subject="Hello")
        Notice.objects.create(
            store=acme.store, origin="file", key="2", kind="policy", at=NOW, subject="US only", marketplace="US"
        )
    return acme


def notice(world, **more):
    with world:
        return Notice.objects.get(**{"key": "1"} | more)


def verbs(world):
    with world:
        return list(Entry.objects.filter(verb__endswith=".work").order_by("number").values_list("verb", flat=True))


def test_a_defect_is_given_worked_on_and_put_down_in_the_ledger(work):
    api = key(work, "health:write", "stores:all")
    body = {"state": "doing", "owner": work.user(Role.SENIOR).email, "note": "Asked the carrier"}
    answer = patch(api, DEFECT, body)
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert {name: found[name] for name in body} == body
    assert found["owner_name"] == str(work.seats[Role.SENIOR])
    assert patch(api, DEFECT, {"owner": None, "state": "done"}).json()["owner"] is None
    assert patch(api, DEFECT, {}).json()["state"] == "done", "nothing named, nothing changed"
    assert verbs(work) == ["defect.work", "defect.work"]
    assert api.get(f"/api/v1/{DEFECT}").json()["note"] == "Asked the carrier"


def test_a_notice_is_answered_until_a_day(work):
    api = key(work, "health:write", "stores:all")
    pk = notice(work).pk
    body = {"kind": "documents", "state": "doing", "due": str(TODAY), "case_id": "C-1", "answer": "Sent."}
    found = patch(api, f"notices/{pk}", body).json()
    assert {name: found[name] for name in body} == body
    assert patch(api, f"notices/{pk}", {"due": None}).json()["due"] is None
    assert verbs(work) == ["notice.work", "notice.work"]
    with work:
        assert not Finding.objects.filter(kind="notice-due", state="open").exists(), "no day, nothing due"


def test_closing_a_notice_asks_for_who_may_decide(work):
    pk = notice(work).pk
    working, deciding = key(work, "health:write", "stores:all"), key(work, "alerts:write", "stores:all")
    assert patch(working, f"notices/{pk}", {"state": "done", "answer": "Sent."}).status_code == 403
    assert notice(work).answer == "", "all of it or nothing"
    assert patch(deciding, f"notices/{pk}", {"state": "done"}).status_code == 200
    assert patch(working, f"notices/{pk}", {"state": "done", "answer": "Sent."}).status_code == 200, "closed before"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"state": "gone"}, 400),
        ({"owner": "nobody@example.org"}, 422),
        ({"owner": "no address"}, 400),
        ({"note": "x" * 5001}, 400),
    ],
)
def test_what_makes_no_sense_is_refused(work, body, status):
    assert patch(key(work, "health:write", "stores:all"), DEFECT, body).status_code == status
    assert verbs(work) == []


def test_a_key_that_reads_changes_nothing(work):
    reading = key(work, "health:read", "stores:all")
    assert patch(reading, DEFECT, {"state": "done"}).status_code == 403
    assert patch(reading, f"notices/{notice(work).pk}", {"state": "doing"}).status_code == 403


def test_the_same_call_twice_is_done_once(work):
    api, once = key(work, "health:write", "stores:all"), {"Idempotency-Key": uuid4().hex}
    for _ in range(2):
        body = {"state": "doing"}
        answer = api.patch(f"/api/v1/{DEFECT}", body, content_type="application/json", headers=once)
    assert answer.headers["Idempotency-Replayed"] == "true"
    assert verbs(work) == ["defect.work"]


def test_a_key_of_all_stores_is_told_notices_of_sites_too(work):
    found = key(work, "health:read", "stores:all").get("/api/v1/notices").json()["items"]
    assert {row["subject"] for row in found} == {"Hello", "US only"}


def places(world):
    return DEFECT, f"notices/{notice(world).pk}"


def test_whose_it_is_reads_as_it_is_written(work):
    api, senior = key(work, "health:write", "stores:all"), work.user(Role.SENIOR).email
    for place in places(work):
        nobody = api.get(f"/api/v1/{place}").json()
        assert (nobody["owner"], nobody["owner_name"]) == (None, None)
        patch(api, place, {"owner": senior})
        told = api.get(f"/api/v1/{place}").json()
        assert (told["owner"], told["owner_name"]) == (senior, str(work.seats[Role.SENIOR]))
        for owner in (None, told["owner"]):
            answer = patch(api, place, {"owner": owner})
            assert (answer.status_code, answer.json()["owner"]) == (200, owner)


def test_an_owner_who_has_left_can_be_sent_back_but_not_given(work):
    api, seat = key(work, "health:write", "stores:all"), work.seats[Role.SENIOR]
    address, (place, other) = work.user(Role.SENIOR).email, places(work)
    patch(api, place, {"owner": address})
    with work:
        seat.active = False
        seat.save()
    assert patch(api, place, {"owner": address, "note": "x"}).json()["owner"] == address
    assert patch(api, other, {"owner": address}).status_code == 422
