"""Filters that few lines pass: the same pages whichever way they are found, without reading all lines."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.queries import site_filter
from apps.core.metrics import Period
from apps.core.permissions import Role
from apps.sales.models import OrderLine
from apps.sales.queries import orders
from apps.sales.queries.order_sums import totals_of
from apps.sync.rows import ORDER_LINE
from tests.sales.rows import load
from tests.sales.test_order_pages import line


@pytest.fixture
def sparse(acme):
    """120 lines on 60 days."""
    now = timezone.now()
    with acme:
        load(acme, ORDER_LINE, *(line(n, at=now - timedelta(days=n // 2, minutes=n)) for n in range(120)))
        yield acme


def wanted(world, **more) -> orders.Wanted:
    today = timezone.now().date()
    period = Period(today - timedelta(days=364), today)
    sites = site_filter(world.seats[Role.OWNER])
    return orders.Wanted(stores=(world.store, world.other_store), sites=sites, period=period, today=today, **more)


def numbers(page: orders.Page) -> list[tuple]:
    return [(row.line.order_id, row.line.sku) for row in page.rows]


def walk(asked: orders.Wanted, *, days) -> tuple[list, list]:
    """All pages forward, and from the last one back."""
    page, forward, back = orders.page_of(asked, size=7, days=days), [], []
    while True:
        forward.append(numbers(page))
        if not page.after:
            break
        page = orders.page_of(asked, size=7, after=page.after, days=days)
    while page.before:
        page = orders.page_of(asked, size=7, before=page.before, days=days)
        back.append(numbers(page))
    return forward, back


@pytest.mark.parametrize(
    "more", [{"way": "FBM"}, {"state": "cancelled"}, {"state": "unshipped"}, {"q": "S1"}, {}, {"markets": ("US",)}]
)
@pytest.mark.parametrize("ascending", [False, True])
def test_pages_found_by_their_days_are_those_found_by_reading_on(sparse, more, ascending):
    asked = wanted(sparse, ascending=ascending, **more)
    totals = totals_of(asked)
    found = walk(asked, days=totals.days)
    assert found == walk(asked, days=None)
    assert sum(map(len, found[0])) == totals.lines > 7
    assert totals.days == sorted({line.purchased_on for line in OrderLine.objects.filter(asked.filter())})


def test_a_page_reads_no_more_days_than_it_may_need(sparse):
    days = totals_of(wanted(sparse)).days
    assert orders._nearest(days, None, 3, falling=True) == days[:-4:-1]
    assert orders._nearest(days, [days[9]], 3, falling=True) == [days[9], days[8], days[7]]
    assert orders._nearest(days, [days[9]], 3, falling=False) == days[9:12]


def test_what_nobody_bought_is_not_looked_for_twice(sparse, django_assert_num_queries):
    asked = wanted(sparse, q="no such thing")
    days = totals_of(asked).days
    assert days == []
    with django_assert_num_queries(0):
        assert orders.page_of(asked, size=7, days=days).rows == []


@pytest.mark.parametrize("more", [{"way": "FBM"}, {"state": "cancelled"}, {"state": "pending"}, {"state": "unshipped"}])
def test_unusual_lines_have_an_index_of_their_own(sparse, more):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    asked = wanted(sparse, **more)
    plan = OrderLine.objects.filter(asked.filter(), store=sparse.store).explain()
    assert "order_unusual" in plan
