"""A line in several shipments adds up to its units whatever happens to it; the calendar says what arrives where."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.models import Entry
from apps.core.permissions import Role
from apps.core.undo import CannotUndo, undo
from apps.inventory.actions import Conflict, NotAllowed, Turn, create_plans
from apps.inventory.actions import plans as steps
from apps.inventory.actions.parts import parts_of
from apps.inventory.actions.splitting import split
from apps.inventory.domain.plans import Part, fitted, missing, mode_of, to_come
from apps.inventory.models import Plan, PlanLine, PlanPart, Replenishment
from apps.inventory.queries import arrivals as queries
from tests.inventory.lines import fill

DAY = date(2026, 3, 2)
DRAWER = {"HX-Request": "true", "HX-Target": "div#drawer-content"}
PARTS = st.lists(
    st.builds(
        Part,
        mode=st.sampled_from(["air", "sea"]),
        units=st.integers(1, 5000),
        arrives_on=st.integers(0, 90).map(lambda n: DAY + timedelta(days=n)),
    ),
    min_size=1,
    max_size=6,
)


# -- arithmetic

UNHURRIED = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@UNHURRIED
@given(PARTS, st.integers(1, 40_000))
def test_parts_add_up_to_whatever_the_line_has(parts, units):
    assert missing(units, fitted(parts, units)) == 0
    assert all(part.units > 0 for part in fitted(parts, units))


@UNHURRIED
@given(PARTS, st.integers(0, 40_000))
def test_what_was_received_is_no_longer_to_come(parts, received):
    total = sum(part.units for part in parts)
    left = to_come(parts, received)
    assert sum(part.units for part in left) == max(0, total - received)
    assert [part.arrives_on for part in left] == sorted(part.arrives_on for part in left)


def test_the_last_shipment_takes_what_changes():
    early, late = Part("air", 100, DAY), Part("sea", 300, DAY + timedelta(days=30))
    assert [part.units for part in fitted([late, early], 450)] == [100, 350]
    assert [part.units for part in fitted([late, early], 250)] == [100, 150]
    assert [part.units for part in fitted([late, early], 60)] == [60]
    assert mode_of([early, late]) == "air+sea"


# -- writing


@pytest.fixture
def acme(acme):
    with acme:
        fill(acme.store, 2)
        fill(acme.other_store, 1, pool="DE", currency="EUR")
    return acme


def plan_of(world, role=Role.SENIOR, store=None, **values):
    lines = list(Replenishment.objects.filter(store=store or world.store))
    made = create_plans(lines, by=world.seats[role], at=timezone.now(), title="May")[0]
    if values:
        Plan.objects.filter(pk=made.pk).update(**values)
        made.refresh_from_db()
    return made


def turn(world, version=None, role=Role.SENIOR):
    return Turn(world.seats[role], timezone.now(), version)


def halves(line, first=10):
    return [Part("air", first, DAY), Part("sea", line.units - first, DAY + timedelta(days=30))]


def at(world, name, **kwargs):
    return reverse(name, kwargs={"agency": world.agency.slug, **kwargs})


def test_a_suggestion_by_air_and_sea_is_two_shipments(acme):
    with acme:
        row = Replenishment.objects.get(sku="N-S0")
        assert row.mode == "air+sea"
        line = plan_of(acme).lines.get(sku="N-S0")
        parts = parts_of(line)
        assert [(part.mode, part.units) for part in parts] == [("air", row.air_units), ("sea", row.sea_units)]
        assert parts[0].arrives_on < parts[1].arrives_on == line.arrives_on
        assert not plan_of(acme).lines.get(sku="N-S1").parts.exists()


def test_a_line_is_split_and_the_sums_stay(acme):
    with acme:
        plan = plan_of(acme)
        line = plan.lines.get(sku="N-S1")
        units, cost = line.units, line.unit_cost
        split(line, halves(line), turn(acme, plan.version))
        line.refresh_from_db()
        assert (line.units, line.unit_cost, line.mode) == (units, cost, "air+sea")
        assert sum(part.units for part in parts_of(line)) == units
        assert line.arrives_on == DAY + timedelta(days=30)
        entry = Entry.objects.get(verb="plan.split")
        assert entry.after["parts"]["US/N-S1"] == [f"air 10 {DAY}", f"sea {units - 10} {DAY + timedelta(days=30)}"]


@pytest.mark.parametrize("change", [-1, 1])
def test_shipments_that_do_not_add_up_are_refused_with_the_difference(acme, change):
    with acme:
        line = plan_of(acme).lines.get(sku="N-S1")
        odd = [Part("air", 10, DAY), Part("sea", line.units - 10 + change, DAY)]
        with pytest.raises(NotAllowed, match="1 is (missing|too many)"):
            split(line, odd, turn(acme))
        assert not PlanPart.objects.filter(line=line).exists()


def test_a_split_is_undone_as_it_was_and_only_while_it_stands(acme):
    with acme:
        line = plan_of(acme).lines.get(sku="N-S0")
        before = parts_of(line)
        split(line, halves(line), turn(acme))
        first = Entry.objects.get(verb="plan.split")
        line = PlanLine.objects.get(pk=line.pk)
        split(line, [Part("sea", line.units, DAY)], turn(acme))
        assert not line.parts.exists()
        with pytest.raises(CannotUndo):
            undo(first, by=acme.seats[Role.SENIOR], at=timezone.now())
        undo(Entry.objects.filter(verb="plan.split").latest("number"), by=acme.seats[Role.SENIOR], at=timezone.now())
        undo(first, by=acme.seats[Role.SENIOR], at=timezone.now())
        assert parts_of(PlanLine.objects.get(pk=line.pk)) == before


def test_a_new_quantity_keeps_the_sum(acme):
    with acme:
        plan = plan_of(acme)
        line = plan.lines.get(sku="N-S0")
        early = parts_of(line)[0]
        steps.edit_lines(plan, {str(line.pk): line.units + 70}, turn(acme))
        parts = parts_of(PlanLine.objects.get(pk=line.pk))
        assert sum(part.units for part in parts) == line.units + 70
        assert parts[0] == early
        steps.edit_lines(Plan.objects.get(pk=plan.pk), {str(line.pk): 0}, turn(acme))
        assert not PlanPart.objects.filter(line=line.pk).exists()


def test_two_people_at_once_meet_a_conflict_and_a_shipped_plan_stands(acme):
    with acme:
        plan = plan_of(acme)
        line = plan.lines.get(sku="N-S1")
        split(line, halves(line), turn(acme, plan.version))
        with pytest.raises(Conflict):
            split(line, halves(line, 20), turn(acme, plan.version))
        Plan.objects.filter(pk=plan.pk).update(state="shipped")
        with pytest.raises(NotAllowed):
            split(line, halves(line, 20), turn(acme))


# -- reading


def test_the_calendar_is_by_week_and_site_without_what_is_here(acme):
    today = timezone.localdate()
    with acme:
        plan, other = plan_of(acme, state="ordered"), plan_of(acme, store=acme.other_store, state="approved")
        plan_of(acme)  # a draft is not on its way
        PlanPart.objects.all().delete()
        PlanLine.objects.filter(plan=plan, sku="N-S0").update(arrives_on=today - timedelta(days=1), received=5)
        PlanLine.objects.filter(plan=plan, sku="N-S1").update(arrives_on=today + timedelta(days=14))
        PlanLine.objects.filter(plan=other).update(arrives_on=today + timedelta(days=14))
        units = {line.sku: line.units for line in PlanLine.objects.filter(plan__in=[plan, other])}
        lines = list(queries.lines_to_come(acme.seats[Role.OWNER]))
        found = queries.calendar_of(queries.arrivals_of(lines, today=today), lines, today=today)
        late, week = found.weeks
        assert found.sites == ["DE", "US"]
        assert late.late
        assert late.cells["US"].units == units["N-S0"] - 5
        assert (week.cells["US"].units, week.cells["DE"].units) == (units["N-S1"], units["E-S0"])
        assert week.first <= today + timedelta(days=14) <= week.last
        mine = list(queries.lines_to_come(acme.seats[Role.SENIOR]))
        assert {line.store_id for line in mine} == {acme.store.pk}
        assert len(list(queries.lines_to_come(acme.seats[Role.OWNER], wished=True))) == len(lines) + 2


def test_the_page_shows_shipments_and_takes_the_same_queries(acme, client):
    with acme:
        plan_of(acme, state="ordered")
    client.force_login(acme.user(Role.OWNER))
    page = client.get(at(acme, "arrivals")).content.decode()
    assert "Title of N-S0" in page
    with CaptureQueriesContext(connection) as few:
        client.get(at(acme, "arrivals", store="north"))
    with acme:
        for _each in range(4):
            plan_of(acme, state="ordered")
    with CaptureQueriesContext(connection) as many:
        assert client.get(at(acme, "arrivals", store="north")).status_code == 200
    assert len(many) == len(few)


# -- the form


def form_of(line, *rows):
    values = {"version": line.plan.version}
    for n, (mode, units, arrives) in enumerate(rows):
        values |= {f"mode-{n}": mode, f"units-{n}": units, f"arrives-{n}": arrives}
    return values


def test_one_shipment_takes_the_rest_and_the_toast_takes_it_back(acme, client):
    with acme:
        line = plan_of(acme).lines.select_related("plan").get(sku="N-S1")
    client.force_login(acme.user(Role.SENIOR))
    url = at(acme, "plan-line-split", store="north", pk=line.pk)
    assert 'name="units-0"' in client.get(url, headers=DRAWER).content.decode()
    answer = client.post(url, form_of(line, ("air", "10", "2026-12-10"), ("sea", "", "2027-01-10")), headers=DRAWER)
    assert answer.status_code == 200
    assert '<hx-partial hx-target="#plan"' in answer.content.decode()
    assert "close-drawer" in answer.headers["HX-Trigger"]
    with acme:
        assert [part.units for part in parts_of(PlanLine.objects.get(pk=line.pk))] == [10, line.units - 10]
        entry = Entry.objects.get(verb="plan.split")
    assert f"numbers={entry.number}" in answer.headers["HX-Trigger"]
    client.post(at(acme, "changes-undo") + f"?numbers={entry.number}")
    with acme:
        assert not PlanPart.objects.filter(line=line.pk).exists()
    assert "Air 10 (2026-12-10)" in client.get(at(acme, "changes")).content.decode()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("air", "10", "2026-12-10")], "are missing"),
        ([("air", "", "2026-12-10"), ("sea", "", "2027-01-10")], "Only one shipment may take the rest"),
        ([("air", "ten", "2026-12-10")], "a whole number of units"),
        ([("air", "10", "soon")], "on which day it arrives"),
        ([("truck", "10", "2026-12-10")], "say how it travels"),
        ([], "at least one shipment"),
    ],
)
def test_nonsense_is_refused_and_kept_in_the_form(acme, client, rows, words):
    with acme:
        line = plan_of(acme).lines.select_related("plan").get(sku="N-S1")
    client.force_login(acme.user(Role.SENIOR))
    url = at(acme, "plan-line-split", store="north", pk=line.pk)
    answer = client.post(url, form_of(line, *rows), headers=DRAWER)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert all(f'value="{units}"' in page for _mode, units, _day in rows if units)


def test_a_client_sees_the_shipments_of_its_plan(acme, client):
    with acme:
        plan = plan_of(acme, state="client")
    client.force_login(acme.user(Role.CLIENT))
    page = client.get(f"/portal/acme/plans/{plan.pk}/").content.decode()
    assert "Air <span" in page
