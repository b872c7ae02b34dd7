"""All that is known of a store, to take along: every table that names it as CSV, and a list of its files with hashes."""

import csv
import tempfile
import zipfile
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from apps.accounts.models import Store
from apps.core import exports, jobs
from apps.core.models import Job
from apps.core.storage import agency_key, documents
from apps.core.tenancy import TenantModel
from apps.sync.models import StoredDocument

SECRET = ("credentials", "secret", "old_secret", "digest", "lease", "path")  # of no use outside, or not to be shown
AT_ONCE = 2000


def pack_store(store: Store, job: Job) -> None:
    """Write the ZIP and keep it as the job's file. A table without a row of the store is left out."""
    tables = list(_tables())
    with tempfile.TemporaryDirectory(prefix="pack-") as folder:
        path = Path(folder) / "pack.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for done, model in enumerate(tables):
                jobs.advance(job, done, total=len(tables) + 1, note=str(model._meta.label_lower))
                _write(archive, f"{model._meta.label_lower}.csv", model, store)
            _manifest(archive, store)
        job.done = job.total = len(tables) + 1
        job.file_name = f"{store.slug}-{timezone.localdate():%Y-%m-%d}.zip"
        job.file = agency_key("exports", job.pk, job.file_name)
        documents().save(job.file, path)


def _tables() -> Iterator[type[models.Model]]:
    """Models whose rows name a store, by their label: those of all apps, also of ones to come."""
    for model in sorted(apps.get_models(), key=lambda each: each._meta.label_lower):
        names = {field.name for field in model._meta.local_fields}
        if issubclass(model, TenantModel) and model is not StoredDocument and "store" in names:
            yield model


def _write(archive: zipfile.ZipFile, name: str, model: type[Any], store: Store) -> None:
    fields = [field.attname for field in model._meta.local_concrete_fields if field.name not in (*SECRET, "agency")]
    rows = model.objects.filter(store=store).order_by().values_list(*fields)
    if not rows.exists():
        return
    with archive.open(name, "w", force_zip64=True) as raw, TextIOWrapper(raw, "utf-8-sig", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(fields)
        # A named cursor of the server: millions of rows never lie in memory at once.
        for row in rows.iterator(AT_ONCE) if connection.in_atomic_block else rows:
            writer.writerow(["" if value is None else exports.safe(value) for value in row])


def _manifest(archive: zipfile.ZipFile, store: Store) -> None:
    """Which files came, when, and the SHA-256 of what was in them."""
    names = ("name", "row", "size", "digest", "received_at", "applied_at", "as_of", "first", "last", "rows")
    with archive.open("documents.csv", "w") as raw, TextIOWrapper(raw, "utf-8-sig", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(names)
        for row in (
            StoredDocument.objects.filter(store=store).order_by("received_at").values_list(*names).iterator(AT_ONCE)
        ):
            writer.writerow(["" if value is None else exports.safe(value) for value in row])
