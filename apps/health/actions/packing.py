"""The evidence pack: one ZIP with a page to print (and a PDF of it), tables, compliance papers, letters with our answers,
the files that were brought, and a manifest with the hash of everything."""

import hashlib
import json
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import jobs
from apps.core.exports import Field, table, write_csv
from apps.core.models import Job
from apps.core.storage import agency_key, documents
from apps.health.actions.packs import Held, copied, gather
from apps.health.actions.printing import write_pdf
from apps.health.domain.charts import line_chart
from apps.health.models import Crisis, CrisisStep, Notice
from apps.health.queries.evidence import Evidence, Table

SHOWN = 200  # lines of a table on the printed page; the CSV has them all
PARTS = 14  # tables, papers, letters, proofs, the page: as the job's bar counts them


@dataclass(frozen=True)
class Proof:
    """A file somebody attached to a step; `place` is "" where the storage has lost it."""

    step: CrisisStep
    place: str
    name: str
    digest: str
    size: int
    by: str
    at: str


PAPERS = (
    Field("SKU", lambda r: r.skus),
    Field(gettext_lazy("Sites"), lambda r: r.sites),
    Field(gettext_lazy("Paper"), lambda r: r.about[0]),
    Field(gettext_lazy("Number"), lambda r: r.about[1]),
    Field(gettext_lazy("Issued by"), lambda r: r.about[2]),
    Field(gettext_lazy("Responsible person"), lambda r: r.about[3]),
    Field(gettext_lazy("Valid from"), lambda r: r.about[4]),
    Field(gettext_lazy("Valid to"), lambda r: r.about[5]),
    Field(gettext_lazy("State"), lambda r: r.about[6]),
    Field(gettext_lazy("Part"), lambda r: r.part),
    Field(gettext_lazy("File"), lambda r: r.place),
    Field("SHA-256", lambda r: r.digest),
)
PROOFS = (
    Field("#", lambda r: r.step.position),
    Field(gettext_lazy("Step"), lambda r: r.step.text),
    Field(gettext_lazy("Name"), lambda r: r.name),
    Field(gettext_lazy("File"), lambda r: r.place),
    Field(gettext_lazy("Size"), lambda r: r.size),
    Field(gettext_lazy("By"), lambda r: r.by),
    Field(gettext_lazy("At"), lambda r: r.at),
    Field("SHA-256", lambda r: r.digest),
)


def pack(job: Job, crisis: Crisis, *, at: datetime) -> None:
    """Make the pack and keep it as the job's file; its note says where there could be no PDF."""
    found = Evidence(crisis, job.by)
    with tempfile.TemporaryDirectory(prefix="pack-") as name:
        folder = Path(name) / "pack"
        folder.mkdir()
        tables = _tables(job, found, folder)
        printed = _page(found, folder, tables, job, at)
        _manifest(crisis, folder, at)
        made = Path(name) / "pack.zip"
        with ZipFile(made, "w", ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder).as_posix())
        job.file_name = f"evidence-{crisis.store.slug}-{crisis.number}-{at:%Y-%m-%d}.zip"
        job.file = agency_key("exports", job.pk, job.file_name)
        documents().save(job.file, made)
    job.done = job.total = PARTS
    if not printed:
        job.note = _("Without a PDF: this installation cannot make one. Print index.html from the browser instead.")


def _tables(job: Job, found: Evidence, folder: Path) -> list[Table]:
    """Everything but the page, and the tables that tell of it."""
    papers: list[Held] = gather(found.covered(), folder / "papers")
    steps = found.steps()
    proofs = _proofs(steps, folder)
    tables = [
        *found.tables(),
        Table("papers", gettext_lazy("Compliance papers of the products concerned"), PAPERS, papers),
        Table("proofs", gettext_lazy("Invoices and other files attached to the steps"), PROOFS, proofs),
    ]
    for number, one in enumerate(tables, start=1):
        jobs.advance(job, number, total=PARTS)
        header, rows = table(one.fields, one.rows, job.by)
        write_csv(folder / f"{one.name}.csv", header, rows)
    _letters(found, folder)
    return tables


def _proofs(steps: list[CrisisStep], folder: Path) -> list[Proof]:
    """What people brought, under the step's number; never under a name that leaves the folder."""
    found = []
    for step in steps:
        for number, each in enumerate(step.files, start=1):
            place = folder / "files" / f"{step.position:02d}-{number}-{_plain(each['name'])}"
            there = copied(each["path"], place)
            name = place.relative_to(folder).as_posix() if there else ""
            said = (each["name"], each["digest"], each["size"], each.get("by", ""), each.get("at", ""))
            found.append(Proof(step, name, *said))
    return found


def _letters(found: Evidence, folder: Path) -> None:
    """Each letter with our answers as text, and the document it came in once beside it."""
    kept: set[Any] = set()
    for number, notice in enumerate(found.letters, start=1):
        stem = f"{number:03d}-{notice.at:%Y-%m-%d}-{slugify(notice.subject)[:60] or notice.kind}"
        place = folder / "correspondence" / f"{stem}.txt"
        place.parent.mkdir(exist_ok=True)
        place.write_text(_letter(notice, found), encoding="utf-8-sig")
        original = found.originals.get(notice.file_id)
        if original and original.pk not in kept:
            kept.add(original.pk)
            copied(original.path, folder / "correspondence" / f"{number:03d}-{_plain(original.name)}")


def _letter(notice: Notice, found: Evidence) -> str:
    heads = [
        (_("Subject"), notice.subject), (_("Kind"), notice.get_kind_display()),
        (_("Site"), notice.marketplace or _("Whole account")), ("SKU", notice.sku), ("ASIN", notice.asin),
        (_("Case"), notice.case_id), (_("Received at"), notice.at.isoformat(timespec="minutes")),
        (_("Due"), notice.due), (_("State"), notice.get_state_display()),
    ]  # fmt: skip
    if original := found.originals.get(notice.file_id):
        heads.append((_("SHA-256 of the document as it was brought"), original.digest))
    lines = [f"{name}: {value}" for name, value in heads if value]
    lines += ["", notice.text or _("(The text of this notice is not known.)")]
    for each in reversed(found.answers[str(notice.pk)]):
        lines += ["", f"-- {_('Answer')}, {each.at.isoformat(timespec='minutes')}, {each.actor}", "", each.text]
    return "\n".join(lines) + "\n"


def _plain(name: str) -> str:
    kept = "".join(c if c.isalnum() or c in "._- " else "_" for c in Path(name).name).strip(". ")
    return kept[-120:] or "file"


def _page(found: Evidence, folder: Path, tables: list[Table], job: Job, at: datetime) -> bool:
    """HTML always; False where there could be no PDF of the same."""
    shown = [(one.title, *table(one.fields, one.rows[:SHOWN], job.by)) for one in tables]
    charts = [
        (curve.title, mark_safe(line_chart(curve.points, limit=curve.limit, label=curve.title, limit_label=curve.limit_text)))  # noqa: S308
        for curve in found.curves()
    ]  # fmt: skip
    context = {
        "crisis": found.crisis,
        "steps": found.steps(),
        "charts": charts,
        "tables": [(title, header, list(rows)) for title, header, rows in shown],
        "at": at,
        "most": SHOWN,
    }
    text = render_to_string("health/crises/pack.html", context)
    (folder / "index.html").write_text(text, encoding="utf-8")
    return write_pdf(text, folder / "evidence.pdf")


def _manifest(crisis: Crisis, folder: Path, at: datetime) -> None:
    files = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            files.append({"name": path.relative_to(folder).as_posix(), "sha256": digest, "bytes": path.stat().st_size})
    said: dict[str, Any] = {
        "crisis": crisis.number,
        "store": crisis.store.slug,
        "marketplace": crisis.marketplace,
        "made_at": at.isoformat(),
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
