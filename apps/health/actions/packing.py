"""The evidence pack: one ZIP with a page to print, tables, the files that were brought, and a manifest of hashes."""

import hashlib
import json
import shutil
import tempfile
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.template.loader import render_to_string

from apps.core import jobs
from apps.core.exports import table, write_csv
from apps.core.models import Job
from apps.core.storage import agency_key, documents
from apps.health.models import Crisis, CrisisStep
from apps.health.queries import crises as queries

CHUNK = 2**20
SHOWN = 200  # lines of a table on the printed page; the CSV has them all


def pack(job: Job, crisis: Crisis, *, at: datetime) -> None:
    """Make the pack and keep it as the job's file."""
    with tempfile.TemporaryDirectory(prefix="pack-") as name:
        folder = Path(name) / "pack"
        folder.mkdir()
        _tables(job, crisis, folder)
        _files(crisis, folder)
        _page(job, crisis, folder, at)
        _manifest(crisis, folder, at)
        made = Path(name) / "pack.zip"
        with ZipFile(made, "w", ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder).as_posix())
        job.file_name = f"evidence-{crisis.store.slug}-{crisis.number}-{at:%Y-%m-%d}.zip"
        job.file = agency_key("exports", job.pk, job.file_name)
        documents().save(job.file, made)


def _tables(job: Job, crisis: Crisis, folder: Path) -> None:
    for number, one in enumerate(queries.tables(crisis, job.by), start=1):
        header, rows = table(one.fields, one.rows, job.by)
        write_csv(folder / f"{one.name}.csv", header, rows)
        jobs.advance(job, number, total=6)


def _files(crisis: Crisis, folder: Path) -> None:
    """What people brought, under the step's number; never under a name that leaves the folder."""
    for step in CrisisStep.objects.filter(crisis=crisis).order_by("position"):
        for number, each in enumerate(step.files, start=1):
            place = folder / "files" / f"{step.position:02d}-{number}-{_plain(each['name'])}"
            place.parent.mkdir(exist_ok=True)
            with documents().open(each["path"]) as source, place.open("wb") as target:
                shutil.copyfileobj(source, target, CHUNK)


def _plain(name: str) -> str:
    kept = "".join(c if c.isalnum() or c in "._- " else "_" for c in Path(name).name).strip(". ")
    return kept[-120:] or "file"


def _page(job: Job, crisis: Crisis, folder: Path, at: datetime) -> None:
    """HTML always; a PDF of the same where WeasyPrint is installed."""
    shown = [(one.title, *table(one.fields, one.rows[:SHOWN], job.by)) for one in queries.tables(crisis, job.by)]
    steps = CrisisStep.objects.filter(crisis=crisis).select_related(
        "owner__user", "done_by__user", "confirmed_by__user"
    )
    context = {
        "crisis": crisis,
        "steps": steps.order_by("position"),
        "tables": [(title, header, list(rows)) for title, header, rows in shown],
        "at": at,
        "most": SHOWN,
    }
    text = render_to_string("health/crises/pack.html", context)
    (folder / "index.html").write_text(text, encoding="utf-8")
    if find_spec("weasyprint"):
        from weasyprint import HTML  # noqa: PLC0415 - an optional extra

        HTML(string=text).write_pdf(folder / "evidence.pdf")


def _manifest(crisis: Crisis, folder: Path, at: datetime) -> None:
    files = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            files.append({"name": path.relative_to(folder).as_posix(), "sha256": digest, "bytes": path.stat().st_size})
    said: dict[str, Any] = {
        "crisis": crisis.number,
        "store": crisis.store.slug,
        "made_at": at.isoformat(),
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
