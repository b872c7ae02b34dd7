"""Files that people upload and rows that ERPs push: the two doors through which nobody is asked."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from apps.sync import rows
from apps.sync.reading import reports
from apps.sync.reading.table import Table, open_table
from apps.sync.source import Document, LineError, Market, Task, Unreadable

SHOWN = 20


@dataclass(frozen=True)
class Preview:
    """What a file is, before anybody decides: its kind, first lines and everything that would stop it."""

    report: reports.Report | None
    encoding: str
    header: tuple[str, ...]
    first: list[dict[str, Any]]
    rows: int
    markets: tuple[str, ...]
    problem: str = ""
    errors: tuple[LineError, ...] = field(default=())

    @property
    def loadable(self) -> bool:
        return self.report is not None and not self.problem


class Files:
    """See `sync.source.Source`: nothing to fetch, everything is brought."""

    kind: ClassVar[str] = "upload"
    datasets: ClassVar[dict[str, rows.RowType]] = {report.key: report.row for report in reports.REPORTS}

    def fetch(self, task: Task) -> Iterator[Document]:
        return iter(())

    def parse(self, document: Document) -> Iterator[pl.DataFrame]:
        return parse(document)


def parse(document: Document) -> Iterator[pl.DataFrame]:
    """Typed batches of an unpacked file of a known kind. Raises Unreadable."""
    report = reports.BY_KEY[document.facts["dataset"]]
    table = open_table(document.path, declared=document.encoding, language=_language(document.markets))
    return reports.read(report, table, reports.Context(document.markets, document.as_of))


def inspect(path: Path, markets: tuple[Market, ...], as_of: datetime, *, kind: str = "") -> Preview:
    """Read an unpacked file as if it were loaded, and load nothing. `kind` overrides what the header says."""
    try:
        table = open_table(path, language=_language(markets))
    except Unreadable as why:
        return Preview(None, "", (), [], 0, (), str(why), why.errors)
    report = reports.BY_KEY.get(kind) or reports.recognise(table.header)
    if report is None:
        return Preview(None, table.encoding, table.header, [], 0, (), "no known kind of file has these columns")
    return _tried(report, table, reports.Context(markets, as_of))


def _tried(report: reports.Report, table: Table, context: reports.Context) -> Preview:
    first: list[dict[str, Any]] = []
    count, sites = 0, set()
    try:
        for frame in reports.read(report, table, context):
            first = first or frame.head(SHOWN).to_dicts()
            count += frame.height
            if "marketplace" in frame.columns:
                sites.update(frame["marketplace"].unique())
    except Unreadable as why:
        return Preview(report, table.encoding, table.header, first, count, (), str(why), why.errors)
    return Preview(report, table.encoding, table.header, first, count, tuple(sorted(sites)))


def _language(markets: tuple[Market, ...]) -> str:
    return markets[0].language[:2] if markets else ""
