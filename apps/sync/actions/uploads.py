"""Files that people bring: kept first, looked at, then loaded like everything else."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from apps.accounts.models import Store
from apps.core import audit
from apps.core.storage import local_copy
from apps.sync.actions import column_maps, documents
from apps.sync.actions.bell import ring
from apps.sync.actions.connections import UPLOAD, connect
from apps.sync.actions.slots import PULLED
from apps.sync.models import Connection, Run, StoredDocument, Stream
from apps.sync.queries.markets import sites_of
from apps.sync.reading.unpack import unpack
from apps.sync.source import Unreadable
from apps.sync.sources.files import Preview, inspect, nothing_said


class CannotImport(Exception):
    """Says to a person why a file is not taken."""


def door_of(store: Store, *, by: Any, at: datetime) -> Connection:
    """The store's door for files; opened if it is not yet."""
    door = Connection.objects.filter(store=store, kind=UPLOAD).exclude(state=Connection.State.REVOKED).first()
    return door or connect(store, UPLOAD, {}, by=by, at=at)


@contextmanager
def spooled(chunks: Iterable[bytes], *, most: int) -> Iterator[Path]:
    """An upload as a plain, unpacked file. Raises CannotImport if it is too large, Unreadable if it is a bomb."""
    with tempfile.TemporaryDirectory(prefix="upload-") as folder:
        path, size = Path(folder) / "upload", 0
        with path.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > most:
                    raise CannotImport(f"the file is larger than {most // 2**20} MiB")
                file.write(chunk)
        yield unpack(path, Path(folder))


def stage(  # noqa: PLR0913 - named by keyword
    store: Store, door: Connection, path: Path, *, name: str, by: Any, at: datetime, said: Any = nothing_said
) -> StoredDocument:
    """Keep an unpacked file of a store and say what it seems to be. Nothing is loaded yet.

    `said`: see `inspect`. What the agency has said of headers is not for clients to see.
    """
    content = documents.content_hash(path)
    key = documents.key_of(content)
    documents.put(path, key)
    preview = inspect(path, sites_of(store.pk), at, said=said)
    return StoredDocument.objects.create(
        connection=door,
        store=store,
        name=name[:200],
        row=preview.report.row.name if preview.report else "",
        digest=documents.staged_digest(content, at, name),
        size=path.stat().st_size,
        path=key,
        encoding=preview.encoding[:20],
        marketplaces=list(preview.markets),
        as_of=at,
        first=preview.day,
        last=preview.day,
        rows=preview.rows,
        quarantine=preview.problem,
        errors=documents.plain_errors(preview.errors),
        uploaded_by=by,
    )


def preview_of(kept: StoredDocument, *, kind: str = "") -> Preview:
    """Read a staged file as if it were loaded. `kind`: a dataset chosen by a person."""
    markets = sites_of(kept.store_id)
    with local_copy(kept.path) as path:
        return inspect(path, markets, kept.as_of, kind=kind, said=column_maps.said)


def load(kept: StoredDocument, *, kind: str, by: Any, at: datetime, as_of: datetime | None = None) -> Run:
    """Begin to load a staged file; the run shows how it goes. Raises CannotImport.

    `as_of` is the time the file tells about; facts that were told later stand.
    """
    if kept.applied_at or kept.run_id:
        raise CannotImport("this file was loaded already")
    preview = preview_of(kept, kind=kind)
    if preview.report is None or not preview.loadable:
        raise CannotImport(preview.problem or "no known kind of file")
    stream, _new = Stream.objects.get_or_create(
        connection_id=kept.connection_id,
        dataset=preview.report.key,
        marketplace="",
        defaults={"store_id": kept.store_id, "every": 0, "promise": 0},
    )
    run = Run.objects.create(
        stream=stream,
        store_id=kept.store_id,
        slot=f"upload:{kept.pk}",
        since=at,
        until=at,
        due_at=at,
        priority=PULLED,
        requested_by=by,
    )
    kept.run, kept.row, kept.as_of = run, preview.report.row.name, as_of or kept.as_of
    kept.marketplaces, kept.encoding = list(preview.markets), preview.encoding[:20]
    kept.first = kept.last = preview.day
    kept.columns = dict(preview.columns)
    kept.quarantine, kept.errors = "", []
    kept.save()
    after = {"file": kept.name, "dataset": preview.report.key, "rows": preview.rows}
    audit.record("import.load", kept, by=by, at=at, store=kept.store, after=after, title=kept.name)
    ring(run.pk, priority=run.priority)
    return run


def discard(kept: StoredDocument, *, by: Any, at: datetime) -> None:
    """Forget a staged file that was never loaded."""
    if kept.applied_at or kept.run_id:
        raise CannotImport("this file was loaded already")
    audit.record("import.discard", kept, by=by, at=at, store=kept.store, before={"file": kept.name}, title=kept.name)
    kept.delete()


def bring(store: Store, source: Path, *, name: str, kind: str, by: Any, at: datetime) -> Run:
    """Keep and load a file in one step, as programs do. Raises CannotImport with the first thing that is wrong."""
    with tempfile.TemporaryDirectory(prefix="upload-") as folder:
        copy = Path(folder) / "upload"
        shutil.copyfile(source, copy)
        try:
            plain = unpack(copy, Path(folder))
        except Unreadable as error:
            raise CannotImport(str(error)) from None
        kept = stage(store, door_of(store, by=by, at=at), plain, name=name, by=by, at=at, said=column_maps.said)
    return load(kept, kind=kind, by=by, at=at)
