"""Room before a limit: exact at the boundary, and never kinder with more defects."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.health.domain.headroom import Band, Limit, Window, roll_off, share, stand

ODR = Limit(10_000)  # under 1 %
counts = st.integers(0, 10_000)
totals = st.integers(1, 1_000_000)
limits = st.builds(Limit, st.integers(1, 200_000), st.booleans())


def test_one_percent_exactly_is_a_breach_of_under_one_percent():
    assert ODR.broken(10, 1000)
    assert not ODR.broken(9, 1000)
    assert stand(10, 1000, ODR).band == Band.BREACH
    assert stand(10, 1000, ODR).room == -1


def test_a_limit_that_may_be_reached_is_not_broken_by_reaching_it():
    cancelled = Limit(5_000, strict=False)  # at most 0.5 %
    assert not cancelled.broken(5, 1000)
    assert cancelled.broken(6, 1000)
    assert stand(5, 1000, cancelled).room == 0


def test_more_than_95_percent_asked_is_less_than_5_percent_failing():
    tracked = Limit.of(950_000, "gt")
    assert tracked == Limit(50_000, strict=True)
    assert tracked.broken(50, 1000)  # 95.0 % is not more than 95 %
    assert not Limit.of(950_000, "ge").broken(50, 1000)


def test_no_headroom_is_made_up_for_a_target_to_be_equalled():
    with pytest.raises(ValueError, match="eq"):
        Limit.of(0, "eq")


def test_no_orders_is_not_rated_and_not_zero_percent():
    standing = stand(0, 0, ODR)
    assert (standing.band, standing.rate, standing.room) == (Band.UNRATED, None, None)
    assert stand(None, 500, ODR).band == Band.UNRATED


def test_a_small_seller_has_count_room():
    standing = stand(0, 40, ODR)
    assert (standing.room, standing.band) == (0, Band.GOOD)  # one defect of 40 orders would be 2.5 %
    assert standing.near


def test_amber_begins_at_seventy_percent_of_the_limit():
    assert stand(6, 1000, ODR).band == Band.GOOD
    assert stand(7, 1000, ODR).band == Band.AMBER
    assert stand(4, 1000, ODR, own=4_000).band == Band.AMBER  # an agency may want to know sooner
    assert stand(7, 1000, ODR, own=9_000).band == Band.AMBER  # but not later


def test_rates_are_rounded_half_up_as_amazon_does():
    assert share(1, 3) == 333_333
    assert share(2, 3) == 666_667
    assert share(1, 2_000_000) == 1  # half of a millionth


@given(counts, totals, limits)
def test_the_room_is_exactly_what_may_still_happen(bad, total, limit):
    room = stand(bad, total, limit).room
    if room >= 0:
        assert not limit.broken(bad + room, total)
    assert limit.broken(bad + room + 1, total)


@given(counts, totals, limits)
def test_one_more_defect_never_helps(bad, total, limit):
    order = [Band.GOOD, Band.AMBER, Band.BREACH]
    before, after = stand(bad, total, limit), stand(bad + 1, total, limit)
    assert after.room == before.room - 1
    assert order.index(after.band) >= order.index(before.band)


def test_a_window_that_ends_before_the_report_moves_with_it():
    window = Window(60, lag=15)
    assert window.on(date(2026, 3, 31)) == (date(2026, 1, 16), date(2026, 3, 16))
    assert window.leaves(date(2026, 1, 16)) == date(2026, 4, 1)
    assert window.enters(date(2026, 3, 17)) == date(2026, 4, 1)


@given(st.dates(date(2025, 1, 1), date(2027, 1, 1)), st.integers(1, 90), st.integers(0, 30))
def test_an_order_leaves_on_the_first_day_its_window_lacks_it(ordered, days, lag):
    window = Window(days, lag)
    leaves = window.leaves(ordered)
    inside = [window.on(day)[0] <= ordered <= window.on(day)[1] for day in (leaves - timedelta(1), leaves)]
    assert inside == [True, False]


def test_defects_roll_off_day_by_day_until_none_is_left():
    window, today = Window(10), date(2026, 5, 10)
    days = [date(2026, 5, 1), date(2026, 5, 1), date(2026, 5, 4), date(2026, 4, 30)]
    found = roll_off(days, window, today=today)
    assert [(r.day, r.count, r.remaining) for r in found] == [
        (date(2026, 5, 11), 2, 1),
        (date(2026, 5, 14), 1, 0),
    ]
