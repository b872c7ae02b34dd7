"""A real browser against a real server: `browser` for the session, `visit` for one person's windows."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect, sync_playwright

from apps.core.models import Finding
from tests.house.goods import Goods
from tools.browser import launch

ROOT = Path(__file__).resolve().parents[2]
AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
expect.set_options(timeout=15_000)  # four workers share two cores
WIDE, PHONE = (1440, 900), (390, 844)
ONLY = {"resultTypes": ["violations"]}  # what passes is looked at as well, but not described element by element
COLOURS = {**ONLY, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
STRICT = {**ONLY, "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    # Playwright keeps an event loop in this thread; our own calls to the database are not made inside of it.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        found = launch(playwright)
        yield found
        found.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass
class Window:
    """One tab, and everything that went wrong in it so far."""

    page: Any
    address: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(f"console: {said.text}"))
        self.page.on("response", self._answered)

    def _answered(self, answer: Any) -> None:
        if answer.status >= 400:
            self.complaints.append(f"{answer.status}: {answer.url}")

    def open(self, path: str) -> Any:
        self.page.goto(self.address + path)
        self.page.wait_for_load_state("networkidle")
        return self.page

    def violations(self, options: dict[str, Any] = STRICT) -> list[str]:
        """What axe-core finds on the page: rule, element and reason."""
        if not self.page.evaluate("typeof window.axe === 'object'"):
            self.page.evaluate(AXE)  # the page's own policy lets no foreign script in by other ways
        found = self.page.evaluate("options => axe.run(document, options).then(told => told.violations)", options)
        return [
            f"{each['id']}: {' '.join(node['target'][0] if node['target'] else '')} {node['html'][:160]}"
            if isinstance(node["target"][0], list)
            else f"{each['id']}: {node['target'][0]} {node['html'][:160]}"
            for each in found
            for node in each["nodes"][:3]
        ]

    def wear(self, theme: str) -> None:
        """The page as it is, in the other theme: as the menu of themes does it."""
        self.page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)

    def resize(self, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        # Charts are drawn anew on that, and seen so in the frame after the next.
        self.page.evaluate("new Promise(seen => requestAnimationFrame(() => requestAnimationFrame(seen)))")

    def sideways(self) -> int:
        """Pixels that the page is wider than its window: it then scrolls sideways."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture
def goods(live_server: Any, acme: Any) -> Goods:
    """One of everything, and something to do."""
    goods, now = Goods(acme, acme.store, "US", "USD"), timezone.now()
    with acme:
        Finding.objects.create(
            kind="restock-urgent", store=goods.store, marketplace="US", subject=goods.sku, at_stake=500_00,
            currency="USD", rank=500_00, opened_at=now, changed_at=now, due=now.date() + timedelta(days=1),
            detail={"sku": goods.sku, "title": "A lamp", "pool": "US", "cover": 3, "units": 40, "gap": 9,
                    "velocity": "4.0", "inbound": 0},
        )  # fmt: skip
    return goods


@pytest.fixture
def visit(browser: Any, live_server: Any) -> Iterator[Callable[..., Window]]:
    """`visit(user, language="en", theme="dark", size=PHONE)`: a window of that person; without a user, of a stranger."""
    contexts = []

    def enter(user: Any = None, *, language: str = "en", theme: str = "light", size: tuple[int, int] = WIDE) -> Window:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=language, color_scheme=theme, reduced_motion="reduce"
        )
        contexts.append(context)
        if user is not None:
            type(user).objects.filter(pk=user.pk).update(language=language, theme=theme)
            door = Client()
            door.force_login(user)
            session = door.cookies[settings.SESSION_COOKIE_NAME].value
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
            context.add_cookies([cookie])
        return Window(context.new_page(), live_server.url)

    yield enter
    for context in contexts:
        context.close()
