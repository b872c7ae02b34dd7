"""What a browser says of itself, in few words: "Chrome 140 · Windows". Good enough to know one's own devices by."""

import re

# The first that matches: nearly all of them claim to be others as well.
BROWSERS = (
    ("WeChat", re.compile(r"MicroMessenger/(\d+)")),
    ("Edge", re.compile(r"Edg(?:e|A|iOS)?/(\d+)")),
    ("Opera", re.compile(r"OPR/(\d+)")),
    ("Firefox", re.compile(r"(?:Firefox|FxiOS)/(\d+)")),
    ("Chrome", re.compile(r"(?:HeadlessChrome|Chrome|CriOS)/(\d+)")),
    ("Safari", re.compile(r"Version/(\d+).*Safari/")),
)
SYSTEMS = (
    ("HarmonyOS", re.compile(r"HarmonyOS|OpenHarmony")),
    ("Android", re.compile(r"Android")),
    ("iPhone", re.compile(r"iPhone")),
    ("iPad", re.compile(r"iPad")),
    ("Windows", re.compile(r"Windows")),
    ("macOS", re.compile(r"Macintosh")),
    ("Linux", re.compile(r"Linux")),
)


def browser_of(told: str) -> str:
    """Browser and system; what we do not know is shortened, not guessed."""
    found = next(((name, match[1]) for name, sign in BROWSERS if (match := sign.search(told))), None)
    if found is None:
        return told[:40]
    system = next((name for name, sign in SYSTEMS if sign.search(told)), "")
    return " · ".join(filter(None, (" ".join(found), system)))
