"""The forecast of sums to come: exact where the past repeats itself, as wide as its misses, silent when it knows little."""

import random

from apps.sales.domain.forecast import forecast

WEEKLY = [10, 20, 30, 40, 50, 60, 70]


def test_a_past_that_repeats_itself_is_told_exactly():
    found = forecast(WEEKLY * 20, 10)
    assert (found.expected, found.low, found.high) == (280 + 60, 340, 340)


def test_the_range_is_as_wide_as_the_misses_were():
    """Every other run of eight weeks sells double: no past forecast was right, the range says so."""
    restless = ([100] * 28 + [200] * 28) * 3
    found = forecast(restless, 7)
    assert found.low < found.expected < found.high
    assert found.low <= 700 <= found.high or found.low <= 1400 <= found.high


def test_eight_in_ten_of_fresh_forecasts_hold():
    dice, held, asked = random.Random(7), 0, 0
    for _world in range(40):
        days = [max(0, round(dice.gauss(100 + 20 * (n % 7), 30))) for n in range(182 + 14)]
        found = forecast(days[:182], 14)
        held, asked = held + (found.low <= sum(days[182:]) <= found.high), asked + 1
    assert 0.6 <= held / asked <= 0.97


def test_a_short_past_says_nothing():
    assert forecast(WEEKLY * 8, 7) is None
    assert forecast([], 3) is None


def test_days_that_are_over_need_no_forecast():
    assert forecast([], 0).expected == 0
