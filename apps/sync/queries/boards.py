"""What the pages of stores, streams, runs and documents show. A constant number of queries each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from apps.accounts.models import Store
from apps.accounts.queries import stores_for, whole_filter
from apps.core.audit import verb_words
from apps.core.models import Entry
from apps.core.permissions import Permission
from apps.core.undo import UNDO, undone_numbers
from apps.sync.domain import ages
from apps.sync.models import NOTIFICATIONS, Connection, Run, StoredDocument, Stream, WebhookDelivery
from apps.sync.queries.freshness import BACKFILLING, BROKEN, FRESH, LATE, NEVER, Freshness, freshness
from apps.sync.sources import SOURCES

FAILED = (Run.State.DEAD, Run.State.QUARANTINED, Run.State.NEEDS_OWNER)
SHOWN = 10


@dataclass
class StoreLine:
    """One store of the matrix: `cells` in the order of the board's columns, None where there is no such dataset."""

    store: Store
    cells: list[Freshness | None] = field(default_factory=list)


@dataclass
class Board:
    """The matrix of stores and datasets, and how many of them are in which state."""

    columns: list[tuple[str, Any]]
    lines: list[StoreLine]
    counts: dict[str, int]
    running: int


def board(member: Any, *, at: datetime | None = None) -> Board:
    """Can I trust the numbers, and who must act?"""
    at = at or timezone.now()
    stores = list(stores_for(member).filter(active=True).select_related("client").order_by("name"))
    found = freshness(stores, at=at)
    columns: dict[str, Any] = {}
    for each in found:
        columns.setdefault(each.dataset, each.label)
    cells = {(each.store_id, each.dataset): each for each in sorted(found, key=gravity, reverse=True)}
    lines = [StoreLine(s, [cells.get((s.pk, key)) for key in columns]) for s in stores]
    counts = {word: sum(each.word == word for each in found) for word in (FRESH, LATE, BROKEN, NEVER, BACKFILLING)}
    return Board(list(columns.items()), lines, counts, sum(each.running for each in found))


def gravity(each: Freshness) -> int:
    return (BROKEN, NEVER, LATE, BACKFILLING, FRESH).index(each.word)


def doors_of(store: Store) -> list[Connection]:
    """A store's connections, closed ones last, each with `consent_left` (days, None: does not lapse) and `pulls`."""
    doors = list(Connection.objects.filter(store=store).order_by("state", "kind", "-created_at"))
    doors.sort(key=lambda door: door.state == Connection.State.REVOKED)
    for door in doors:
        age(door, timezone.now())
        door.pulls = SOURCES[door.kind].pulls if door.kind in SOURCES else False  # type: ignore[attr-defined]
        door.kind_label = named(door)  # type: ignore[attr-defined]
    return doors


def age(door: Connection, at: datetime) -> None:
    """`consent_left` and `secret_left` in days (None: does not end, or nobody knows), and `grave`: 0 to 3."""
    consent, secret = ages.consent_left(door.authorised_at, at), ages.secret_left(door.secret_since, at.date())
    steps = (
        ages.step(consent, ages.CONSENT_DAYS, ages.CONSENT_STEPS),
        ages.step(secret, ages.SECRET_DAYS, ages.SECRET_STEPS),
    )
    door.consent_left, door.secret_left, door.grave = consent, secret, max(steps)  # type: ignore[attr-defined]
    door.consent_grave, door.secret_grave = steps  # type: ignore[attr-defined]


def named(door: Connection) -> str:
    """What somebody called it, else its kind in the reader's language."""
    return door.label or str(SOURCES[door.kind].label if door.kind in SOURCES else door.kind)


def may_import(member: Any) -> bool:
    """Whether they may bring files, of whatever kind."""
    return bool(member.can(Permission.IMPORT) or member.can(Permission.IMPORT_COSTS))


def door_history(store: Store) -> list[Entry]:
    """What was done to a store's connections, newest first, each with `said`."""
    entries = list(
        Entry.objects.filter(store=store, kind__in=["sync.connection", "sync.destination"]).order_by("-number")[:SHOWN]
    )
    for entry in entries:
        kind, type_ = entry.after.get("kind"), entry.after.get("type")
        named = str(SOURCES[kind].label) if kind in SOURCES else str(NOTIFICATIONS.get(type_, ""))
        entry.said = " · ".join(filter(None, [verb_words(entry.verb), named]))  # type: ignore[attr-defined]
    return entries


def streams_of(store: Store) -> QuerySet[Stream]:
    """Living streams of a store with the number of their unfinished runs."""
    unfinished = Count("runs", filter=Q(runs__state__in=[Run.State.DUE, Run.State.RUNNING]))
    streams = Stream.objects.filter(store=store, active=True).exclude(connection__state=Connection.State.REVOKED)
    return streams.select_related("connection").annotate(unfinished=unfinished).order_by("dataset", "marketplace")


def visible_runs(member: Any) -> QuerySet[Run]:
    """Runs of the member's stores, newest first."""
    runs = Run.objects.filter(store__in=stores_for(member)).select_related("stream", "store")
    return runs.order_by("-created_at", "-pk")


def dead_letters(member: Any) -> QuerySet[Run]:
    """What needs a person: given up, unreadable, or stopped because access is gone."""
    return visible_runs(member).filter(state__in=FAILED)


def visible_documents(member: Any) -> QuerySet[StoredDocument]:
    """Files that tell of sites the member may see and of no others, and those they brought themselves."""
    documents = StoredDocument.objects.filter(
        whole_filter(member) | Q(store__in=stores_for(member), uploaded_by=member)
    )
    return documents.select_related("store", "run", "uploaded_by__user").order_by("-received_at", "-pk")


def undoable(member: Any, documents: Iterable[StoredDocument]) -> list[Entry]:
    """What these files changed and one step takes back, where the member may, each with `undone`."""
    if not (member.can(Permission.CHANGES_UNDO) and member.can(Permission.IMPORT)):
        return []
    files = {"kind": StoredDocument._meta.label_lower, "target__in": [str(each.pk) for each in documents]}
    entries = list(Entry.objects.filter(**files, verb__in=UNDO).order_by("number"))
    done = undone_numbers([entry.number for entry in entries])
    for entry in entries:
        entry.undone = entry.number in done  # type: ignore[attr-defined]
    return entries


def imports(member: Any) -> QuerySet[StoredDocument]:
    """Files that people brought."""
    return visible_documents(member).filter(uploaded_by__isnull=False)


def deliveries(endpoint: Any) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(endpoint=endpoint).order_by("-created_at")
