"""The way of a plan: who may take which step, what it costs, what happens when two people act at once."""

import csv
import io

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import FxRate, RoleLimit, StoreGrant
from apps.core.audit import verify
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.core.undo import CannotUndo, undo
from apps.inventory.actions import Conflict, NotAllowed, Turn, create_plans, recompute_store
from apps.inventory.actions import plans as steps
from apps.inventory.domain.plans import MOVES, Step, may_move, within_limit
from apps.inventory.models import Plan, PlanLine, Replenishment
from apps.inventory.queries.arrivals import lines_to_come
from apps.inventory.queries.plans import cost_of, plans_for
from tests.inventory.lines import fill
from tests.world import NOW


@pytest.fixture
def acme(acme):
    FxRate.objects.update_or_create(currency="CNY", valid_from="2020-01-01", defaults={"per_usd": "10"})
    FxRate.objects.filter(currency="CNY").exclude(valid_from="2020-01-01").delete()
    with acme:
        fill(acme.store, 2)
        fill(acme.other_store, 1, pool="DE", currency="EUR")
    return acme


def plan_of(world, role=Role.JUNIOR, **values):
    lines = list(Replenishment.objects.filter(store=world.store))
    made = create_plans(lines, by=world.seats[role], at=timezone.now(), title="May")[0]
    if values:
        Plan.objects.filter(pk=made.pk).update(**values)
        made.refresh_from_db()
    return made


def turn(world, role, version=None, note=""):
    return Turn(world.seats[role], timezone.now(), version, note)


def at(world, name, plan, **kwargs):
    return reverse(name, kwargs={"agency": world.agency.slug, "store": plan.store.slug, "plan": plan.pk, **kwargs})


def limit(role, most):
    RoleLimit.objects.update_or_create(role=role, action="plan.approve", defaults={"most": most})


def test_a_plan_takes_a_persons_quantity_and_forgets_it_in_the_line(acme):
    with acme:
        Replenishment.objects.filter(sku="N-S0").update(edited=40)
        plan = plan_of(acme)
        units = dict(plan.lines.values_list("sku", "units"))
        assert units["N-S0"] == 40
        assert units["N-S1"] == Replenishment.objects.get(sku="N-S1").suggested
        assert not Replenishment.objects.exclude(edited=None).exists()
        assert Entry.objects.get(verb="plan.created").after["units"] == {f"US/{k}": v for k, v in units.items()}


def test_lines_of_two_stores_make_two_plans_numbered_one_after_the_other(acme, zeta):
    with zeta:
        fill(zeta.store, 1)
        assert plan_of(zeta).number == 1
    with acme:
        lines = list(Replenishment.objects.all())
        made = create_plans(lines, by=acme.seats[Role.OWNER], at=timezone.now())
        assert sorted((p.number, p.store_id) for p in made) == [(1, acme.store.pk), (2, acme.other_store.pk)]


def test_nothing_to_order_makes_no_plan(acme):
    with acme, pytest.raises(NotAllowed):
        Replenishment.objects.update(suggested=0)
        plan_of(acme)


@pytest.mark.parametrize("step", list(Step))
def test_steps_start_only_where_they_may(step):
    for state in Plan.State.values:
        assert may_move(step, state) is (state in MOVES[step].before)
    assert MOVES[step].after in Plan.State.values


def test_the_long_way_from_draft_to_received(acme):
    with acme:
        plan = plan_of(acme)
        for role, act, state in (
            (Role.JUNIOR, steps.submit, "submitted"),
            (Role.MANAGER, steps.approve, "approved"),
            (Role.MANAGER, steps.order, "ordered"),
            (Role.JUNIOR, steps.ship, "shipped"),
        ):
            plan = act(plan, turn(acme, role))
            assert plan.state == state
        lines = list(plan.lines.order_by("sku"))
        plan = steps.receive(plan, {str(lines[0].pk): lines[0].units}, turn(acme, Role.JUNIOR))
        assert plan.state == "shipped"
        plan = steps.receive(plan, {str(lines[1].pk): lines[1].units + 1}, turn(acme, Role.JUNIOR))
        assert plan.state == "received"
        verbs = list(Entry.objects.filter(target=str(plan.pk)).order_by("number").values_list("verb", flat=True))
        assert verbs == [
            "plan.created", "plan.submit", "plan.approve", "plan.order", "plan.ship", "plan.received", "plan.received"
        ]  # fmt: skip
        assert verify() is None


def test_a_step_out_of_turn_is_a_conflict(acme):
    with acme:
        plan = plan_of(acme)
        with pytest.raises(Conflict):
            steps.order(plan, turn(acme, Role.OWNER))


@pytest.mark.parametrize(("amount", "most", "alone"), [(5, 5, True), (6, 5, False), (6, None, True), (None, 5, False)])
def test_a_limit_includes_its_own_value_and_an_unknown_amount_is_above_it(amount, most, alone):
    assert within_limit(amount, most) is alone


def test_cost_is_in_the_agencys_currency_and_a_missing_cost_is_said(acme):
    with acme:
        plan = plan_of(acme)
        units = sum(plan.lines.values_list("units", flat=True))
        amount = cost_of(plan, on=timezone.localdate())
        assert (amount.value, amount.currency, amount.missing) == (units * 468, "USD", 0)
        PlanLine.objects.filter(sku="N-S0").update(unit_cost=None)
        assert cost_of(plan, on=timezone.localdate()).missing == 1
        limit(Role.SENIOR, 10**9)
        with pytest.raises(NotAllowed):
            steps.approve(plan, turn(acme, Role.SENIOR))


def test_above_the_limit_one_submits_and_a_higher_role_approves(client, acme):
    with acme:
        plan = plan_of(acme)
        limit(Role.SENIOR, 100)
    client.force_login(acme.user(Role.SENIOR))
    page = client.get(at(acme, "plan", plan)).content.decode()
    assert "Submit for approval" in page
    assert ">Approve<" not in page
    answer = client.post(at(acme, "plan-step", plan, step="approve"), {"version": plan.version})
    assert answer.status_code == 422
    with acme:
        assert Plan.objects.get().state == "draft"
        limit(Role.SENIOR, 10**9)
    page = client.get(at(acme, "plan", plan)).content.decode()
    assert ">Approve<" in page
    assert client.post(at(acme, "plan-step", plan, step="approve"), {"version": plan.version}).status_code == 302
    with acme:
        done = Plan.objects.get()
        assert (done.state, done.decided_by) == ("approved", acme.seats[Role.SENIOR])


@pytest.mark.parametrize(
    ("role", "step", "status"),
    [
        (Role.JUNIOR, "submit", 302), (Role.JUNIOR, "approve", 404), (Role.JUNIOR, "cancel", 302),
        (Role.SENIOR, "approve", 302), (Role.MANAGER, "ask_client", 302), (Role.OWNER, "send_back", 409),
        (Role.OWNER, "client_approve", 404), (Role.OWNER, "nonsense", 404),
        (Role.FINANCE, "approve", 403), (Role.ANALYST, "submit", 403),
    ],
)  # fmt: skip
def test_steps_by_role(client, acme, role, step, status):
    with acme:
        plan = plan_of(acme)
        limit(Role.SENIOR, 10**9)
    client.force_login(acme.user(role))
    assert client.post(at(acme, "plan-step", plan, step=step), {"version": plan.version}).status_code == status


def test_a_plan_of_a_store_not_granted_does_not_exist(client, acme, zeta):
    with acme:
        lines = list(Replenishment.objects.filter(store=acme.other_store))
        plan = create_plans(lines, by=acme.seats[Role.OWNER], at=timezone.now())[0]
    for world, role in ((acme, Role.SENIOR), (zeta, Role.OWNER)):
        client.force_login(world.user(role))
        for name in ("plan", "plan-document"):
            assert client.get(at(acme, name, plan)).status_code == 404
        assert client.post(at(acme, "plan-step", plan, step="approve"), {"version": 1}).status_code == 404


def test_stale_stock_cannot_be_approved(acme):
    with acme:
        plan = plan_of(acme)
        Replenishment.objects.update(stock_as_of=timezone.now() - timezone.timedelta(hours=25))
        with pytest.raises(NotAllowed, match="24"):
            steps.approve(plan, turn(acme, Role.OWNER))
        Replenishment.objects.update(stock_as_of=None)
        with pytest.raises(NotAllowed):
            steps.ask_client(plan, turn(acme, Role.OWNER))


def test_fresh_stock_of_one_pool_does_not_speak_for_another(client, acme):
    """A report of the US says nothing of Canada's stock."""
    with acme:
        fill(acme.store, 2, pool="CA", prefix="C")
        Replenishment.objects.filter(pool="CA").update(stock_as_of=timezone.now() - timezone.timedelta(days=5))
        american, canadian = (
            create_plans(list(Replenishment.objects.filter(pool=pool)), by=acme.seats[Role.JUNIOR], at=timezone.now())[
                0
            ]
            for pool in ("US", "CA")
        )
        with pytest.raises(NotAllowed, match="24"):
            steps.approve(canadian, turn(acme, Role.OWNER))
        assert steps.approve(american, turn(acme, Role.OWNER)).state == "approved"
    client.force_login(acme.user(Role.OWNER))
    page = client.get(reverse("replenishment", kwargs={"agency": acme.agency.slug})).content.decode()
    assert f"older than 24 hours: {acme.store.name} (CA)." in page


def test_where_nobody_set_a_limit_a_senior_approves_nothing_alone(client, acme):
    with acme:
        RoleLimit.objects.all().delete()
        plan = plan_of(acme)
        with pytest.raises(NotAllowed, match="limit"):
            steps.approve(plan, turn(acme, Role.SENIOR))
        limit(Role.SENIOR, None)
        assert steps.approve(plan, turn(acme, Role.SENIOR)).state == "approved", "any amount, because somebody said so"
    client.force_login(acme.user(Role.OWNER))
    with acme:
        RoleLimit.objects.all().delete()
    page = client.get(reverse("settings-roles", kwargs={"agency": acme.agency.slug})).content.decode()
    assert 'name="senior" value="0' in page or 'value="0" name="senior"' in page


def test_a_plan_is_seen_by_who_may_see_each_of_its_sites(client, acme):
    """A seat for Germany must not read, change or approve what goes to France, nor fetch it by API."""
    with acme:
        fill(acme.other_store, 2, pool="FR", currency="EUR", prefix="F")
        lines = Replenishment.objects.filter(store=acme.other_store)
        german, french, both = (
            create_plans(list(lines.filter(pool__in=pools)), by=acme.seats[Role.OWNER], at=timezone.now())[0]
            for pools in (["DE"], ["FR"], ["DE", "FR"])
        )
        seat = acme.seats[Role.SENIOR]
        StoreGrant.objects.filter(member=seat).delete()
        StoreGrant.objects.create(member=seat, store=acme.other_store, marketplace_id="DE")
        assert set(plans_for(seat)) == {german}
        assert set(lines_to_come(seat, wished=True).values_list("pool", flat=True)) <= {"DE"}
        StoreGrant.objects.create(member=seat, store=acme.other_store, marketplace_id="FR")
        assert set(plans_for(seat)) == {german, french, both}
        StoreGrant.objects.filter(member=seat, marketplace="FR").delete()
    client.force_login(acme.user(Role.SENIOR))
    assert client.get(at(acme, "plan", german)).status_code == 200
    for hidden in (french, both):
        assert client.get(at(acme, "plan", hidden)).status_code == 404
        assert client.post(at(acme, "plan-step", hidden, step="cancel"), {"version": 1}).status_code == 404


def test_two_people_meet_a_409_that_says_who_and_when(client, acme):
    with acme:
        plan = plan_of(acme)
        steps.submit(plan, turn(acme, Role.JUNIOR, plan.version))
    client.force_login(acme.user(Role.OWNER))
    answer = client.post(at(acme, "plan-step", plan, step="approve"), {"version": plan.version})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Acme-Junior" in page
    assert 'name="version" value="2"' in page
    with acme:
        assert Plan.objects.get().state == "submitted"


def test_quantities_change_before_the_decision_and_stand_after_it(client, acme):
    with acme:
        plan = plan_of(acme)
        first, second = plan.lines.order_by("sku")
    client.force_login(acme.user(Role.JUNIOR))
    values = {"version": 1, f"units-{first.pk}": "120", f"units-{second.pk}": "0", "title": "June", "note": "urgent"}
    assert client.post(at(acme, "plan-edit", plan), values).status_code == 302
    with acme:
        plan = Plan.objects.select_related("store").get()
        assert list(plan.lines.values_list("sku", "units")) == [(first.sku, 120)]
        assert (plan.title, plan.note, plan.version) == ("June", "urgent", 3)
        steps.approve(plan, turn(acme, Role.OWNER))
    answer = client.post(at(acme, "plan-edit", plan), {"version": 4, f"units-{first.pk}": "1"})
    assert answer.status_code == 422


def test_a_step_is_undone_while_nothing_came_after_it(acme):
    with acme:
        plan = plan_of(acme)
        steps.approve(plan, turn(acme, Role.OWNER))
        entry = Entry.objects.get(verb="plan.approve")
        undo(entry, by=acme.seats[Role.OWNER], at=timezone.now())
        assert Plan.objects.get().state == "draft"
        steps.approve(plan, turn(acme, Role.OWNER))
        second = Entry.objects.filter(verb="plan.approve").last()
        steps.order(plan, turn(acme, Role.OWNER))
        with pytest.raises(CannotUndo):
            undo(second, by=acme.seats[Role.OWNER], at=timezone.now())


def test_the_document_and_the_files_hold_the_lines_and_costs_only_for_those_who_may(client, acme):
    with acme:
        plan = plan_of(acme)
    for role, knows in ((Role.SENIOR, True), (Role.JUNIOR, False)):
        client.force_login(acme.user(role))
        body = client.get(at(acme, "plan-file", plan, kind="csv")).content.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(body)))
        assert [row["SKU"] for row in rows] == ["N-S0", "N-S1"]
        assert ("Unit cost" in rows[0]) is knows
        if knows:
            assert (rows[0]["Unit cost"], rows[0]["Currency of cost"]) == ("46.80", "CNY")
        assert "N-S0" in client.get(at(acme, "plan-document", plan)).content.decode()
    assert client.get(at(acme, "plan-file", plan, kind="xlsx")).content[:2] == b"PK"
    assert client.get(at(acme, "plan-file", plan, kind="pdf")).status_code == 404


def test_the_list_of_plans_takes_the_same_queries_for_one_or_twenty(client, acme, django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    url = reverse("plans", kwargs={"agency": "acme"})
    with acme:
        plan_of(acme)
    client.force_login(acme.user(Role.OWNER))
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    with acme:
        for _ in range(19):
            plan_of(acme)
    with CaptureQueriesContext(connection) as twenty:
        assert client.get(url).content.decode().count("data-row>") == 20
    assert len(one) == len(twenty)


def test_approving_rings_for_a_recalculation(acme, django_capture_on_commit_callbacks, monkeypatch):
    rung = []
    monkeypatch.setattr("apps.inventory.tasks.refresh_store.apply_async", lambda args, *a, **k: rung.append(args))
    with django_capture_on_commit_callbacks(execute=True), acme:
        steps.approve(plan_of(acme), turn(acme, Role.OWNER))
    assert rung == [[acme.store.pk]]
    with acme:
        assert recompute_store(acme.store.pk, at=NOW).lines == 0
