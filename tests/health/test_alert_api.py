"""Programs work on incidents and write rules, as far as their key goes."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.core.models import Entry
from apps.core.permissions import Role
from apps.health.actions.evaluating import evaluate
from apps.health.models import AlertRule, Incident, IncidentEvent, IncidentOpinion
from tests.core.test_rest import Api, key_for
from tests.health.ground import offer, ready, report, rule
from tests.world import NOW

RULE = {
    "name": "Few units", "fact": "metric", "metric": "units", "condition": "threshold", "operator": "lt", "value": "5",
    "grain": "sku", "steps": [{"minutes": 60, "whom": "store"}], "stores": ["north"],
}  # fmt: skip


@pytest.fixture
def here(acme):
    with acme:
        ready(acme, acme.seats[Role.MANAGER])
        offer(acme.store, 800_000)
        rule(name="ODR", steps=[[60, "owner"]])
        report(acme.store, 24_000)
        evaluate(at=NOW)
    return acme


def key(world, *scopes: str, **more) -> Api:
    return Api(key_for(world, *scopes, **more))


def patch(api: Api, path: str, body: dict, more: dict = {}):  # noqa: B006
    return api.patch(f"/api/v1/{path}", body, content_type="application/json", headers=once() | more)


def post(api: Api, path: str, body: dict):
    return api.post(f"/api/v1/{path}", body, content_type="application/json", headers=once())


def delete(api: Api, path: str):
    return api.delete(f"/api/v1/{path}", headers=once())


def once() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def test_an_incident_is_taken_given_snoozed_and_reopened(here):
    api = key(here, "alerts:write", "stores:all")
    senior = here.user(Role.SENIOR).email
    found = patch(api, "incidents/1", {"state": "acknowledged", "owner": senior, "useful": True}).json()
    assert (found["state"], found["owner"]) == ("acknowledged", senior)
    told = api.get("/api/v1/incidents/1").json()
    assert told["owner_name"] == str(here.seats[Role.SENIOR])
    assert patch(api, "incidents/1", {"owner": told["owner"]}).json() == told, "what was told can be sent back"
    day = timezone.localdate() + timedelta(days=7)
    assert patch(api, "incidents/1", {"state": "snoozed", "snoozed_until": str(day)}).json()["snoozed_until"] == str(
        day
    )
    assert patch(api, "incidents/1", {"state": "open", "owner": None}).json()["owner"] is None
    assert post(api, "incidents/1/notes", {"text": "called the carrier"}).status_code == 201
    with here:
        assert IncidentOpinion.objects.get().useful is True
        assert IncidentEvent.objects.filter(kind="note", detail__text="called the carrier").exists()
        assert Incident.objects.get().state == "open"
        assert set(Entry.objects.filter(verb__startswith="incident.").values_list("verb", flat=True)) == {
            "incident.acknowledge", "incident.assign", "incident.snooze", "incident.reopen",
        }  # fmt: skip


def test_what_makes_no_sense_is_refused_and_nothing_is_done(here):
    api = key(here, "alerts:write", "stores:all")
    for body, status in (
        ({"owner": "nobody@example.org"}, 422),
        ({"state": "resolved"}, 400),
        ({"state": "snoozed", "snoozed_until": "2020-01-01"}, 422),
        ({"snoozed_until": "2100-01-01"}, 422),
    ):
        assert patch(api, "incidents/1", body).status_code == status
    assert post(api, "incidents/1/notes", {"text": " "}).status_code == 400
    with here:
        assert (Incident.objects.get().state, IncidentEvent.objects.filter(kind="note").exists()) == ("open", False)


def test_an_old_copy_changes_nothing_where_a_call_names_the_copy(here):
    api = key(here, "alerts:write", "stores:all")
    body = {"owner": str(here.user(Role.OWNER).email)}
    assert patch(api, "incidents/1", body, {"If-Match": '"old"'}).status_code == 412
    assert patch(api, "incidents/1", body, {"If-Match": api.get("/api/v1/incidents/1")["ETag"]}).status_code == 200


def test_a_key_that_reads_changes_nothing_and_one_that_works_does_not_decide(here):
    reading = key(here, "alerts:read", "rules:read", "stores:all")
    assert patch(reading, "incidents/1", {"state": "acknowledged"}).status_code == 403
    assert post(reading, "incidents/1/notes", {"text": "x"}).status_code == 403
    assert post(reading, "alert-rules", RULE).status_code == 403
    with here:
        pk = AlertRule.objects.get().pk
    assert patch(reading, f"alert-rules/{pk}", {"active": False}).status_code == 403
    assert delete(reading, f"alert-rules/{pk}").status_code == 403
    working = key(here, "health:write", "stores:all")
    assert patch(working, "incidents/1", {"state": "snoozed"}).status_code == 403
    assert patch(working, "incidents/1", {"state": "acknowledged"}).status_code == 200


def test_rules_are_made_read_changed_and_removed(here):
    api = key(here, "rules:read", "rules:write", "stores:all")
    made = post(api, "alert-rules", RULE)
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["stores"], body["steps"], body["grain"]) == (["north"], RULE["steps"], "sku")
    at = f"alert-rules/{body['id']}"
    changed = patch(api, at, {"value": "7.5", "owner": here.user(Role.SENIOR).email}).json()
    assert (changed["value"], changed["owner"]) == ("7.500000", here.user(Role.SENIOR).email)
    assert [each["name"] for each in api.get("/api/v1/alert-rules").json()["items"]] == ["ODR", "Few units"]
    assert api.get(f"/api/v1/{at}").json()["name"] == "Few units"
    assert delete(api, at).status_code == 204
    assert api.get(f"/api/v1/{at}").status_code == 404
    with here:
        verbs = Entry.objects.filter(verb__startswith="alert-rule.").order_by("number").values_list("verb", flat=True)
        assert list(verbs) == ["alert-rule.add", "alert-rule.change", "alert-rule.remove"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"metric": "nothing"}, "metric"),
        ({"condition": "forecast"}, "condition"),
        ({"metric": "aov"}, "grain"),
        ({"value": None}, "value"),
        ({"notable": 10, "high": 5}, "high"),
        ({"stores": ["far"]}, "stores"),
        ({"sites": ["XX"]}, "sites"),
        ({"channels": ["0190a5a0-0000-7000-8000-000000000000"]}, "channels"),
        ({"steps": [{"minutes": 0, "whom": "store"}]}, "steps.0.minutes"),
        ({"owner": "nobody@example.org"}, "owner"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_name(here, wrong, field):
    answer = post(key(here, "rules:write", "stores:all"), "alert-rules", RULE | wrong)
    assert answer.status_code == (400 if "steps" in field else 422), "400 is for what is malformed"
    assert field in answer.content.decode()
    with here:
        assert not AlertRule.objects.filter(name="Few units").exists()


def test_a_key_of_one_store_writes_rules_of_that_store_only(here):
    api = key(here, "rules:read", "rules:write", stores=[here.store])
    with here:
        every, foreign = AlertRule.objects.get(name="ODR"), rule(name="Europe", stores=[here.other_store.pk])
    assert {each["name"] for each in api.get("/api/v1/alert-rules").json()["items"]} == {"ODR"}
    assert patch(api, f"alert-rules/{every.pk}", {"active": False}).status_code == 403
    assert patch(api, f"alert-rules/{foreign.pk}", {"active": False}).status_code == 404
    assert post(api, "alert-rules", RULE).status_code == 201
    assert post(api, "alert-rules", RULE | {"stores": []}).status_code == 422
    assert post(api, "alert-rules", RULE | {"stores": ["europe"]}).status_code == 422
