"""Pictures that people bring: told by their bytes, not their names, and written anew from the parts that draw.

What only describes a picture (cameras, places, editors, comments), what follows its end and what it could load or run is
left out; what cannot be understood is refused. PNG pixels are unpacked once, so that no bomb is kept.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from apps.accounts.domain.drawings import Odd, cleaned, is_drawing

MOST_BYTES = 512 * 1024
LEAST_SIDE, MOST_SIDE = 16, 2000
PNG, JPEG, WEBP, SVG = "png", "jpg", "webp", "svg"
MEDIA = {PNG: "image/png", JPEG: "image/jpeg", WEBP: "image/webp", SVG: "image/svg+xml"}
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a PNG's colour type
PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"sRGB", b"gAMA", b"cHRM"}
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_KEPT = JPEG_FRAMES | {0xC4, 0xDB, 0xDD, 0xEE}  # tables, restarts, how Adobe's colours are meant
JPEG_SCAN, JPEG_END = 0xDA, 0xD9
WEBP_KEPT = {b"VP8 ", b"VP8L", b"ALPH"}
WEBP_ALPHA = 0x10


@dataclass(frozen=True)
class Picture:
    """A picture that may be shown: `kind` is its ending. A drawing (SVG) has no size in pixels: 0."""

    kind: str
    data: bytes
    width: int = 0
    height: int = 0


def safe_picture(raw: bytes) -> Picture:
    """The picture written anew. Raises Odd, whose text is a key of what to tell people."""
    if len(raw) > MOST_BYTES:
        raise Odd("too big")
    try:
        picture = _read(raw)
    except (struct.error, IndexError, zlib.error):
        raise Odd("broken") from None
    if picture.kind != SVG and not all(LEAST_SIDE <= side <= MOST_SIDE for side in (picture.width, picture.height)):
        raise Odd("size")
    return picture


def _read(raw: bytes) -> Picture:
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(raw)
    if raw.startswith(b"\xff\xd8\xff"):
        return _jpeg(raw)
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return _webp(raw)
    if is_drawing(raw):
        return Picture(SVG, cleaned(raw))
    raise Odd("kind")


# -- PNG


def _png(raw: bytes) -> Picture:
    chunks = [chunk for chunk in _chunks(raw) if chunk[0] in PNG_KEPT]
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13 or chunks[-1][0] != b"IEND":
        raise Odd("broken")
    width, height, depth, colours, _packing, _filter, laced = struct.unpack(">IIBBBBB", chunks[0][1])
    if not 0 < width <= MOST_SIDE or not 0 < height <= MOST_SIDE:
        raise Odd("size")
    bits = CHANNELS.get(colours, 0) * depth
    most = height * (1 + (width * bits + 7) // 8) + (8 * (height + 8) if laced else 0)
    unpacker = zlib.decompressobj()
    pixels = unpacker.decompress(b"".join(data for name, data in chunks if name == b"IDAT"), most + 1)
    whole = len(pixels) == most or (laced and 0 < len(pixels) <= most)
    if not bits or not whole or not unpacker.eof:
        raise Odd("broken")
    return Picture(PNG, raw[:8] + b"".join(_chunk(*chunk) for chunk in chunks), width, height)


def _chunks(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(raw):
        size, name = struct.unpack_from(">I4s", raw, at)
        data = raw[at + 8 : at + 8 + size]
        (told,) = struct.unpack_from(">I", raw, at + 8 + size)
        if told != zlib.crc32(name + data):
            raise Odd("broken")
        yield name, data
        if name == b"IEND":
            return
        at += 12 + size


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


# -- JPEG


def _jpeg(raw: bytes) -> Picture:
    kept, width, height = [b"\xff\xd8"], 0, 0
    for mark, start, end in _segments(raw):
        if mark in JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", raw, start + 5)
        if mark in JPEG_KEPT or mark == JPEG_SCAN:
            kept.append(raw[start:end])
    if not width or len(kept) < 4:
        raise Odd("broken")
    return Picture(JPEG, b"".join([*kept, b"\xff\xd9"]), width, height)


def _segments(raw: bytes) -> Iterator[tuple[int, int, int]]:
    """(mark, where it begins, where it ends) up to the end of the picture."""
    at = 2
    while raw[at : at + 2] != bytes([0xFF, JPEG_END]):
        if raw[at] != 0xFF:
            raise Odd("broken")
        if raw[at + 1] == 0xFF:  # padding
            at += 1
            continue
        size = struct.unpack_from(">H", raw, at + 2)[0]
        end = at + 2 + size
        if size < 2 or end > len(raw):
            raise Odd("broken")
        if raw[at + 1] == JPEG_SCAN:
            end = _scan_end(raw, end)
        yield raw[at + 1], at, end
        at = end


def _scan_end(raw: bytes, at: int) -> int:
    """Where the pixels of a scan end: at the first mark that is neither stuffing nor a restart."""
    while True:
        at = raw.find(b"\xff", at)
        if at < 0 or at + 1 >= len(raw):
            raise Odd("broken")
        if raw[at + 1] != 0 and not 0xD0 <= raw[at + 1] <= 0xD7:
            return at
        at += 2


# -- WebP


def _webp(raw: bytes) -> Picture:
    kept: list[tuple[bytes, bytes]] = []
    at, end = 12, 8 + struct.unpack_from("<I", raw, 4)[0]
    if end > len(raw):
        raise Odd("broken")
    while at + 8 <= end:
        name, size = struct.unpack_from("<4sI", raw, at)
        data = raw[at + 8 : at + 8 + size]
        if len(data) != size or name in {b"ANIM", b"ANMF"}:
            raise Odd("broken")
        if name in WEBP_KEPT:
            kept.append((name, data))
        at += 8 + size + size % 2
    pictures = [data for name, data in kept if name != b"ALPH"]
    if len(pictures) != 1:
        raise Odd("broken")
    width, height = _webp_size(*next(chunk for chunk in kept if chunk[0] != b"ALPH"))
    if any(name == b"ALPH" for name, _data in kept):  # only the extended form may carry it
        sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
        kept.insert(0, (b"VP8X", bytes([WEBP_ALPHA, 0, 0, 0]) + sides))
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in kept
    )
    return Picture(WEBP, b"RIFF" + struct.pack("<I", len(body)) + body, width, height)


def _webp_size(name: bytes, data: bytes) -> tuple[int, int]:
    if name == b"VP8L":
        if data[0] != 0x2F:
            raise Odd("broken")
        bits = struct.unpack_from("<I", data, 1)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if data[3:6] != b"\x9d\x01\x2a":
        raise Odd("broken")
    width, height = struct.unpack_from("<HH", data, 6)
    return width & 0x3FFF, height & 0x3FFF
