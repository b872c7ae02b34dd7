"""The drawer of a defect tells what is known of its order, without what is a buyer's."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.core.permissions import Role
from apps.health.models import Feedback, ReturnLine, Shipment
from tests.health.facts import defects
from tests.world import NOW

DRAWER = {"HX-Request": "true", "HX-Target": "div#drawer-content"}
ORDER = "US-afn-0"


@pytest.fixture
def drawer(client, acme):
    with acme:
        defects(acme.store, [3])
    client.force_login(acme.user(Role.JUNIOR))
    key = {"store": "north", "number": ORDER, "kind": "claim"}
    url = reverse("health-defect", kwargs={"agency": acme.agency.slug, **key})
    return lambda: client.get(url, headers=DRAWER).content.decode()


def returned(world, order, ordinal=1, **values):
    return ReturnLine.objects.create(
        store=world.store, order_id=order, sku="A-1", returned_on=NOW.date(), programme="mfn", ordinal=ordinal,
        marketplace_id="US", quantity=1, as_of=NOW, **values,
    )  # fmt: skip


def told(world):
    Feedback.objects.create(
        store=world.store, order_id=ORDER, marketplace_id="US", rated_on=NOW.date(), rating=1, as_of=NOW,
        comment="Broken. Write to me: ann@example.com", response="Sorry, bob@example.com",
    )  # fmt: skip
    returned(world, ORDER, reason="DEFECTIVE", comment="Call eve@example.com")
    Shipment.objects.create(
        store=world.store, order_id=ORDER, marketplace_id="US", ordered_at=NOW, ordered_on=NOW.date(), ship_by=NOW,
        shipped_at=NOW + timedelta(hours=1), deliver_by=NOW + timedelta(days=3), delivered_at=NOW + timedelta(days=2),
        packages=2, valid_packages=1, updated_at=NOW, as_of=NOW,
    )  # fmt: skip


def test_the_drawer_tells_feedback_return_and_shipment(acme, drawer):
    assert "No feedback, return or shipment of this order has come." in drawer()
    with acme:
        told(acme)
        returned(acme, "another order", reason="NOT_THIS")
    page = drawer()
    assert "Broken. Write to me: […]" in page
    assert "DEFECTIVE" in page
    assert "NOT_THIS" not in page
    assert page.count(">late<") == 1, "shipped late, delivered in time"
    assert "has come." not in page


def test_the_drawer_shows_no_address_of_a_buyer(acme, drawer):
    with acme:
        told(acme)
    assert "@example.com" not in drawer()


def test_the_drawer_takes_as_many_queries_for_many_returns(acme, drawer):
    drawer()
    with CaptureQueriesContext(connection) as few:
        drawer()
    with acme:
        told(acme)
        for n in range(2, 12):
            returned(acme, ORDER, n)
    with CaptureQueriesContext(connection) as many:
        drawer()
    assert len(many) == len(few)
