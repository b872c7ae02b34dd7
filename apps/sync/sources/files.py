"""Files that people upload and rows that ERPs push: the two doors through which nobody is asked."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
from django.utils.translation import gettext_noop as _

from apps.sync import rows
from apps.sync.reading import kinds, reports, traffic
from apps.sync.reading.table import Table, open_table
from apps.sync.reading.unpack import unpack
from apps.sync.source import Document, LineError, Market, Task, Unreadable

SHOWN = 20


@dataclass(frozen=True)
class Preview:
    """What a file is, before anybody decides: its kind, first lines and everything that would stop it.

    `report.key` is the dataset and `report.row` the row type. `markets` are our marketplace codes found in it; `day`
    the local day of a window report. `path` is the plain file: unpacked, in the folder given, or the file itself.
    `columns`: which column is what (our name → the header's), where a person has said so.
    `problem` and the problems of `errors` are English msgids: show them through gettext.
    """

    path: Path
    report: reports.Report | None = None
    encoding: str = ""
    language: str = ""
    header: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    first: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    markets: tuple[str, ...] = ()
    day: date | None = None
    problem: str = ""
    errors: tuple[LineError, ...] = ()

    @property
    def loadable(self) -> bool:
        return self.report is not None and not self.problem


@dataclass(frozen=True)
class Said:
    """What a person has said of a header: the dataset, and which column is what (our name → the header's)."""

    dataset: str
    columns: Mapping[str, str]


def nothing_said(_header: tuple[str, ...]) -> Said | None:
    """For whoever remembers no header."""
    return None


class Files:
    """See `sync.source.Source`: nothing to fetch, everything is brought."""

    kind: ClassVar[str] = "upload"
    datasets: ClassVar[dict[str, rows.RowType]] = {key: report.row for key, report in kinds.BY_KEY.items()}

    def fetch(self, task: Task) -> Iterator[Document]:
        return iter(())

    def parse(self, document: Document) -> Iterator[pl.DataFrame]:
        return parse(document)


def parse(document: Document) -> Iterator[pl.DataFrame]:
    """Typed batches of an unpacked file of a known kind (`facts["dataset"]`). Raises Unreadable.

    `facts["columns"]`, where it is there, is JSON: which column a person has said to be what.
    """
    report, context = kinds.BY_KEY[document.facts["dataset"]], reports.Context(document.markets, document.as_of)
    if kind := kinds.JSONS.get(report.key):
        return kind.read(document.path, context)
    report = report.mapped(json.loads(document.facts.get("columns", "{}")))
    table = open_table(document.path, declared=document.encoding, language=_language(document.markets))
    return reports.read(report, table, context)


def inspect(
    path: Path,
    markets: tuple[Market, ...],
    as_of: datetime,
    *,
    kind: str = "",
    folder: Path | None = None,
    said: Callable[[tuple[str, ...]], Said | None] = nothing_said,
) -> Preview:
    """Read a file as if it were loaded, and load nothing. Never raises Unreadable: the preview says what is wrong.

    `kind` overrides what the header says; `folder`, if given, is where a gz or zip file is unpacked first.
    `said(header)` is what a person once said of these columns: it counts more than what we make of them.
    """
    preview = Preview(path)
    try:
        preview = Preview(unpack(path, folder) if folder else path)
        if found := kinds.json_kind(preview.path):
            return _tried_json(preview, found, reports.Context(markets, as_of))
        table = open_table(preview.path, language=_language(markets))
    except Unreadable as why:
        return replace(preview, problem=str(why), errors=why.errors)
    preview = replace(preview, encoding=table.encoding, header=table.header)
    report, columns = _report_of(table.header, kind, said(table.header))
    if report is None:
        return replace(preview, problem=_("No known kind of file has these columns."))
    preview = replace(preview, report=report, columns=columns, language=reports.language_of(table.header))
    return _tried(preview, table, reports.Context(markets, as_of))


def _report_of(
    header: tuple[str, ...], kind: str, said: Said | None
) -> tuple[reports.Report | None, Mapping[str, str]]:
    """The kind a table is read as, and the columns that were named for it."""
    if said and kind in ("", said.dataset) and said.dataset in kinds.BY_KEY:
        return kinds.BY_KEY[said.dataset].mapped(said.columns), said.columns
    return kinds.BY_KEY.get(kind) or kinds.recognise(header), {}


def _tried(preview: Preview, table: Table, context: reports.Context) -> Preview:
    report = preview.report
    if report is None:
        return preview
    first: list[dict[str, Any]] = []
    count, sites = 0, set[str]()
    problem, errors = "", tuple[LineError, ...]()
    try:
        for frame in reports.read(report, table, context):
            first = first or frame.head(SHOWN).to_dicts()
            count += frame.height
            if "marketplace" in frame.columns:
                sites.update(frame["marketplace"].unique())
    except Unreadable as why:
        problem, errors = str(why), why.errors
    if not count and not problem:
        problem = _("The file has no lines below its header.")
    return replace(preview, first=first, rows=count, markets=tuple(sorted(sites)), problem=problem, errors=errors)


def _tried_json(preview: Preview, kind: kinds.Json, context: reports.Context) -> Preview:
    frames = list(kind.read(preview.path, context))
    sites = {code for frame in frames for code in frame["marketplace"].unique()}
    day = traffic.day_of(preview.path)[1] if kind.report is kinds.TRAFFIC else None
    if not sites and day:
        sites = {market.code for market in context.markets if market.amazon_id == traffic.day_of(preview.path)[0]}
    return replace(
        preview,
        report=kind.report,
        encoding="utf-8",
        header=kind.report.row.required,
        first=frames[0].head(SHOWN).to_dicts() if frames else [],
        rows=sum(frame.height for frame in frames),
        markets=tuple(sorted(sites)),
        day=day,
    )


def _language(markets: tuple[Market, ...]) -> str:
    return markets[0].language[:2] if markets else ""
