"""Orders: newest truth whatever the order of documents, sums that follow, nothing written twice."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from apps.sales.models import OrderLine, SalesDay, StoreDay
from apps.sync.loading import LOADERS, Intake
from apps.sync.queries import markets_of
from apps.sync.reading import reports
from apps.sync.rows import ORDER_LINE
from apps.sync.source import Document
from apps.sync.sources.files import parse
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


def test_equal_skus_that_lie_apart_in_a_file_are_two_lines_where_they_differ(acme):
    with acme:
        loaded = load(acme, ORDER_LINE, line(price=2000), line("o2"), line(price=900, quantity=1))
        assert (loaded.rows, loaded.new) == (3, 3)
        assert list(OrderLine.objects.filter(order_id="o1").order_by("ordinal").values_list("ordinal", "price")) == [
            (1, 2000),
            (2, 900),
        ]
        day = SalesDay.objects.get()
        assert (day.units, day.orders, day.revenue) == (5, 2, 1900 + 1900 + 800)
        again = load(acme, ORDER_LINE, line(price=2000), line("o2"), line(price=900, quantity=1))
        assert (again.new, again.changed) == (0, 0)


def test_a_file_that_tells_an_order_twice_counts_it_once(acme):
    """Two equal lines and one that differs, told in two places, the second time in another order."""
    telling = [line(), line(ordinal=2), line(ordinal=3, price=1500)]
    turned = [line(price=1500), line(ordinal=2), line(ordinal=3)]
    with acme:
        loaded = load(acme, ORDER_LINE, *telling, line("o2"), *turned)
        assert (loaded.rows, loaded.new) == (4, 4)
        assert sorted(OrderLine.objects.filter(order_id="o1").values_list("ordinal", "price")) == [
            (1, 2000),
            (2, 2000),
            (3, 1500),
        ]


def test_of_two_tellings_in_one_file_the_last_update_stands_whole(acme):
    with acme:
        old = [line(updated_at=at(1), status="Pending"), line(ordinal=2, updated_at=at(1), price=10)]
        load(acme, ORDER_LINE, *old, line("o2"), line(updated_at=at(3)))
        assert [(x.ordinal, x.status) for x in OrderLine.objects.filter(order_id="o1")] == [(1, "Shipped")]


def test_a_line_counts_in_its_own_money(acme):
    with acme:
        paid = {"price": 3000, "promotion": None, "tax": None}
        load(
            acme,
            ORDER_LINE,
            line(price=1000, promotion=None),
            line("o2", currency="CAD", **paid),
            line("o2", sku="B", currency=None, price=None, promotion=None, tax=None),
        )
        a, foreign = SalesDay.objects.filter(sku="A").order_by("-currency")
        assert (a.currency, a.units, a.orders, a.revenue) == ("USD", 2, 1, 1000)
        assert (foreign.currency, foreign.units, foreign.orders, foreign.revenue) == ("CAD", 2, 1, 3000)
        usd, cad = StoreDay.objects.order_by("-currency")
        assert (usd.currency, usd.units, usd.orders, usd.revenue) == ("USD", 4, 1, 1000)
        assert (cad.currency, cad.units, cad.orders, cad.revenue) == ("CAD", 2, 1, 3000)
        load(acme, ORDER_LINE, line("o2", updated_at=at(4), **paid), as_of=1)  # corrected to the site's own
        assert [(d.currency, d.revenue) for d in StoreDay.objects.all()] == [("USD", 4000)]
        assert not SalesDay.objects.filter(currency="CAD").exists()


def test_money_nobody_can_convert_is_unknown_and_its_units_count(acme):
    with acme:
        load(acme, ORDER_LINE, line(currency="XTS"))
        day = SalesDay.objects.get()
        assert (day.currency, day.units, day.orders, day.revenue, day.tax) == ("USD", 2, 1, 0, 0)


@pytest.mark.parametrize("batch", [2, 100_000])
def test_a_joined_file_and_lines_far_apart_come_out_right_from_the_bytes(acme, tmp_path, monkeypatch, batch):
    monkeypatch.setattr(reports, "BATCH", batch)
    header = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\tsales-channel\tsku"
    told = "{}\t2026-02-01T12:00:00+00:00\t2026-02-03T01:00:00+00:00\tShipped\tAmazon\tAmazon.com\tA\t{}\tUSD\t{}\n"
    file = [told.format("o1", 1, "5.00"), told.format("o1", 1, "5.00")]
    file += [told.format(f"x{n}", 1, "1.00") for n in range(4)]
    file += [told.format("o1", 2, "7.00")]  # goes on here
    path = tmp_path / "orders.txt"
    path.write_text(f"{header}\tquantity\tcurrency\titem-price\n" + "".join(file * 2))
    document = Document("orders", ORDER_LINE, path, at(9), markets_of(["US"]), facts={"dataset": "orders"})
    with acme:
        loaded = LOADERS[ORDER_LINE.name](Intake(acme.store.pk, at(9), ("US",)), parse(document))
        assert (loaded.rows, loaded.new) == (7, 7)
        day = SalesDay.objects.get()
        assert (day.units, day.orders, day.revenue) == (8, 5, 2100)
