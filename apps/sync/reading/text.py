"""Which characters a file is written in, and its lines as UTF-8 in blocks of some megabytes."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext

from apps.sync.source import LineError, Unreadable

BLOCK = 2 * 2**20  # of a file at a time: as typed columns it takes some twenty times as much
SAMPLE = 8 * 2**20
LINE = 2**20
# What a charset is called outside → the codec that really reads it. Amazon's "Shift_JIS" holds cp932's characters.
CODECS = {
    "cp1252": "cp1252",
    "windows-1252": "cp1252",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "ms932": "cp932",
    "cp932": "cp932",
    "x-sjis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "gb18030": "gb18030",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-8-sig": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-16-be": "utf-16-be",
}
_KANA = re.compile(rb"\x82[\x9f-\xf1]|\x83[\x40-\x96]")
_RUNS = re.compile(rb"[\x80-\xff]+")


def _keep_controls(error: UnicodeError) -> tuple[str, int]:
    """cp1252 leaves five bytes undefined; the web standard reads them as controls, so that nothing is lost."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return chr(error.object[error.start]), error.start + 1


codecs.register_error("storewright.controls", _keep_controls)


def encoding_of(path: Path, declared: str = "", language: str = "") -> str:
    """The codec of a file: its byte order mark, else what was declared, else what its bytes look like.

    `language` ("ja", "zh", "de") decides only where the bytes do not. A declared charset is believed: if the bytes
    contradict it, reading raises Unreadable instead of guessing on.
    """
    with path.open("rb") as file:
        head = file.read(4096)
        if mark := _marked(head):
            return mark
        if declared and (codec := CODECS.get(declared.lower())):
            return codec
        if wide := _wide(head):
            return wide
        file.seek(0)
        return _guess(file.read(SAMPLE), language, path)


def _marked(head: bytes) -> str:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: every other byte of western text is zero."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < max(2, len(head) // 5):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _guess(sample: bytes, language: str, path: Path) -> str:
    if sample.isascii():
        sample = _first_foreign(path)
    if not sample or _decodes(sample, "utf-8"):
        return "utf-8"
    runs = _RUNS.findall(sample)
    high = sum(map(len, runs)) or 1
    if _decodes(sample, "cp932") and (language == "ja" or 4 * len(_KANA.findall(sample)) >= high):
        return "cp932"
    # Chinese text is runs of high bytes; western text has them one by one between letters.
    together = sum(len(run) for run in runs if len(run) > 1) / high
    if _decodes(sample, "gb18030") and (language == "zh" or together > 0.8):
        return "gb18030"
    return "cp1252"


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _first_foreign(path: Path) -> bytes:
    """The first block that is not plain ASCII: a report may have its first umlaut after a million lines."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if not block.isascii():
                return block
    return b""


def blocks(path: Path, codec: str, *, quoted: bool = False, size: int = BLOCK) -> Iterator[bytes]:
    """Whole lines as UTF-8, ended by LF, without byte order mark and NUL. A line never spans two blocks.

    `quoted`: a line break inside double quotes does not end a line.
    """
    rest = b""
    for piece in _recoded(path, codec, size):
        # A CR at the end may belong to an LF that is still to come.
        hold = piece[-1:] if piece.endswith(b"\r") else b""
        text = rest + piece.replace(b"\r\n", b"\n")
        text = text.replace(b"\r\n", b"\n") if hold or rest.endswith(b"\r") else text
        cut = _cut(text, quoted)
        if len(text) - cut > LINE:
            raise Unreadable(gettext("A line is longer than %(count)s bytes.") % {"count": LINE})
        rest = text[cut:]
        if cut:
            yield text[:cut]
    if rest:
        yield rest.rstrip(b"\r\n") + b"\n"


def _cut(text: bytes, quoted: bool) -> int:
    """Where the last whole line ends."""
    cut = text.rfind(b"\n") + 1
    if not quoted:
        return cut
    odd = text.count(b'"', 0, cut) % 2
    while cut and odd:
        earlier = text.rfind(b"\n", 0, cut - 1) + 1
        odd = (odd + text.count(b'"', earlier, cut)) % 2
        cut = earlier
    return cut


def _recoded(path: Path, codec: str, size: int) -> Iterator[bytes]:
    """The file in UTF-8, in pieces cut anywhere."""
    errors = "storewright.controls" if codec == "cp1252" else "strict"
    decoder = codecs.getincrementaldecoder("utf-8-sig" if codec == "utf-8" else codec)(errors)
    narrow, mac, lines, offset = not codec.startswith("utf-16"), None, 1, 0
    with path.open("rb") as file:
        while True:
            block = file.read(size)
            try:
                # Most of every report is plain ASCII, which needs no decoding.
                plain = narrow and offset and block.isascii() and not decoder.getstate()[0]
                text = block if plain else decoder.decode(block, final=not block).encode("utf-8", "surrogatepass")
            except UnicodeDecodeError as error:
                raise _undecodable(error, codec, offset, lines) from None
            if mac is None:
                mac = b"\r" in text and b"\n" not in text
            text = text.replace(b"\0", b"") if b"\0" in text else text
            yield text.replace(b"\r", b"\n") if mac else text
            if not block:
                return
            lines, offset = lines + block.count(b"\n"), offset + len(block)


def _undecodable(error: UnicodeDecodeError, codec: str, offset: int, lines: int) -> Unreadable:
    line = lines + error.object[: error.start].count(b"\n")
    value = error.object[error.start : error.start + 8].hex(" ")
    problem = gettext("these bytes are no %(encoding)s text") % {"encoding": codec}
    where = f"byte {offset + error.start}"
    return Unreadable(f"{problem} ({where})", (LineError(line, where, value, problem),))
