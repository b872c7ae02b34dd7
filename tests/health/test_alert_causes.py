"""One cause, one card, one owner: what the inbox says, whose product it is, what a limit is, and who is told when."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.utils import timezone

from apps.core.models import Finding
from apps.core.permissions import Role
from apps.core.tenancy import tenant
from apps.health.actions import incidents as people
from apps.health.actions.alert_rules import DEFAULTS
from apps.health.actions.attention import refresh_findings
from apps.health.actions.evaluating import escalate, evaluate
from apps.health.domain.headroom import Band
from apps.health.domain.performance import Told, broken
from apps.health.models import AlertDelivery, AlertRule, Incident, Notice, Signal
from apps.health.queries.newest import newest
from apps.health.tasks import sweep_alerts
from tests.health.ground import TODAY, later, offer, ready, report, rule
from tests.world import NOW

CARDS = ("health-breach", "health-near", "health-status", "incident-odr", "incident-account")


def only() -> Incident:
    return Incident.objects.get()


def cards() -> list[Finding]:
    return list(Finding.objects.filter(kind__in=CARDS, state__in=["open", "snoozed", "dismissed"]))


def card() -> Finding:
    (found,) = cards()
    return found


@pytest.fixture
def here(acme):
    with acme:
        ready(acme, acme.seats[Role.MANAGER])
        offer(acme.store, 800_000)
    return acme


def look(world, **span: float) -> None:
    """As after a document: findings of account health first, the rules a little later."""
    refresh_findings(world.store, at=later(**span))
    evaluate(at=later(**span))


# -- the inbox and the incident


def test_the_inbox_has_one_card_for_one_cause_and_it_is_the_incidents(here):
    with here:
        rule()
        report(here.store, 12_000, count=12)
        refresh_findings(here.store, at=NOW)
        assert card().kind == "health-breach", "until the rules are looked at"
        evaluate(at=NOW)
        assert (card().kind, card().assigned) == ("incident-odr", here.seats[Role.MANAGER])
        look(here, minutes=30)
        assert card().kind == "incident-odr", "and it stays the only one"
        report(here.store, 2_000, count=2, day=TODAY + timedelta(days=1))
        look(here, days=1)
        assert cards() == []


def test_without_a_rule_the_finding_itself_stands(here):
    with here:
        mine = rule()
        report(here.store, 12_000, count=12)
        look(here)
        AlertRule.objects.filter(pk=mine.pk).update(active=False)
        look(here, hours=1)
        look(here, hours=2)
        assert card().kind == "health-breach"


def test_what_was_done_with_the_finding_before_is_done_with_the_incident(here):
    with here:
        rule(steps=[[60, "owner"]])
        report(here.store, 12_000, count=12)
        refresh_findings(here.store, at=NOW)
        senior = here.seats[Role.SENIOR]
        until = TODAY + timedelta(days=7)
        Finding.objects.update(state="snoozed", snoozed_until=until, assigned=senior)
        evaluate(at=NOW)
        assert (only().state, only().snoozed_until, only().owner) == ("snoozed", until, senior)
        assert (card().kind, card().state, card().assigned) == ("incident-odr", "snoozed", senior)
        assert escalate(at=later(days=1)) == 0


@pytest.mark.parametrize(
    ("done", "state"), [("snoozed", "snoozed"), ("dismissed", "acknowledged"), ("done", "acknowledged")]
)
def test_what_is_done_in_the_inbox_stops_escalation(here, done, state):
    with here:
        rule(steps=[[60, "owner"]])
        report(here.store, 12_000, count=12)
        look(here)
        Finding.objects.filter(pk=card().pk).update(state=done)
        look(here, minutes=30)
        assert only().state == state
        assert escalate(at=later(days=1)) == 0
        assert len(cards()) == 1


def test_a_dismissed_incident_that_is_reopened_stays_open_in_both(here):
    with here:
        rule(steps=[[60, "owner"]])
        report(here.store, 12_000, count=12)
        look(here)
        Finding.objects.filter(pk=card().pk).update(state="dismissed")
        look(here, minutes=30)
        people.reopen(only(), by=here.seats[Role.OWNER], at=later(minutes=40))
        look(here, minutes=60)
        assert (only().state, card().state) == ("open", "open")


# -- whose it is


def notice(world, key="1", **values) -> Notice:
    about = {"kind": "listing_issue", "marketplace": "US", "origin": "person", "at": NOW, "key": key}
    return Notice.objects.create(store=world.store, **about | values)


def notices(kind="listing_issue") -> AlertRule:
    return rule(name=kind, fact="notice", metric=kind, condition="threshold", operator="ge", value=1)


def test_a_listing_issue_is_of_the_product_it_names_with_its_owner_and_its_money(here):
    with here:
        notices()
        junior = here.seats[Role.JUNIOR]
        offer(here.store, 30_000, sku="B", owner=junior)
        notice(here, sku="B")
        evaluate(at=NOW)
        assert (only().sku, only().owner, only().at_stake) == ("B", junior, 30_000)
        notice(here, "2", sku="A")
        evaluate(at=later(hours=1))
        assert (only().sku, only().at_stake) == ("B", 830_000), "the sales of both, still of the product it began with"


def test_defects_say_nothing_of_who_violates_a_policy(here):
    from apps.health.models import Defect

    with here:
        rule(metric="policy_*")
        Defect.objects.create(
            store=here.store, order_id="1", kind="claim", marketplace_id="US", sku="A",
            ordered_on=TODAY - timedelta(days=20), as_of=NOW,
        )  # fmt: skip
        report(here.store, None, metric="policy_listing", programme="", total=None, count=2, target=0, operator="eq")
        evaluate(at=NOW)
        assert (only().cause, only().sku, only().owner) == ("policy", "", here.seats[Role.MANAGER])


def test_a_listing_issue_of_no_product_puts_no_sum_at_stake(here):
    with here:
        notices()
        notice(here)
        evaluate(at=NOW)
        assert (only().sku, only().at_stake, only().severity) == ("", None, "high")


def test_what_names_no_site_counts_on_the_stores_main_one(here):
    with here:
        notices("performance")
        notice(here, kind="performance", marketplace="")
        evaluate(at=NOW)
        assert (only().marketplace, only().cause) == ("US", "policy"), "the first in the order of marketplaces"
        Notice.objects.update(state="done")
        evaluate(at=later(hours=1))
        assert only().state == "resolved"


def test_each_kind_of_notice_has_a_rule_from_the_beginning():
    told = {values["metric"] for values in DEFAULTS.values() if values.get("fact") == "notice"}
    assert told == set(Notice.Kind.values) - {"account_status"}, "the account's status has a rule of its own"


# -- limits


@pytest.mark.parametrize(
    ("told", "operator", "target", "over"),
    [
        (Told("", 199, 20_000, 10_000), "lt", 10_000, False),
        (Told("", 200, 20_000, 10_000), "lt", 10_000, True),
        (Told("", 47_502, 50_000, 950_000), "gt", 950_000, False),
        (Told("", 47_500, 50_000, 950_000), "gt", 950_000, True),
        (Told("good", 200, 20_000, 10_000), "lt", 10_000, False),
        (Told("bad", 199, 20_000, 10_000), "lt", 10_000, True),
        (Told("none", 2, 3, None), "lt", 10_000, None),
        (Told("", None, None, 10_000), "lt", 10_000, True),
        (Told("", None, None, None), "lt", 10_000, None),
        (Told("", 0, 0, None), "lt", 10_000, None),
        (Told("", 1, None, None), "eq", 0, True),
        (Told("", 0, None, None), "eq", 0, False),
    ],
)
def test_one_answer_to_whether_a_limit_is_broken(told, operator, target, over):
    assert broken(told, operator, target) is over


@pytest.mark.parametrize(
    ("values", "over"),
    [
        ({"rate": 10_000, "count": 199, "total": 20_000}, False),
        ({"rate": 10_000, "count": 200, "total": 20_000}, True),
        ({"rate": 10_000, "count": 200, "total": 20_000, "status": "good"}, False),
        ({"rate": 10_000, "count": 199, "total": 20_000, "status": "bad"}, True),
        ({"rate": 950_000, "count": 47_502, "total": 50_000, "metric": "vtr"}, False),
        ({"rate": 950_000, "count": 47_500, "total": 50_000, "metric": "vtr"}, True),
    ],
)
def test_findings_board_and_rules_agree_at_the_limit(here, values, over):
    with here:
        more = {"programme": "", "target": 950_000, "operator": "gt"} if values.get("metric") == "vtr" else {}
        report(here.store, values["rate"], **{k: v for k, v in values.items() if k != "rate"}, **more)
        rule(metric=values.get("metric", "odr"))
        refresh_findings(here.store, at=NOW)
        assert Finding.objects.filter(kind="health-breach").exists() is over
        (read,) = newest(here.seats[Role.OWNER], [here.store.pk])
        assert read.band == (Band.BREACH if over else Band.AMBER)
        evaluate(at=NOW)
        assert only().band == (2 if over else 1)


def test_a_rate_that_rounds_onto_its_limit_is_said_as_it_is(here):
    from apps.health.queries.alert_words import signal_text

    with here:
        rule()
        report(here.store, 10_000, count=199, total=20_000)
        evaluate(at=NOW)
        said = signal_text(Signal.objects.select_related("rule").get())
        assert Signal.objects.get().value == Decimal("0.009950")
        assert "0.995%" in said


# -- escalation


def test_after_waking_the_steps_are_counted_from_then(here):
    with here:
        rule(steps=[[60, "store"], [240, "owner"], [480, "owner"]])
        report(here.store, 12_000)
        evaluate(at=NOW)
        people.snooze(only(), TODAY + timedelta(days=3), by=here.seats[Role.OWNER], at=NOW)
        evaluate(at=later(days=3))
        assert only().state == "open"
        assert escalate(at=later(days=3, minutes=61)) == 1
        assert escalate(at=later(days=3, minutes=90)) == 0, "the second step is three hours after the first"
        assert escalate(at=later(days=3, minutes=241)) == 1
        people.acknowledge(only(), by=here.seats[Role.OWNER], at=later(days=4))
        people.reopen(only(), by=here.seats[Role.OWNER], at=later(days=5))
        assert escalate(at=later(days=5, minutes=61)) == 1
        assert escalate(at=later(days=5, minutes=120)) == 0


def test_hastened_the_later_steps_keep_their_distance(here):
    with here:
        rule(steps=[[60, "store"], [240, "owner"]])
        report(here.store, 12_000)
        evaluate(at=NOW)
        people.acknowledge(only(), by=here.seats[Role.OWNER], at=later(minutes=5))
        people.hasten(only(), by=here.seats[Role.OWNER], at=later(days=2))
        assert escalate(at=later(days=2, minutes=1)) == 1
        assert escalate(at=later(days=2, minutes=30)) == 0
        assert escalate(at=later(days=2, minutes=181)) == 1


# -- silence


def silent() -> AlertRule:
    return rule(name="Silent", metric="report_age", condition="threshold", operator="ge", value=3)


def test_reports_that_stopped_are_an_incident_and_end_with_the_next_report(here):
    with here:
        silent()
        report(here.store, 1_000)
        evaluate(at=later(days=2))
        assert not Incident.objects.exists()
        evaluate(at=later(days=3))
        found = Incident.objects.filter(marketplace="US").get()
        assert (found.cause, found.owner) == ("silent", here.seats[Role.MANAGER])
        report(here.store, 1_000, day=TODAY + timedelta(days=4))
        evaluate(at=later(days=4))
        assert Incident.objects.get(pk=found.pk).state == "resolved"


def test_a_connected_store_that_never_reported_is_silent_and_one_fed_by_files_is_not(here):
    with here:
        silent()
        evaluate(at=later(days=3))
        assert set(Incident.objects.values_list("store", "marketplace")) == {
            (here.store.pk, "US"), (here.store.pk, "CA"),
        }  # fmt: skip


# -- the sweep


@pytest.mark.django_db(transaction=True)
def test_the_trouble_of_one_agency_keeps_no_other_waiting(transactional_db, settings, monkeypatch):
    from celery import current_app

    from apps.health.models import AlertChannel
    from tests.world import World

    worlds = [World("acme"), World("beta")]
    for world in worlds:
        with world:
            ready(world, world.seats[Role.MANAGER])
            channel = AlertChannel.objects.create(kind="email", name="Mail", addresses=["x@example.com"])
            rule(channels=[str(channel.pk)], steps=[[1, "owner"]])
            report(world.store, 12_000)
            evaluate(at=NOW)
    with worlds[0]:
        AlertRule.objects.update(steps=[["soon", "owner"], ["later", "owner"]])
    rung: list[int] = []

    def ring(task, args, kwargs, **options):
        rung.append(kwargs["agency_id"])
        assert options["expires"] == 15

    cache.clear()
    monkeypatch.setattr("apps.health.tasks.sweep_agency.apply_async", lambda a, k, **o: ring(None, a, k, **o))
    assert sweep_alerts() == 2
    assert rung == [world.agency.pk for world in worlds]
    from apps.health.tasks import sweep_agency

    with pytest.raises(ValueError):
        sweep_agency(agency_id=worlds[0].agency.pk)
    assert sweep_agency(agency_id=worlds[1].agency.pk) >= 1
    with tenant(worlds[1].agency.pk):
        assert AlertDelivery.objects.filter(event="escalated").exists()
        assert timezone.now() > Incident.objects.get().escalates_from
    assert current_app.tasks["apps.health.tasks.sweep_agency"]
