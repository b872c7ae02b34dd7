"""Open what is packed, with limits: a small file must not become a big one on our disk."""

import os
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from apps.sync.source import Unreadable

CHUNK = 2**20
GZ = b"\x1f\x8b"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Bounds:
    """`ratio` counts only beyond the first `free` bytes: small files may well be mostly zeros."""

    size: int = 2 * 2**30
    ratio: int = 200
    free: int = 10 * 2**20
    entries: int = 10_000


BOUNDS = Bounds()


def unpack(path: Path, folder: Path, bounds: Bounds = BOUNDS) -> Path:
    """The plain file inside `path`: a new file in `folder` if it was gz or zip, else `path` itself.

    Workbooks stay packed, but are measured. Raises Unreadable for bombs, broken archives and nested ones.
    """
    if packed(path):
        return gunzip(path, folder, bounds)
    with path.open("rb") as file:
        magic = file.read(2)
    if magic != b"PK":
        return path
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _entries(archive, bounds)
            if any(entry.filename == "[Content_Types].xml" for entry in entries):
                _measure(archive, entries, bounds)
                return path
            return _member(archive, entries, folder, bounds)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Unreadable(gettext("The zip file is broken: %(why)s") % {"why": error}) from None


def packed(path: Path) -> bool:
    """Is it a gz file, broken or not?"""
    with path.open("rb") as file:
        return file.read(2) == GZ


def gunzip(path: Path, folder: Path, bounds: Bounds = BOUNDS) -> Path:
    """Decompress to a new file. Raises Unreadable for a cut-off stream, a wrong checksum or a bomb."""
    return _write(_inflated(path), folder, bounds, path.stat().st_size)


def _inflated(path: Path) -> Iterator[bytes]:
    """Decompressed pieces; concatenated gz members are one file, as gzip itself has it."""
    engine, begun = zlib.decompressobj(wbits=31), False
    try:
        with path.open("rb") as file:
            while data := file.read(CHUNK):
                while data:
                    begun = True
                    yield engine.decompress(data, CHUNK)
                    data = engine.unconsumed_tail
                    if engine.eof:
                        data, engine, begun = engine.unused_data.lstrip(b"\0"), zlib.decompressobj(wbits=31), False
    except zlib.error as error:
        raise Unreadable(gettext("The gz file is broken: %(why)s") % {"why": error}) from None
    if begun:
        raise Unreadable(_("The gz file is cut off: its end is missing."))


def _write(pieces: Iterator[bytes], folder: Path, bounds: Bounds, packed: int) -> Path:
    handle, name = tempfile.mkstemp(prefix="plain-", dir=folder)
    path, size = Path(name), 0
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                size += len(piece)
                _check(size, packed, bounds)
                file.write(piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _check(size: int, packed: int, bounds: Bounds) -> None:
    if size > bounds.size:
        raise Unreadable(gettext("The file is larger than %(count)s bytes when unpacked.") % {"count": bounds.size})
    if size > bounds.free and size > bounds.ratio * max(packed, 1):
        raise Unreadable(gettext("The file grows more than %(count)s times when unpacked.") % {"count": bounds.ratio})


def _entries(archive: zipfile.ZipFile, bounds: Bounds) -> list[zipfile.ZipInfo]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > bounds.entries:
        raise Unreadable(gettext("The archive holds more than %(count)s files.") % {"count": bounds.entries})
    if any(stat.S_ISLNK(entry.external_attr >> 16) for entry in entries):
        raise Unreadable(_("The archive holds a link."))
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable(_("The archive is locked with a password."))
    _check(sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries), bounds)
    return entries


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as file:
        while piece := file.read(CHUNK):
            yield piece


def _measure(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], bounds: Bounds) -> None:
    """Sizes written in an archive may lie: count what really comes out."""
    size, packed = 0, sum(entry.compress_size for entry in entries)
    for entry in entries:
        for piece in _pieces(archive, entry):
            size += len(piece)
            _check(size, packed, bounds)


def _member(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path, bounds: Bounds) -> Path:
    """The one file of an archive; its name is not used for anything. Mac's resource forks do not count."""
    real = [entry for entry in entries if "__MACOSX" not in entry.filename]
    if len(real) != 1:
        raise Unreadable(gettext("The archive must hold exactly one file, not %(count)s.") % {"count": len(real)})
    path = _write(_pieces(archive, real[0]), folder, bounds, real[0].compress_size)
    if packed(path):
        path.unlink()
        raise Unreadable(_("An archive inside an archive is not opened."))
    return path
