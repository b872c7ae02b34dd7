"""The pages of alerts: what is shown, what is done, what a rule would have done, in both languages."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from apps.core.models import Entry
from apps.core.permissions import Role
from apps.health.actions.alert_rules import ensure_defaults
from apps.health.actions.evaluating import evaluate
from apps.health.models import AlertChannel, AlertHours, AlertRule, GivenRule, Incident, IncidentOpinion
from apps.health.queries.dry_run import tried
from tests.health.ground import TODAY, later, offer, orders, ready, report, rule
from tests.world import NOW


@pytest.fixture
def here(acme):
    with acme:
        ready(acme, acme.seats[Role.MANAGER])
        offer(acme.store, 800_000)
        rule(name="ODR is near", steps=[[60, "owner"]])
        report(acme.store, 24_000)
        report(acme.other_store, 24_000, site="DE")
        evaluate(at=NOW)
    return acme


def as_(world, role: Role) -> Client:
    client = Client()
    client.force_login(world.user(role))
    return client


def number(world) -> int:
    with world:
        return Incident.objects.get(marketplace="US").number


def test_the_list_shows_what_one_may_see(here, django_assert_max_num_queries):
    boss, junior = as_(here, Role.OWNER), as_(here, Role.JUNIOR)
    with django_assert_max_num_queries(46):
        text = boss.get(here.url("alerts/")).content.decode()
    assert "Order defect rate (FBA): 2.40%, limit 1.00%" in text
    assert "$8,000" in text
    assert "acme europe" in rows(boss, here, "alerts/")
    assert "acme europe" not in rows(junior, here, "alerts/")
    assert "#1" in rows(boss, here, "alerts/?mp=US")
    assert "acme north" not in rows(boss, here, "alerts/?mp=DE")
    assert 'class="dt"' not in rows(boss, here, "alerts/?cause=stock")
    assert rows(boss, here, "stores/north/alerts/").count("<tr data-row") == 1


def rows(client: Client, world, path: str) -> str:
    return client.get(world.url(path)).content.decode().split('id="rows"')[1].split("</table>")[0]


def test_acknowledged_snoozed_assigned_noted(here):
    boss, at = as_(here, Role.OWNER), here.url(f"alerts/{number(here)}/act/")
    assert boss.post(at, {"action": "acknowledge"}).status_code == 302
    with here:
        assert Incident.objects.get(marketplace="US").state == "acknowledged"
        assert Entry.objects.filter(verb="incident.acknowledge").exists()
    assert boss.post(at, {"action": "note"}).status_code == 422
    boss.post(at, {"action": "note", "text": "called the carrier"})
    boss.post(at, {"action": "snooze", "days": "7"})
    boss.post(at, {"action": "assign", "to": str(here.seats[Role.SENIOR].pk)})
    boss.post(at, {"action": "useless"})
    boss.post(at, {"action": "useful"})
    text = boss.get(here.url(f"alerts/{number(here)}/")).content.decode()
    assert "called the carrier" in text
    assert "Snoozed" in text
    with here:
        assert IncidentOpinion.objects.get().useful is True
        assert Incident.objects.get(marketplace="US").owner == here.seats[Role.SENIOR]
    assert "100%" in boss.get(here.url("alerts/rules/")).content.decode()


def test_many_at_once_and_only_those_one_may_see(here):
    with here:
        every = list(Incident.objects.values_list("number", flat=True))
    answer = as_(here, Role.SENIOR).post(here.url("alerts/act/"), {"action": "acknowledge", "keys": every})
    assert answer.status_code == 302
    with here:
        assert dict(Incident.objects.values_list("marketplace", "state")) == {"US": "acknowledged", "DE": "open"}


def test_what_is_over_is_said(here):
    with here:
        report(here.store, 100, day=TODAY + timedelta(days=1))
        evaluate(at=later(days=1))
    answer = as_(here, Role.OWNER).post(here.url(f"alerts/{number(here)}/act/"), {"action": "acknowledge"})
    assert answer.status_code == 409
    assert "recovered" in json.loads(answer["HX-Trigger"])["toast"]["text"]


FILLED = {
    "name": "Few orders", "what": "metric:orders", "condition": "threshold", "operator": "lt", "value": "5", "days": "2",
    "amber": "70", "chance": "30", "falling": "1", "stake_amber": "25", "stake_red": "100", "notable": "500",
    "high": "5000", "critical": "25000", "role": "manager", "minutes_0": "30", "whom_0": "store", "active": "on",
}  # fmt: skip


def test_a_rule_is_written_tried_and_changed(here):
    boss = as_(here, Role.OWNER)
    with here:
        orders(here.store, [9, 2, 3, 9, 1, 9, 9, 3, 3, 3, 9, 9], last=NOW.date())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.utils.timezone.now", lambda: NOW)
        answer = boss.post(here.url("alerts/rules/new/"), FILLED | {"try": "1"})
    text = " ".join(answer.content.decode().split())
    assert "<b>3</b> site days and opened <b>2</b> incidents" in text
    with here:
        assert not AlertRule.objects.filter(name="Few orders").exists(), "trying saves nothing"
    boss = as_(here, Role.OWNER)  # for the clock went back: the first session is over
    boss.post(here.url("alerts/rules/new/"), FILLED)
    with here:
        made = AlertRule.objects.get(name="Few orders")
        assert (made.value, made.high, made.steps) == (Decimal(5), 500_000, [[30, "store"]])
    page = boss.get(here.url(f"alerts/rules/{made.pk}/")).content.decode()
    assert "When Orders is &lt; 5 for 2 days" in page
    boss.post(here.url(f"alerts/rules/{made.pk}/"), FILLED | {"what": "health:odr", "value": "0.8", "days": "1"})
    with here:
        assert AlertRule.objects.get(pk=made.pk).value == Decimal("0.008")
        assert Entry.objects.filter(verb="alert-rule.change").latest("number").after["value"] == "0.008"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"condition": "band"}, "limit of their own"),
        ({"condition": "anomaly", "what": "metric:conversion"}, "daily counts only"),
        ({"value": ""}, "Say which value"),
        ({"high": "1"}, "Each severity begins"),
        ({"whom_0": ""}, "A step needs both"),
    ],
)
def test_an_impossible_rule_is_refused_with_what_to_do(here, wrong, said):
    answer = as_(here, Role.OWNER).post(here.url("alerts/rules/new/"), FILLED | wrong)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_dry_run_agrees_with_what_really_happened(here):
    with here:
        mine = rule(name="again", amber=70)
        for ago in range(1, 10):
            report(here.store, 24_000 if ago in {3, 4, 8} else 500, day=TODAY - timedelta(days=ago))
        done = tried(mine, at=NOW)
    assert (done.days, done.incidents) == (5, 4), "four days and two runs of US with today's, and DE's today"


def test_the_default_set_reads_in_both_languages(here):
    boss = as_(here, Role.OWNER)
    with here:
        AlertRule.objects.all().delete()
        AlertChannel.objects.all().delete()
        GivenRule.objects.all().delete()
        ensure_defaults()
    assert "Order defect rate near its limit" in boss.get(here.url("alerts/rules/")).content.decode()
    person = here.user(Role.OWNER)
    person.language = "zh-hans"
    person.save()
    text = boss.get(here.url("alerts/rules/")).content.decode()
    assert "订单缺陷率接近限值" in text
    assert "Order defect" not in text


def test_channels_and_ones_own_hours(here):
    boss, junior = as_(here, Role.OWNER), as_(here, Role.JUNIOR)
    new = {"kind": "feishu", "name": "Team", "url": "http://example.com/x", "urgent": "on", "active": "on"}
    answer = boss.post(here.url("alerts/channels/new/"), new)
    assert answer.status_code == 422
    assert "only https" in answer.content.decode()
    assert "needs its address" in boss.post(here.url("alerts/channels/new/"), new | {"url": ""}).content.decode()
    made = boss.post(here.url("alerts/channels/new/"), new | {"url": "https://open.feishu.cn/hook/abc", "secret": "s"})
    page = boss.get(made["Location"]).content.decode()
    assert "open.feishu.cn" in page
    assert "hook/abc" not in page
    boss.post(made["Location"], new | {"url": "", "name": "Renamed"})
    with here:
        found = AlertChannel.objects.get(name="Renamed")
        assert found.sealed
    assert junior.post(here.url("alerts/channels/new/"), new).status_code == 403
    assert junior.post(here.url("alerts/hours/"), {"quiet_from": "22:00"}).status_code == 422
    junior.post(here.url("alerts/hours/"), {"quiet_from": "22:00", "quiet_to": "08:00", "email": "on"})
    with here:
        assert AlertHours.objects.get().member == here.seats[Role.JUNIOR]
