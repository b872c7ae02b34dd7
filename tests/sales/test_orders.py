"""Orders: newest truth whatever the order of documents, sums that follow, nothing written twice."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from apps.sales.models import OrderLine, SalesDay, StoreDay
from apps.sync.rows import ORDER_LINE
from tests.sales.rows import load

DAY = date(2026, 2, 1)


def line(order: str = "o1", sku: str = "A", **values):
    return {
        "order_id": order,
        "marketplace": "US",
        "sku": sku,
        "ordinal": 1,
        "status": "Shipped",
        "fulfilment": "FBA",
        "quantity": 2,
        "currency": "USD",
        "price": 2000,
        "promotion": 100,
        "tax": 150,
        "purchased_on": DAY,
    } | values


def at(hour: int) -> datetime:
    return datetime(2026, 2, 3, hour, tzinfo=UTC)


def written() -> int:
    """Rows inserted, updated or deleted so far in this transaction, by the server's own count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables WHERE relname ~ '^sales_'"
        )
        return cursor.fetchone()[0]


def test_lines_become_facts_and_sums(acme):
    with acme:
        loaded = load(
            acme,
            ORDER_LINE,
            line(),
            line(sku="B", price=500, promotion=None, quantity=1),
            line("o2", status="Cancelled"),
            line("o3", price=None, promotion=None, tax=None),
        )
        assert (loaded.rows, loaded.new, loaded.changed, loaded.first, loaded.last) == (4, 4, 0, DAY, DAY)
        a, b = SalesDay.objects.order_by("sku")
        assert (a.units, a.orders, a.revenue, a.tax, a.promotion, a.cancelled) == (4, 2, 1900, 150, 100, 2)
        assert (b.units, b.orders, b.revenue, b.currency) == (1, 1, 500, "USD")
        day = StoreDay.objects.get()
        assert (day.units, day.orders, day.revenue) == (5, 2, 2400)


def test_the_same_document_twice_writes_nothing(acme):
    with acme:
        load(acme, ORDER_LINE, line(), line("o2"))
        before = written()
        again = load(acme, ORDER_LINE, line(), line("o2"))
        assert (again.rows, again.new, again.changed, again.first) == (2, 0, 0, None)
        assert written() == before


def test_the_newer_update_of_an_order_stands_whichever_comes_first(acme, zeta):
    old, new = line(updated_at=at(1), status="Pending", price=None), line(updated_at=at(2))
    for world, documents in ((acme, [(old, 1), (new, 2)]), (zeta, [(new, 2), (old, 1)])):
        with world:
            for row, as_of in documents:
                load(world, ORDER_LINE, row, as_of=as_of)
            assert OrderLine.objects.get().status == "Shipped"
            assert SalesDay.objects.get().revenue == 1900


def test_a_line_that_moves_to_another_day_leaves_its_old_day(acme):
    with acme:
        load(acme, ORDER_LINE, line(updated_at=at(1)))
        moved = load(acme, ORDER_LINE, line(updated_at=at(2), purchased_on=date(2026, 2, 2)))
        assert (moved.changed, moved.first, moved.last) == (1, DAY, date(2026, 2, 2))
        assert [d.date for d in SalesDay.objects.all()] == [date(2026, 2, 2)]
        assert [d.date for d in StoreDay.objects.all()] == [date(2026, 2, 2)]


def test_two_lines_with_one_sku_in_one_order_are_both_real_and_one_order(acme):
    with acme:
        load(acme, ORDER_LINE, line(), line(ordinal=2))
        assert OrderLine.objects.count() == 2
        day = SalesDay.objects.get()
        assert (day.units, day.orders) == (4, 1)


def test_a_key_repeated_in_one_document_counts_once_with_its_newest_word(acme):
    with acme:
        loaded = load(acme, ORDER_LINE, line(updated_at=at(5)), line(updated_at=at(1), quantity=9), line("o2"))
        assert (loaded.rows, loaded.new) == (2, 2)
        assert OrderLine.objects.get(order_id="o1").quantity == 2


def test_a_failing_document_leaves_the_facts_as_they_were(acme):
    with acme:
        load(acme, ORDER_LINE, line())
        with pytest.raises(DatabaseError), transaction.atomic():
            load(acme, ORDER_LINE, line(quantity=7, updated_at=at(9)), line("x" * 50))
        assert OrderLine.objects.get().quantity == 2
        assert SalesDay.objects.get().units == 2


def test_another_agencys_lines_are_neither_seen_nor_touched(acme, zeta):
    for world in (acme, zeta):
        with world:
            assert load(world, ORDER_LINE, line()).new == 1
    with acme:
        load(acme, ORDER_LINE, line(updated_at=at(9), quantity=5))
    with zeta:
        assert OrderLine.objects.get().quantity == 2
