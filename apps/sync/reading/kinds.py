"""All kinds of files there are, and how one is known by its first bytes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from apps.sync import rows
from apps.sync.reading import figures, health, health_files, jsons, product_traits, reports, shipments, traffic
from apps.sync.reading.reports import Context, Report


@dataclass(frozen=True)
class Json:
    """A kind of file that is no table: known by its beginning, read as one piece."""

    report: Report
    is_it: Callable[[bytes], bool]
    read: Callable[[Path, Context], Iterator[pl.DataFrame]]


def _no_table(key: str, row: rows.RowType, *, event: bool) -> Report:
    return Report(key, row, {}, frozenset(), lambda frame, _context: (frame, []), False, event)


TRAFFIC = _no_table("traffic", rows.TRAFFIC, event=False)
HEALTH = _no_table("health", rows.HEALTH, event=True)
SHIPMENTS = _no_table("shipments", rows.SHIPMENT, event=True)
JSONS = {
    kind.report.key: kind
    for kind in (
        Json(HEALTH, health.is_health, health.read),
        Json(SHIPMENTS, shipments.is_shipments, shipments.read),
        Json(TRAFFIC, traffic.is_traffic, traffic.read_uploaded),
    )
}
# The most particular first: a file is the first kind that its header fits.
TABLES = (
    reports.FBA_PLANNING,
    reports.FBA_STOCK,
    reports.ORDERS,
    figures.REPORT,
    health_files.DEFECTS,
    health_files.MERCHANT_RETURNS,
    health_files.FBA_RETURNS,
    health_files.FEEDBACK,
    reports.LISTINGS,
    reports.COSTS,
    reports.OWN_STOCK,
    product_traits.TRAITS,
    reports.PRODUCTS,
    figures.DELIVERIES,
)
BY_KEY = {report.key: report for report in (*TABLES, *(kind.report for kind in JSONS.values()))}


def json_kind(path: Path) -> Json | None:
    """The kind of a JSON file, or None: it is something else."""
    head = jsons.head_of(path)
    if not head.startswith(b"{"):
        return None
    return next((kind for kind in JSONS.values() if kind.is_it(head)), None)


def recognise(header: tuple[str, ...]) -> Report | None:
    """The kind of file a header belongs to, or None."""
    return next((report for report in TABLES if report.fits(header)), None)


def likeliest(header: tuple[str, ...], among: Iterable[str]) -> str:
    """The key of the table, of those in `among`, that a header nobody knows looks most like; the first of equals."""
    return max(among, key=lambda key: BY_KEY[key].likeness(header))
