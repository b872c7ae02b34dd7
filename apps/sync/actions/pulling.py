"""Does one run from claim to end. The network is never waited for inside a transaction."""

import random
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import close_old_connections, connection, connections
from django.utils import timezone

from apps.core.crypto import Sealed
from apps.core.storage import documents as storage
from apps.core.tenancy import tenant
from apps.sync.actions import documents, leases, telling
from apps.sync.actions.credentials import opened
from apps.sync.actions.leases import Claim, LeaseLost
from apps.sync.actions.slots import ring_next
from apps.sync.models import StoredDocument, Stream
from apps.sync.queries.markets import markets_of, sites_of
from apps.sync.source import Document, NeedsOwner, Source, SourceError, Task, TryLater, Unreadable
from apps.sync.sources import SOURCES

log = structlog.get_logger(__name__)


class _Broken(Exception):
    """An Unreadable that belongs to a stored document."""

    def __init__(self, error: Unreadable, kept: StoredDocument) -> None:
        super().__init__(str(error))
        self.error, self.kept = error, kept


def run(run_id: Any, *, agency_id: int) -> str:
    """Take a run and bring it to an end, or to its next attempt; returns its state ("" if it was not ours to take).

    Safe to call any number of times, at once too: one caller gets the lease.
    """
    with tenant(agency_id):
        claim = leases.claim(run_id, at=timezone.now())
    if claim is None:
        return ""
    with structlog.contextvars.bound_contextvars(agency=agency_id, run=str(run_id), dataset=claim.stream.dataset):
        try:
            with _heartbeat(claim, agency_id), tempfile.TemporaryDirectory(prefix="run-") as folder:
                _work(claim, Path(folder), agency_id)
        except LeaseLost:
            log.warning("lease_lost")
            return ""
        except Exception as error:
            return _failed(claim, error, agency_id)
        return _finished(claim, agency_id)


def _work(claim: Claim, folder: Path, agency_id: int) -> None:
    with tenant(agency_id):
        waiting = leases.unread(claim)
        task = _task(claim)
        source = _source(claim, folder, agency_id)
    for kept in waiting:
        _read_again(claim, source, kept, folder, agency_id)
    if claim.uploaded:
        return
    _step(claim, agency_id, "asking")
    for document in source.fetch(task):
        _take_in(claim, source, document, agency_id)
        _step(claim, agency_id, "asking")


def _task(claim: Claim) -> Task:
    markets = markets_of([claim.stream.marketplace]) if claim.stream.marketplace else sites_of(claim.stream.store_id)
    run = claim.run
    begun = run.started_at if run.crashes else None
    return Task(claim.stream.dataset, markets, run.since, run.until, run.cursor, begun)


def _source(claim: Claim, folder: Path, agency_id: int) -> Source:
    try:
        credentials = opened(claim.connection)
    except Sealed as error:
        raise NeedsOwner(f"the stored credentials cannot be opened: {error}. Reconnect the store.") from None
    name = f"{agency_id}:{claim.connection.pk}"
    return SOURCES[claim.connection.kind].build(credentials, name=name, region=claim.region, folder=folder)


def _take_in(claim: Claim, source: Source, document: Document, agency_id: int) -> None:
    """Raw bytes first, then the facts: a file that breaks us is there to be looked at."""
    try:
        content = documents.content_hash(document.path)
        with tenant(agency_id):
            key = documents.key_of(content)
        documents.put(document.path, key)
        with tenant(agency_id):
            leases.held(claim)
            kept = documents.keep(document, claim.connection, run=claim.run.pk, content=content, key=key)
        if kept.applied_at:
            with tenant(agency_id):
                documents.skip(claim, document)
            return
        _apply(claim, source, document, kept, agency_id)
    finally:
        document.path.unlink(missing_ok=True)


def _read_again(claim: Claim, source: Source, kept: StoredDocument, folder: Path, agency_id: int) -> None:
    """A document that a former attempt left in storage. If it is the same broken file still, what is asked for anew
    may be better: only an uploaded one has nobody to ask."""
    path = folder / kept.pk.hex
    with storage().open(kept.path) as stored, path.open("wb") as file:
        shutil.copyfileobj(stored, file, documents.CHUNK)
    with tenant(agency_id):
        document = documents.restored(kept, path, claim.stream.dataset)
    try:
        _apply(claim, source, document, kept, agency_id)
    except _Broken:
        if claim.uploaded:
            raise
    finally:
        path.unlink(missing_ok=True)


def _apply(claim: Claim, source: Source, document: Document, kept: StoredDocument, agency_id: int) -> None:
    _step(claim, agency_id, "loading")
    try:
        with tenant(agency_id):
            documents.apply(claim, source, document, kept, at=timezone.now())
    except Unreadable as error:
        raise _Broken(error, kept) from error


def _step(claim: Claim, agency_id: int, step: str) -> None:
    with tenant(agency_id):
        if not leases.renew(claim, at=timezone.now(), step=step):
            raise LeaseLost(str(claim.run.pk))


def _finished(claim: Claim, agency_id: int) -> str:
    try:
        with tenant(agency_id):
            at = timezone.now()
            run, stream = leases.held(claim), _stream(claim)
            telling.finish(run, stream, at=at)
            ring_next(claim.connection.pk, at=at)
            return run.state
    except LeaseLost:
        return ""


def _failed(claim: Claim, error: Exception, agency_id: int) -> str:
    """Three kinds of failure, and our own mistakes."""
    log.warning("run_failed", kind=type(error).__name__, error=str(error), exc_info=_ours(error))
    close_old_connections()
    try:
        with tenant(agency_id):
            at = timezone.now()
            run, stream = leases.held(claim), _stream(claim)
            match error:
                case TryLater():
                    telling.put_off(run, stream, error, at=at)
                case NeedsOwner():
                    telling.stop(run, stream, error, at=at)
                case _Broken():
                    telling.set_aside(run, stream, error.error, error.kept.pk, at=at)
                case Unreadable():
                    telling.set_aside(run, stream, error, None, at=at)
                case _:
                    telling.crash(run, stream, error, at=at)
            ring_next(claim.connection.pk, at=at)
            return run.state
    except LeaseLost:
        return ""


def _ours(error: Exception) -> bool:
    return not isinstance(error, SourceError | _Broken)


def _stream(claim: Claim) -> Stream:
    return Stream.objects.select_for_update().get(pk=claim.stream.pk)


@contextmanager
def _heartbeat(claim: Claim, agency_id: int) -> Iterator[None]:
    """Keeps the lease while a long download or load goes on, from a thread with a connection of its own."""
    stop = threading.Event()

    def beat() -> None:
        try:
            while not stop.wait(settings.SYNC_LEASE_SECONDS / 4 * (0.8 + 0.4 * random.random())):
                try:
                    with tenant(agency_id):
                        if not leases.renew(claim, at=timezone.now()):
                            return
                except Exception as error:
                    log.warning("heartbeat_missed", error=str(error))
                    connection.close()
        finally:
            connections.close_all()

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)
