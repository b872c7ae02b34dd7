"""What a handed-over file is, by its own bytes, and what its text suggests. No library: PDF text of the plain kind.

Text is found in PDFs whose fonts use one byte a letter (what offices and scanners' covers write for Latin letters). Where
letters are glyph numbers, or the page is a picture, nothing is found, and nothing is suggested.
"""

import re
import zlib
from collections.abc import Iterator
from datetime import date

MOST_TEXT = 200_000  # letters that are looked at
MOST_INFLATED = 8 * 2**20  # bytes unpacked of one file: a bomb stops here

MAGIC = (
    (b"%PDF-", "application/pdf", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
)
_STREAM = re.compile(rb"stream\r?\n")
_SHOWN = re.compile(rb"\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]{2,}>|\b(?:Td|TD|Tm|ET)\b|T\*")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.S)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b""}

_ISO = r"(?P<y>20\d\d)[-./年](?P<m>\d{1,2})[-./月](?P<d>\d{1,2})"
_EUROPEAN = r"(?P<d2>\d{1,2})\.(?P<m2>\d{1,2})\.(?P<y2>20\d\d)"
_DAY = re.compile(f"{_ISO}|{_EUROPEAN}")
_UNTIL = re.compile(
    r"(valid (un)?till?|valid to|expir\w*|until|gültig bis|有効期限|有效期至|有效期|到期)[^\d]{0,30}$", re.I
)
_FROM = re.compile(
    r"(date of issue|issued?( on)?|valid from|dated?|ausgestellt( am)?|発行日|签发|发证|生效)[^\d]{0,30}$", re.I
)


def media_of(head: bytes) -> str:
    """The media type a file's first bytes prove; "" for anything we do not take."""
    return next((media for magic, media, _ending in MAGIC if head.startswith(magic)), "")


def ending_of(media: str) -> str:
    """The usual ending of a media type we take."""
    return next((ending for _magic, each, ending in MAGIC if each == media), "bin")


def pdf_text(content: bytes) -> str:
    """The text of a PDF as far as it is written plainly; lines where the pen moved."""
    found: list[str] = []
    length = 0
    for stream in _streams(content):
        text = _shown(stream)
        found.append(text)
        length += len(text)
        if length > MOST_TEXT:
            break
    return "\n".join(found)[:MOST_TEXT]


def _streams(content: bytes) -> Iterator[bytes]:
    """Content streams, unpacked where they are packed; together never more than MOST_INFLATED."""
    left = MOST_INFLATED
    for start in _STREAM.finditer(content):
        end = content.find(b"endstream", start.end())
        raw = content[start.end() : end if end > 0 else None]
        head = content[max(0, start.start() - 300) : start.start()].rpartition(b"obj")[2]
        if b"/FlateDecode" in head:
            try:
                raw = zlib.decompressobj().decompress(raw, left)
            except zlib.error:
                continue
        elif b"/Filter" in head:
            continue
        left -= len(raw)
        if b"BT" in raw:
            yield raw
        if left <= 0:
            return


def _shown(stream: bytes) -> str:
    words: list[str] = []
    for match in _SHOWN.finditer(stream):
        token = match[0]
        if token.startswith(b"("):
            words.append(_ESCAPE.sub(_unescaped, token[1:-1]).decode("cp1252", "replace"))
        elif token.startswith(b"<"):
            words.append(_of_hex(token[1:-1]))
        else:
            words.append("\n")
    return "".join(words)


def _unescaped(match: re.Match[bytes]) -> bytes:
    letter = match[1]
    if letter.isdigit():
        return bytes([int(letter, 8) & 255])
    return _LETTERS.get(letter, letter)


def _of_hex(digits: bytes) -> str:
    plain = re.sub(rb"\s", b"", digits)
    raw = bytes.fromhex((plain + b"0" * (len(plain) % 2)).decode())
    return raw.decode("cp1252", "replace") if all(byte >= 32 for byte in raw) else ""


def suggestions(text: str, patterns: dict[str, str]) -> dict[str, list[str]]:
    """What a text suggests: {"numbers": [...], "valid_from": [...], "valid_to": [...]}; never more than five of each.

    `patterns` are the number formats of kinds, by code. Days are told apart by the words just before them.
    """
    numbers: list[str] = []
    for pattern in patterns.values():
        loose = rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])" if pattern else r"(?!)"
        numbers += re.findall(rf"({loose})", re.sub(r"(?<=DE) (?=\d)", "", text))
    days: dict[str, list[str]] = {"valid_from": [], "valid_to": []}
    for match in _DAY.finditer(text):
        day = _day(match)
        before = text[max(0, match.start() - 60) : match.start()].rpartition("\n\n")[2].rstrip("\n ")
        name = "valid_to" if _UNTIL.search(before) else "valid_from" if _FROM.search(before) else ""
        if day and name:
            days[name].append(day.isoformat())
    flat = [each if isinstance(each, str) else each[0] for each in numbers]
    return {name: list(dict.fromkeys(values))[:5] for name, values in {"numbers": flat, **days}.items()}


def _day(match: re.Match[str]) -> date | None:
    year, month, day = (match[name] or match[f"{name}2"] for name in "ymd")
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
