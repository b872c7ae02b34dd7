"""Reads an agency's queue at AWS. A message is removed after what it says is committed: it may come again, never be lost."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.core import audit
from apps.core.crypto import Sealed
from apps.core.tenancy import acting_agency, tenant
from apps.sync.actions.bell import send
from apps.sync.actions.credentials import opened_key
from apps.sync.breakers import Resting
from apps.sync.models import Destination, UnreadLetter
from apps.sync.source import NeedsOwner, TryLater
from apps.sync.sources import queue_reader
from apps.sync.sources.queues import Letter, Queue, readable

log = structlog.get_logger(__name__)

TASK = "apps.sync.tasks.read_queue"
LEASE, EVERY = timedelta(minutes=2), timedelta(seconds=25)
MOST_AT_ONCE = 200  # messages; then others have their turn
MOST_TIMES = 5  # a message that broke us so often is set aside
KEPT_LETTERS, KEPT_CHARACTERS = 500, 300_000


class NotUnderstood(Exception):
    """Says to whoever forwards notifications what is wrong with one."""


# Who takes what the queues bring: `taker(body, at=)`, in a transaction of its own. Raises NotUnderstood.
TAKERS: list[Callable[..., Any]] = []


@dataclass(frozen=True)
class Reading:
    """A queue that is ours to read until its lease ends."""

    place: Destination
    queue: Queue
    until: datetime


def read(destination_id: Any, *, agency_id: int) -> int:
    """Take what lies in one queue; returns how many messages left it."""
    try:
        with tenant(agency_id):
            reading = _claim(destination_id, at=timezone.now())
        if reading is None:
            return 0
        done, problem = _emptied(reading, agency_id), ""
    except NeedsOwner as error:
        done, problem = 0, str(error)
    except Resting as rest:
        with tenant(agency_id):
            again = timezone.now() + timedelta(seconds=rest.seconds or 0)
            Destination.objects.filter(pk=destination_id).update(read_until=again)
        return 0
    except TryLater as error:
        log.warning("queue_not_read", destination=str(destination_id), error=str(error))
        return 0
    with tenant(agency_id):
        found = Destination.objects.filter(pk=destination_id)
        found.update(read_at=timezone.now(), read_until=None, read_problem=problem[:2000])
    return done


def ring_readers(*, at: datetime) -> int:
    """Ring for queues that were not read just now; one that several stores share is read once."""
    places = Destination.objects.filter(wanted=True).exclude(Q(secret="") | Q(queue=""))
    places = places.exclude(read_until__gt=at).exclude(read_at__gt=at - EVERY)
    ids = list(places.order_by("queue", "pk").distinct("queue").values_list("pk", flat=True))
    for each in ids:
        kwargs = {"destination_id": str(each), "agency_id": acting_agency()}
        transaction.on_commit(partial(send, TASK, queue="sync", **kwargs))
    return len(ids)


def drop_unread(place: Destination, *, by: Any, at: datetime) -> int:
    """Forget what could not be taken; returns how many messages."""
    count, _each = UnreadLetter.objects.filter(destination=place).delete()
    after = {"count": count}
    audit.record("notifications.drop", place, by=by, at=at, store=place.store, after=after, title=place.store.name)
    return count


def take_again(place: Destination, *, by: Any, at: datetime) -> int:
    """Try once more what could not be taken, after something was put right; returns how many now were."""
    taken = 0
    for letter in UnreadLetter.objects.filter(destination=place).order_by("came_at"):
        try:
            with transaction.atomic():
                _offer(letter.body, at)
                letter.delete()
            taken += 1
        except (json.JSONDecodeError, NotUnderstood) as error:
            letter.reason = _why(error)
            letter.save(update_fields=["reason"])
    return taken


def _claim(destination_id: Any, *, at: datetime) -> Reading | None:
    place = (
        Destination.objects.select_for_update(skip_locked=True)
        .filter(pk=destination_id, wanted=True)
        .exclude(Q(secret="") | Q(read_until__gt=at))
        .first()
    )
    if place is None:
        return None
    if not readable():
        raise NeedsOwner("boto3 is not installed: without it queues cannot be read. Install the extra s3.")
    try:
        key = opened_key(place)
    except Sealed as error:
        raise NeedsOwner(f"the queue's key cannot be opened: {error}. Enter it again.") from None
    place.read_until = at + LEASE
    place.save(update_fields=["read_until"])
    return Reading(place, Queue(place.queue, key["key_id"], key["secret"], settings.SQS_URL), place.read_until)


def _emptied(reading: Reading, agency_id: int) -> int:
    reader, done = queue_reader(reading.queue, name=f"{agency_id}:{reading.place.connection_id}"), 0
    while done < MOST_AT_ONCE and timezone.now() < reading.until:
        letters = reader.letters()
        if not letters:
            break
        taken = [letter for letter in letters if _taken(reading.place, letter, agency_id)]
        for letter in taken:
            reader.remove(letter)
        done += len(taken)
        if not taken:  # all of them broke us: they come again by themselves
            break
    return done


def _taken(place: Destination, letter: Letter, agency_id: int) -> bool:
    """Is it safe to remove this message? It is committed, as what it says or as unreadable."""
    at = timezone.now()
    try:
        with tenant(agency_id):
            _offer(letter.body, at)
    except (json.JSONDecodeError, NotUnderstood) as error:
        _set_aside(place, letter, _why(error), at, agency_id)
    except Exception as error:
        log.exception("letter_broke_us", letter=letter.number, times=letter.times)
        if letter.times < MOST_TIMES:
            return False
        _set_aside(place, letter, f"{type(error).__name__}: {error}", at, agency_id)
    return True


def _offer(text: str, at: datetime) -> None:
    """Raises json.JSONDecodeError, NotUnderstood."""
    body = json.loads(text)
    if not isinstance(body, Mapping):
        raise NotUnderstood("not a JSON object")
    for taker in TAKERS:
        taker(body, at=at)


def _why(error: Exception) -> str:
    return f"no JSON: {error}" if isinstance(error, json.JSONDecodeError) else str(error)


def _set_aside(place: Destination, letter: Letter, why: str, at: datetime, agency_id: int) -> None:
    """Keep what nobody could take, the newest some hundred of a queue."""
    values = {
        "store_id": place.store_id, "body": letter.body[:KEPT_CHARACTERS].replace("\x00", ""),
        "reason": why[:500].replace("\x00", ""), "came_at": at,
    }  # fmt: skip
    with tenant(agency_id):
        UnreadLetter.objects.get_or_create(destination=place, number=letter.number[:120], defaults=values)
        old = UnreadLetter.objects.filter(destination=place).order_by("-came_at", "-pk")
        UnreadLetter.objects.filter(pk__in=list(old.values_list("pk", flat=True)[KEPT_LETTERS:])).delete()
