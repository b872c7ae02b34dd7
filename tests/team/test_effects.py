"""The ledger's effect: measured where facts tell, "too early" with its day where they will, honest where they cannot."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core import audit
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.inventory.models import PlanLine, StockDay
from apps.team.queries.effects import Effect, Kind, effects
from tests.inventory.lines import fill
from tests.inventory.test_arrivals import plan_of


@pytest.fixture
def acme(acme):
    with acme:
        fill(acme.store, 1)
    return acme


def received(world, days_ago):
    """A receipt so many days ago, with everything counted."""
    plan = plan_of(world, state="shipped")
    PlanLine.objects.filter(plan=plan).update(received=1)
    at = timezone.now() - timedelta(days=days_ago)
    return audit.record("plan.received", plan, by=world.seats[Role.OWNER], at=at, store=world.store)


def stock(world, day, available, site="US"):
    StockDay.objects.create(
        store=world.store, marketplace_id=site, sku="N-S0", date=day, available=available, as_of=timezone.now()
    )


def test_days_without_stock_are_counted_on_both_sides(acme):
    with acme:
        entry = received(acme, 20)
        day = entry.at.date()
        for n in range(1, 15):
            stock(acme, day - timedelta(days=n), 0 if n <= 7 else 5)
            stock(acme, day + timedelta(days=n), 0 if n == 14 else 5)
        stock(acme, day, 0)  # belongs to neither side
        stock(acme, day - timedelta(days=15), 0)  # too long ago
        stock(acme, day - timedelta(days=1), 9, site="CA")  # another site's stock
        found = effects([entry], today=timezone.localdate())[entry.number]
    assert found == Effect(Kind.MEASURED, before=Decimal(7) / 14, after=Decimal(1) / 14)


def test_what_is_not_over_is_too_early_and_says_when(acme):
    with acme:
        entry = received(acme, 3)
        found = effects([entry], today=timezone.localdate())[entry.number]
    assert (found.kind, found.known_on) == (Kind.EARLY, entry.at.date() + timedelta(days=16))


def test_without_facts_on_both_sides_nothing_is_claimed(acme):
    with acme:
        entry = received(acme, 30)
        stock(acme, entry.at.date() + timedelta(days=2), 5)
        assert effects([entry], today=timezone.localdate())[entry.number].kind == Kind.UNKNOWN


def test_the_page_says_what_is_not_measured(acme, client):
    client.force_login(acme.user(Role.OWNER))
    with acme:
        plan_of(acme)
        received(acme, 1)
        kinds = effects(Entry.objects.all(), today=timezone.localdate())
        assert {each.kind for each in kinds.values()} == {Kind.UNMEASURED, Kind.EARLY}
    page = client.get(acme.url("changes/")).content.decode()
    assert "Not measured: no price or bid" in page
    assert "Too early, known on" in page
    with CaptureQueriesContext(connection) as few:
        client.get(acme.url("changes/"))
    with acme:
        for n in range(20, 24):
            received(acme, n)
    client.get(acme.url("changes/"))
    with CaptureQueriesContext(connection) as many:
        assert "no stock report covers both sides" in client.get(acme.url("changes/")).content.decode()
    assert len(many) <= len(few) + 1  # one for all effects that are due
