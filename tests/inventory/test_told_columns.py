"""The product list shows what inventory knows: FBA stock, own stock, lead time; by the sites one may see."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import StoreGrant
from apps.core.jobs import run
from apps.core.models import Job
from apps.core.permissions import Role
from apps.core.storage import documents
from apps.listings.models import Listing, Product
from tests.inventory.lines import fill, line_of
from tests.inventory.stock import owned
from tests.world import NOW

COLUMNS = ("fba", "own", "lead")


@pytest.fixture
def acme(acme):
    with acme:
        fill(acme.store, 2)  # 20 and 400 units at FBA
        fill(acme.store, 1, pool="CA", currency="CAD")  # 20 more of the first, elsewhere
        slow = line_of("N-S0", "CA")
        slow.lead |= {"sea": 45}
        slow.save()
        owned(acme.store, "N-S0", 300)
        owned(acme.store, "N-S0", 50, warehouse="Yiwu", inbound=25)
        Product.objects.create(store=acme.store, sku="N-NEW", updated_at=NOW)
        Listing.objects.create(
            store=acme.store, marketplace_id="CA", sku="N-S0", fulfilment="FBA", status="active", as_of=NOW
        )
    return acme


def address(world, name="products"):
    return reverse(name, kwargs={"agency": world.agency.slug})


def cells(page, sku):
    """The numbers of a product's row: {column: text}."""
    heads = re.findall(r'<th scope="col" data-c="(\w+)"', page)
    row = next(row for row in page.split("<tr data-row>")[1:] if sku in row)
    found = re.findall(r"<t[dh]\b(?! class=\"pick).*?</t[dh]>", row, re.DOTALL)
    texts = [re.sub(r"<[^>]+>|\s", "", cell) for cell in found]
    return {head: text for head, text in zip(heads, texts, strict=True) if head in COLUMNS}


def test_stock_is_summed_over_sites_and_the_slowest_lead_time_counts(client, acme):
    client.force_login(acme.user(Role.OWNER))
    page = client.get(address(acme)).content.decode()
    assert cells(page, "N-S0") == {"fba": "40", "own": "375", "lead": "65"}
    assert cells(page, "N-S1") == {"fba": "400", "own": "–", "lead": "50"}
    assert cells(page, "N-NEW") == {"fba": "–", "own": "–", "lead": "–"}


def test_a_grant_for_one_site_shows_that_sites_stock(client, acme):
    with acme:
        StoreGrant.objects.filter(member=acme.seats[Role.JUNIOR]).update(marketplace="CA")
    client.force_login(acme.user(Role.JUNIOR))
    page = client.get(address(acme)).content.decode()
    assert cells(page, "N-S0")["fba"] == "20"
    assert "N-S1" not in page


def test_columns_can_be_left_out_and_cost_no_query_a_row(client, acme):
    client.force_login(acme.user(Role.OWNER))
    hidden = client.get(address(acme) + "?cols=supplier").content.decode()
    assert 'data-c="fba"' not in hidden
    client.get(address(acme))
    with CaptureQueriesContext(connection) as few:
        client.get(address(acme))
    with acme:
        fill(acme.store, 60, prefix="M")
    with CaptureQueriesContext(connection) as many:
        client.get(address(acme) + "?per=200")
    assert len(few) == len(many)


def test_the_drawer_and_the_export_have_them_too(client, acme):
    client.force_login(acme.user(Role.OWNER))
    drawer = client.get(reverse("product", kwargs={"agency": "acme", "store": "north", "sku": "N-S0"})).content.decode()
    assert re.search(r"FBA stock</dt><dd[^>]*>40<", drawer)
    client.post(address(acme, "products-export"), {"format": "csv", "query": "q=N-S0"})
    with acme:
        job = Job.objects.get(kind="products.export")
    run(job.pk, agency_id=acme.agency.pk)
    with acme:
        job.refresh_from_db()
        with documents().open(job.file) as file:
            head, line = file.read().decode("utf-8-sig").splitlines()
    assert head.endswith('FBA stock,Own stock,"Lead time, days",Status (code),Sites and prices (code)')
    assert ",40,375,65," in line
