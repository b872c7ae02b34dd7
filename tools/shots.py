"""python -m tools.shots [--out DIR] [--only NAME] [--quick]: sign in as the demo's people and take pictures.

Needs a running `make up` and its var/demo.json. Each page in both languages, both themes, 1440 and 390 pixels wide.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tools.browser import launch

STAFF = {
    "overview": "/{agency}/",
    "inbox": "/{agency}/inbox/",
    "replenishment": "/{agency}/replenishment/",
    "plans": "/{agency}/plans/",
    "stores": "/{agency}/stores/",
    "store-new": "/{agency}/stores/new/",
    "sync": "/{agency}/sync/",
    "changes": "/{agency}/changes/",
    "members": "/{agency}/settings/members/",
    "imports": "/{agency}/sync/imports/",
    "roles": "/{agency}/settings/roles/",
    "keys": "/{agency}/settings/api/",
    "security": "/{agency}/settings/security/",
    "me": "/me/",
}
PORTAL = {"portal": "/portal/{agency}/"}
WIDTHS = {"wide": (1440, 900), "phone": (390, 844)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, default=Path("var/demo.json"))
    parser.add_argument("--out", type=Path, default=Path("var/shots"))
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true", help="Chinese light and English dark, wide")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    demo = json.loads(options.demo.read_text())
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for role, pages in (("owner", STAFF), ("client", PORTAL)):
            _person(browser, demo, role, pages, options)
        _stranger(browser, demo, options)
        browser.close()


def _variants(quick: bool) -> Iterator[tuple[str, str, str]]:
    for language in ("zh-hans", "en"):
        for theme in ("light", "dark"):
            for width in WIDTHS:
                if not quick or (width == "wide" and (language == "en") == (theme == "dark")):
                    yield language, theme, width


def _person(browser: Any, demo: dict[str, Any], role: str, pages: dict[str, str], options: Any) -> None:
    user = next(u for u in demo["users"] if u["role"] == role)
    wanted = {name: path for name, path in pages.items() if options.only in name}
    if not wanted:
        return
    for language, theme, width in _variants(options.quick):
        context = browser.new_context(
            viewport=dict(zip(("width", "height"), WIDTHS[width], strict=True)), locale=language
        )
        page = context.new_page()
        page.goto(f"{demo['base_url']}/accounts/login/")
        page.fill("input[name=login]", user["email"])
        page.fill("input[name=password]", user["password"])
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda address: "/accounts/login/" not in address)
        page.wait_for_load_state("networkidle")
        page.evaluate(SET, {"language": language, "theme": theme})
        for name, path in wanted.items():
            page.goto(demo["base_url"] + path.format(agency=user["agency"]))
            page.wait_for_load_state("networkidle")
            page.screenshot(path=options.out / f"{name}-{language[:2]}-{theme}-{width}.png")
        context.close()


# The page's own switches; the server keeps what they say.
SET = """async ({language, theme}) => {
  const said = document.body.dataset;
  const body = new URLSearchParams({language, theme});
  await fetch(said.preferences, {method: 'POST', body, headers: {'X-CSRFToken': said.csrf}});
}"""


def _stranger(browser: Any, demo: dict[str, Any], options: Any) -> None:
    if options.only not in "sign-in":
        return
    for language, theme, width in _variants(options.quick):
        size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
        context = browser.new_context(viewport=size, locale=language, color_scheme=theme)
        page = context.new_page()
        page.goto(f"{demo['base_url']}/accounts/login/")
        page.screenshot(path=options.out / f"sign-in-{language[:2]}-{theme}-{width}.png")
        context.close()


if __name__ == "__main__":
    main()
