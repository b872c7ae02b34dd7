"""What needs a person: breaches, near misses, changed accounts, answers due, counts that differ. They close themselves."""

from datetime import date, timedelta

import pytest

from apps.accounts.models import Threshold
from apps.core.models import Finding
from apps.health.actions.attention import refresh_findings
from apps.health.domain.csat import csat
from apps.health.domain.performance import Counted, compare, four_digits, meets, rounded, window
from apps.health.findings import BREACH
from apps.health.models import Defect, Feedback, HealthDay, Notice, Offer, OrderDay, ReturnLine, Shipment, Standard
from apps.health.queries.counted import asked_of, counted
from apps.health.queries.csat import made_of, shares
from apps.health.queries.standards import standard_for, standards
from apps.sync.models import Run, Stream
from tests.health.rows import TODAY
from tests.world import NOW

FIRST, LAST = TODAY - timedelta(days=75), TODAY - timedelta(days=16)


def day(world, metric="odr", programme="mfn", **values) -> HealthDay:
    about = {"marketplace_id": "US", "date": TODAY, "as_of": NOW, "window_first": FIRST, "window_last": LAST}
    about |= {"target": 10_000, "operator": "lt", "total": 1000, "count": 0, "status": ""}
    return HealthDay.objects.create(store=world.store, metric=metric, programme=programme, **(about | values))


def living(world, kind: str) -> list[Finding]:
    refresh_findings(world.store, at=NOW)
    return list(Finding.objects.filter(store=world.store, kind=kind, state="open").order_by("subject"))


# -- numbers


def test_one_percent_is_a_breach_and_a_hair_less_is_not():
    assert not meets(10, 1000, "lt", 10_000), "exactly 1.00 %"
    assert meets(9, 1000, "lt", 10_000)
    assert not meets(950, 1000, "gt", 950_000)
    assert meets(900, 1000, "ge", 900_000)
    assert meets(0, 1, "eq", 0)


def test_four_digits_are_rounded_half_up():
    assert (four_digits(1, 3), four_digits(1, 20_000), four_digits(2, 3)) == (333_300, 100, 666_700)
    assert (rounded(32_040), rounded(32_050), rounded(32_049)) == (32_000, 32_100, 32_000)
    assert window(date(2026, 3, 2), 60, 15) == (FIRST, LAST)


def test_what_differs_by_rounding_alone_is_no_difference_and_unknown_is_none():
    assert compare("odr", Counted(1000, 7), Counted(1000, 7)) is None
    assert compare("odr", Counted(1000, 7), Counted(1000, 6)).missing == 1
    assert compare("vtr", Counted(100, 95), Counted(100, 97)).missing == 2, "two of Amazon's bad ones are unknown here"
    assert compare("odr", Counted(1000, 7), Counted(None, 0)) is None
    assert compare("odr", Counted(100_000, 7), Counted(100_001, 7)) is None


# -- standards


def test_the_most_particular_standard_in_force_is_found(db):
    assert standard_for("odr", "US", "mfn", TODAY).target == 10_000
    assert standard_for("vtr", "FR", "sfp", TODAY).target == 1_000_000
    assert standard_for("vtr", "DE", "sfp", TODAY).target == 950_000, "nothing particular: the general one"
    assert standard_for("nothing", "US", "", TODAY) is None
    Standard.objects.create(metric="odr", programme="mfn", operator="lt", target=8_000, valid_from=TODAY)
    assert standard_for("odr", "US", "mfn", TODAY).target == 8_000
    assert standard_for("odr", "US", "mfn", TODAY - timedelta(days=1)).target == 10_000


def test_the_reports_own_target_comes_first_and_an_agencys_own_level_beside_it(acme, django_assert_num_queries):
    with acme:
        Threshold.objects.create(metric="health.odr", marketplace="US", value="0.006")
        told, untold = day(acme, target=9_000), day(acme, programme="afn", target=None, operator="")
        with django_assert_num_queries(2):
            asked = standards(TODAY, own=True)
        level = asked.level(told)
        assert (level.target, level.source, level.own) == (9_000, "report", 6_000)
        level = asked.level(untold)
        assert (level.target, level.operator, level.source, level.official) == (10_000, "lt", "standard", True)


# -- findings


def test_a_breach_is_found_with_the_sales_of_its_site_and_recovers(acme):
    with acme:
        Offer.objects.create(
            store=acme.store, marketplace_id="US", sku="A", sales_30d=120_000, currency="USD", told_at=NOW
        )
        row = day(acme, count=10, rate=10_000)
        (found,) = living(acme, "health-breach")
        assert (found.subject, found.at_stake, found.rank, found.marketplace) == ("odr:mfn", 120_000, 120_000, "US")
        assert found.detail["rate"] == "1.00%"
        words = BREACH.words(found.detail)
        assert BREACH.sentence.format(**words) == "Order defect rate (own shipping) on US: 1.00%, must be < 1.00%"
        HealthDay.objects.filter(pk=row.pk).update(count=9)
        assert living(acme, "health-breach") == []
        assert Finding.objects.get(kind="health-breach").state == "recovered"


def test_amazons_own_verdict_stands_and_too_few_orders_break_nothing(acme):
    with acme:
        day(acme, "lsr", "", status="good", total=100, count=50, target=40_000)
        day(acme, "vtr", "", status="none", total=4, count=0, target=950_000, operator="gt")
        day(acme, "policy_listing", "", total=None, count=2, target=0, operator="eq")
        assert [found.subject for found in living(acme, "health-breach")] == ["policy_listing"]


def test_close_to_the_limit_needs_bad_ones_not_few_orders(acme):
    with acme:
        day(acme, count=8, rate=8_000)
        day(acme, programme="afn", total=30, count=0)
        (found,) = living(acme, "health-near")
        assert (found.subject, found.detail["room"]) == ("odr:mfn", 1)


def test_an_account_at_risk_says_what_it_was_before_and_since_when(acme):
    blank = {"target": None, "operator": "", "total": None, "count": None}
    with acme:
        for back, status in ((3, "normal"), (2, "normal"), (1, "at_risk"), (0, "at_risk")):
            day(acme, "account_status", "", date=TODAY - timedelta(days=back), status=status, **blank)
        (found,) = living(acme, "health-status")
        since = (found.detail["was"], found.detail["now"], found.detail["before"], found.detail["day"])
        assert since == ("normal", "at_risk", str(TODAY - timedelta(days=2)), str(TODAY - timedelta(days=1)))
        HealthDay.objects.filter(date=TODAY).update(status="normal")
        assert living(acme, "health-status") == []


def test_an_answer_is_due_within_three_days_until_it_is_given(acme):
    with acme:
        for number, due in enumerate((TODAY + timedelta(days=2), TODAY + timedelta(days=9), None)):
            Notice.objects.create(store=acme.store, origin="file", key=str(number), kind="policy", at=NOW, due=due)
        (found,) = living(acme, "notice-due")
        assert found.due == TODAY + timedelta(days=2)
        Notice.objects.update(state="done")
        assert living(acme, "notice-due") == []


def test_one_defect_that_we_do_not_know_of_is_found_and_closes_when_it_is_brought(acme):
    def defect(order: str) -> None:
        Defect.objects.create(
            store=acme.store, order_id=order, kind="claim", marketplace_id="US", programme="mfn", as_of=NOW,
            ordered_on=FIRST, reported_on=LAST,
        )  # fmt: skip

    with acme:
        OrderDay.objects.create(store=acme.store, marketplace_id="US", programme="mfn", date=FIRST, orders=1000)
        day(acme, count=2, rate=2_000, status="good")
        assert living(acme, "health-differs") == [], "nobody brought any defect: we cannot say"
        defect("1")
        (found,) = living(acme, "health-differs")
        assert (found.detail["amazon"], found.detail["ours"], found.detail["missing"]) == ("2/1000", "1/1000", 1)
        defect("2")
        assert living(acme, "health-differs") == []


def test_an_agencys_own_level_is_close_to_the_limit_however_much_room_there_is(acme):
    with acme:
        day(acme, total=10_000, count=60, rate=6_000)
        assert living(acme, "health-near") == []
        Threshold.objects.create(metric="health.odr", marketplace="", value="0.006")
        (found,) = living(acme, "health-near")
        assert found.detail["room"] == 39
        Threshold.objects.update(value="0.0061")
        assert living(acme, "health-near") == []


# -- CSat, a figure of ours


def test_csat_takes_points_by_weight_and_says_what_it_leaves_out():
    found = csat({"ncx": 0.02, "feedback": 0.01, "replies": None})
    assert (found.score, found.left_out) == (80.0, ("replies",))
    assert csat({"ncx": None}).score is None
    assert csat({"ncx": 0.5}).score == 0.0


def test_an_unhappy_order_counts_once_and_unknown_sources_are_left_out(acme):
    with acme:
        OrderDay.objects.create(store=acme.store, marketplace_id="US", programme="afn", date=TODAY, orders=100)
        (told,) = shares(acme.store.pk, first=TODAY, last=TODAY)
        assert csat(made_of(told)).score is None
        for order in ("1", "2"):
            Feedback.objects.create(
                store=acme.store, order_id=order, marketplace_id="US", rated_on=TODAY, rating=1, as_of=NOW
            )
        for order, reason in (("1", "DEFECTIVE"), ("3", "CR-DEFECTIVE"), ("4", "UNWANTED_ITEM")):
            ReturnLine.objects.create(
                store=acme.store, order_id=order, sku="A", returned_on=TODAY, programme="afn", marketplace_id="US",
                quantity=1, reason=reason, as_of=NOW,
            )  # fmt: skip
        (told,) = shares(acme.store.pk, first=TODAY, last=TODAY)
        found = csat(made_of(told))
        assert (found.costs, found.left_out) == ({"ncx": 15.0, "feedback": 20.0}, ("replies",))


def test_counts_are_not_compared_while_the_past_still_comes_in(acme):
    with acme:
        OrderDay.objects.create(store=acme.store, marketplace_id="US", programme="mfn", date=FIRST, orders=900)
        Defect.objects.create(
            store=acme.store, order_id="1", kind="claim", marketplace_id="US", programme="mfn", as_of=NOW,
            ordered_on=FIRST, reported_on=LAST,
        )  # fmt: skip
        day(acme, count=2, rate=2_000, status="good")
        stream = Stream.objects.create(
            connection=acme.connection, store=acme.store, dataset="orders", every=900, promise=900
        )
        run = Run.objects.create(
            stream=stream, store=acme.store, slot="backfill:1", since=NOW - timedelta(days=60),
            until=NOW - timedelta(days=30), due_at=NOW,
        )  # fmt: skip
        assert living(acme, "health-differs") == []
        Run.objects.filter(pk=run.pk).update(state=Run.State.DONE)
        assert len(living(acme, "health-differs")) == 1


@pytest.mark.parametrize(("others", "breach"), [(39, True), (40, False)])
def test_one_cancellation_in_40_is_a_breach_of_less_than_2_5_percent(acme, others, breach):
    """A buyer's cancellation counts neither above nor below; the seller's from the day after."""
    first, last = TODAY - timedelta(days=7), TODAY - timedelta(days=1)

    def order(number: int, **values) -> Shipment:
        return Shipment(
            store=acme.store, order_id=f"o{number}", marketplace_id="US", ordered_at=NOW - timedelta(days=3),
            ordered_on=TODAY - timedelta(days=3), updated_at=NOW, as_of=NOW, **values,
        )  # fmt: skip

    yesterday = NOW - timedelta(days=1)
    with acme:
        rows = [order(number) for number in range(others)]
        rows.append(order(998, cancelled_by="seller", cancelled_at=yesterday))
        rows.append(order(999, cancelled_by="buyer", cancelled_at=yesterday))
        Shipment.objects.bulk_create(rows)
        row = day(
            acme,
            "cancel",
            "",
            window_first=first,
            window_last=last,
            total=others + 1,
            count=1,
            target=None,
            operator="",
        )
        (asked,) = asked_of([row])
        mine = counted([asked])[asked]
        assert (mine.total, mine.count) == (others + 1, 1)
        assert bool(living(acme, "health-breach")) is breach
        Shipment.objects.filter(order_id="o998").update(cancelled_at=NOW)
        assert counted([asked])[asked].count == 0, "what was cancelled today is in tomorrow's report"
