"""The design tokens keep their promises: every text colour is readable on every ground it is used on, in both themes."""

import re
from pathlib import Path

import pytest

from apps.accounts.domain.colours import contrast

CSS = (Path(__file__).parents[2] / "frontend/css/tokens.css").read_text(encoding="utf-8")
PAIR = re.compile(r"--([a-z0-9-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)")
TOKENS = {name: {"light": light, "dark": dark} for name, light, dark in PAIR.findall(CSS)}
GROUNDS = ("bg", "surface", "surface-2", "surface-3", "surface-sel")
TEXT, PICTURE = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11

READ = [
    *((text, ground, TEXT) for text in ("text", "text-2") for ground in GROUNDS),
    *(("text-3", ground, TEXT) for ground in ("bg", "surface", "surface-2")),
    *(("accent-text", ground, TEXT) for ground in ("surface", "surface-2", "accent-soft")),
    *((f"{tone}-text", ground, TEXT) for tone in ("danger", "warning", "success", "info", "excess", "neutral")
      for ground in ("surface", "surface-2", f"{tone}-soft")),
    *((f"{tone}-fill", "surface", PICTURE) for tone in ("danger", "warning", "success", "info", "excess", "neutral")),
    *(("line-ctl", ground, PICTURE) for ground in ("surface", "surface-2")),
    *((f"c{n}", "surface", PICTURE) for n in range(1, 9)),
]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), READ)
def test_every_pair_is_readable(front, ground, least, theme):
    found = contrast(TOKENS[front][theme], TOKENS[ground][theme])
    assert found >= least, f"--{front} on --{ground} in the {theme} theme: {found:.2f} < {least}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_stands_on_the_accent_is_readable(theme):
    assert contrast("#ffffff", TOKENS["accent"][theme]) >= TEXT


def test_black_on_white_is_twenty_one():
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
