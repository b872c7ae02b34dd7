"""Documents: kept as raw bytes first, then loaded whole or not at all."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import structlog
from django.db import DataError, transaction
from django.utils.translation import gettext

from apps.core.storage import agency_key, documents
from apps.core.tenancy import acting_agency
from apps.sync.actions import leases
from apps.sync.actions.leases import Claim
from apps.sync.actions.slots import plan_of
from apps.sync.domain.shrinking import REMEMBERED, shrunk
from apps.sync.loading import LOADERS, Follower, Intake, Loaded, followers
from apps.sync.models import Connection, StoredDocument
from apps.sync.queries.markets import markets_of
from apps.sync.rows import ROW_TYPES
from apps.sync.source import Document, LineError, Source, Unreadable

log = structlog.get_logger(__name__)
CHUNK, MOST_ERRORS = 2**20, 100


def content_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identity(content: str, document: Document) -> str:
    """Equal for the same telling only: a later report may well hold the same bytes (nothing was sold, or a value
    went back to what it was), and two sites that share their stock do. Those are news, not repetitions."""
    codes = ",".join(sorted(market.code for market in document.markets))
    parts = (content, document.as_of.isoformat(), codes, str(document.first), str(document.last))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def staged_digest(content: str, at: datetime, name: str) -> str:
    """Each upload is a telling of its own: who brings a file again means it to be read again."""
    return hashlib.sha256(f"{content}\0{at.isoformat()}\0{name}".encode()).hexdigest()


def plain_errors(errors: Iterable[LineError]) -> list[dict[str, Any]]:
    """Line errors as JSON values, the first hundred."""
    return [asdict(each) for each in islice(errors, MOST_ERRORS)]


def key_of(content: str) -> str:
    """Where bytes of this hash lie."""
    return agency_key("documents", content[:2], content)


def put(path: Path, key: str) -> None:
    """Bytes into storage, outside any transaction. Equal bytes have equal keys, so nothing is ever replaced."""
    store = documents()
    if not store.exists(key):
        store.save(key, path)


def keep(
    document: Document, connection: Connection, *, run: Any, content: str, key: str, by: Any = None
) -> StoredDocument:
    """The document's row. The same telling is kept once, whichever worker brings it again."""
    values = {
        "store_id": connection.store_id,
        "run_id": run,
        "name": document.name[:200],
        "size": document.path.stat().st_size,
        "path": key,
        "encoding": document.encoding[:20],
        "media_type": document.media_type[:60],
        "marketplaces": [market.code for market in document.markets],
        "as_of": document.as_of,
        "first": document.first,
        "last": document.last,
        "uploaded_by": by,
    }
    kept, _new = StoredDocument.objects.get_or_create(
        connection=connection, row=document.row.name, digest=identity(content, document), defaults=values
    )
    return kept


def restored(kept: StoredDocument, path: Path, dataset: str) -> Document:
    """What `keep` kept, as a source wants to read it; `path` is a local copy of its bytes."""
    return Document(
        name=kept.name,
        row=ROW_TYPES[kept.row],
        path=path,
        as_of=kept.as_of,
        markets=markets_of(kept.marketplaces),
        first=kept.first,
        last=kept.last,
        encoding=kept.encoding,
        media_type=kept.media_type,
        facts={"dataset": dataset} | ({"columns": json.dumps(kept.columns)} if kept.columns else {}),
    )


def apply(claim: Claim, source: Source, document: Document, kept: StoredDocument, *, at: datetime) -> Loaded:
    """Rows into facts, the document marked as applied, the run's cursor moved: the caller's one transaction.

    Raises Unreadable (nothing is written then) and LeaseLost.
    """
    run = leases.held(claim)
    intake = Intake(
        store_id=kept.store_id,
        as_of=document.as_of,
        markets=tuple(market.code for market in document.markets),
        first=document.first,
        last=document.last,
        document=kept,
        by=run.requested_by,
    )
    loaded = _load(document.row.name, intake, _frames(source, document))
    if _is_all_there_is(claim) and not (kept.quarantine and run.requested_by_id):  # a person has seen why, and insists
        _refuse_shrunk(kept, loaded.rows)
    kept.applied_at, kept.rows, kept.quarantine, kept.errors = at, loaded.rows, "", []
    kept.save(update_fields=["applied_at", "rows", "quarantine", "errors"])
    leases.count(claim, rows=loaded.rows, changed=loaded.new + loaded.changed + loaded.gone, cursor=document.cursor)
    tell(document.row.name, store_id=kept.store_id, loaded=loaded)
    return loaded


def _is_all_there_is(claim: Claim) -> bool:
    """Asked for by us, and a picture of the present: neither a window of the past nor what somebody brings."""
    plan = plan_of(claim.stream)
    return bool(plan.every) and not plan.history and not claim.uploaded


def _refuse_shrunk(kept: StoredDocument, rows: int) -> None:
    """A picture of the present with less than half of the usual rows is more likely broken than true."""
    same = StoredDocument.objects.filter(connection=kept.connection_id, row=kept.row, marketplaces=kept.marketplaces)
    known = same.filter(applied_at__isnull=False, as_of__lt=kept.as_of).order_by("-as_of")
    usual = shrunk(rows, list(known.values_list("rows", flat=True)[:REMEMBERED]))
    if usual is not None:
        raise Unreadable(
            gettext(
                "This report has %(rows)d rows, the ones before had about %(usual)d: it may be cut off. Nothing was"
                " changed. If it is right, do the run again: it is then taken as it is."
            )
            % {"rows": rows, "usual": usual}
        )


def _load(row: str, intake: Intake, frames: Iterator[pl.DataFrame]) -> Loaded:
    """What PostgreSQL cannot hold (a SKU too long, a count beyond all measure) is the file's fault, not a crash."""
    try:
        return LOADERS[row](intake, frames)
    except DataError as error:
        raise Unreadable(gettext("A value does not fit: %(why)s") % {"why": str(error).partition("\n")[0]}) from None


def skip(claim: Claim, document: Document) -> None:
    """Known already and in the facts: only the cursor moves."""
    leases.held(claim)
    leases.count(claim, rows=0, changed=0, cursor=document.cursor, applied=False)


def _frames(source: Source, document: Document) -> Iterator[pl.DataFrame]:
    return iter(source.parse(document))


def tell(row: str, *, store_id: int, loaded: Loaded) -> None:
    """After the commit, those who recompute from these rows hear of it."""
    agency = acting_agency()
    for follower in followers([row]):
        transaction.on_commit(partial(_told, follower, agency_id=agency, store_id=store_id, row=row, loaded=loaded))


def _told(follower: Follower, **about: Any) -> None:
    """The facts are in: a follower that fails undoes nothing, it only is behind until the next one."""
    try:
        follower(**about)
    except Exception:
        log.exception("follower_failed", row=about["row"], store=about["store_id"])
