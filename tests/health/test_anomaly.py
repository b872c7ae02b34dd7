"""Anomalies: the distribution to ten digits, the fit, and what SIM-N asks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.health.domain.anomaly import alarms, discoveries, judge
from apps.health.domain.negative_binomial import at_most, high_tail, log_gamma, low_tail
from bench import sim_n


def added_up(count: int, mean: float, spread: float) -> float:
    """P(X <= count), term by term."""
    size = 1 / spread
    return sum(
        math.exp(
            math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1)
            + size * math.log(size / (size + mean)) + (k * math.log(mean / (size + mean)))
        )
        for k in range(count + 1)
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.floats(0.05, 300), st.floats(0.005, 2))
def test_the_distribution_is_the_sum_of_its_terms(count, mean, spread):
    found = float(at_most(np.array(count), np.array(mean), np.array(spread)))
    assert found == pytest.approx(added_up(count, mean, spread), abs=1e-9)


def test_gamma_and_the_tails():
    x = np.array([0.01, 0.5, 1, 7.9, 8, 123.4])
    assert log_gamma(x) == pytest.approx([math.lgamma(v) for v in x], abs=1e-10)
    few, many = low_tail(np.arange(30), 10.0, 0.1), high_tail(np.arange(30), 10.0, 0.1)
    assert np.all(np.diff(few) > 0)
    assert few + many == pytest.approx(np.ones(30))


def weeks(*factors: float, weeks: int = 20, base: float = 40) -> np.ndarray:
    """One series of whole counts without noise."""
    return np.round(np.tile(np.array(factors) * base, weeks)).astype(float)[None, :]


def test_a_weekday_is_not_an_anomaly_but_half_of_it_is():
    week = weeks(1.3, 1.2, 1.1, 1, 0.9, 0.9, 0.4)
    usual = judge(week, 0)
    assert usual.p[0] > 0.2
    fallen = week.copy()
    fallen[:, -3:] *= 0.45
    found = judge(fallen, 0)
    assert found.p[0] < 0.01
    assert found.expected[0] == pytest.approx(week[0, -found.days[0] :].sum(), rel=0.12)
    assert judge(fallen, 0, low=False).p[0] > 0.9  # not too many


def test_what_is_not_known_is_not_zero():
    week = weeks(1, 1, 1, 1, 1, 1, 1)
    week[:, -1] = np.nan
    assert judge(week, 0).p[0] == 1
    week[:, -1] = 0
    assert judge(week, 0).p[0] < 0.2
    assert judge(weeks(1, 1, 1, 1, 1, 1, 1, weeks=4), 0).p[0] == 1  # too little history
    gap = weeks(1, 1, 1, 1, 1, 1, 1)
    gap[:, 40:60] = np.nan
    assert judge(gap, 0).p[0] > 0.2  # a hole in the past pulls nothing down


def test_a_series_is_judged_by_its_own_past_only():
    rng = np.random.default_rng(1)
    many = rng.poisson(30, (5, 100)).astype(float)
    alone = np.concatenate([judge(many[n : n + 1], 2).p for n in range(5)])
    assert judge(many, 2).p == pytest.approx(alone)


def test_the_same_turn_of_the_year_a_year_ago_is_expected_again():
    day = np.arange(480)
    season = np.where((day % 364 >= 60) & (day % 364 < 90), 2.5, 1.0)
    counts = np.round(50 * season)[None, :].astype(float)
    high = counts[:, : 364 + 64]  # the fourth day of the high season
    assert judge(high, 0, low=False).p[0] > 0.05
    flat = counts.copy()
    flat[:, :200] = 50
    assert judge(flat[:, : 364 + 64], 0, low=False).p[0] < 0.01


def test_false_discoveries_are_held_to_their_share():
    assert discoveries(np.array([0.001, 0.5, 0.9])).tolist() == [True, False, False]
    assert discoveries(np.array([0.04, 0.05, 0.06, 0.9])).tolist() == [True, True, True, False]
    assert not discoveries(np.array([0.06, 0.07, 0.2, 0.9])).any()
    assert discoveries(np.array([])).tolist() == []
    # Benjamini and Hochberg's own example (1995), at 5 %: four of fifteen.
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.324,
        0.4262,
        0.5719,
        0.6528,
        0.759,
        1,
    ]
    assert discoveries(np.array(p), 0.05).sum() == 4


def test_a_small_agency_is_not_told_of_each_bad_day():
    """Benjamini and Hochberg's promise is about the alarms of many series: of one series 10 % is one day in ten."""
    assert discoveries(np.array([0.06])).all()
    assert not alarms(np.array([0.06])).any()
    assert alarms(np.array([0.004])).all()
    assert not alarms(np.array([0.004, *[0.5] * 99])).any(), "among a hundred it is nothing"


@pytest.mark.slow
def test_sim_n_is_passed():
    """On seeds that nothing was chosen on; by alarms and by days of alarm, in agencies of 20 stores and of 5."""
    scores = {size: [] for size in (20, 5)}
    for seed in (11, 12):
        world = sim_n.draw(seed)
        p = sim_n.judged(world)
        for size, found in scores.items():
            told = sim_n.ours(p, size)
            found.append((sim_n.graded(world, told), sim_n.graded(world, told, world.rate >= sim_n.BIG)))
        base = sim_n.graded(world, sim_n.rule_of_thumb(world))
        assert base.false_days == pytest.approx(7.3, abs=0.5)  # the world is the one the figures are about
    for found in scores.values():
        assert np.mean([every.false_alarms for every, _big in found]) <= 0.25
        assert np.mean([every.false_days for every, _big in found]) <= 0.25
        assert np.mean([every.caught for every, _big in found]) >= 0.55
        assert np.mean([big.caught for _every, big in found]) >= 0.74
