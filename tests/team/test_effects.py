"""The ledger's effect: measured where facts tell, "too early" with its day where they will, honest where they cannot."""

from datetime import timedelta
from decimal import Decimal
from statistics import mean, stdev

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apps.core import audit
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.health.models import AlertRule, Coverage, Defect, Incident, Offer, Paper, Signal
from apps.inventory.actions.policies import save_policy
from apps.inventory.models import PlanLine, PlanPart, Policy, StockDay
from apps.team.actions import keep_effects
from apps.team.domain import Group, against, quantile
from apps.team.models import ChangeEffect
from apps.team.queries.effects import FIXED, MEASURABLE, WHY, by_effect, counts, effects
from apps.team.queries.ledger import VERBS
from tests.inventory.lines import fill
from tests.inventory.test_arrivals import plan_of

Kind, Verdict = ChangeEffect.Kind, ChangeEffect.Verdict
TODAY = timezone.localdate
PLANNED = [f"N-S{n}" for n in (0, 1, 5, 6, 7, 11)]  # what a plan of the twelve lines holds
REST = [f"N-S{n}" for n in (2, 3, 4, 8, 9, 10)]


@pytest.fixture
def acme(acme):
    with acme:
        fill(acme.store, 12)
    return acme


def ago(days):
    return timezone.now() - timedelta(days=days)


def told(world, verb, target, days_ago, **more):
    more = {"store": world.store} | more
    return audit.record(verb, target, by=world.seats[Role.OWNER], at=ago(days_ago), **more)


def received(world, days_ago, skus=("N-S0",)):
    """A receipt so many days ago of what these lines hold."""
    plan = plan_of(world, state="shipped")
    PlanLine.objects.filter(plan=plan, sku__in=skus).update(received=1)
    return told(world, "plan.received", plan, days_ago)


def days_of(world, sku, day, out_before, out_after, *, span=14, gap=0, site="US"):
    """Stock reports on both sides of a day: so many of the days before and after without a unit."""
    StockDay.objects.bulk_create(
        StockDay(store=world.store, marketplace_id=site, sku=sku, date=date, available=0 if out else 5, as_of=timezone.now())
        for n in range(span)
        for date, out in (
            (day - timedelta(days=n + 1), n < out_before),
            (day + timedelta(days=gap + n + 1), n < out_after),
        )
    )  # fmt: skip


def one(entry):
    return effects([entry], today=TODAY())[entry.number]


def test_days_without_stock_are_counted_on_both_sides(acme):
    with acme:
        entry = received(acme, 20)
        day = entry.at.date()
        days_of(acme, "N-S0", day, 7, 1)
        for date, site in ((day, "US"), (day - timedelta(days=15), "US"), (day - timedelta(days=1), "CA")):
            StockDay.objects.create(  # the day itself, one too long ago, another site's
                store=acme.store,
                marketplace_id=site,
                sku="N-S0" if site == "US" else "N-C",
                date=date,
                available=0,
                as_of=ago(0),
            )
        found = one(entry)
    assert (found.kind, found.before, found.after) == (Kind.MEASURED, Decimal("0.500000"), Decimal("0.071429"))
    assert (found.touched, found.others, found.low) == (1, 0, None)
    assert found.verdict == Verdict.UNCLEAR  # one SKU is an anecdote


def test_what_happened_to_the_others_is_taken_off(acme):
    """Six SKUs get better by 7.5 days of 14 while six untouched get better by 3.5: four are the receipt's."""
    with acme:
        entry = received(acme, 20, PLANNED)
        for n, sku in enumerate(PLANNED):
            days_of(acme, sku, entry.at.date(), 8 + n % 2, 1)
        for n, sku in enumerate(REST):
            days_of(acme, sku, entry.at.date(), 8, 4 + n % 2)
        found = one(entry)
        assert (found.touched, found.others) == (6, 6)
        assert found.change == pytest.approx(Decimal("-0.2857"), abs=Decimal("0.001"))
        assert found.low < found.high < 0
        assert found.verdict == Verdict.HELPED
        StockDay.objects.filter(sku__in=REST, date__gt=entry.at.date()).update(available=9)
        StockDay.objects.filter(sku__in=PLANNED, date__gt=entry.at.date()).update(available=0)
        assert one(entry).verdict == Verdict.HURT


def test_sites_that_share_a_stock_are_out_together_only(acme):
    from apps.accounts.models import StoreMarketplace

    with acme:
        StoreMarketplace.objects.filter(store=acme.store).update(pool="NARF")
        entry = received(acme, 20)
        days_of(acme, "N-S0", entry.at.date(), 14, 14)
        days_of(acme, "N-S0", entry.at.date(), 0, 14, site="CA")
        found = one(entry)
    assert (found.before, found.after, found.touched) == (0, 1, 1)


def test_what_is_not_over_is_too_early_and_says_when(acme):
    with acme:
        entry = received(acme, 3)
        found = one(entry)
    assert (found.kind, found.known_on) == (Kind.EARLY, entry.at.date() + timedelta(days=16))


def test_without_facts_nothing_is_claimed(acme):
    with acme:
        entry = received(acme, 30)
        StockDay.objects.create(
            store=acme.store,
            marketplace_id="US",
            sku="N-S0",
            date=entry.at.date() + timedelta(days=2),
            available=5,
            as_of=ago(0),
        )
        assert (one(entry).kind, one(entry).why) == (Kind.CANNOT, "reports")
        assert one(received(acme, 30, ())).why == "nothing"


def test_an_approval_is_measured_from_when_its_goods_were_to_arrive(acme):
    with acme:
        plan = plan_of(acme)
        entry = told(acme, "plan.approve", plan, 60, after={"state": "approved"})
        day = entry.at.date()
        PlanPart.objects.all().delete()
        PlanLine.objects.filter(plan=plan).update(arrives_on=None)
        assert one(entry).why == "arrival"
        PlanLine.objects.filter(plan=plan).update(arrives_on=day + timedelta(days=40))
        days_of(acme, "N-S0", day, 7, 0, gap=40)
        found = one(entry)
        assert (found.kind, found.before, found.after) == (Kind.MEASURED, Decimal("0.5"), 0)
        PlanLine.objects.filter(plan=plan).update(arrives_on=day + timedelta(days=50))
        assert (one(entry).kind, one(entry).known_on) == (Kind.EARLY, day + timedelta(days=66))
        asked = told(acme, "plan.approve", plan, 60, after={"state": "client"})
        assert (one(asked).kind, one(asked).why) == (Kind.NONE, "plan")


def test_a_policy_waits_for_the_fastest_order_and_is_held_against_what_it_did_not_touch(acme):
    with acme:
        owner = acme.seats[Role.OWNER]
        save_policy(acme.store, "N-S0", {"safety_factor": Decimal(2)}, by=owner, at=ago(90))
        entry = Entry.objects.get(verb="policy.saved")
        day = entry.at.date()
        days_of(acme, "N-S0", day, 14, 0, span=28, gap=27)
        days_of(acme, "N-S1", day, 14, 14, span=28, gap=27)
        found = one(entry)
        assert (found.before, found.after, found.others_before, found.others_after) == (
            Decimal("0.5"),
            0,
            Decimal("0.5"),
            Decimal("0.5"),
        )
        save_policy(acme.store, "", {"review_days": 14}, by=owner, at=ago(90))
        whole = one(Entry.objects.order_by("number").last())
        assert (whole.touched, whole.others) == (1, 1)  # the SKU with a policy of its own is not touched
        assert (whole.before, whole.after) == (Decimal("0.5"), Decimal("0.5"))
        save_policy(acme.store, "", {"excess_days": 200}, by=owner, at=ago(90))
        assert one(Entry.objects.order_by("number").last()).why == "figures"
        save_policy(acme.store, "", {"review_days": 7}, by=owner, at=ago(40))
        late = one(Entry.objects.order_by("number").last())
        assert (late.kind, late.known_on) == (Kind.EARLY, ago(40).date() + timedelta(days=27 + 28 + 2))


def test_a_policy_is_taken_back_by_who_may_set_one(acme, client):
    with acme:
        owner = acme.seats[Role.OWNER]
        save_policy(acme.store, "N-S0", {"safety_factor": Decimal("1.70")}, by=owner, at=ago(3))
        save_policy(acme.store, "N-S0", {"safety_factor": Decimal("2.00"), "moq": 5}, by=owner, at=ago(2))
        first, last = Entry.objects.filter(verb="policy.saved").order_by("number").values_list("number", flat=True)
    client.force_login(acme.user(Role.OWNER))
    client.post(acme.url(f"changes/undo/?numbers={first}"))
    with acme:
        assert Policy.objects.get().safety_factor == 2  # it was changed since: nothing is taken back
    client.post(acme.url(f"changes/undo/?numbers={last}"))
    with acme:
        policy = Policy.objects.get()
        assert (policy.safety_factor, policy.moq) == (Decimal("1.70"), None)
        assert Entry.objects.latest("number").verb == "undo"
    client.force_login(acme.user(Role.JUNIOR))
    client.post(acme.url(f"changes/undo/?numbers={first}"))
    with acme:
        assert Policy.objects.get().safety_factor == Decimal("1.70")


def test_a_rule_has_its_alarms_a_week_before_and_after_and_no_verdict(acme):
    with acme:
        rules = [AlertRule.objects.create(name=name, fact="health", metric="odr", condition="band") for name in "ab"]
        entry = told(acme, "alert-rule.change", rules[0], 40, store=None)
        assert (one(entry).kind, one(entry).why) == (Kind.CANNOT, "few")
        incident = Incident.objects.create(
            number=1, store=acme.store, cause="odr", day=TODAY(), opened_at=ago(1), changed_at=ago(1)
        )
        for rule, days in ((0, 41), (0, 45), (0, 60), (0, 30), (1, 50), (1, 90)):
            Signal.objects.create(
                incident=incident, rule=rules[rule], store=acme.store, metric="odr", day=TODAY(), living=False,
                began_at=ago(days), changed_at=ago(days),
            )  # fmt: skip
        found = one(entry)
        assert (found.before, found.after, found.others_before) == (Decimal(3) / 4, Decimal(1) / 4, Decimal(1) / 4)
        assert (found.touched, found.verdict) == (4, Verdict.UNCLEAR)
        fresh = told(acme, "alert-rule.change", rules[0], 10, store=None)
        assert one(fresh).known_on == ago(10).date() + timedelta(days=29)


def test_a_paper_frees_what_nothing_else_stops(acme):
    with acme:
        paper = Paper.objects.create(
            store=acme.store, kind="lucid", state="accepted", created_at=ago(9), updated_at=ago(9)
        )
        states = (("A", "covered", "covered"), ("B", "covered", "missing"), ("C", "expiring", "expiring"))
        for sku, cell, worst in states:
            Offer.objects.create(
                store=acme.store, marketplace_id="DE", sku=sku, sales_30d=10_000, currency="USD", told_at=ago(1)
            )
            Coverage.objects.create(
                store=acme.store, marketplace_id="DE", sku=sku, state=worst, rank=1, computed_at=ago(1),
                cells={"de-packaging": {"s": cell, "p": str(paper.pk)}},
            )  # fmt: skip
        found = one(told(acme, "paper.accept", paper, 5, after={"state": "accepted"}))
        assert (found.touched, found.money, found.verdict) == (2, 20_000, Verdict.HELPED)
        assert one(told(acme, "paper.accept", paper, 0)).kind == Kind.EARLY
        renewed = one(told(acme, "paper.accept", paper, 5, after={"replaced": ["x"]}))
        assert (renewed.kind, renewed.why) == (Kind.NONE, "renewed")


def test_a_settled_defect_helped_if_it_was_withdrawn(acme):
    with acme:
        defect = Defect.objects.create(
            store=acme.store, order_id="111-1", kind="claim", marketplace_id="US", as_of=ago(1)
        )
        early, old = (
            told(acme, "defect.work", defect, days, after={"state": "done"}, title="111-1") for days in (5, 61)
        )
        assert (one(early).kind, one(early).known_on) == (Kind.EARLY, early.at.date() + timedelta(days=60))
        assert (one(old).kind, one(old).verdict) == (Kind.MEASURED, Verdict.UNCLEAR)
        Defect.objects.filter(order_id="111-1").update(withdrawn_on=TODAY())
        assert one(early).verdict == Verdict.HELPED
        assert one(told(acme, "defect.work", defect, 5, after={"note": "x"}, title="111-1")).why == "house"


def test_every_verb_has_an_answer(acme):
    """Either it can be measured, or there is a sentence that says why it is not."""
    with acme:
        for verb in VERBS:
            entry = told(acme, verb, acme.store, 1)
            if verb not in MEASURABLE:
                found = one(entry)
                assert found.kind in (Kind.NONE, Kind.CANNOT), verb
                assert found.why in WHY, verb
    assert {why for _kind, why in FIXED.values()} <= set(WHY)
    assert set(MEASURABLE) <= set(VERBS)


def test_what_is_known_is_kept_filtered_and_counted(acme, client):
    client.force_login(acme.user(Role.OWNER))
    with acme:
        entry, early = received(acme, 20, PLANNED), received(acme, 3)
        case = told(acme, "crisis.start", acme.store, 2)
        for sku in PLANNED:
            days_of(acme, sku, entry.at.date(), 10, 2)
        assert keep_effects(today=TODAY()) == 2
        assert keep_effects(today=TODAY()) == 0  # what is settled, and what is too early, is not looked at again
        assert keep_effects(today=TODAY() + timedelta(days=20)) == 1
        ChangeEffect.objects.filter(number=early.number).update(kind=Kind.EARLY, known_on=TODAY())
        every = Entry.objects.all()
        told_of = counts(every)
        assert (told_of.measured, told_of.helped, told_of.hurt) == (1, 1, 0)
        for word, number in (("helped", entry), ("measured", entry), ("early", early), ("cannot", case)):
            assert [each.number for each in by_effect(every, word)] == [number.number], word
        kinds = [set(by_effect(every, kind).values_list("number", flat=True)) for kind in Kind.values]
        assert sum(map(len, kinds)) == len(set.union(*kinds)) == every.count()  # each is of one kind
    page = client.get(acme.url("changes/?effect=helped")).content.decode()
    assert f"#{entry.number}<" in page
    assert f"#{early.number}<" not in page
    assert "Helped" in page


def test_another_agency_has_none_of_it(acme, zeta):
    with acme:
        received(acme, 30)
        keep_effects(today=TODAY())
        assert ChangeEffect.objects.count() == 1
    with zeta:
        assert ChangeEffect.objects.count() == 0


def test_the_page_says_it_with_as_many_queries_however_many_entries(acme, client):
    client.force_login(acme.user(Role.OWNER))
    with acme:
        owner = acme.seats[Role.OWNER]
        for n in range(2):
            received(acme, 20 + n)
        save_policy(acme.store, "", {"review_days": 9}, by=owner, at=ago(90))
    client.get(acme.url("changes/"))
    with CaptureQueriesContext(connection) as few:
        page = client.get(acme.url("changes/")).content.decode()
    assert "no stock report covers both sides" in page
    assert "Counted with the plan" in page
    with acme:
        for n in range(20, 24):
            received(acme, n)
            save_policy(acme.store, "", {"review_days": n}, by=owner, at=ago(90))
    with CaptureQueriesContext(connection) as many:
        client.get(acme.url("changes/"))
    assert len(many) == len(few)


@given(
    st.lists(st.floats(-1, 1), min_size=5, max_size=40),
    st.lists(st.floats(-1, 1), min_size=5, max_size=40),
)
def test_the_interval_holds_the_difference_and_narrows_with_more(mine, rest):
    a, b = (Group(len(each), mean(each), stdev(each)) for each in (mine, rest))
    found = against(a, b)
    assert found.low <= found.change <= found.high
    assert found.change == pytest.approx(a.change - b.change)
    more = against(Group(a.count * 4, a.change, a.spread), Group(b.count * 4, b.change, b.spread))
    assert more.high - more.low <= found.high - found.low
    assert against(Group(4, 0.5, 0.1), b).low is None


@pytest.mark.parametrize(("freedom", "point"), [(4, 2.776), (9, 2.262), (29, 2.045), (1000, 1.962)])
def test_students_points(freedom, point):
    assert quantile(freedom) == pytest.approx(point, rel=0.02)
