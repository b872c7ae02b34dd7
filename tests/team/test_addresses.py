"""What may stand in an address: not understood is ignored, never an error page."""

from datetime import date
from decimal import Decimal

import pytest
from django.http import QueryDict

from apps.accounts.queries import rates
from apps.core import lists
from apps.core.metrics import Period
from apps.core.permissions import Role
from apps.sales.models import StoreDay

ODD = ("cur=AAA", "from=0001-01-01&to=0001-01-02", "from=1996-01-01&to=1996-01-31", "cur=JPY")


@pytest.fixture
def sold(acme):
    with acme:
        StoreDay.objects.create(
            store=acme.store, marketplace_id="CA", date=date(1996, 1, 5), units=1, orders=1, revenue=100, currency="CAD"
        )


@pytest.mark.parametrize("query", ODD)
@pytest.mark.parametrize("path", ["", "stores/north/"])
def test_the_overview_ignores_what_is_not_understood(acme, sold, client, path, query):
    client.force_login(acme.user(Role.OWNER))
    assert client.get(acme.url(f"{path}?{query}")).status_code == 200


@pytest.mark.parametrize("query", ODD)
def test_the_portal_does_so_too(acme, sold, client, query):
    client.force_login(acme.user(Role.CLIENT))
    assert client.get(f"/portal/acme/?{query}").status_code == 200


def test_before_the_first_rate_the_first_one_counts(acme):
    with acme:
        old, new = rates("USD", date(2015, 1, 1)), rates("USD", date(2020, 1, 1))
    assert old["CAD"] == new["CAD"] != Decimal(1)


def test_days_to_come_are_not_counted_through():
    params = QueryDict("from=2026-02-01&to=9999-12-31")
    assert lists.parse(params, (), sort="", today=date(2026, 3, 2)).period == Period(date(2026, 2, 1), date(2026, 3, 2))
