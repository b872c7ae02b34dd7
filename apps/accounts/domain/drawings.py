"""Drawings (SVG) that people bring: built anew from elements that only draw, or refused.

Nothing that runs, loads, links, embeds or animates is kept; references stay inside the drawing. No document type is
read at all, so there are no entities to expand. The numbers follow SVG 2; the list of elements is our own.
"""

import re
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "http://www.w3.org/2000/svg"
SPACE = " "
ELEMENTS = frozenset(
    """
    svg g defs symbol use path rect circle ellipse line polyline polygon linearGradient radialGradient stop
    clipPath mask text tspan title desc
    """.split()  # noqa: SIM905 - a list of words reads better as text
)
ATTRIBUTES = frozenset(
    """
    id x y x1 y1 x2 y2 cx cy r rx ry fx fy fr d points width height viewBox preserveAspectRatio transform
    gradientUnits gradientTransform spreadMethod offset clipPathUnits maskUnits maskContentUnits pathLength dx dy
    rotate textLength lengthAdjust version
    """.split()  # noqa: SIM905 - a list of words reads better as text
)
LOOKS = frozenset(
    """
    fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin
    stroke-miterlimit stroke-dasharray stroke-dashoffset opacity color display visibility stop-color stop-opacity
    clip-path clip-rule mask font-family font-size font-weight font-style text-anchor letter-spacing
    dominant-baseline
    """.split()  # noqa: SIM905 - a list of words reads better as text
)
REFUSED = {"script", "foreignObject", "image", "iframe", "style", "a", "animate", "animateTransform", "animateMotion",
           "set", "filter", "feImage", "handler", "listener", "embed", "object", "video", "audio"}  # fmt: skip
MOST_ELEMENTS, MOST_DEPTH = 5000, 40
INSIDE = re.compile(r"url\(\s*['\"]?#[\w.-]+['\"]?\s*\)")
WORDY = re.compile(r"[\w\s.,;#%()+*/'\"&!:-]*")


class Odd(Exception):
    """Why a picture is refused: a key of what to tell people; `what` names the part."""

    def __init__(self, key: str, what: str = "") -> None:
        super().__init__(key)
        self.key, self.what = key, what


def is_drawing(raw: bytes) -> bool:
    """It begins like one; whether it is one, reading tells."""
    return raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<svg", b"<?xml", b"<!--"))


def cleaned(raw: bytes) -> bytes:
    """The drawing from its safe parts only. Raises Odd."""
    return _Cleaner().read(raw)


class _Cleaner:
    """Follows the parser and writes what may stay. Elements of foreign namespaces are left out with all they hold."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.kept: list[bool] = []
        self.count = 0

    def read(self, raw: bytes) -> bytes:
        parser = expat.ParserCreate(namespace_separator=SPACE)
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.CharacterDataHandler = self._say
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        try:
            parser.Parse(raw, True)
        except expat.ExpatError:
            raise Odd("broken") from None
        if not self.out:
            raise Odd("kind")
        return "".join(self.out).encode()

    def _refuse_doctype(self, *_declared: object) -> None:
        raise Odd("doctype")

    def _begin(self, full: str, attributes: dict[str, str]) -> None:
        space, _sep, name = full.rpartition(SPACE)
        self.count += 1
        if self.count > MOST_ELEMENTS or len(self.kept) >= MOST_DEPTH:
            raise Odd("too big")
        if not self.kept and (space, name) != (NAMESPACE, "svg"):
            raise Odd("kind")
        if name in REFUSED:
            raise Odd("element", name)
        inside = all(self.kept)
        keeps = inside and space == NAMESPACE and name in ELEMENTS
        if inside and space == NAMESPACE and name not in ELEMENTS and name != "metadata":
            raise Odd("element", name)
        if keeps:
            told = "".join(f" {key}={quoteattr(value)}" for key, value in self._attributes(attributes))
            root = f' xmlns="{NAMESPACE}"' if not self.kept else ""
            self.out.append(f"<{name}{root}{told}>")
        self.kept.append(keeps)

    def _end(self, full: str) -> None:
        if self.kept.pop():
            self.out.append(f"</{full.rpartition(SPACE)[2]}>")

    def _say(self, text: str) -> None:
        if self.kept and all(self.kept):
            self.out.append(escape(text))

    def _attributes(self, attributes: dict[str, str]) -> list[tuple[str, str]]:
        kept: dict[str, str] = {}
        for full, value in attributes.items():
            space, _sep, name = full.rpartition(SPACE)
            if name.lower().startswith("on"):
                raise Odd("element", name)
            if name == "href":
                if not re.fullmatch(r"#[\w.-]+", value.strip()):
                    raise Odd("link", value[:60])
                kept["href"] = value.strip()
            elif name == "style" and not space:
                kept |= _looks(value)
            elif not space and name in ATTRIBUTES | LOOKS:
                kept[name] = _value(value)
        return list(kept.items())


def _looks(style: str) -> dict[str, str]:
    """Declarations of a style attribute as attributes: of those that only say how something looks."""
    pairs = (each.partition(":") for each in style.split(";") if each.strip())
    return {name.strip(): _value(value.strip()) for name, _colon, value in pairs if name.strip() in LOOKS}


def _value(value: str) -> str:
    """A value that neither loads nor runs anything."""
    rest = INSIDE.sub("", value)
    if "url" in rest.lower() or "script:" in rest.lower() or "\\" in rest or not WORDY.fullmatch(rest):
        raise Odd("link", value[:60])
    return value
