"""Evidence: the papers of one SKU on one site, as an archive with a list of what is in it."""

import csv
import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.core.exports import safe
from apps.core.storage import Missing, documents
from apps.health.models import Coverage, CoverState, Paper, PaperFile
from apps.health.queries.coverage import blockers, papers_of
from apps.health.queries.papers import Kind, kinds, rules

MANIFEST = "manifest.csv"
CHUNK = 2**20
FIXED = (2020, 1, 1, 0, 0, 0)  # the same papers make the same bytes


def pack_name(line: Coverage) -> str:
    """The archive's name: the SKU may hold signs that files may not."""
    return f"papers-{line.marketplace_id}-{slugify(line.sku) or 'sku'}.zip"


def pack(line: Coverage, *, at: datetime) -> BinaryIO:
    """The archive, open at its beginning: a folder per paper, a manifest with numbers, days and SHA-256 of every file,
    and what is missing.
    """
    archive = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    known = kinds()
    rows: list[list[object]] = []
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for number, paper in enumerate(papers_of(line), start=1):
            folder = f"{number:02d}-{slugify(paper.kind)}-v{paper.version}"
            for kept in paper.files.all():
                name = _put(file, folder, kept, [row[0] for row in rows])
                rows.append([name, *_about(paper, known), kept.part, kept.digest if name else ""])
            if not paper.files.all():
                rows.append(["", *_about(paper, known), "", ""])
        file.writestr(_info(MANIFEST), _manifest(line, rows, at))
    archive.seek(0)
    return cast(BinaryIO, archive)


@dataclass(frozen=True)
class Held:
    """A paper's file in an evidence pack; `place` is "" where the storage has lost it or there is none."""

    place: str
    skus: str
    sites: str
    about: tuple[object, ...]
    part: str
    digest: str


def gather(lines: Iterable[Coverage], folder: Path) -> list[Held]:
    """Copy the papers behind these offers into a folder, each once; what they are, with the offers that hang on them."""
    offers: dict[Any, list[Coverage]] = {}
    for line in lines:
        for cell in line.cells.values():
            if cell.get("p"):
                offers.setdefault(str(cell["p"]), []).append(line)
    known, found = kinds(), []
    papers = Paper.objects.filter(pk__in=offers).prefetch_related("files").order_by("kind", "-version", "pk")
    for number, paper in enumerate(papers, start=1):
        mine = offers[str(paper.pk)]
        skus = ", ".join(sorted({each.sku for each in mine}))
        sites = " ".join(sorted({each.marketplace_id for each in mine}))
        about = tuple(_about(paper, known))
        for n, kept in enumerate(paper.files.all(), start=1):
            place = folder / f"{number:02d}-{slugify(paper.kind)}-v{paper.version}" / f"{kept.part}-{n}-{kept.name}"
            there = copied(kept.key, place)
            name = place.relative_to(folder.parent).as_posix() if there else ""
            found.append(Held(name, skus, sites, about, kept.part, kept.digest if there else ""))
        if not paper.files.all():
            found.append(Held("", skus, sites, about, "", ""))
    return found


def copied(key: str, place: Path) -> bool:
    """Write a stored file into a pack. False where the storage has lost it: the pack is made all the same, and says so."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with documents().open(key) as source, place.open("wb") as target:
            shutil.copyfileobj(source, target, CHUNK)
    except Missing:
        return False
    return True


def _put(file: zipfile.ZipFile, folder: str, kept: PaperFile, names: list[object]) -> str:
    """Its place in the archive; "" if the storage has lost it."""
    name, n = f"{folder}/{kept.part}-{kept.name}", 1
    while name in names:
        n += 1
        name = f"{folder}/{kept.part}-{n}-{kept.name}"
    try:
        with documents().open(kept.key) as source:
            file.writestr(_info(name), source.read())
    except Missing:
        return ""
    return name


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, FIXED)
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return info


def _about(paper: Paper, known: Mapping[str, Kind]) -> list[object]:
    kind = known.get(paper.kind)
    days = [paper.valid_from or "", paper.valid_to or ""]
    return [
        kind.name if kind else paper.kind,
        paper.number,
        paper.issuer,
        paper.person,
        *days,
        paper.get_state_display(),
    ]


def _manifest(line: Coverage, rows: list[list[object]], at: datetime) -> bytes:
    """As a table that spreadsheets open; with a byte-order mark, so that they read Chinese."""
    text = io.StringIO()
    writer = csv.writer(text)
    head = [("SKU", line.sku), ("ASIN", line.asin), (_("Product"), line.title), (_("Site"), line.marketplace_id)]
    head += [(_("Store"), line.store.name), (_("State"), CoverState(line.state).label)]
    head.append((_("Made"), at.isoformat(timespec="minutes")))
    for name, value in head:
        writer.writerow([name, safe(str(value))])
    for blocker in blockers(line.cells, rules(), kinds()):
        writer.writerow([_("Open"), blocker.name, CoverState(blocker.state).label])
    writer.writerow([])
    names = (
        _("File"),
        _("Paper"),
        _("Number"),
        _("Issued by"),
        _("Responsible person"),
        _("Valid from"),
        _("Valid to"),
    )
    writer.writerow([*names, _("State"), _("Part"), "SHA-256"])
    for row in rows:
        writer.writerow([safe(str(value)) for value in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode()
