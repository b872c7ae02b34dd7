"""A file as a table of text: its header, and its lines as data frames of strings with their line numbers."""

import csv
import io
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import polars as pl
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from python_calamine import CalamineError, CalamineWorkbook

from apps.sync.reading.text import BLOCK, blocks, encoding_of
from apps.sync.reading.unpack import OLE
from apps.sync.source import LineError, Unreadable

COLUMNS = 2000
SHEET_ROWS = 20_000
SHEET_CELLS = 5_000_000
MEASURE_BYTES, MEASURE_SECONDS = 2 * 2**30, 120
OVERFLOW = _("more cells than the header has columns")


class Table(Protocol):
    """`frames` gives string columns named by `wanted` (name → position), `line`, and `overflow`: the first
    cell beyond the header, if any. Lines without any content are left out."""

    header: tuple[str, ...]
    encoding: str
    separator: str

    def frames(self, wanted: Mapping[str, int], size: int = BLOCK) -> Iterator[pl.DataFrame]: ...


class TextTable:
    """Lines with a separator. Unquoted as Amazon writes them (a lone `"` in a title is normal), or quoted CSV."""

    def __init__(self, path: Path, encoding: str, separator: str = "\t", *, quoted: bool = False) -> None:
        self.path = path
        self.encoding = encoding
        self.separator = separator
        self.quoted = quoted
        self.header = self._header()

    def _header(self) -> tuple[str, ...]:
        for block in blocks(self.path, self.encoding, quoted=self.quoted, size=2**20):
            text = block.decode("utf-8", "replace")
            lines = (
                csv.reader(io.StringIO(text), delimiter=self.separator)
                if self.quoted
                else (line.split(self.separator) for line in text.split("\n", 1))
            )
            try:
                return _checked(next(iter(lines), []))
            except csv.Error as error:
                raise Unreadable(gettext("The first line cannot be read: %(why)s") % {"why": error}) from None
        raise Unreadable(_("The file is empty."))

    def frames(self, wanted: Mapping[str, int], size: int = BLOCK) -> Iterator[pl.DataFrame]:
        """One frame per block of `size` bytes."""
        width = len(self.header)
        # Gives polars the width to expect: the lines of a report may be shorter than its header.
        first = self.separator.join("x" * (width + 1)).encode() + b"\n"
        select = [pl.col(f"c{index}").alias(name) for name, index in wanted.items()]
        line = 0
        for block in blocks(self.path, self.encoding, quoted=self.quoted, size=size):
            frame = self._split(first + block, sorted({*wanted.values(), width}), line + 1).select(
                *select, pl.col(f"c{width}").alias("overflow")
            )
            count = frame.height - 1
            numbers = pl.int_range(line, line + count + 1, dtype=pl.Int64, eager=True).alias("line")
            frame = frame.with_columns(numbers).slice(1 if line else 2)
            line += count
            yield _filled(frame, wanted)

    def _split(self, text: bytes, columns: list[int], line: int) -> pl.DataFrame:
        """Cells of whole lines; `line` is the number of the first. Raises Unreadable."""
        try:
            return pl.read_csv(
                text,
                separator=self.separator,
                has_header=False,
                schema={f"c{index}": pl.String for index in range(len(self.header) + 1)},
                truncate_ragged_lines=True,
                quote_char='"' if self.quoted else None,
                columns=columns,
            )
        except pl.exceptions.PolarsError:
            told = gettext("Somewhere from line %(line)s on, a quotation mark opens a cell and does not close it.")
            raise Unreadable(told % {"line": line}) from None


class SheetTable:
    """The first sheet of a workbook (xlsx, xls, ods). Numbers and dates become text as a person would type them."""

    separator = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.encoding = "workbook"
        _measured(path)
        try:
            self._sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        except (CalamineError, OSError, ValueError) as error:
            raise Unreadable(gettext("The workbook is broken: %(why)s") % {"why": error}) from None
        self._rows = self._sheet.to_python(skip_empty_area=False)
        if not self._rows:
            raise Unreadable(_("The file is empty."))
        self.header = _checked([_typed_by_hand(cell) for cell in _trimmed(self._rows[0])])

    def frames(self, wanted: Mapping[str, int], size: int = BLOCK) -> Iterator[pl.DataFrame]:
        """One frame per 20 000 rows; `size` has no meaning here."""
        rows, line, width = iter(self._rows[1:]), 2, len(self.header)
        while chunk := list(islice(rows, SHEET_ROWS)):
            columns: dict[str, Sequence[Any]] = {
                name: [_typed_by_hand(row[index]) if index < len(row) else None for row in chunk]
                for name, index in wanted.items()
            }
            columns["overflow"] = ["".join(map(_typed_by_hand, row[width:])) for row in chunk]
            frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
            numbers = pl.int_range(line, line + len(chunk), dtype=pl.Int64, eager=True).alias("line")
            line += len(chunk)
            yield _filled(frame.with_columns(numbers), wanted)


# A workbook of one kilobyte may name a cell so far out that the reader takes all memory there is, and its process with
# it: one that may take no more measures it first.
_MEASURE = """
import resource, sys
from python_calamine import CalamineWorkbook
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
sheet = CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0)
row, column = sheet.end or (0, 0)
print((row + 1) * (column + 1))
"""


def _measured(path: Path) -> None:
    """Raises Unreadable for a workbook whose first sheet is too large to be read as one piece."""
    command = [sys.executable, "-c", _MEASURE, str(path), str(MEASURE_BYTES)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=MEASURE_SECONDS, check=False, env={})
    except subprocess.TimeoutExpired:
        done = None
    too_large = done is None or done.returncode < 0 or (done.returncode == 0 and int(done.stdout) > SHEET_CELLS)
    if too_large:  # other errors are told by reading it
        raise Unreadable(
            gettext("The first sheet of the workbook has more than %(count)s cells.") % {"count": SHEET_CELLS}
        )


def open_table(path: Path, *, declared: str = "", language: str = "") -> Table:
    """A table from an unpacked file of unknown make: workbook, or text whose encoding and separator are found."""
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(b"PK") or magic == OLE:
        return SheetTable(path)
    encoding = encoding_of(path, declared, language)
    separator = _separator(path, encoding)
    return TextTable(path, encoding, separator, quoted=separator != "\t")


def _separator(path: Path, encoding: str) -> str:
    """The one that splits the first line most often."""
    block = next(blocks(path, encoding, size=2**16), b"")
    line = block.split(b"\n", 1)[0].decode("utf-8", "replace")
    return max("\t,;|", key=lambda mark: (line.count(mark), mark == "\t"))


def _checked(cells: Sequence[str]) -> tuple[str, ...]:
    if len(cells) > COLUMNS:
        raise Unreadable(gettext("The file has more than %(count)s columns.") % {"count": COLUMNS})
    header = tuple(cell.strip().strip("\ufeff\0").strip('"').strip() for cell in cells)
    if not any(header):
        raise Unreadable(_("The first line holds no column names."))
    return header


def _filled(frame: pl.DataFrame, wanted: Mapping[str, int]) -> pl.DataFrame:
    """Without blank lines; empty cells are null."""
    names = [*wanted, "overflow"]
    frame = frame.with_columns(pl.col(name).str.strip_chars().replace("", None) for name in names)
    return frame.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in names))


def overflowing(frame: pl.DataFrame) -> list[LineError]:
    """Lines with more cells than the header: a tab inside a cell has shifted everything behind it."""
    broken = frame.filter(pl.col("overflow").is_not_null()).select("line", "overflow").head(100)
    return [LineError(line, "", value[:200], OVERFLOW) for line, value in broken.iter_rows()]


def _trimmed(row: Sequence[Any]) -> list[Any]:
    cells = list(row)
    while cells and cells[-1] in ("", None):
        cells.pop()
    return cells


def _typed_by_hand(cell: Any) -> str:
    """A workbook's cell as text. The shortest form of a float is what was typed: 19.99, never 19.9899999."""
    if isinstance(cell, float):
        number = Decimal(repr(cell))
        return format(number.to_integral_value() if number == number.to_integral_value() else number, "f")
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, date) else str(cell).strip() if cell is not None else ""
