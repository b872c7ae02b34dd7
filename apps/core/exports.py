"""Tables as files: CSV for scripts, XLSX for people. Raw numbers, ISO dates, nothing a spreadsheet would execute."""

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from apps.core import jobs
from apps.core.models import Job
from apps.core.money import to_decimal
from apps.core.permissions import Permission
from apps.core.storage import agency_key, documents

Read = Callable[[Any], Any]
TOLD_EVERY = 500  # rows between two signs of progress
SHEET_ROWS = 2**20 - 1  # below the header; what comes after that a spreadsheet would silently lose


@dataclass(frozen=True)
class Field:
    """A column of a file, in the reader's words; `needs`: absent without the permission.

    `code` reads what programs know the value by. Such columns stand behind all others, so that new ones move none.
    """

    label: str | Promise
    read: Read
    needs: Permission | None = None
    code: Read | None = None


def yes(value: Any) -> str | None:
    """Yes or no in words; nothing where it is not known."""
    return None if value is None else _("Yes") if value else _("No")


def money(amount: str, currency: str) -> Read:
    """Reads minor units of one attribute as a decimal amount in the currency of another."""

    def read(row: Any) -> Decimal | None:
        minor = getattr(row, amount)
        return None if minor is None else to_decimal(minor, getattr(row, currency) or "USD")

    return read


def table(fields: Sequence[Field], rows: Iterable[Any], member: Any) -> tuple[list[str], Iterator[list[Any]]]:
    """(header, rows) of what the member may see."""
    seen = [f for f in fields if f.needs is None or member.can(f.needs)]
    coded = [(_("%s (code)") % f.label, f.code) for f in seen if f.code]
    reads = [f.read for f in seen] + [code for _label, code in coded]
    return [str(f.label) for f in seen] + [label for label, _code in coded], (
        [read(row) for read in reads] for row in rows
    )


def keep(job: Job, fields: Sequence[Field], rows: Iterable[Any], *, total: int, name: str) -> None:
    """Write rows as the job's file into document storage, telling how far it is. `arguments["format"]`: csv or xlsx."""
    kind = job.arguments["format"]
    header, cells = table(fields, rows, job.by)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        job.done = WRITERS[kind](path, header, _told(job, cells, total))
        job.total = job.done
        job.file_name = f"{name}.{kind}"
        job.file = agency_key("exports", job.pk, job.file_name)
        documents().save(job.file, path)


def _told(job: Job, rows: Iterator[list[Any]], total: int) -> Iterator[list[Any]]:
    for number, row in enumerate(rows):
        if number % TOLD_EVERY == 0:
            jobs.advance(job, number, total=total)
        yield row


# A cell beginning with one of these is a formula to a spreadsheet, full-width forms included.
DANGEROUS = tuple("=+-@\t\r\n|＝＋－＠")


def safe(value: Any) -> Any:
    """A cell that is data in every spreadsheet: text that looks like a formula gets a leading apostrophe."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(DANGEROUS) else value
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """UTF-8 with a byte-order mark, so that Excel reads Chinese; returns the number of rows."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            writer.writerow(["" if v is None else safe(v) for v in row])
            count += 1
    return count


def write_xlsx(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Typed cells, streamed to disk, header frozen, a further sheet when one is full; returns the number of rows."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    book = xlsxwriter.Workbook(str(path), options)
    bold = book.add_format({"bold": True})
    sheet = _sheet(book, header, bold)
    count = 0
    for count, row in enumerate(rows, start=1):
        place = (count - 1) % SHEET_ROWS + 1
        if place == 1 and count > 1:
            sheet = _sheet(book, header, bold)
        for column, value in enumerate(row):
            _write(sheet, place, column, value)
    book.close()
    return count


def _sheet(book: Any, header: Sequence[str], bold: Any) -> Any:
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, header, bold)
    sheet.freeze_panes(1, 0)
    return sheet


def _write(sheet: Any, row: int, column: int, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, str(safe(value)))


WRITERS = {"csv": write_csv, "xlsx": write_xlsx}
