"""An all-orders report of a million lines: packed file → facts and sums, against COPY of the same rows.

The rival is COPY of the cleaned rows, already in memory's reach on disk, into a table with the same columns and
indexes, without walls, sums or comparison: what PostgreSQL can do at all here.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import psycopg
from django.db.models import Sum

from apps.core.copying import csv_of
from apps.core.tenancy import tenant
from apps.sales.models import OrderLine, SalesDay
from apps.sync.loading import LOADERS, Intake, Loaded
from apps.sync.queries import markets_of
from apps.sync.reading.unpack import Bounds, unpack
from apps.sync.rows import ORDER_LINE
from apps.sync.source import Document
from apps.sync.sources.sp_api import parse
from bench.ground import Ground, as_owner, ground, vacuumed
from bench.measure import peak_megabytes, tell, timed, title
from bench.sizes import Sizes

AS_OF = datetime(2026, 10, 2, tzinfo=UTC)
RIVAL = "bench_orderline"


def run(sizes: Sizes) -> None:
    title(f"Orders report, {sizes.lines:,} lines, gzipped; {sizes.others:,} facts of others beside it")
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        packed = folder / "orders.txt.gz"
        subprocess.run([sys.executable, "-m", "bench.report", str(packed), str(sizes.lines)], check=True)
        with ground(others=sizes.others) as here:
            _measure(here, packed, folder)
    finally:
        shutil.rmtree(folder)


def _measure(here: Ground, packed: Path, folder: Path) -> None:
    before = peak_megabytes()
    vacuumed("sales_orderline", "sales_salesday", "sales_storeday")
    with timed() as first:
        loaded = _load(here, packed, folder)
    peak = peak_megabytes()
    with tenant(here.agency.pk):
        _whole(loaded, here)
    with timed() as again:
        repeated = _load(here, packed, folder)
    if (loaded.new, repeated.new, repeated.changed) != (loaded.rows, 0, 0):
        raise SystemExit(f"wrong: {loaded} then {repeated}")
    with timed() as parsing:
        cleaned = _cleaned(packed, folder)
    rival = _rival(cleaned)
    tell("COPY of the same rows, same indexes", f"{rival:.2f} s", f"{loaded.rows / rival:,.0f} rows/s")
    tell("gz → facts and sums", f"{first.seconds:.2f} s", f"{loaded.rows / first.seconds:,.0f} rows/s")
    tell("  ratio to COPY", f"{first.seconds / rival:.2f}", "1.00 would be COPY itself")
    tell("  unpack and parse alone", f"{parsing.seconds:.2f} s", "with writing the rival's rows to disk")
    tell("  peak memory of the process", f"{peak} MB", f"{before} MB before")
    tell("the same file again, nothing changed", f"{again.seconds:.2f} s", f"{loaded.rows / again.seconds:,.0f} rows/s")
    tell("  ratio to COPY", f"{again.seconds / rival:.2f}")


def _whole(loaded: Loaded, here: Ground) -> None:
    """The sums are those of the lines, else the figures mean nothing."""
    lines = OrderLine.objects.filter(store=here.store).exclude(status="Cancelled").aggregate(n=Sum("quantity"))["n"]
    units = SalesDay.objects.filter(store=here.store).aggregate(n=Sum("units"))["n"]
    if lines != units or OrderLine.objects.filter(store=here.store).count() != loaded.rows:
        raise SystemExit(f"wrong: {lines} units in lines, {units} in sums, {loaded}")


def _load(here: Ground, packed: Path, folder: Path) -> Loaded:
    with tenant(here.agency.pk):
        frames = _frames(packed, folder)
        return LOADERS[ORDER_LINE.name](Intake(here.store.pk, AS_OF, ("US",)), frames)


def _frames(packed: Path, folder: Path) -> Iterator[pl.DataFrame]:
    path = unpack(packed, folder, Bounds(ratio=1000))
    facts = {"dataset": "orders"}
    yield from parse(Document("orders", ORDER_LINE, path, AS_OF, markets_of(["US"]), encoding="utf-8", facts=facts))
    path.unlink()


def _cleaned(packed: Path, folder: Path) -> list[Path]:
    """The rows as COPY wants them, in files."""
    files = []
    for number, frame in enumerate(_frames(packed, folder)):
        texts = pl.col(pl.String).fill_null("")
        rows = frame.drop("title").with_columns(texts, business=pl.col("business") != 0)
        files.append(folder / f"{number}.csv")
        files[-1].write_bytes(csv_of(rows))
    return files


def _rival(files: list[Path]) -> float:
    """Seconds of COPY and commit into a table like ours, holding what ours held of others."""
    with as_owner() as owner:
        owner.execute(f"DROP TABLE IF EXISTS {RIVAL}")
        owner.execute(f"CREATE TABLE {RIVAL} (LIKE sales_orderline INCLUDING ALL)")
        for (agency,) in owner.execute("SELECT id FROM accounts_agency WHERE slug LIKE 'bench%'").fetchall():
            owner.execute("SELECT set_config('app.agency_id', %s, true)", [str(agency)])
            owner.execute(f"INSERT INTO {RIVAL} SELECT * FROM sales_orderline WHERE sku NOT LIKE 'BENCH-0%'")
        owner.execute(
            f"ALTER TABLE {RIVAL} ALTER agency_id SET DEFAULT 1, ALTER store_id SET DEFAULT 1,"
            f" ALTER as_of SET DEFAULT '2026-10-02 00:00+00'"
        )
        owner.commit()
        with timed() as watch:
            _copy(owner, files)
            owner.commit()
        owner.execute(f"DROP TABLE {RIVAL}")
    return watch.seconds


def _copy(owner: psycopg.Connection, files: list[Path]) -> None:
    names = ", ".join("marketplace_id" if n == "marketplace" else n for n in ORDER_LINE.schema if n != "title")
    with owner.cursor().copy(f"COPY {RIVAL} ({names}) FROM STDIN (FORMAT csv)") as copy:  # type: ignore[arg-type]
        for file in files:
            copy.write(file.read_bytes())
