"""Whose rules, messages and decisions: inside one's own stores, and not without the right to decide."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import StoreGrant
from apps.core.models import Finding
from apps.core.permissions import ROLES, Permission, Role
from apps.health.actions.crises import ensure_playbooks, finish, start
from apps.health.actions.evaluating import evaluate
from apps.health.models import AlertChannel, AlertDelivery, AlertRule, Crisis, CrisisStep, Incident, Notice, Playbook
from tests.health.ground import offer, ready, report, rule
from tests.health.test_alert_pages import FILLED, as_
from tests.world import NOW


@pytest.fixture
def here(acme):
    with acme:
        ready(acme, acme.seats[Role.MANAGER])
        offer(acme.store, 800_000)
        channel = AlertChannel.objects.create(kind="email", name="Mail")
        rule(name="Everywhere", channels=[str(channel.pk)])
        rule(name="North only", stores=[acme.store.pk])
        rule(name="Europe only", stores=[acme.other_store.pk])
        report(acme.store, 24_000)
        report(acme.other_store, 24_000, site="DE")
        evaluate(at=NOW)
    return acme


def named(world, name: str) -> AlertRule:
    with world:
        return AlertRule.objects.get(name=name)


def test_a_senior_sees_rules_of_own_stores_and_changes_those_inside_them(here):
    senior = as_(here, Role.SENIOR)
    page = senior.get(here.url("alerts/rules/")).content.decode()
    assert "Everywhere" in page and "North only" in page
    assert "Europe only" not in page and "acme europe" not in page
    for name, status in (("Everywhere", 403), ("North only", 200), ("Europe only", 404)):
        mine = named(here, name)
        assert senior.get(here.url(f"alerts/rules/{mine.pk}/")).status_code == status
        switched = senior.post(here.url(f"alerts/rules/{mine.pk}/off/"))
        assert switched.status_code == (302 if status == 200 else status)
        with here:
            assert AlertRule.objects.get(pk=mine.pk).active is (name != "North only")


def test_a_seniors_form_offers_own_stores_only_and_asks_for_one(here):
    senior, at = as_(here, Role.SENIOR), here.url("alerts/rules/new/")
    page = senior.get(at).content.decode()
    assert "acme north" in page
    assert "acme europe" not in page and ">DE<" not in page
    assert "Choose stores of yours" in senior.post(at, FILLED).content.decode()
    assert "Choose stores of yours" in senior.post(at, FILLED | {"try": "1"}).content.decode()
    assert senior.post(at, FILLED | {"stores": [here.other_store.pk]}).status_code == 422
    assert senior.post(at, FILLED | {"stores": [here.store.pk]}).status_code == 302
    assert as_(here, Role.MANAGER).post(at, FILLED | {"name": "All"}).status_code == 302


def test_who_looks_after_one_site_makes_rules_of_that_site(here):
    with here:
        StoreGrant.objects.filter(member=here.seats[Role.SENIOR]).update(marketplace="CA")
    senior, at = as_(here, Role.SENIOR), here.url("alerts/rules/new/")
    wanted = FILLED | {"stores": [here.store.pk]}
    assert senior.post(at, wanted).status_code == 422, "no site named is all of them"
    assert senior.post(at, wanted | {"sites": ["US"]}).status_code == 422
    assert senior.post(at, wanted | {"sites": ["CA"]}).status_code == 302


def test_messages_and_channels_stay_inside_ones_own_stores(here):
    senior, boss = as_(here, Role.SENIOR), as_(here, Role.OWNER)
    with here:
        channel = AlertChannel.objects.get()
        numbers = dict(Incident.objects.values_list("marketplace", "number"))
        messages = dict(AlertDelivery.objects.values_list("incident__marketplace", "pk"))
    at = here.url(f"alerts/channels/{channel.pk}/")
    page = senior.get(at).content.decode()
    assert f"#{numbers['US']}" in page and f"#{numbers['DE']}" not in page
    assert f"#{numbers['DE']}" in boss.get(at).content.decode()
    assert senior.post(here.url(f"alerts/messages/{messages['DE']}/again/")).status_code == 404
    assert senior.post(here.url(f"alerts/messages/{messages['US']}/again/")).status_code == 302
    changed = {"kind": "email", "name": "Quiet"}
    assert senior.post(at, changed).status_code == 403
    assert senior.post(f"{at}remove/").status_code == 403
    assert boss.post(at, changed).status_code == 302


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"what": "health:invoice", "condition": "forecast"}, "Nothing is foretold of this metric"),
        ({"what": "health:odr_claims", "condition": "band"}, "no report names a limit"),
        ({"programme": "mfn"}, "told apart by who fulfils"),
        ({"what": "health:report_age", "condition": "band"}, "no report names a limit"),
    ],
)
def test_a_rule_that_could_never_speak_is_refused(here, wrong, said):
    answer = as_(here, Role.OWNER).post(here.url("alerts/rules/new/"), FILLED | wrong)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_limit_that_only_reports_name_is_a_limit(here):
    with here:
        report(here.store, 5_000, metric="odr_claims", target=10_000)
    wanted = FILLED | {"what": "health:odr_claims", "condition": "band"}
    assert as_(here, Role.OWNER).post(here.url("alerts/rules/new/"), wanted).status_code == 302


# -- deciding


def test_seniors_decide_and_juniors_do_not():
    deciding = {role for role, held in ROLES.items() if Permission.HEALTH_DECIDE in held}
    assert deciding == {Role.OWNER, Role.MANAGER, Role.SENIOR}
    assert Permission.HEALTH_EDIT in ROLES[Role.JUNIOR]


@pytest.fixture
def both(here) -> tuple[Client, Client]:
    return as_(here, Role.JUNIOR), as_(here, Role.SENIOR)


def test_a_junior_takes_an_incident_and_does_not_snooze_it(here, both):
    junior, senior = both
    with here:
        number = Incident.objects.get(marketplace="US").number
    at = here.url(f"alerts/{number}/act/")
    assert 'value="snooze"' not in junior.get(here.url(f"alerts/{number}/")).content.decode()
    assert 'value="snooze"' in senior.get(here.url(f"alerts/{number}/")).content.decode()
    assert junior.post(at, {"action": "snooze", "days": "7"}).status_code == 403
    many = {"action": "snooze", "days": "7", "keys": [number]}
    assert junior.post(here.url("alerts/act/"), many).status_code == 403
    assert junior.post(at, {"action": "acknowledge"}).status_code == 302
    assert senior.post(at, {"action": "snooze", "days": "7"}).status_code == 302
    with here:
        assert Incident.objects.get(number=number).state == "snoozed"


def test_nor_through_the_inbox(here, both):
    junior, senior = both
    with here:
        card = Finding.objects.get(kind="incident-odr", marketplace="US")
    wanted = {"action": "dismiss", "ids": [str(card.pk)], "reason": "known"}
    assert junior.post(here.url("inbox/act/"), wanted).status_code == 403
    assert junior.post(here.url("inbox/act/"), {"action": "assign", "ids": [str(card.pk)]}).status_code == 200
    assert senior.post(here.url("inbox/act/"), wanted).status_code == 200
    with here:
        assert Finding.objects.get(pk=card.pk).state == "dismissed"


def test_a_junior_answers_a_notice_and_a_senior_closes_it(here, both):
    junior, senior = both
    with here:
        mine = Notice.objects.create(store=here.store, origin="file", key="1", kind="policy", marketplace="US", at=NOW)
    at = here.url(f"health/notices/{mine.pk}/save/")
    assert 'value="done"' not in junior.get(here.url(f"health/notices/{mine.pk}/")).content.decode()
    assert junior.post(at, {"kind": "policy", "state": "doing", "answer": "draft"}).status_code == 200
    assert junior.post(at, {"kind": "policy", "state": "done", "answer": "draft"}).status_code == 403
    bulk = {"action": "state", "state": "none", "keys": [str(mine.pk)]}
    assert junior.post(here.url("health/notices/act/"), bulk).status_code == 403
    assert senior.post(at, {"kind": "policy", "state": "done", "answer": "draft"}).status_code == 200
    with here:
        assert Notice.objects.get(pk=mine.pk).state == "done"


def test_a_junior_is_never_the_second_pair_of_eyes(here, both):
    junior, senior = both
    with here:
        ensure_playbooks()
        book = Playbook.objects.first()
        crisis = start(book, here.store, marketplace="US", incident=None, by=here.seats[Role.SENIOR], at=timezone.now())
        step = CrisisStep.objects.filter(crisis=crisis).order_by("position").first()
        CrisisStep.objects.filter(pk=step.pk).update(four_eyes=True, evidence=False)
        step.refresh_from_db()
        finish(step, by=here.seats[Role.MANAGER], at=timezone.now())
    at = here.url(f"crises/steps/{step.pk}/")
    assert 'value="confirm"' not in junior.get(here.url(f"crises/{crisis.number}/")).content.decode()
    assert junior.post(at, {"action": "confirm"}).status_code == 403
    assert junior.post(at, {"action": "skip", "reason": "no"}).status_code == 403
    assert junior.post(here.url(f"crises/{crisis.number}/close/")).status_code == 403
    assert senior.post(at, {"action": "confirm"}).status_code == 302
    with here:
        assert CrisisStep.objects.get(pk=step.pk).state == "done"
        CrisisStep.objects.update(state="skipped")
    senior.post(here.url(f"crises/{crisis.number}/close/"))
    with here:
        assert Crisis.objects.get().state == "closed"


def test_a_store_whose_reports_stopped_does_not_look_well(here):
    with here:
        from apps.health.models import HealthDay

        HealthDay.objects.update(date=timezone.localdate() - timedelta(days=3), status="good", rate=100, count=0)
    page = as_(here, Role.OWNER).get(here.url("health/?status=silent")).content.decode()
    assert "acme north" in page
