"""Late shipments over 10 days, which no report tells, stand beside Amazon's 30 days and are called ours."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.core.permissions import Role
from apps.health.actions.counting import count_figures
from apps.health.models import Figure, Shipment
from tests.health.facts import report


def ago(days: int, hour: int = 12) -> datetime:
    return datetime.combine(timezone.localdate() - timedelta(days=days), time(hour), UTC)


def sent(world, days: list[int], *, late: int = 0):
    """Merchant orders of the US shipped so many days ago, the first `late` of them after their moment."""
    Shipment.objects.bulk_create(
        Shipment(
            store=world.store, order_id=f"m{n}", marketplace_id="US", ordered_at=ago(day + 1), ordered_on=ago(day + 1),
            ship_by=ago(day, 9 if n < late else 18), shipped_at=ago(day), packages=1, valid_packages=1,
            updated_at=ago(0), as_of=ago(0),
        )
        for n, day in enumerate(days)
    )  # fmt: skip


@pytest.fixture
def late(acme):
    """Over 10 days 2 of 60 are late, of the whole month Amazon says 2 of 300."""
    with acme:
        sent(acme, [3, 10, 11, *[5] * 58], late=3)
        report(
            acme.store, "US", metric="lsr", programme="", total=300, count=2, target=40_000,
            window_first=timezone.localdate() - timedelta(days=30), window_last=timezone.localdate() - timedelta(days=1),
        )  # fmt: skip
        count_figures(acme.store, at=timezone.now())
    return acme


def test_ten_days_are_counted_from_our_own_shipments(late):
    today = timezone.localdate()
    with late:
        found = Figure.objects.get(metric="lsr", programme="10d", date=today)
        assert (found.total, found.count, found.status, found.origin) == (60, 2, "good", "counted")
        assert (found.window_first, found.window_last) == (today - timedelta(days=10), today - timedelta(days=1))


def test_a_store_sees_both_and_whose_each_is(client, late):
    client.force_login(late.user(Role.OWNER))
    url = reverse("health", kwargs={"agency": late.agency.slug, "store": "north"})
    page = client.get(url + "?rate=US-lsr-10d").content.decode()
    rows = {re.search(r"\?rate=([\w-]+)", row)[1]: row for row in page.split("<tr data-row")[1:]}
    assert {"US-lsr-", "US-lsr-10d"} <= set(rows)
    assert "Counted from our own orders" in rows["US-lsr-10d"] and "Late shipment rate (10 days)" in rows["US-lsr-10d"]
    assert "Counted from our own orders" not in rows["US-lsr-"], "the 30 days are Amazon's"
    assert "&lt; 4.00%" in rows["US-lsr-10d"]
    gone = page.split('id="leave-title"')[1].split("</section>")[0]
    counts = re.findall(r'<td class="n">(\d+)</td><td class="n">(\d+)</td>', gone)
    assert counts == [("1", "1"), ("1", "0")], "one leaves tomorrow, one in a week"
    assert "leaves_from" not in gone, "the list says when they leave Amazon's 30 days"
