"""CSat: a figure of ours, worked out by day, by weights an agency sets, and shown to clients only if it says so."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.core.metrics import REGISTRY, Period, evaluate
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.core.undo import CannotUndo, undo
from apps.health.actions import evaluating
from apps.health.actions.satisfaction import reckon_csat, set_terms
from apps.health.models import CsatDay, Feedback, Incident, OrderDay, ReturnLine
from apps.health.queries.csat import satisfaction, weights
from tests.core.test_rest import Api, key_for
from tests.health.ground import ready, rule
from tests.health.test_figures import told
from tests.health.test_pages import at, seated

TERMS = {"ncx": Decimal("5.00"), "feedback": Decimal("10.00"), "replies": Decimal("0.50"), "in_portal": False}


def yesterday():
    return timezone.localdate() - timedelta(days=1)


def sold(store, orders: int, *, days: int = 1, site: str = "US") -> None:
    for n in range(days):
        OrderDay.objects.create(
            store=store, marketplace_id=site, programme="afn", date=yesterday() - timedelta(days=n), orders=orders
        )


def complained(store, order: str, *, ago: int = 0, site: str = "US") -> None:
    Feedback.objects.create(
        store=store, order_id=order, marketplace_id=site, rated_on=yesterday() - timedelta(days=ago), rating=1,
        as_of=timezone.now(),
    )  # fmt: skip


def returned(store, order: str, *, ago: int = 0, site: str = "US") -> None:
    ReturnLine.objects.create(
        store=store, order_id=order, sku="A", returned_on=yesterday() - timedelta(days=ago), programme="afn",
        marketplace_id=site, quantity=1, reason="DEFECTIVE", as_of=timezone.now(),
    )  # fmt: skip


def reckon(world) -> CsatDay | None:
    reckon_csat(world.store, at=timezone.now())
    return CsatDay.objects.filter(store=world.store, marketplace="US", date=yesterday()).first()


def test_a_day_is_made_of_thirty_days_and_each_order_counts_once(acme):
    with acme:
        sold(acme.store, 10, days=40)  # 300 orders in 30 days
        complained(acme.store, "1", ago=29)
        complained(acme.store, "2", ago=30)  # outside
        complained(acme.store, "3", ago=2)
        returned(acme.store, "3", ago=1)  # the same order
        returned(acme.store, "4")
        day = reckon(acme)
        assert (day.orders, day.feedback, day.ncx, day.replies) == (300, 6_666, 10_000, None)
        assert day.score == round((100 - 5 * 1 - 10 * 0.6666) * 100)
        assert (day.basis, day.weighted) == (300, 300 * day.score)
        before = CsatDay.objects.get(store=acme.store, marketplace="US", date=yesterday() - timedelta(days=29))
        assert before.orders == 110


def test_what_nobody_knows_is_left_out_and_nothing_known_is_no_score(acme):
    with acme:
        sold(acme.store, 100)
        day = reckon(acme)
        assert (day.score, day.weighted, day.ncx) == (None, None, None)
        complained(acme.store, "1")
        day = reckon(acme)
        assert (day.score, day.feedback, day.ncx) == (9000, 10_000, None)


def test_what_a_person_tells_replaces_the_proxy_and_brings_replies(acme):
    with acme:
        sold(acme.store, 100)
        returned(acme.store, "1")
        assert reckon(acme).score == 9500
        told(acme, "ncx", 2.0, day=yesterday())
        told(acme, "contact_response", 90.0, day=yesterday())
        day = reckon(acme)
        assert (day.ncx, day.ncx_told, day.replies, day.score) == (20_000, True, 100_000, 8500)
        told(acme, "replies", 20.0, day=yesterday())
        assert reckon(acme).replies in {100_000, 200_000}  # two words of one day: either is a person's


def test_running_twice_writes_nothing_and_days_without_orders_go(acme):
    with acme:
        sold(acme.store, 100)
        complained(acme.store, "1")
        assert reckon_csat(acme.store, at=timezone.now()) > 0
        assert reckon_csat(acme.store, at=timezone.now()) == 0
        OrderDay.objects.all().delete()
        reckon_csat(acme.store, at=timezone.now())
        assert not CsatDay.objects.exists()


def test_weights_are_the_agencys_with_ledger_and_undo(acme, zeta):
    with acme:
        sold(acme.store, 100)
        complained(acme.store, "1")
        set_terms(TERMS | {"feedback": Decimal("20.00")}, by=acme.seats[Role.OWNER], at=timezone.now())
        assert weights(yesterday())["feedback"] == 20.0 and reckon(acme).score == 8000
        set_terms(TERMS, by=acme.seats[Role.OWNER], at=timezone.now())
        assert reckon(acme).score == 9000
        first, second = Entry.objects.filter(verb="csat.terms").order_by("number")
        with pytest.raises(CannotUndo):
            undo(first, by=acme.seats[Role.OWNER], at=timezone.now())
        undo(second, by=acme.seats[Role.OWNER], at=timezone.now())
        assert weights(yesterday())["feedback"] == 20.0
    with zeta:
        assert weights(yesterday())["feedback"] == 10.0


@pytest.mark.parametrize("role", [Role.OWNER, Role.SENIOR])
def test_who_may_set_thresholds_may_set_the_weights(client, acme, role):
    data = {"ncx": "5", "feedback": "20", "replies": "0.5", "in_portal": "on"}
    answer = seated(client, acme, role).post(at(acme, "health-csat"), data)
    assert answer.status_code == (302 if role == Role.OWNER else 403)
    with acme:
        assert (weights(yesterday())["feedback"] == 20.0) is (role == Role.OWNER)


@pytest.mark.parametrize(
    "wrong",
    [{"ncx": "-1"}, {"feedback": "101"}, {"replies": ""}, {"ncx": "x"}, {"ncx": "0", "feedback": "0", "replies": "0"}],
)
def test_wrong_weights_are_refused(client, acme, wrong):
    data = {"ncx": "5", "feedback": "10", "replies": "0.5"} | wrong
    answer = seated(client, acme).post(at(acme, "health-csat"), data)
    assert answer.status_code == 422
    with acme:
        assert weights(yesterday()) == {"ncx": 5.0, "feedback": 10.0, "replies": 0.5}


def test_pages_label_it_and_say_what_is_unknown_and_clients_see_it_only_if_shown(client, acme):
    with acme:
        sold(acme.store, 100)
        complained(acme.store, "1")
        reckon_csat(acme.store, at=timezone.now())
        (shown,) = satisfaction(acme.seats[Role.OWNER], acme.store, today=timezone.localdate())
        assert shown.score == 90.0 and shown.trend[-1] == 9000 and len(shown.trend) == 90
        assert shown.lines[0] == ("ncx", None, None)
    page = seated(client, acme).get(at(acme, store="north")).content.decode()
    assert "internal, not an Amazon metric" in page and "90.0" in page and "not known" in page
    assert "90.0" in client.get(at(acme)).content.decode()
    portal = seated(client, acme, Role.CLIENT)
    assert "CSat" not in portal.get(at(acme, "portal-health")).content.decode()
    with acme:
        told(acme)  # a figure: the site has its place in the portal
        set_terms(TERMS | {"in_portal": True}, by=acme.seats[Role.OWNER], at=timezone.now())
    page = portal.get(at(acme, "portal-health")).content.decode()
    assert "90.0" in page and "internal, not an Amazon metric" in page


def test_it_is_a_metric_for_rules_and_the_api(acme, zeta):
    with zeta:
        sold(zeta.store, 1)
        complained(zeta.store, "1")
        reckon_csat(zeta.store, at=timezone.now())
    with acme:
        ready(acme)
        sold(acme.store, 100)
        sold(acme.store, 300, site="CA")
        complained(acme.store, "1")
        reckon_csat(acme.store, at=timezone.now())
        period = Period(yesterday(), yesterday())
        whole = evaluate(["csat"], period=period, stores=[acme.store.pk], currency="USD", rates={})
        assert whole[()]["csat"] == Decimal("97.50")  # 90 of 100 orders, 100 of 300
        assert "not an Amazon metric" in str(REGISTRY["csat"].label)
        rule(fact="metric", metric="csat", condition="threshold", operator="lt", value=Decimal(95))
        evaluating.evaluate(at=timezone.now())
        assert {each.marketplace for each in Incident.objects.all()} == {"US"}
    items = Api(key_for(acme, "health:read", "stores:all")).get("/api/v1/health/csat").json()["items"]
    assert {(row["marketplace"], row["score"]) for row in items if row["date"] == str(yesterday())} == {
        ("US", 90.0),
        ("CA", 100.0),
    }
