"""What a forecast must be, whatever its method: the same twice, sober, and worse when things are worse."""

import numpy as np
import pytest

from apps.health.domain.forecast import AT_ONCE, FAR, HORIZON, Delay, History, foresee, learn_delay
from apps.health.domain.headroom import Limit, Window, stand
from apps.health.models import HealthDay, Outlook
from apps.health.queries.figures import Told
from apps.health.queries.newest import reading
from apps.health.queries.standards import Standards
from apps.health.queries.wording import outlook_text, room_text

ODR, SIXTY = Limit(10_000), Window(60)
DELAY = learn_delay([])


def history(per_day=30, defects=(), window=SIXTY, delay=DELAY, days=90):
    """`defects`: (days ago, count)."""
    known = np.zeros(days, np.int64)
    for ago, count in defects:
        known[days - 1 - ago] += count
    return History(np.full(days, per_day, np.int64), known, window, delay)


def test_nothing_wrong_is_nothing_to_fear():
    outlook = foresee(history(), ODR)
    assert outlook.probability < 0.02
    assert outlook.fewer == 0


def test_already_over_is_certain_and_now():
    outlook = foresee(history(defects=[(10, 25)]), ODR)
    assert (outlook.probability, outlook.days) == (1.0, 0)
    assert outlook.fewer >= 25 - ODR.most(60 * 30)


def test_it_is_the_same_each_time():
    given = history(defects=[(5, 4), (15, 5), (33, 5)])
    assert foresee(given, ODR) == foresee(given, ODR)


def test_more_defects_are_never_less_likely_to_cross():
    said = [foresee(history(defects=[(20, 2), (6, n)]), ODR).probability for n in range(0, 16, 3)]
    assert said == sorted(said)
    assert said[-1] > 0.9 > said[0]


def test_defects_about_to_leave_the_window_weigh_less():
    old = foresee(history(defects=[(58, 8), (30, 4)]), ODR)
    young = foresee(history(defects=[(8, 8), (30, 4)]), ODR)
    assert old.probability < young.probability


def test_what_cannot_be_known_yet_is_expected():
    """Six defects among orders of the last days would be six at most if all were told at once, and more if not."""
    seen = [(2, 3), (4, 3), (25, 4)]
    assert foresee(history(defects=seen), ODR).rate > foresee(history(defects=seen, delay=AT_ONCE), ODR).rate


def test_the_interval_holds_the_median_and_lies_ahead():
    outlook = foresee(history(defects=[(3, 5), (9, 5), (21, 4)]), ODR)
    assert 0 <= outlook.low <= outlook.days <= outlook.high <= FAR


def test_so_many_fewer_keeps_it_under():
    """Taking away the defects it names, the futures stay under the limit at its promise of eight in ten."""
    bad = history(defects=[(3, 6), (9, 5), (21, 4)])
    outlook = foresee(bad, ODR)
    assert outlook.fewer > 0
    easier = Limit(ODR.ppm + -(-outlook.fewer * 1_000_000 // (60 * 30)))
    assert foresee(bad, easier).probability <= 0.21


def test_a_small_shop_is_not_told_it_is_lost_by_one_defect():
    assert foresee(history(per_day=1, defects=[(70, 1)]), Limit(40_000)).probability < 0.2


def test_no_orders_crosses_nothing():
    assert foresee(history(per_day=0), ODR).probability == 0.0


def test_a_window_that_lags_brings_what_is_known_of_orders_not_counted_yet():
    """Ten defects of orders 5 days old are not in today's window and all in the one of 10 days on."""
    lagging = Window(60, lag=15)
    outlook = foresee(history(per_day=15, defects=[(5, 12)], window=lagging), ODR)
    assert outlook.probability > 0.95
    assert 8 <= outlook.days <= 12 < HORIZON


@pytest.mark.parametrize("seen", [[], [0] * 200, [30] * 200])
def test_a_delay_rises_to_one_and_follows_what_was_seen(seen):
    known = learn_delay(seen).known
    assert list(known) == sorted(known)
    assert known[-1] == pytest.approx(1.0)
    half = next(n for n, share in enumerate(known) if share >= 0.5)
    assert {0: half <= 1, 30: 20 <= half <= 31}.get(seen[0] if seen else -1, 5 <= half <= 12)


def test_days_before_the_order_know_nothing():
    assert list(Delay((0.2, 1.0)).after(np.array([-3, 0, 1, 99]))) == [0.0, 0.2, 1.0, 1.0]


@pytest.mark.parametrize(
    ("chance", "said"),
    [
        (500_000, "At this pace it reaches 1.00% in 9 days (80%: 5 to 16)."),
        (499_999, "A chance of 50% to reach 1.00% within 14 days; if so, in about 9 (80%: 5 to 16)."),
        (70_000, "A chance of 7% to reach 1.00% within 14 days; if so, in about 9 (80%: 5 to 16)."),
        (19_999, "At this pace it stays within 1.00%."),
    ],
)
def test_what_most_futures_do_not_do_is_told_as_a_chance(acme, chance, said):
    """The days are those of the futures that cross: seven in a hundred are no "it reaches"."""
    with acme:
        assert outlook_text(Outlook(chance=chance, days=9, low=5, high=16, fewer=None), told_of(5)) == said


def told_of(bad):
    """A report of 1000 orders, of which nine may be bad."""
    row = HealthDay(metric="odr", programme="afn", count=bad, total=1000, rate=bad * 1000, target=10_000, operator="lt")
    return reading(Told(row), Standards([], {}))


CROSSES = "At this pace it reaches 1.00% in 9 days (80%: 5 to 16)."


@pytest.mark.parametrize(
    ("bad", "days", "fewer", "room", "said"),
    [
        (14, 0, 6, "5 too many", "Over the limit of 1.00% now. At this pace up to 6 too many within 14 days, today’s among them."),
        (14, 0, 5, "5 too many", "Over the limit of 1.00% now. At this pace it gets no worse within 14 days."),
        (14, 0, 4, "5 too many", "Over the limit of 1.00% now."),
        (10, 9, 0, "1 too many", "Over the limit of 1.00% now."),
        (9, 0, 1, "no more allowed", "By our own orders it is over the limit of 1.00% already."),
        (9, 9, 1, "no more allowed", f"{CROSSES} 1 fewer of those to come keeps it within for 14 days."),
        (9, 9, 0, "no more allowed", CROSSES),
    ],
    ids=["grows", "as today", "report knows more", "just over", "report knows less", "at the limit", "kept without"],
)  # fmt: skip
def test_what_is_foretold_never_speaks_against_the_headroom(acme, bad, days, fewer, room, said):
    with acme:
        made, told = Outlook(chance=990_000, days=days, low=5, high=16, fewer=fewer), told_of(bad)
        assert (room_text(told), outlook_text(made, told)) == (room, said)


@pytest.mark.parametrize("bad", [17, 18, 22])
def test_over_the_limit_it_counts_at_least_those_of_today(bad):
    """What is foretold speaks of the worst day ahead, and today is one of them: also where these leave the window soon."""
    room = stand(bad, 60 * 30, ODR).room
    outlook = foresee(history(defects=[(55, bad)], delay=AT_ONCE), ODR)
    assert (outlook.days == 0) is (room < 0)
    assert outlook.fewer >= -room
