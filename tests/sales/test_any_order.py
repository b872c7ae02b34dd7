"""Whatever order documents arrive in, and however often, the facts are the newest truth."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.inventory.models import StockDay
from apps.sales.models import Cost, OrderLine, SalesDay, StoreDay
from apps.sync.rows import COST, FBA_STOCK, ORDER_LINE
from tests.sales.rows import load
from tests.sales.test_orders import line

DAY = date(2026, 2, 1)
UPDATED = datetime(2026, 2, 3, tzinfo=UTC)
quick = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Undo(Exception):
    """Leaves a savepoint without its effects."""


def outcome(world, row, documents, facts) -> list:
    """The facts after loading the documents in the given order; nothing stays."""
    found: list = []
    with pytest.raises(Undo), transaction.atomic():
        for as_of, days, rows in documents:
            load(world, row, *rows, as_of=as_of, days=days)
        found.extend(facts())
        raise Undo
    return found


# An order's content is a function of its last update, as with Amazon; a document tells some orders at some update.
updates = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), min_size=1)


@given(tellings=st.lists(updates, min_size=1, max_size=4), order=st.randoms())
@quick
def test_orders(acme, tellings, order):
    def told(order_id: str, update: int) -> dict:
        status = "Cancelled" if update == 3 else "Shipped"
        moment = UPDATED + timedelta(hours=update)
        values = {"quantity": update + 1, "updated_at": moment, "purchased_on": DAY + timedelta(days=update // 2)}
        return line(order_id, status=status, price=1000 * (update + 1), **values)

    def facts() -> list:
        lines = OrderLine.objects.order_by("order_id").values_list("order_id", "quantity", "status")
        sums = SalesDay.objects.order_by("date").values_list("date", "units", "orders", "revenue", "cancelled")
        return [*lines, *sums, *StoreDay.objects.order_by("date").values_list("date", "units", "orders", "revenue")]

    documents = [(n, None, [told(o, u) for o, u in telling.items()]) for n, telling in enumerate(tellings)]
    shuffled = documents + documents[:2]
    order.shuffle(shuffled)
    newest: dict[str, int] = {}
    for telling in tellings:
        newest |= {o: max(u, newest.get(o, 0)) for o, u in telling.items()}
    with acme:
        once = outcome(acme, ORDER_LINE, [(9, None, [told(o, u) for o, u in newest.items()])], facts)
        assert outcome(acme, ORDER_LINE, documents, facts) == once
        assert outcome(acme, ORDER_LINE, shuffled, facts) == once


counts = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3))


@given(tellings=st.lists(st.tuples(st.booleans(), counts), min_size=1, max_size=4), order=st.randoms())
@quick
def test_snapshots_that_tell_a_day_whole_and_files_that_tell_some_of_it(acme, tellings, order):
    def facts() -> list:
        return list(StockDay.objects.order_by("sku").values_list("sku", "available"))

    documents = [
        (n, (DAY, DAY) if whole else None, [{"marketplace": "US", "sku": s, "date": DAY, "available": a}
                                            for s, a in telling.items()])
        for n, (whole, telling) in enumerate(tellings)
    ]  # fmt: skip
    truth: dict[str, int] = {}
    for whole, telling in tellings:
        truth = dict(telling) if whole else truth | telling
    shuffled = documents + documents[:1]
    order.shuffle(shuffled)
    with acme:
        assert outcome(acme, FBA_STOCK, documents, facts) == sorted(truth.items())
        assert outcome(acme, FBA_STOCK, shuffled, facts) == sorted(truth.items())


@given(tellings=st.lists(counts, min_size=1, max_size=4), order=st.randoms())
@quick
def test_costs(acme, tellings, order):
    def facts() -> list:
        return list(Cost.objects.order_by("sku").values_list("sku", "unit_cost"))

    documents = [
        (n, None, [{"sku": s, "valid_from": DAY, "unit_cost": c, "currency": "CNY"} for s, c in telling.items()])
        for n, telling in enumerate(tellings)
    ]
    truth: dict[str, int] = {}
    for telling in tellings:
        truth |= telling
    shuffled = documents + documents[:1]
    order.shuffle(shuffled)
    with acme:
        assert outcome(acme, COST, shuffled, facts) == sorted(truth.items())
