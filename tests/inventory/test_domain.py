"""The arithmetic of replenishment, at its edges, and its agreement with the SQL that does it for whole stores."""

import json
from dataclasses import asdict, replace
from datetime import date, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.inventory.actions.arithmetic import DECISION, MOVEMENT, chain
from apps.inventory.domain.replenishment import (
    DEFAULT_SOURCES,
    DEFAULTS,
    STATUS_PRIORITY,
    Policy,
    Position,
    Sold,
    Source,
    addition,
    gap_days,
    project,
    propose,
    suggestion,
    velocity,
)

TODAY = date(2026, 3, 2)
MOCK = Policy(production_days=5, inspection_days=1, sea_days=36, air_days=5, receiving_days=3, review_days=0)


def test_the_briefs_factor_is_the_only_default_that_comes_from_the_brief():
    assert DEFAULTS.safety == 150
    assert [name for name, source in DEFAULT_SOURCES.items() if source is Source.BRIEF] == ["safety"]


def test_the_rule_is_daily_sales_times_cycle_times_factor_less_everything_owned():
    policy = replace(MOCK, carton_units=24)
    assert policy.cycle == 45
    proposal = propose(Position(velocity=53_360, available=158), policy, today=TODAY)
    assert (proposal.need, proposal.shortfall, proposal.suggested) == (3602, 3444, 3456)


@pytest.mark.parametrize(
    ("shortfall", "moq", "carton", "units"),
    [(0, 500, 24, 0), (1, 1, 24, 24), (24, 1, 24, 24), (25, 1, 24, 48), (10, 500, 24, 504), (10, 1, 1, 10)],
)
def test_a_suggestion_is_at_least_the_minimum_order_and_whole_cartons(shortfall, moq, carton, units):
    assert suggestion(shortfall, Policy(moq=moq, carton_units=carton)) == units


def test_daily_sales_weigh_7_30_and_90_days_and_skip_windows_without_a_day_in_stock():
    sold = Sold(units_7=70, days_7=7, units_30=150, days_30=30, units_90=180, days_90=90)
    assert velocity(sold, DEFAULTS) == 5000 + 1500 + 400
    without_week = replace(sold, units_7=0, days_7=0)
    assert velocity(without_week, DEFAULTS) == (300 * 5000 + 200 * 2000) // 500


@pytest.mark.parametrize(("days", "known"), [(13, False), (14, True)])
def test_below_14_days_in_stock_nothing_is_suggested(days, known):
    v = velocity(Sold(units_90=30, days_90=days, units_30=30, days_30=days), DEFAULTS)
    assert (v is not None) is known
    assert (propose(Position(velocity=v), DEFAULTS, today=TODAY).suggested is not None) is known


def test_weights_of_zero_are_too_little_data_not_a_division_by_zero():
    none = Policy(weight_7=0, weight_30=0, weight_90=0)
    assert velocity(Sold(units_90=30, days_90=30), none) is None


def test_gap_is_the_time_without_stock_before_the_fastest_order_arrives():
    assert MOCK.air_lead == 14
    assert gap_days(Position(velocity=53_360, available=158), MOCK) == 12  # 2.96 days of stock: the third is not whole
    assert gap_days(Position(velocity=10_000, available=140), MOCK) == 0
    assert gap_days(Position(velocity=10_000, available=139), MOCK) == 1


def test_units_arriving_in_time_shorten_the_gap_and_late_ones_do_not():
    empty = Position(velocity=10_000)
    assert gap_days(empty, MOCK) == 14
    assert gap_days(replace(empty, receiving=1000), MOCK) == 3
    assert gap_days(replace(empty, shipped=1000), MOCK) == 14  # half of 36 days and the door: after the order by air
    assert gap_days(replace(empty, own=20), MOCK) == 12


def test_the_horizon_of_money_is_30_days():
    slow = replace(MOCK, production_days=200)
    assert propose(Position(velocity=1000, price=500), slow, today=TODAY).at_stake == 30 * 500


@pytest.mark.parametrize(
    ("position", "status"),
    [
        (Position(velocity=None, available=9), "no_data"),
        (Position(velocity=1000, available=13), "urgent"),
        (Position(velocity=1000, available=14), "reorder"),
        (Position(velocity=1000, available=67), "reorder"),
        (Position(velocity=1000, available=68), "healthy"),
        (Position(velocity=1000, available=180), "healthy"),
        (Position(velocity=1000, available=181), "excess"),
        (Position(velocity=0, available=1), "excess"),
        (Position(velocity=0), "healthy"),
    ],
)
def test_status_at_its_borders(position, status):
    assert propose(position, MOCK, today=TODAY).status == status


def test_dates_follow_from_whole_days_of_cover():
    proposal = propose(Position(velocity=10_000, available=229, own=90), MOCK, today=TODAY)
    assert (proposal.cover_fba_days, proposal.cover_days) == (22, 31)
    assert proposal.out_on == TODAY + timedelta(days=22)
    assert proposal.order_by == TODAY + timedelta(days=31 - 45)


def test_air_bridges_the_gap_and_a_person_may_choose_otherwise():
    policy, position = replace(MOCK, carton_units=24), Position(velocity=53_360, available=158)
    proposal = propose(position, policy, today=TODAY)
    assert (proposal.air_units, proposal.sea_units, proposal.mode) == (1656, 1800, "air+sea")
    by_sea = propose(position, policy, today=TODAY, mode="sea")
    assert (by_sea.air_units, by_sea.sea_units, by_sea.mode) == (0, 3456, "sea")
    edited = propose(position, policy, today=TODAY, edited=240)
    assert (edited.air_units, edited.mode, edited.suggested) == (240, "air", 3456)


def test_the_addition_adds_up():
    position = Position(velocity=53_360, available=158, reserved=10, receiving=3, own=40, on_order=7)
    terms = {t.key: t.value for t in addition(position, MOCK, 3500)}
    taken = sum(terms[k] for k in ("available", "reserved", "inbound", "own", "on_order"))
    assert terms["need"] - taken == terms["shortfall"] == propose(position, MOCK, today=TODAY).shortfall
    cycle = next(t for t in addition(position, MOCK, 0) if t.key == "cycle")
    assert sum(days for _, days in cycle.parts) == cycle.value == 45


def test_the_projection_runs_dry_and_is_filled_by_what_is_ordered_today():
    position = Position(velocity=10_000, available=30)
    assert project(position, MOCK, days=4) == [20, 10, 0, 0]
    filled = project(position, MOCK, days=70, air=100, sea=300)
    assert filled[MOCK.air_lead] == 90
    assert filled[MOCK.sea_lead] == 290


quantities = st.integers(0, 5_000)
positions = st.builds(
    Position,
    velocity=st.none() | st.integers(0, 200_000),
    available=quantities, reserved=quantities, receiving=quantities, shipped=quantities, working=quantities,
    own=quantities, on_order=quantities,
    price=st.none() | st.integers(0, 100_000), aged_fee=st.none() | st.integers(0, 9_999),
)  # fmt: skip
stages = st.integers(0, 60)
policies = st.builds(
    Policy,
    safety=st.integers(50, 400),
    production_days=stages, inspection_days=stages, sea_days=stages, air_days=stages, receiving_days=stages,
    review_days=stages, excess_days=st.integers(0, 400),
    moq=st.integers(1, 900), carton_units=st.integers(1, 96),
    weight_7=st.integers(0, 1000), weight_30=st.integers(0, 1000), weight_90=st.integers(0, 1000),
)  # fmt: skip
choices = st.sampled_from(["", "sea", "air", "air+sea"])
cases = st.lists(st.tuples(positions, policies, choices, st.none() | quantities), min_size=1, max_size=40)


@given(positions, policies)
def test_more_stock_never_means_ordering_more_or_losing_more(position, policy):
    more = replace(position, available=position.available + 100)
    less_stock, more_stock = propose(position, policy, today=TODAY), propose(more, policy, today=TODAY)
    if position.velocity is not None:
        assert more_stock.suggested <= less_stock.suggested
        assert more_stock.gap_days <= less_stock.gap_days


@given(positions, policies)
def test_a_suggestion_covers_the_shortfall_in_whole_cartons(position, policy):
    proposal = propose(position, policy, today=TODAY)
    if proposal.suggested:
        assert proposal.suggested >= max(proposal.shortfall, policy.moq)
        assert proposal.suggested % policy.carton_units == 0
        assert proposal.air_units + proposal.sea_units == proposal.suggested


@given(positions, policies)
def test_the_gap_is_what_a_day_by_day_simulation_loses(position, policy):
    """The closed form against the long way round: serve each day, count what could not be served."""
    if not position.velocity:
        return
    horizon = min(30, policy.air_lead)
    dry = sum(1 for left in project(position, policy, days=horizon) if left == 0)
    whole = gap_days(position, policy)
    assert whole <= horizon
    assert (whole == 0) or dry > 0


def _rows(cursor, sql, rows, columns):
    kinds = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    cursor.execute(sql.replace("SOURCE", f"SELECT * FROM jsonb_to_recordset(%s) AS x({kinds})"), [json.dumps(rows)])
    names = [c.name for c in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=cases)
def test_sql_and_python_propose_the_same(db, cases):
    rows = [
        {"n": n, "today": str(TODAY), "chosen_mode": mode, "edited": edited} | asdict(position) | asdict(policy)
        for n, (position, policy, mode, edited) in enumerate(cases)
    ]
    columns = dict.fromkeys(rows[0], "bigint") | {"today": "date", "chosen_mode": "text"}
    sql = f"WITH inputs AS (SOURCE), {chain(*DECISION)} SELECT * FROM proposed ORDER BY n"
    with connection.cursor() as cursor:
        found = _rows(cursor, sql, rows, columns)
    names = {"cover_days": "cover", "cover_fba_days": "cover_fba", "gap_days": "gap"}
    for row, (position, policy, mode, edited) in zip(found, cases, strict=True):
        wanted = asdict(propose(position, policy, today=TODAY, mode=mode, edited=edited))
        got = {name: row[names.get(name, name)] for name in wanted}
        assert got == wanted
        assert row["priority"] == STATUS_PRIORITY[wanted["status"]]


days = st.integers(0, 90)
solds = st.builds(
    Sold, units_7=quantities, days_7=days, units_30=quantities, days_30=days, units_90=quantities, days_90=days
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(st.tuples(solds, policies), min_size=1, max_size=40))
def test_sql_and_python_find_the_same_daily_sales(db, cases):
    rows = [{"n": n} | asdict(sold) | asdict(policy) for n, (sold, policy) in enumerate(cases)]
    sql = f"WITH counted AS (SOURCE), {chain(*MOVEMENT)} SELECT velocity FROM moving ORDER BY n"
    with connection.cursor() as cursor:
        found = _rows(cursor, sql, rows, dict.fromkeys(rows[0], "bigint"))
    assert [row["velocity"] for row in found] == [velocity(sold, policy) for sold, policy in cases]
