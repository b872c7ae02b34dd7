"""JSON files, read as one piece."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from django.utils.translation import gettext

from apps.sync.source import Unreadable

MOST_BYTES = 256 * 2**20
# What reading a file of another shape may end in: nested too deep, other keys, texts for numbers.
MISSHAPEN = (
    RecursionError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    pl.exceptions.PolarsError,
)


def head_of(path: Path) -> bytes:
    """The beginning of a file, without mark and blanks."""
    with path.open("rb") as file:
        return file.read(4096).lstrip(b"\xef\xbb\xbf \r\n\t")


def content_of(path: Path) -> dict[str, Any]:
    """The object that a file holds; numbers with a fraction are Decimal. Raises Unreadable for too large a file."""
    if path.stat().st_size > MOST_BYTES:
        raise Unreadable(gettext("The file is larger than %(count)s bytes when unpacked.") % {"count": MOST_BYTES})
    content = json.loads(path.read_text("utf-8-sig"), parse_float=Decimal)
    if not isinstance(content, dict):
        raise TypeError("not an object")
    return content
