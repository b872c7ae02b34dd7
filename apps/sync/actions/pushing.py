"""Rows that an ERP pushes: kept as the bytes they came in, loaded in the caller's transaction, or nothing at all."""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from django.db.models import F

from apps.accounts.models import Store
from apps.sync.actions import documents
from apps.sync.actions.connections import connect
from apps.sync.loading import LOADERS, Intake, Loaded
from apps.sync.models import Connection, Stream
from apps.sync.rows import RowType
from apps.sync.source import Document

PUSH = "push"


def push(store: Store, row: RowType, frame: pl.DataFrame, body: bytes, *, by: Any, at: datetime) -> Loaded:
    """Load typed rows of one store; `body` is what was sent, kept by its hash beside the facts it made.

    Raises what the loader raises; then nothing is written.
    """
    door = Connection.objects.filter(store=store, kind=PUSH).exclude(state=Connection.State.REVOKED).first()
    door = door or connect(store, PUSH, {}, by=by, at=at)
    with tempfile.TemporaryDirectory(prefix="push-") as folder:
        path = Path(folder) / "body"
        path.write_bytes(body)
        content = documents.content_hash(path)
        key = documents.key_of(content)
        documents.put(path, key)
        told = Document(f"{row.name} {at:%Y-%m-%d %H:%M:%S}", row, path, at, (), media_type="application/json")
        kept = documents.keep(told, door, run=None, content=content, key=key, by=by)
    loaded = LOADERS[row.name](Intake(store.pk, at, ()), iter([frame]))
    kept.applied_at, kept.rows = at, loaded.rows
    kept.save(update_fields=["applied_at", "rows"])
    Stream.objects.filter(connection=door, dataset__in=_datasets(row)).update(
        fresh_at=at, reached=at, rows=F("rows") + loaded.rows
    )
    documents.tell(row.name, store_id=store.pk, loaded=loaded)
    return loaded


def _datasets(row: RowType) -> list[str]:
    return [{"cost": "costs", "product": "products"}.get(row.name, row.name)]
