"""Windows and limits by hand: a few orders whose every moment is known, and the days on which they count."""

import numpy as np
import pytest

from sandbox.world import standing
from sandbox.world.marketplaces import INDEX
from sandbox.world.orders import DAY, NEVER
from sandbox.world.outcomes import INVOICE_GOOD, INVOICE_MISSING, INVOICE_NONE, Outcomes, Troubled
from sandbox.world.policy import KINDS, Violations
from sandbox.world.standing import Standing, Target, rate
from sandbox.world.world import World

START, SITE = 1000, 64 + INDEX["US"]


def at(*days: float | None) -> np.ndarray:
    return np.array([NEVER if day is None else int(day * DAY) for day in days])


def standing_of(violations: Violations | None = None, **known: np.ndarray) -> Standing:
    """How a site of merchant orders stands; whatever is not named never happens."""
    count = len(known["purchased"])
    never, no = at(*[None] * count), np.zeros(count, bool)
    columns = {name: known.pop(name, never) for name in ("purchased", "opened", "shipped", "cancelled", "returned")}
    what = Outcomes(
        seed=1,
        start=START,
        number=np.arange(count),
        line=np.arange(count),
        listing=np.zeros(count, int),
        site=np.full(count, SITE),
        merchant=known.pop("merchant", ~no),
        business=no,
        units=known.pop("units", np.ones(count, int)),
        troubled=Troubled(0, 0, 0),
        **columns,
    )
    fates = {
        "defects": [(never, never)] * 3,
        "late": no,
        "sold_by_merchant": no,
        "tracked": ~no,
        "delivered": columns["shipped"],
        "deliver_by": columns["shipped"],
        "invoice": np.full(count, INVOICE_NONE),
    }
    what.__dict__.update(fates | known)
    none = Violations(*(np.zeros(0, int) for _n in range(5)))
    return Standing(what, violations or none, START + 300)


def days(stands: Standing, name: str) -> dict[int, int]:
    """{days since START: count} without zeros."""
    counted = {day - START: stands.count(name, SITE, day) for day in range(START - 5, START + 310)}
    return {day: count for day, count in counted.items() if count}


def span(first: int, last: int, count: int = 1) -> dict[int, int]:
    return dict.fromkeys(range(first, last + 1), count)


@pytest.fixture(scope="module")
def worlds() -> dict[int, World]:
    """Three months of two seeds, one of them twice."""
    made = {}
    for name, seed in ((7, 7), (70, 7), (8, 8)):
        made[name] = World(seed, 0.5, 20_000)
        made[name].advance(20_090 * DAY)
    return made


def test_health_follows_from_the_seed_alone(worlds):
    first, again, other = (worlds[name].health() for name in (7, 70, 8))
    assert first[0].troubled == again[0].troubled
    assert len({first[0].troubled.creeping, first[0].troubled.late, first[0].troubled.untracked}) == 3
    for name, counts in first[2].counts.items():
        assert np.array_equal(counts, again[2].counts[name]), name
    assert any(not np.array_equal(counts, other[2].counts[name]) for name, counts in first[2].counts.items())
    assert np.array_equal(first[1].opened, again[1].opened) and not np.array_equal(first[1].opened, other[1].opened)


def test_health_leaves_the_orders_as_they_are(worlds):
    """An order is late, rated or claimed without a column of the ledger having changed for it."""
    before = {name: column.copy() for name, column in worlds[8].table().items()}
    what = worlds[8].health()[0]
    assert what.late.any() and (what.rating > 0).any() and what.sold_by_merchant.any()
    assert all(np.array_equal(column, before[name]) for name, column in worlds[8].table().items())


def test_what_became_of_orders_is_in_order(worlds):
    """Paid, shipped, delivered, complained about; late is after the ship-by moment and nothing else is."""
    what = worlds[7].health()[0]
    sent = what.merchant & what.alive
    assert sent.sum() > 300
    assert (what.opened[sent] < what.ship_by[sent]).all() and (what.shipped[sent] < what.delivered[sent]).all()
    assert np.array_equal(what.shipped[sent] > what.ship_by[sent], what.late[sent])
    assert (what.ship_by[sent] < what.deliver_by[sent]).all()
    for reported, withdrawn in what.defects:
        told = reported != NEVER
        assert (reported[told] > what.shipped[told]).all() and (withdrawn[told] > reported[told]).all()
        assert what.alive[told].all()


def test_defects_are_told_ten_days_after_the_order_or_so(worlds):
    what = worlds[7].health()[0]
    delays = [(told - what.purchased)[told != NEVER] / DAY for told, _withdrawn in what.defects[:2]]
    delay = np.concatenate(delays)
    assert len(delay) > 30 and 8 < delay.mean() < 13 and delay.std() > 2.5


def test_an_order_counts_for_sixty_days_from_the_sixteenth_day_after_it():
    stands = standing_of(purchased=at(START + 10.999))
    assert days(stands, "mfn.orders") == span(26, 85)
    assert days(stands, "afn.orders") == {}


def test_a_cancelled_order_counts_no_more_from_the_day_after():
    stands = standing_of(purchased=at(START + 10), cancelled=at(START + 30.5))
    assert days(stands, "mfn.orders") == span(26, 30)


@pytest.mark.parametrize(
    ("reported", "withdrawn", "expected"),
    [
        (12, None, span(26, 85)),
        (40.0, None, span(41, 85)),  # reported on day 40: the report of day 41 is the first to know
        (40.99, 50.5, span(41, 50)),  # denied on day 50: that day's report does not know yet
        (12, 20, {}),
        (85, None, {}),
    ],
)
def test_a_defect_counts_from_the_day_after_it_is_told_until_it_is_withdrawn(reported, withdrawn, expected):
    told = at(START + reported), at(None if withdrawn is None else START + withdrawn)
    never = at(None), at(None)
    stands = standing_of(purchased=at(START + 10), defects=[never, told, never])
    assert days(stands, "mfn.claim") == days(stands, "mfn.defective") == expected
    assert days(stands, "mfn.negative_feedback") == {}


def test_an_order_with_several_defects_is_one_defective_order():
    feedback = at(START + 30, START + 30), at(START + 60, None)
    claim = at(START + 40, None), at(START + 50, None)
    chargeback = at(START + 70, None), at(None, None)
    stands = standing_of(purchased=at(START + 10, START + 11), defects=[feedback, claim, chargeback])
    first = span(31, 60) | span(71, 85)
    second = span(31, 86)
    assert days(stands, "mfn.defective") == {
        day: first.get(day, 0) + second.get(day, 0) for day in first.keys() | second.keys()
    }
    assert days(stands, "mfn.claim") == span(41, 50)


def test_shipping_counts_by_the_day_of_shipping():
    shipped = at(START + 10.2, START + 10.8, None)
    stands = standing_of(
        purchased=at(START + 9, START + 9, START + 9),
        shipped=shipped,
        late=np.array([True, False, False]),
        tracked=np.array([True, False, False]),
        delivered=shipped + DAY,
        deliver_by=shipped + np.array([DAY, 0, 0]),
        units=np.array([3, 1, 1]),
    )
    assert days(stands, "late.orders") == days(stands, "tracking.packages") == span(11, 40, 2)
    assert days(stands, "late.late") == days(stands, "tracking.valid") == span(11, 40)
    assert days(stands, "late_short.late") == span(11, 20)
    assert days(stands, "delivery.packages") == days(stands, "delivery.on_time") == span(18, 31)
    assert days(stands, "delivery.units_on_time") == span(18, 31, 3)


def test_fulfilled_by_amazon_has_no_shipping_metrics():
    stands = standing_of(purchased=at(START + 9), shipped=at(START + 10), merchant=np.array([False]))
    assert days(stands, "late.orders") == days(stands, "cancellation.orders") == {}
    assert days(stands, "afn.orders") == span(25, 84)


def test_a_cancellation_counts_when_the_seller_did_it_and_the_order_not_when_the_buyer_did():
    stands = standing_of(
        purchased=at(START + 10, START + 10, START + 10),
        cancelled=at(START + 12.5, START + 12.5, None),
        sold_by_merchant=np.array([True, False, False]),
    )
    assert days(stands, "cancellation.orders") == span(11, 12, 3) | span(13, 17, 2)
    assert days(stands, "cancellation.cancelled") == span(13, 17)


def test_prime_counts_over_a_week_and_delivery_by_the_day_of_the_promise():
    shipped = at(START + 10.2, START + 10.8, START + 10.8)
    stands = standing_of(
        purchased=at(START + 9, START + 9, START + 9),
        shipped=shipped,
        late=np.array([True, False, False]),
        tracked=np.array([True, True, False]),
        delivered=shipped + DAY,
        deliver_by=shipped + np.array([2 * DAY, 0, 0]),
        prime=np.array([True, True, False]),
    )
    assert days(stands, "prime.shipped") == span(11, 17, 2)
    assert days(stands, "prime.in_time") == span(11, 17)
    assert days(stands, "prime.packages") == span(11, 40, 2)  # the US have no limit of their own for tracking
    assert days(stands, "prime.promised") == span(18, 19) | span(20, 31, 2) | span(32, 33)
    assert days(stands, "prime.on_time") == span(20, 33)  # promised for day 12
    assert days(stands, "prime.cancellation.orders") == span(10, 16, 2)


def test_prime_is_drawn_from_seed_and_order_alone(worlds):
    first, again, other = (worlds[name].health()[0] for name in (7, 70, 8))
    assert np.array_equal(first.prime, again.prime) and first.prime.any() and not first.prime.all()
    assert not (first.prime & ~first.merchant).any()
    assert not np.array_equal(first.prime[: len(other.prime)], other.prime[: len(first.prime)])


def test_invoices_count_for_seven_days():
    states = np.array([INVOICE_MISSING, INVOICE_GOOD, INVOICE_NONE])
    stands = standing_of(purchased=at(*[START + 9] * 3), shipped=at(*[START + 10] * 3), invoice=states)
    assert days(stands, "invoice.orders") == span(11, 17, 2)
    assert days(stands, "invoice.missing") == span(11, 17)


def test_violations_count_for_180_days_or_until_resolved():
    opened, resolved = at(START + 5.5, START + 5.5), at(None, START + 20.5)
    two = np.array([SITE, SITE]), np.array([0, 0]), np.array([0, 0])
    stands = standing_of(Violations(*two, opened, resolved), purchased=at(START + 1))
    assert days(stands, f"policy.{KINDS[0]}") == span(6, 20, 2) | span(21, 185)
    assert days(stands, f"policy.{KINDS[1]}") == {}


@pytest.mark.parametrize(
    ("count", "total", "status", "told"),
    [
        (10, 1000, "BAD", 0.01),  # 1.00 % is not less than 1 %
        (9, 1000, "GOOD", 0.009),
        (100, 10_001, "GOOD", 0.01),  # reads 1.00 %, but is less
        (1, 10, "BAD", 0.1),
        (1, 9, "NONE", 0.1111),
        (0, 0, "NONE", 0.0),
    ],
)
def test_limits_are_held_in_whole_numbers(count, total, status, told):
    assert Target(100).status(count, total) == status
    assert rate(count, total) == told


@pytest.mark.parametrize(("count", "status"), [(95, "BAD"), (96, "GOOD")])
def test_a_rate_that_must_be_above_its_target_is_bad_at_it(count, status):
    assert Target(9500, "GREATER_THAN").status(count, 100) == status


def test_an_account_is_at_risk_after_five_days_deactivated_after_thirty_grave_ones_and_recovers():
    bad = np.array([True] * 4 + [False] + [True] * 60 + [False] * 6)
    grave = np.array([False] * 5 + [True] * 60 + [False] * 6)
    told = standing._follow(bad, grave)
    assert told[:9] == ["NORMAL"] * 9
    assert told[9:34] == ["AT_RISK"] * 25
    assert told[34:69] == ["DEACTIVATED"] * 35
    assert told[69:] == ["NORMAL"] * 2
