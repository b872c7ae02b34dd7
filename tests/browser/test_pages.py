"""Every page in a real browser: accessible in both themes, nothing broken, and never wider than a phone."""

import pytest
from django.urls import reverse

from apps.core.permissions import Role
from tests.browser.conftest import COLOURS, PHONE, WIDE
from tests.house.goods import Goods

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STAFF = (
    "products", "orders", "costs",
    "overview", "inbox", "stores", "store-new", "replenishment", "plans", "plan", "sync", "stream", "run",
    "sync-dead-letters", "sync-documents", "sync-imports", "changes", "jobs",
    "store", "connections", "settings", "settings-members", "settings-member", "settings-invitations",
    "settings-roles", "settings-thresholds", "settings-keys", "settings-currency", "settings-clients",
    "settings-client", "settings-hand-over", "settings-past-review", "store-edit", "store-first", "store-certificate",
    "settings-brand", "settings-security", "settings-webhooks", "settings-webhook",
    "arrivals", "health", "store-health", "health-method", "health-defects", "health-notices", "health-notice",
    "alerts", "alert", "alert-rules", "alert-rule-new", "alert-channels", "papers", "paper-list", "paper-new",
    "paper-rules", "paper", "notice-new", "notice-import", "notice-import-one", "crises", "crisis", "playbook",
    "paper-products",
)  # fmt: skip
PORTAL = (
    "portal",
    "portal-changes",
    "portal-replenishment",
    "portal-plans",
    "portal-plan",
    "portal-uploads",
    "portal-sales",
    "portal-health",
    "portal-papers",
    "portal-paper-upload",
)
ABOUT = {
    "plan": "plan", "stream": "stream", "run": "run", "settings-member": "member", "settings-hand-over": "member", "settings-past-review": "access_review", "settings-client": "client",
    "settings-webhook": "webhook", "portal-plan": "asked_plan", "health-notice": "notice", "alert": "incident", "paper": "paper",
    "notice-import-one": "notice_file", "crisis": "crisis", "playbook": "playbook",
}  # fmt: skip
WORD = {
    "plan": "plan",
    "portal-plan": "plan",
    "alert": "number",
    "settings-past-review": "number",
    "crisis": "number",
}  # what the address calls it, where that is not `pk`
OF_A_STORE = {"store-edit", "store-first", "store-certificate", "store", "connections", "plan", "paper", "store-health"}
SAME = {"store-health": "health"}  # a page that stands twice, by its name
# Each page is looked at twice: whatever the theme or size, it is whole in one of the two languages.
VARIANTS = [
    pytest.param("zh-hans", "light", PHONE, marks=pytest.mark.xdist_group("pages-zh")),
    pytest.param("en", "dark", WIDE, marks=pytest.mark.xdist_group("pages-en")),
]
OTHER = {"light": "dark", "dark": "light"}


def address(name: str, goods: Goods) -> str:
    words = {"agency": goods.world.agency.slug}
    if name in ABOUT:
        words[WORD.get(name, "pk")] = goods.things[ABOUT[name]]
    if name in OF_A_STORE:
        words["store"] = goods.store.slug
    return reverse(SAME.get(name, name), kwargs=words)


def faults(window, names, goods, *, theme, size, also=()) -> list[str]:
    """All that is wrong on these pages, so that one run tells the whole story.

    Each page is loaded once and looked at whole in its theme and size, then its colours in the other theme, then
    whether the other size scrolls sideways.
    """
    found = []
    for path in [*(address(name, goods) for name in names), *also]:
        window.complaints.clear()
        window.resize(size)
        window.open(path)
        wrong = [*window.violations(), *_sideways(window)]
        window.wear(OTHER[theme])
        wrong += [f"{OTHER[theme]}: {each}" for each in window.violations(COLOURS)]
        window.resize(PHONE if size == WIDE else WIDE)
        wrong += [f"other size: {each}" for each in _sideways(window)]
        found += [f"{path}: {each}" for each in [*window.complaints, *wrong]]
    return found


def _sideways(window) -> list[str]:
    wide = window.sideways()
    return [f"scrolls sideways by {wide} px"] if wide > 0 else []


@pytest.mark.parametrize(("language", "theme", "size"), VARIANTS)
def test_pages_of_staff(visit, goods, language, theme, size):
    window = visit(goods.world.user(Role.OWNER), language=language, theme=theme, size=size)
    also = ("/me/", "/accounts/2fa/", "/accounts/sessions/")
    wrong = faults(window, STAFF, goods, theme=theme, size=size, also=also)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("language", "theme", "size"), VARIANTS)
def test_pages_of_clients(visit, goods, language, theme, size):
    window = visit(goods.world.user(Role.CLIENT), language=language, theme=theme, size=size)
    wrong = faults(window, PORTAL, goods, theme=theme, size=size)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("language", "theme", "size"), VARIANTS)
def test_doors(visit, goods, language, theme, size):
    window = visit(language=language, theme=theme, size=size)
    doors = ("/accounts/login/", "/accounts/password/reset/", "/api/docs/")
    wrong = faults(window, (), goods, theme=theme, size=size, also=doors)
    assert not wrong, "\n".join(wrong)


@pytest.mark.xdist_group("browser")
def test_the_other_theme_is_worn(visit, goods):
    """Else the walks look at one theme twice."""
    window = visit(goods.world.user(Role.OWNER), theme="light")
    page = window.open(address("overview", goods))
    colour = "getComputedStyle(document.body).color"
    light = page.evaluate(colour)
    window.wear("dark")
    assert page.evaluate(colour) != light


@pytest.mark.xdist_group("browser")
def test_the_theme_chosen_is_the_theme_shown(visit, goods):
    """Else the tests above look at one theme twice."""
    person = goods.world.user(Role.OWNER)
    light, dark = (
        visit(person, theme=theme).open(address("overview", goods)).evaluate("getComputedStyle(document.body).color")
        for theme in ("light", "dark")
    )
    assert light != dark


@pytest.mark.xdist_group("browser")
def test_a_fault_would_be_found(visit, goods):
    """The net has no hole: an unnamed button, a broken script and a page too wide are all caught."""
    window = visit(goods.world.user(Role.OWNER))
    page = window.open(address("overview", goods))
    page.evaluate(
        """() => {
          document.querySelector('main').insertAdjacentHTML('beforeend', '<button></button><p id="wide">.</p>');
          document.body.style.overflow = 'visible';
          document.body.style.width = '4000px';
          setTimeout(() => { throw new Error('on purpose') }, 0);
        }"""
    )
    page.wait_for_timeout(100)
    assert any(each.startswith("button-name") for each in window.violations())
    assert any("on purpose" in each for each in window.complaints)
    assert window.sideways() > 0


@pytest.mark.xdist_group("browser")
def test_sign_in_with_the_keyboard(visit, goods):
    person = goods.world.user(Role.SENIOR)
    person.set_password("a long enough secret")
    person.save()
    page = visit().open("/accounts/login/")
    page.locator("input[name=login]").focus()
    page.keyboard.type(person.email)
    page.keyboard.press("Tab")
    if page.evaluate("document.activeElement.name") != "password":
        page.locator("input[name=password]").focus()
    page.keyboard.type("a long enough secret")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{goods.world.agency.slug}/**")
    assert page.locator("h1").count() == 1


@pytest.mark.xdist_group("browser")
def test_the_drawer_opens_with_the_addition_and_closes(visit, goods):
    window = visit(goods.world.user(Role.OWNER))
    page = window.open(address("replenishment", goods))
    page.locator("[data-detail]").first.click()
    drawer = page.locator("dialog[open]")
    drawer.wait_for(state="visible")
    assert goods.sku in drawer.inner_text()
    page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    assert not window.complaints
