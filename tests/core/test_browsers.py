"""User agents as people know their devices."""

import pytest

from apps.core.browsers import browser_of

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/140.0.0.0 Safari/537.36", "Chrome 140 · Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {KIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge 140 · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox 143 · Linux"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {KIT} Version/18.5 Safari/605.1.15", "Safari 18 · macOS"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5) {KIT} Mobile/15E148 MicroMessenger/8.0.60", "WeChat 8 · iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
        ("x" * 500, "x" * 40),
    ],
)
def test_a_browser_is_said_in_few_words(told, said):
    assert browser_of(told) == said
