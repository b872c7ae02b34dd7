"""Which column is what, where we do not know it: said once by a person, remembered for every file with that header."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.core import audit
from apps.sync.models import ColumnMap, StoredDocument
from apps.sync.reading.reports import normal
from apps.sync.sources.files import Said


def digest_of(header: tuple[str, ...]) -> str:
    """Equal for the same columns in whatever order: exports of one program differ in nothing else."""
    return hashlib.sha256("\0".join(sorted(map(normal, header))).encode()).hexdigest()


def said(header: tuple[str, ...]) -> Said | None:
    """What somebody of the acting agency has said of this header."""
    row = ColumnMap.objects.filter(digest=digest_of(header)).first()
    return Said(row.dataset, row.columns) if row else None


def remember(
    kept: StoredDocument, header: tuple[str, ...], *, dataset: str, columns: Mapping[str, str], by: Any, at: datetime
) -> ColumnMap:
    """Keep what `by` says of the header of a staged file; it replaces what was said before."""
    digest = digest_of(header)
    before = ColumnMap.objects.select_for_update().filter(digest=digest).first()
    values = {"header": list(header), "dataset": dataset, "columns": dict(columns), "by": by, "at": at}
    row, _new = ColumnMap.objects.update_or_create(digest=digest, defaults=values)
    told = {"dataset": dataset, "columns": row.columns}
    was = {"dataset": before.dataset, "columns": before.columns} if before else {}
    audit.record("import.map", row, by=by, at=at, store=kept.store, before=was, after=told, title=kept.name)
    return row
