"""A new store from nothing to its first runs, as its agency does it: by hand in a browser, with consent at Amazon."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import httpx
import pytest
from django.urls import reverse
from playwright.sync_api import expect

from apps.accounts.models import Store
from apps.core.permissions import Role
from apps.sync.actions.credentials import opened
from apps.sync.models import Connection, Run

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    words = ["--port", "0", "--state", str(tmp_path_factory.mktemp("sandbox")), "--fast"]
    process = subprocess.Popen([sys.executable, "-m", "sandbox", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    yield process.stdout.readline().split()[-1]
    process.terminate()
    process.wait(20)


@pytest.fixture
def amazon(sandbox, settings, live_server):
    """What the sandbox knows of a seller; our application is registered there."""
    with urllib.request.urlopen(f"{sandbox}/_sandbox/partners") as answer:
        partner = json.load(answer)[0]
    settings.ALLOW_HTTP_OUTSIDE, settings.SANDBOX_URL, settings.BASE_URL = True, sandbox, live_server.url
    settings.LWA_URL, settings.SP_API_URLS = partner["token_url"], {partner["region"]: partner["endpoint"]}
    settings.SP_API_CONSENT_URL = f"{sandbox}/apps/authorize/consent"
    settings.SP_API_APPLICATION_ID = partner["application_id"]
    settings.SP_API_CLIENT_ID, settings.SP_API_CLIENT_SECRET = partner["client_id"], partner["client_secret"]
    return partner


@pytest.fixture
def page(visit, acme, amazon):
    """The connections page of a store that was made a moment ago."""
    window = visit(acme.user(Role.OWNER))
    page = window.open(reverse("store-new", kwargs={"agency": acme.agency.slug}))
    page.get_by_label("Or a new client").fill("Lumora Home")
    page.get_by_label("Store name").fill("Lumora Home NA")
    for site in ("US", "CA"):
        page.get_by_label(site, exact=True).check()
    page.get_by_role("button", name="Next: connect").click()
    page.wait_for_url("**/connections/")
    return page


def doors(acme):
    with acme:
        store = Store.objects.get(name="Lumora Home NA")
        door = Connection.objects.filter(store=store, kind="sp_api").first()
        return store, door, Run.objects.filter(store=store).count()


def test_consent_at_amazon_brings_the_store_to_its_first_runs(page, acme, amazon):
    page.get_by_role("button", name="Ask for consent at Amazon").click()
    page.wait_for_url("**/apps/authorize/consent**")
    page.get_by_role("link", name="Lumora Home — NA").click()
    page.wait_for_url("**/connections/**")
    expect(page.locator("#toasts")).to_contain_text("Connected")
    store, door, runs = doors(acme)
    assert (door.state, store.seller_id) == ("active", amazon["seller_id"])
    with acme:
        assert opened(door)["refresh_token"].startswith("Atzr|")
    assert runs > 0
    assert amazon["refresh_token"] not in page.content()


def test_a_pasted_token_is_tried_before_it_is_kept(page, acme, amazon):
    page.get_by_label("Refresh token").fill("Atzr|nonsense")
    page.get_by_label("Merchant token").fill(amazon["seller_id"])
    page.get_by_role("button", name="Try and connect").click()
    expect(page.locator("main [role=alert]").first).to_contain_text("refuses")
    assert doors(acme)[1] is None
    page.get_by_label("Refresh token").fill(amazon["refresh_token"])
    page.get_by_label("Merchant token").fill(amazon["seller_id"])
    page.get_by_role("button", name="Try and connect").click()
    expect(page.locator("#toasts")).to_contain_text("Connected")
    assert doors(acme)[1].state == "active"


def test_a_consent_is_good_once_and_only_for_who_asked(page, acme, client):
    page.get_by_role("button", name="Ask for consent at Amazon").click()
    page.wait_for_url("**/apps/authorize/consent**")
    link = page.get_by_role("link", name="Lumora Home — NA").get_attribute("href")
    answer = httpx.get(page.url.split("?")[0] + link)  # Amazon sends back to us; nobody has followed yet
    back = answer.headers["location"]
    client.force_login(acme.user(Role.MANAGER))
    assert client.get(back[back.index("/", 8) :], follow=True).status_code == 404, "a stranger's session"
    assert doors(acme)[1] is None
    page.goto(back)
    expect(page.locator("#toasts")).to_contain_text("Connected")
    assert page.goto(back).status == 404, "a second time"


def test_only_the_sites_of_the_chosen_region_are_offered(visit, acme):
    window = visit(acme.user(Role.OWNER))
    page = window.open(reverse("store-new", kwargs={"agency": acme.agency.slug}))
    offered = page.locator("input[name=sites]")
    assert {"US", "BR"} <= set(offered.evaluate_all("all => all.map(each => each.value)"))
    page.get_by_label("US", exact=True).check()
    page.get_by_label("Amazon region").focus()
    page.get_by_label("Amazon region").select_option("EU")
    expect(page.get_by_label("DE", exact=True)).not_to_be_checked()
    assert set(offered.evaluate_all("all => all.map(each => each.value)")).isdisjoint({"US", "BR", "JP"})
    assert page.evaluate("document.activeElement.name") == "region"
    page.get_by_label("Channel").select_option("shopify")
    expect(page.get_by_label("Amazon region")).to_have_count(0)
    page.get_by_label("Or a new client").fill("Lumora Home")
    page.get_by_label("Store name").fill("Lumora Shop")
    page.get_by_role("button", name="Next: connect").click()
    page.wait_for_url("**/connections/")
    assert not window.complaints
    with acme:
        assert Store.objects.get(name="Lumora Shop").region == ""
