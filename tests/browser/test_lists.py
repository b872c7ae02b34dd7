"""List pages under the hands of a person: cells, drawer, filter, selection."""

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.core.permissions import Role
from apps.listings.models import Product

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.slow]


@pytest.fixture
def products(live_server, acme):
    with acme:
        Product.objects.bulk_create(
            Product(store=acme.store, sku=f"MUG-{n}", title=f"Mug {n}", moq=100, updated_at=timezone.now())
            for n in range(3)
        )
    return acme


@pytest.fixture
def window(visit, products):
    window = visit(products.user(Role.OWNER))
    window.open(reverse("products", kwargs={"agency": products.agency.slug}))
    return window


def test_what_is_typed_into_a_cell_replaces_what_was_there(window, products):
    page = window.page
    page.locator("tbody tr").first.get_by_role("button", name="Minimum order").click()
    page.locator("td [data-editing] input[name=moq]").wait_for()
    page.wait_for_timeout(100)
    page.keyboard.type("250")
    page.keyboard.press("Enter")
    page.locator("#toasts", has_text="MUG-0: saved").wait_for()
    with products:
        assert Product.objects.get(sku="MUG-0").moq == 250
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    page.wait_for_load_state("load")
    page.get_by_text("Undone.").wait_for()
    with products:
        assert Product.objects.get(sku="MUG-0").moq == 100
    assert not window.complaints


def test_a_closed_drawer_stays_closed_when_the_rows_change(window):
    page = window.page
    page.get_by_role("link", name="Mug 1").click()
    page.locator("dialog[open]").wait_for(state="visible")
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")
    page.locator("#filter-q").fill("MUG-2")
    page.locator("tbody tr").nth(1).wait_for(state="detached")
    page.wait_for_timeout(100)
    assert page.locator("dialog[open]").count() == 0
    assert not window.complaints


def test_leaving_the_search_keeps_what_was_chosen(window):
    page = window.page
    page.locator("#filter-q").press_sequentially("mug")
    page.wait_for_url("**q=mug**")
    page.locator("[data-sel]").first.click()
    page.wait_for_timeout(600)
    assert page.locator("[data-sel]:checked").count() == 1
    assert "cols=" not in page.url  # columns that nobody chose are not in the address
    assert page.locator("[data-bulk-count]").inner_text() == "1"


def test_an_export_after_filtering_is_of_what_is_seen(window):
    page = window.page
    page.locator("#filter-q").press_sequentially("mug-2")
    page.wait_for_url("**q=mug-2**")
    page.locator("tbody tr").nth(1).wait_for(state="detached")
    assert page.locator("#list-tools form[action$='export/'] input[name=query]").input_value() == "q=mug-2"


@pytest.mark.parametrize("place", ["#segments a >> nth=1", "#sort-moq"])
def test_focus_stays_on_what_was_pressed(window, place):
    """Else the keyboard starts anew at the top of the page after every filter."""
    page = window.page
    pressed = page.locator(place)
    name = pressed.get_attribute("id")
    pressed.focus()
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
        page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    assert page.evaluate("document.activeElement.id") == name
    assert not window.complaints
