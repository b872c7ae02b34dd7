"""A grant for one site of a store shows that site's sales and stock, nowhere those of the others."""

from datetime import date

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import StoreGrant
from apps.core import lists
from apps.core.metrics import Period
from apps.core.permissions import Role
from apps.health.models import Notice
from apps.health.queries.portal import notices
from apps.inventory.models import Replenishment
from apps.inventory.queries.portal import counts, lines_of
from apps.sales.models import StoreDay
from apps.sync.models import StoredDocument
from apps.sync.queries.boards import visible_documents
from apps.team.queries import lens, standing

DAY = date(2026, 3, 1)


@pytest.fixture
def north(acme):
    with acme:
        for site, units in (("US", 5), ("CA", 7)):
            StoreDay.objects.create(
                store=acme.store, marketplace_id=site, date=DAY, units=units, orders=1, revenue=100, currency="USD"
            )
            Replenishment.objects.create(
                store=acme.store, pool=site, sku="A", marketplaces=[site], status="urgent", priority=1, out_on=DAY,
                available=units, velocity=1000, computed_at=timezone.now(),
            )  # fmt: skip
        StoreGrant.objects.filter(store=acme.store).update(marketplace="US")
    return acme


@pytest.fixture
def query():
    return lists.parse(QueryDict("from=2026-03-01&to=2026-03-01"), (), sort="", today=date(2026, 3, 2), currency="USD")


@pytest.mark.parametrize(("role", "units", "out"), [(Role.OWNER, 12, 2), (Role.JUNIOR, 5, 1), (Role.CLIENT, 5, 1)])
def test_sums_hold_the_sites_of_the_grant_only(north, query, role, units, out):
    member = north.seats[role]
    with north:
        view = lens.look(member, query, currency="USD", today=DAY)
        found = standing.client_standing([north.store], view)
        days, _since = standing.store_days(north.store.pk, view)
    assert (found.total.now.units, found.total.out_soon) == (units, out)
    assert standing.sum_of(days, Period(DAY, DAY)).units == units


def test_a_client_sees_lines_of_the_granted_sites_only(north):
    client = north.seats[Role.CLIENT]
    with north:
        assert [line.pool for line in lines_of(client)] == ["US"]
        assert counts(client)["urgent"] == 1


def test_the_pages_hold_no_other_site(north, client):
    client.force_login(north.user(Role.CLIENT))
    answer = client.get("/portal/acme/stock/")
    assert answer.status_code == 200
    assert [line.sites for line in answer.context["lines"]] == [("US",)]
    client.force_login(north.user(Role.JUNIOR))
    assert client.get("/acme/stores/north/").context["stock"] == 1


def test_a_raw_file_that_tells_of_other_sites_stays_shut(north, client):
    """The report of the whole account holds every site's orders: a seat of one site does not fetch it, by no door."""
    with north:
        for name, sites in (("us", ["US"]), ("both", ["CA", "US"]), ("account", [])):
            StoredDocument.objects.create(
                connection=north.connection, store=north.store, name=name, row="order_line", digest=name, size=1,
                path=name, marketplaces=sites, as_of=timezone.now(),
            )  # fmt: skip
        theirs = {role: visible_documents(north.seats[role]) for role in (Role.OWNER, Role.JUNIOR)}
        assert set(theirs[Role.OWNER].values_list("name", flat=True)) == {"us", "both", "account"}
        assert set(theirs[Role.JUNIOR].values_list("name", flat=True)) == {"us"}
        shut = StoredDocument.objects.get(name="both").pk
        StoredDocument.objects.filter(name="account").update(uploaded_by=north.seats[Role.JUNIOR])
        assert set(visible_documents(north.seats[Role.JUNIOR]).values_list("name", flat=True)) == {"us", "account"}
        StoreGrant.objects.filter(store=north.store).update(marketplace=None)
        assert visible_documents(north.seats[Role.JUNIOR]).count() == 3
        StoreGrant.objects.filter(store=north.store).update(marketplace="US")
    client.force_login(north.user(Role.JUNIOR))
    assert client.get(reverse("document-file", kwargs={"agency": "acme", "pk": shut})).status_code == 404


def test_a_client_reads_notices_of_the_granted_sites_and_of_the_whole_account(north):
    with north:
        for n, site in enumerate(("US", "CA", "")):
            Notice.objects.create(
                store=north.store, origin="person", key=str(n), kind="policy", marketplace=site, subject=site or "all",
                at=timezone.now(),
            )  # fmt: skip
        told = {role: {each.subject for each in notices(north.seats[role])} for role in (Role.CLIENT, Role.OWNER)}
    assert told == {Role.CLIENT: {"US", "all"}, Role.OWNER: {"US", "CA", "all"}}
