"""Incidents: opened once, told once, woken, escalated, closed by the data; and what they are worth."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import Store, StoreGrant
from apps.core.models import Finding
from apps.core.permissions import Role
from apps.core.tenancy import tenant
from apps.health.actions import incidents as people
from apps.health.actions.evaluating import escalate, evaluate
from apps.health.models import (
    AlertChannel,
    AlertDelivery,
    AlertRule,
    Defect,
    Incident,
    IncidentEvent,
    Notice,
    Outlook,
    Signal,
)
from tests.health.ground import TODAY, later, offer, orders, ready, report, rule
from tests.world import NOW


def only() -> Incident:
    return Incident.objects.get()


def story() -> list[str]:
    return list(IncidentEvent.objects.exclude(kind="told").order_by("id").values_list("kind", flat=True))


@pytest.fixture
def here(acme):
    with acme:
        ready(acme, acme.seats[Role.MANAGER])
        offer(acme.store, 800_000)
    return acme


def test_an_agency_without_rules_gets_a_set_it_may_change(acme):
    with acme:
        evaluate(at=NOW)
        made = AlertRule.objects.exclude(default="")
        assert {"odr", "account", "orders"} <= set(made.values_list("default", flat=True))
        made.filter(default="odr").delete()
        evaluate(at=NOW)
        assert not AlertRule.objects.filter(default="odr").exists(), "what was thrown away stays away"


def test_a_breach_opens_one_incident_with_money_and_an_owner(here):
    with here:
        rule(steps=[[120, "store"]])
        report(here.store, 9_999)
        assert evaluate(at=NOW).opened == 1, "99.99 % of the limit is amber"
        assert (only().band, only().at_stake, only().severity) == (1, 200_000, "warning")
        report(here.store, 10_000)
        assert evaluate(at=later(hours=1)).opened == 0
        found = only()
        assert (found.band, found.at_stake, found.currency) == (2, 800_000, "USD"), "1.00 % is not under 1 %"
        assert found.severity == "high"
        assert found.owner == here.seats[Role.MANAGER]
        assert found.escalate_at == later(hours=2)
        card = Finding.objects.get(kind="incident-odr")
        assert (card.at_stake, card.assigned, card.state) == (800_000, here.seats[Role.MANAGER], "open")
        assert story() == ["opened", "band"]


def test_doing_it_again_changes_nothing(here, django_assert_max_num_queries):
    with here:
        rule()
        report(here.store, 12_000)
        evaluate(at=NOW)
        before = list(Incident.objects.values()), list(Signal.objects.values()), Finding.objects.count()
        with django_assert_max_num_queries(24):
            evaluate(at=later(minutes=30))
        assert before == (list(Incident.objects.values()), list(Signal.objects.values()), Finding.objects.count())


def test_the_number_of_queries_does_not_grow_with_sites(here, django_assert_max_num_queries):
    with here:
        rule()
        for site in ("US", "CA"):
            report(here.store, 12_000, site=site)
        for site in ("DE", "FR"):
            report(here.other_store, 12_000, site=site)
        evaluate(at=NOW)
        assert Incident.objects.count() == 4
        with django_assert_max_num_queries(24):
            evaluate(at=later(minutes=30))


def test_it_recovers_by_itself_and_unknown_is_not_recovered(here):
    with here:
        rule()
        report(here.store, 12_000)
        evaluate(at=NOW)
        report(here.store, None, day=TODAY + timedelta(days=1))  # not rated
        evaluate(at=later(days=1))
        assert only().state == "open"
        report(here.store, 0, day=TODAY + timedelta(days=2), metric="lsr", programme="")  # odr is not named at all
        evaluate(at=later(days=2))
        assert only().state == "open"
        report(here.store, 2_000, day=TODAY + timedelta(days=3))
        assert evaluate(at=later(days=3)).resolved == 1
        assert only().state == "resolved"
        assert story()[-2:] == ["eased", "resolved"]
        assert Finding.objects.get(kind="incident-odr").state == "recovered"
        report(here.store, 15_000, day=TODAY + timedelta(days=4))
        assert evaluate(at=later(days=4)).opened == 1, "the next time is another incident"


def test_what_shows_on_one_day_falls_under_what_brings_it_about(here):
    with here:
        rule(name="orders", fact="metric", metric="orders", condition="anomaly")
        rule(name="issue", fact="notice", metric="listing_issue", condition="threshold", operator="ge", value=1)
        orders(here.store, [40] * 60 + [8, 7, 9, 1], last=TODAY)
        Notice.objects.create(
            store=here.store, origin="person", key="1", kind="listing_issue", marketplace="US", at=NOW
        )
        assert evaluate(at=NOW).opened == 1
        assert only().cause == "listing", "what stops listings explains the rest"
        assert set(Signal.objects.values_list("metric", flat=True)) == {"orders", "listing_issue"}
        Notice.objects.update(state="done")
        evaluate(at=later(hours=1))
        assert story().count("eased") == 1
        assert only().state == "open"


def test_a_limit_of_its_own_is_not_hidden_behind_another_one_of_the_same_day(here):
    """Somebody has taken the policy violation; order defects over their limit are news all the same."""
    with here:
        for metric in ("odr", "lsr", "policy_*"):
            rule(name=metric, metric=metric)
        violation = {"metric": "policy_authenticity", "programme": "", "target": 0, "operator": "eq", "total": None}
        report(here.store, None, count=1, **violation)
        assert evaluate(at=NOW).opened == 1
        people.acknowledge(only(), by=here.seats[Role.OWNER], at=NOW)
        report(here.store, 12_000)
        report(here.store, 41_000, metric="lsr", programme="", target=40_000)
        said = evaluate(at=later(hours=2))
        assert (said.opened, said.told) == (2, 2)
        causes = dict(Incident.objects.values_list("cause", "state"))
        assert causes == {"policy": "acknowledged", "odr": "open", "delivery": "open"}


def test_the_accounts_status_stands_for_its_reasons(here):
    with here:
        rule(name="odr")
        rule(name="account", metric="account_status")
        report(here.store, 24_000)
        report(here.store, None, metric="account_status", programme="", status="at_risk", target=None, operator="")
        assert evaluate(at=NOW).opened == 1
        assert (only().cause, Signal.objects.count()) == ("account", 2)


def test_an_anomaly_is_told_by_whole_days_only(here):
    with here:
        rule(fact="metric", metric="orders", condition="anomaly")
        orders(here.store, [40] * 60 + [2], last=TODAY)  # today is not over
        assert evaluate(at=NOW).opened == 0
        orders(here.store, [40] * 60 + [9, 8, 9], last=TODAY - timedelta(days=61))
        signal = None
        evaluate(at=NOW)
        signal = Signal.objects.first()
        assert signal is None, "what is long past is no news"


def test_a_fall_of_orders_is_worth_what_is_missing(here):
    with here:
        rule(fact="metric", metric="orders", condition="anomaly")
        orders(here.store, [40] * 60 + [10, 10, 10, 3], last=TODAY)
        evaluate(at=NOW)
        signal = Signal.objects.get()
        assert signal.value == 10
        assert signal.limit == pytest.approx(Decimal(40), abs=1)
        assert (signal.band, signal.stake) == (2, 75)
        assert only().at_stake == 600_000


def test_a_forecast_asks_for_its_chance_and_ends_at_half_of_it(here):
    def told(chance: int, days: int) -> None:
        day = TODAY + timedelta(days=days)
        report(here.store, 8_000, day=day)
        Outlook.objects.create(
            store=here.store, marketplace_id="US", metric="odr", programme="afn", date=day, chance=chance * 10_000,
            method="m", version=1, inputs="", made_at=NOW,
        )  # fmt: skip
        evaluate(at=later(days=days))

    with here:
        rule(condition="forecast", chance=30)
        told(29, 0)
        assert not Incident.objects.exists()
        told(62, 1)
        assert only().at_stake == 496_000
        assert only().grade == "B"
        told(20, 2)
        assert only().state == "open"
        told(14, 3)
        assert only().state == "resolved"


def test_for_n_days_means_in_a_row(here):
    with here:
        rule(fact="metric", metric="orders", condition="threshold", operator="lt", value=5, days=3)
        orders(here.store, [40, 4, 9, 4, 4, 1], last=TODAY)
        assert evaluate(at=NOW).opened == 0
        orders(here.store, [3], last=TODAY + timedelta(days=1))
        evaluate(at=later(days=1))
        assert only().cause == "sales"


def test_a_product_of_somebody_goes_to_them(here):
    with here:
        rule()
        junior = here.seats[Role.JUNIOR]
        offer(here.store, 10, sku="B", owner=junior)
        for number, sku in enumerate(["A", "B", "B"]):
            Defect.objects.create(
                store=here.store, order_id=str(number), kind="claim", marketplace_id="US", sku=sku,
                ordered_on=TODAY - timedelta(days=20), as_of=NOW,
            )  # fmt: skip
        report(here.store, 12_000)
        evaluate(at=NOW)
        assert (only().owner, only().sku) == (junior, "B")


@pytest.mark.parametrize("how", ["store", "product", "given", "role"])
def test_nobody_is_told_of_a_site_they_may_not_see(here, how):
    """A junior of one site, however the incident would come to them: the agency's owner is told instead."""
    junior, boss = here.seats[Role.JUNIOR], here.seats[Role.OWNER]
    with here:
        StoreGrant.objects.filter(member=junior, store=here.store).update(marketplace="US")
        Store.objects.filter(pk=here.store.pk).update(owner=junior if how == "store" else None)
        mail = AlertChannel.objects.create(kind="email", name="Mail")
        rule(channels=[str(mail.pk)], role="junior" if how == "role" else "owner", steps=[[60, "junior"]])
        if how == "product":
            Defect.objects.create(
                store=here.store, order_id="1", kind="claim", marketplace_id="CA", sku="B", programme="afn",
                ordered_on=TODAY, as_of=NOW,
            )  # fmt: skip
        offer(here.store, 100_000, site="CA", sku="B", owner=junior)
        report(here.store, 24_000, site="CA")
        evaluate(at=NOW)
        if how == "given":
            people.assign(only(), junior, by=boss, at=NOW)
            report(here.store, 9_000, site="CA")
            evaluate(at=later(hours=1))
        escalate(at=later(hours=2))
        told = set(AlertDelivery.objects.values_list("address", flat=True))
        assert told == {boss.user.email}
        report(here.store, 24_000, site="US")
        Store.objects.filter(pk=here.store.pk).update(owner=junior)
        evaluate(at=later(hours=3))
        assert Incident.objects.get(marketplace="US").owner == junior, "their own site is theirs"


def test_scope_and_switching_off(here):
    with here:
        mine = rule(sites=["CA"])
        report(here.store, 12_000)
        assert evaluate(at=NOW).opened == 0
        AlertRule.objects.filter(pk=mine.pk).update(sites=["US"])
        assert evaluate(at=NOW).opened == 1
        AlertRule.objects.filter(pk=mine.pk).update(active=False)
        assert evaluate(at=later(hours=1)).resolved == 1


def test_snoozed_until_the_metric_changes(here):
    with here:
        rule()
        report(here.store, 8_000)
        evaluate(at=NOW)
        people.snooze(only(), None, by=here.seats[Role.OWNER], at=NOW)
        assert Finding.objects.get(kind="incident-odr").state == "snoozed"
        report(here.store, 9_000, day=TODAY + timedelta(days=1))
        evaluate(at=later(days=1))
        assert only().state == "snoozed", "an eighth is not a quarter"
        report(here.store, 10_000, day=TODAY + timedelta(days=2))
        evaluate(at=later(days=2))
        assert only().state == "open"
        assert Finding.objects.get(kind="incident-odr").state == "open"


def test_snoozed_until_a_day(here):
    with here:
        rule()
        report(here.store, 8_000)
        evaluate(at=NOW)
        people.snooze(only(), TODAY + timedelta(days=2), by=here.seats[Role.OWNER], at=NOW)
        evaluate(at=later(days=1))
        assert only().state == "snoozed"
        evaluate(at=later(days=2))
        assert only().state == "open"


def test_escalated_by_time_until_somebody_takes_it(here):
    with here:
        rule(steps=[[120, "store"], [480, "owner"]])
        report(here.store, 12_000)
        evaluate(at=NOW)
        assert escalate(at=later(minutes=119)) == 0
        assert escalate(at=later(minutes=121)) == 1
        assert escalate(at=later(minutes=122)) == 0
        assert only().step == 1
        assert only().escalate_at == later(minutes=480)
        people.acknowledge(only(), by=here.seats[Role.SENIOR], at=later(minutes=130))
        assert escalate(at=later(days=2)) == 0
        report(here.store, 100, day=TODAY + timedelta(days=3))
        evaluate(at=later(days=3))
        with pytest.raises(people.Over):
            people.acknowledge(only(), by=here.seats[Role.SENIOR], at=later(days=3))


def test_what_the_inbox_settles_is_settled_here(here):
    with here:
        rule(steps=[[120, "store"]])
        report(here.store, 12_000)
        evaluate(at=NOW)
        Finding.objects.filter(kind="incident-odr").update(state="dismissed", reason="known")
        evaluate(at=later(minutes=10))
        assert only().state == "acknowledged"
        assert Finding.objects.get(kind="incident-odr").state == "dismissed"


def test_the_database_itself_refuses_a_second_living_incident(here):
    with here:
        values = {"store": here.store, "marketplace": "US", "cause": "odr", "day": TODAY}
        values |= {"opened_at": NOW, "changed_at": NOW}
        Incident.objects.create(number=1, state="resolved", **values)
        Incident.objects.create(number=2, **values)
        with pytest.raises(IntegrityError), transaction.atomic():
            Incident.objects.create(number=3, **values)


@pytest.mark.django_db(transaction=True)
def test_two_workers_open_one_incident_and_tell_of_it_once(transactional_db, monkeypatch):
    """With the lock taken away: the constraints alone must hold."""
    from apps.core import copying
    from apps.health.models import AlertChannel, AlertDelivery
    from tests.world import World

    world = World("acme")
    with world:
        ready(world, world.seats[Role.MANAGER])
        channel = AlertChannel.objects.create(kind="email", name="Mail")
        rule(channels=[str(channel.pk)])
        report(world.store, 12_000)
    monkeypatch.setattr(copying, "lock", lambda *what: None)

    def work(_n: int) -> int:
        try:
            with tenant(world.agency.pk):
                return evaluate(at=NOW).opened
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(work, range(4)))
    assert sum(opened) == 1
    with world:
        assert Incident.objects.count() == Signal.objects.count() == AlertDelivery.objects.count() == 1
        assert Finding.objects.filter(kind="incident-odr").count() == 1
