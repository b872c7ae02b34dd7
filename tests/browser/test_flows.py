"""What people do all day, by mouse and keyboard in a real browser: edit, select, filter, jump, undo, approve."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from apps.core.models import Finding
from apps.core.permissions import Role
from apps.inventory.models import Plan, Replenishment
from tests.browser.conftest import PHONE
from tests.house.goods import FILE, Goods
from tests.inventory.lines import fill

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.slow]


@pytest.fixture
def page(visit, goods):
    """The replenishment page, as the owner sees it; at the end nothing may have gone wrong in it."""
    window = visit(goods.world.user(Role.OWNER))
    yield window.open(at(goods, "replenishment"))
    assert not window.complaints


def at(goods: Goods, name: str, **words) -> str:
    return reverse(name, kwargs={"agency": goods.world.agency.slug, **words})


def line(goods: Goods) -> Replenishment:
    with goods.world:
        return Replenishment.objects.get(sku=goods.sku, pool="US")


def row(page, goods):
    return page.locator("tr[data-row]", has_text=f"Title of {goods.sku}")


def test_a_quantity_is_edited_in_place_and_escape_leaves_it(page, goods):
    cell = row(page, goods).locator("[data-edit]")
    before = cell.inner_text()
    cell.click()
    field = row(page, goods).locator("input[name=units]")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(row(page, goods).locator("[data-edit]")).to_have_text(before)
    row(page, goods).locator("[data-edit]").click()
    expect(field).to_be_focused()
    field.fill("770")
    page.keyboard.press("Enter")
    expect(row(page, goods).locator("[data-edit]")).to_have_text("770")
    assert line(goods).edited == 770


def test_what_is_no_number_says_so_beside_the_field_and_changes_nothing(visit, goods):
    page = visit(goods.world.user(Role.OWNER)).open(at(goods, "replenishment"))
    row(page, goods).locator("[data-edit]").click()
    row(page, goods).locator("input[name=units]").fill("lots")
    page.keyboard.press("Enter")
    expect(row(page, goods).locator("[role=alert]")).to_be_visible()
    assert line(goods).edited is None


def test_selected_lines_become_a_plan(page, goods):
    bar = page.locator("[data-bulk]")
    expect(bar).to_be_hidden()
    row(page, goods).locator("[data-sel]").check()
    expect(bar).to_be_visible()
    expect(bar.locator("[data-bulk-count]")).to_have_text("1")
    expect(bar.locator("[data-bulk-sum=units]")).to_have_text(f"{line(goods).suggested:,}")
    bar.get_by_role("button", name="Create plan").click()
    page.wait_for_url(re.compile(r"/plans?/"))
    with goods.world:
        assert Plan.objects.latest("number").lines.get().sku == goods.sku


def test_filters_live_in_the_address_and_back_brings_them_back(page, goods):
    everything = page.locator("tr[data-row]").count()
    assert everything > 1
    page.locator("#filter-q").fill(goods.sku)
    expect(page.locator("tr[data-row]")).to_have_count(1)
    assert f"q={goods.sku}" in page.url
    page.reload()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.locator("#filter-q").fill("no such thing")
    expect(page.get_by_text("No rows match")).to_be_visible()
    page.get_by_role("link", name="Clear the filters").click()
    expect(page.locator("tr[data-row]")).to_have_count(everything)


def test_columns_are_chosen(page):
    expect(page.get_by_role("columnheader", name="Supplier")).to_have_count(0)
    page.locator("summary", has_text="Columns").click()
    page.locator("[data-columns]").get_by_label("Supplier").check()
    expect(page.get_by_role("columnheader", name="Supplier")).to_be_visible()


def test_a_view_is_saved_and_found_again(page, goods):
    page.locator("#filter-q").fill(goods.sku)
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.reload()
    page.get_by_role("button", name="Views").click()
    menu = page.locator("#saved-views-menu")
    menu.locator("input[name=name]").last.fill("Only one")
    menu.get_by_role("button", name="Save view").last.click()
    page.goto(page.url.split("?")[0])
    page.get_by_role("button", name="Views").click()
    menu.get_by_role("link", name="Only one").click()
    expect(page.locator("tr[data-row]")).to_have_count(1)


def test_keys_move_select_and_open(page, goods):
    page.keyboard.press("j")
    expect(page.locator("tr.is-cur")).to_have_count(1)
    page.keyboard.press("x")
    expect(page.locator("[data-bulk]")).to_be_visible()
    page.keyboard.press("x")
    expect(page.locator("[data-bulk]")).to_be_hidden()
    page.keyboard.press("o")
    expect(page.locator("#drawer[open]")).to_contain_text("How the quantity is worked out")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer[open]")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("#filter-q")).to_be_focused()
    page.keyboard.press("Tab")
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/inbox/")


def test_shift_x_selects_up_to_here_and_escape_clears(page, goods):
    """Rows of three lines: the first chosen, two down, all three between."""
    with goods.world:
        fill(goods.store, 3, prefix="K")
    page.reload()
    page.wait_for_load_state("networkidle")
    for key in ("j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    expect(page.locator("tr.is-sel")).to_have_count(3)
    expect(page.locator("[data-bulk-count]")).to_have_text("3")
    page.keyboard.press("Escape")
    expect(page.locator("tr.is-sel")).to_have_count(0)
    expect(page.locator("[data-bulk]")).to_be_hidden()
    before = page.locator("tr[data-row]").count()
    page.keyboard.press("x")
    page.keyboard.press("s")
    expect(page.locator("tr[data-row]")).to_have_count(before - 1)
    with goods.world:
        assert Replenishment.objects.exclude(snoozed_until=None).count() == 1


def test_a_shared_link_opens_the_drawer_and_nothing_else(page, goods):
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.locator("#drawer[open]")).to_contain_text("How the quantity is worked out")
    page.goto(page.url)
    expect(page.locator("#drawer[open]")).to_contain_text("How the quantity is worked out")
    page.goto(page.url.split("?")[0] + "?open=//elsewhere.example/")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#drawer[open]")).to_have_count(0)


def test_the_palette_finds_a_sku_and_jumps(page, goods):
    page.keyboard.press("Control+k")
    palette = page.locator("#palette[open]")
    expect(palette.locator("input")).to_be_focused()
    page.keyboard.type(goods.sku)
    expect(palette.locator("a", has_text=goods.sku).first).to_be_visible()
    palette.locator("a", has_text=goods.sku).first.click()
    page.wait_for_load_state("networkidle")
    assert goods.sku in page.locator("main").inner_text()


def test_help_names_the_keys_and_single_keys_can_be_off(visit, goods):
    person = goods.world.user(Role.OWNER)
    page = visit(person).open(at(goods, "replenishment"))
    page.keyboard.press("?")
    expect(page.locator("#keys[open]")).to_be_visible()
    type(person).objects.filter(pk=person.pk).update(shortcuts=False)
    page.reload()
    page.keyboard.press("?")
    expect(page.locator("#keys[open]")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette[open]")).to_be_visible()


def test_theme_and_language_are_switched_and_stay(page):
    page.get_by_label("Display").click()
    with page.expect_response("**/me/preferences/"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("h1")).to_have_text("补货")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")


def test_an_item_is_snoozed_and_the_toast_takes_it_back(visit, goods):
    window = visit(goods.world.user(Role.OWNER))
    page = window.open(at(goods, "inbox"))
    card = page.locator(".finding", has_text="A lamp")
    expect(card).to_contain_text("$500")
    card.get_by_role("button", name="Snooze for 7 days").click()
    expect(card).to_have_count(0)
    with goods.world:
        assert Finding.objects.get(subject=goods.sku).state == "snoozed"
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(card).to_have_count(1)
    with goods.world:
        assert Finding.objects.get(subject=goods.sku).state == "open"
    assert not window.complaints


def test_a_file_is_looked_at_before_it_is_loaded(visit, goods):
    window = visit(goods.world.user(Role.OWNER))
    page = window.open(at(goods, "sync-imports"))
    page.locator("input[type=file]").set_input_files(FILE)
    page.locator("main select[name=store]").select_option(label=goods.store.name)
    page.get_by_role("button", name="Preview").click()
    page.wait_for_load_state("networkidle")
    expect(page.locator("main")).to_contain_text("Orders")
    expect(page.get_by_role("button", name=re.compile("Load"))).to_be_visible()
    assert not window.complaints


def test_a_plan_goes_from_draft_to_the_client_and_is_approved_on_a_phone(visit, goods):
    plan = goods.things["asked_plan"]
    window = visit(goods.world.user(Role.CLIENT), size=PHONE)
    page = window.open(at(goods, "portal"))
    page.get_by_role("link", name="Decide").first.click()
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name=re.compile("Approve")).first.click()
    page.wait_for_load_state("networkidle")
    with goods.world:
        assert Plan.objects.get(pk=plan).state == "approved"
    assert not window.complaints


def test_on_a_phone_the_rail_is_behind_a_button(visit, goods):
    window = visit(goods.world.user(Role.OWNER), size=PHONE)
    page = window.open(at(goods, "overview"))
    expect(page.locator("nav.rail")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.locator("#rail-drawer[open]").get_by_role("link", name="Inbox").click()
    page.wait_for_url("**/inbox/")
    assert not window.complaints
