"""The overview says how each store's accounts stand: the worst site, its room, the way there."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.permissions import Role
from tests.health.facts import report


@pytest.fixture
def overview(client, acme):
    """North: US with one more allowed, CA well. Europe: DE over its limit."""
    with acme:
        report(acme.store, "US", count=8)
        report(acme.store, "CA", count=1)
        report(acme.other_store, "DE", count=12)
    client.force_login(acme.user(Role.OWNER))
    return lambda query="": client.get(acme.url(query)).content.decode()


def table(page: str) -> str:
    return page.split("<tbody>")[-1].split("</tbody>")[0]


def names(page: str) -> list[str]:
    return re.findall(r"data-open href=[^>]*>(acme \w+)<", table(page))


def test_each_store_shows_its_worst_site_with_room_as_a_count(overview):
    rows = dict(zip(names(page := overview("?sort=name")), table(page).split("<tr data-row>")[1:], strict=True))
    assert re.search(r'/stores/north/health/\?site=US"><span class="bdg tone-warning">Watch', rows["acme north"])
    assert "1 left · Order defect rate (FBA)" in rows["acme north"]
    assert re.search(
        r'/stores/europe/health/\?site=DE"><span class="bdg tone-danger">Over a limit', rows["acme europe"]
    )
    assert "3 over" in rows["acme europe"]


def test_it_is_sorted_worst_first_and_filtered_by_state(overview):
    assert names(overview("?sort=health")) == ["acme europe", "acme north"]
    assert names(overview("?sort=-health")) == ["acme north", "acme europe"]
    assert names(overview("?health=near")) == ["acme north"]
    assert names(overview("?health=near&cols=sales")) == ["acme north"], "also where the column is hidden"
    assert "No rows match" in overview("?health=silent")
    assert len(names(overview("?health=nonsense"))) == 2


def test_sites_asked_for_are_those_that_count(overview):
    assert "Good" in table(overview("?mp=CA"))
    assert "Watch" not in table(overview("?mp=CA"))


def test_who_may_not_see_account_health_does_not(client, acme, overview):
    client.force_login(acme.user(Role.FINANCE))
    page = client.get(acme.url()).content.decode()
    assert len(names(page)) == 2
    assert "Over a limit" not in page
    assert len(names(client.get(acme.url("?health=near")).content.decode())) == 2, "no state is told by a filter either"


def test_the_column_takes_as_many_queries_for_many_sites(acme, overview):
    overview()
    with CaptureQueriesContext(connection) as few:
        overview()
    with acme:
        for code in ("MX", "BR", "UK", "IT"):
            acme.store.sites.create(marketplace_id=code)
            report(acme.store, code)
    with CaptureQueriesContext(connection) as many:
        overview()
    assert len(many) == len(few)
