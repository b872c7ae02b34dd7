"""Makes Amazon's subscriptions what they should be. The network is never waited for inside a transaction.

Safe to do any number of times: what is there already is found and taken over, what is gone is made again.
"""

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from apps.core import audit
from apps.core.crypto import Sealed
from apps.core.tenancy import tenant
from apps.sync.actions.credentials import opened, opened_keys
from apps.sync.actions.destinations import ring, ways_of
from apps.sync.breakers import Resting
from apps.sync.domain import retry
from apps.sync.models import Connection, Destination, Subscription
from apps.sync.source import NeedsOwner, SourceError, TryLater, Unreadable
from apps.sync.sources import SOURCES, grant_of
from apps.sync.sources.notifications import BUS, QUEUE, TYPES, Notifications, Subscribed, Type

log = structlog.get_logger(__name__)

LEASE, DAILY, GIVE_UP = timedelta(minutes=3), timedelta(days=1), timedelta(days=3)
SOON_SECONDS = 60  # waits shorter than this are rung for; longer ones the sweep finds
NUMBERS = {QUEUE: "queue_number", BUS: "bus_number"}
ACTIVE, ENDING, ENDED = Subscription.State.ACTIVE, Subscription.State.ENDING, Subscription.State.ENDED


@dataclass(frozen=True)
class Claim:
    """A destination that is ours to settle until its lease ends: what there is, and the keys."""

    place: Destination
    door: Connection
    region: str
    token: uuid.UUID
    keys: dict[str, Any]
    old_keys: dict[str, Any]
    living: dict[str, Subscription]
    ending: list[Subscription]

    @property
    def serves(self) -> bool:
        """Should there be subscriptions? Not while the connection stands still."""
        return self.place.wanted and self.door.state == Connection.State.ACTIVE

    @property
    def types(self) -> list[Type]:
        ways = ways_of(self.place)
        return [type_ for type_ in TYPES.values() if type_.way in ways]


def settle(destination_id: Any, *, agency_id: int) -> str:
    """Compare one destination with Amazon and put right what differs; "done", "failed", or "" if it was not ours."""
    with tenant(agency_id):
        claim = _claim(destination_id, at=timezone.now())
    if claim is None:
        return ""
    try:
        problem = _work(claim, agency_id)
    except Exception as error:
        return _failed(claim, error, agency_id)
    return _failed(claim, problem, agency_id) if problem else _settled(claim, agency_id)


def ring_due(*, at: datetime) -> int:
    """Ring for destinations that are due: those that failed, and all others once a day. Returns how many."""
    due = Destination.objects.filter(due_at__lte=at).exclude(lease_until__gt=at)
    ids = list(due.order_by("due_at").values_list("pk", flat=True)[:100])
    for each in ids:
        ring(each)
    return len(ids)


def _claim(destination_id: Any, *, at: datetime) -> Claim | None:
    place = (
        Destination.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("connection", "store")
        .filter(pk=destination_id, due_at__lte=at)
        .exclude(lease_until__gt=at)
        .first()
    )
    if place is None:
        return None
    token = uuid.uuid4()
    place.attempts, place.lease, place.lease_until = place.attempts + 1, token, at + LEASE
    place.save(update_fields=["attempts", "lease", "lease_until"])
    rows = list(Subscription.objects.filter(store=place.store_id, state__in=[ACTIVE, ENDING]).order_by("created_at"))
    living = {row.type: row for row in rows if row.state == ACTIVE}
    ending = [row for row in rows if row.state == ENDING]
    keys = _opened(opened, place.connection), _opened(opened_keys, place)
    return Claim(place, place.connection, place.store.region, token, *keys, living, ending)


def _opened(how: Any, sealed: Any) -> dict[str, Any]:
    """Keys that cannot be opened are none; the call that needs them says what is wrong."""
    try:
        return dict(how(sealed))
    except Sealed:
        return {}


def _work(claim: Claim, agency_id: int) -> SourceError | None:
    """Returns a problem that somebody has to look at, after everything else was done."""
    problems = [_end(claim, row, agency_id) for row in claim.ending]
    if claim.serves:
        if not claim.keys.get("refresh_token"):
            raise NeedsOwner("the stored credentials cannot be opened. Reconnect the store.")
        desk = _desk(claim, claim.keys, agency_id)
        problems += [_try(claim, desk, type_, agency_id) for type_ in claim.types]
    return next((problem for problem in problems if problem), None)


def _desk(claim: Claim, keys: dict[str, Any], agency_id: int) -> Notifications:
    notifies = SOURCES[claim.door.kind].notifies
    if notifies is None:
        raise AssertionError(f"{claim.door.kind} tells nothing by itself")
    return notifies(keys, name=f"{agency_id}:{claim.door.pk}", region=claim.region, folder=Path())


def _end(claim: Claim, row: Subscription, agency_id: int) -> SourceError | None:
    """Amazon forgets one subscription. Where that cannot be done it is told and let go: the seller has the last word."""
    fitting = (keys for keys in (claim.keys, claim.old_keys, {}) if grant_of(keys).client_id == row.application)
    problem: SourceError | None = None
    try:
        keys = next(fitting, None)
        if keys is None:
            raise NeedsOwner("the keys of the application that subscribed are gone")
        _desk(claim, keys, agency_id).unsubscribe(row.type, row.number)
    except (NeedsOwner, Unreadable) as error:
        problem = NeedsOwner(f"{row.type} may still be subscribed to: {error}")
    except TryLater as error:
        if isinstance(error, Resting) or timezone.now() - (row.ended_at or row.created_at) < GIVE_UP:
            raise
        problem = NeedsOwner(f"{row.type} may still be subscribed to: {error}")
    with tenant(agency_id):
        Subscription.objects.filter(pk=row.pk, state=ENDING).update(state=ENDED)
        _tell("notifications.ended", claim, {"type": row.type, "number": row.number}, str(problem or ""))
    return problem


def _try(claim: Claim, desk: Notifications, type_: Type, agency_id: int) -> SourceError | None:
    """One type; what only its owner can mend must not keep the others waiting."""
    try:
        target = _destination(claim, desk, type_.way, agency_id)
        _keep(claim, type_, _subscribed(claim, desk, type_, target), agency_id)
        if claim.place.trial:
            desk.try_out(type_, target)
    except (NeedsOwner, Unreadable) as error:
        return error
    return None


def _destination(claim: Claim, desk: Notifications, way: str, agency_id: int) -> str:
    known = getattr(claim.place, NUMBERS[way])
    number = desk.destination(ways_of(claim.place)[way], known)
    if number != known:
        with tenant(agency_id):
            _mine(claim).update(**{NUMBERS[way]: number})
    return number


def _subscribed(claim: Claim, desk: Notifications, type_: Type, target: str) -> Subscribed:
    """The subscription that delivers to `target`; one that delivers elsewhere is replaced if it is ours to replace."""
    found = desk.subscription(type_) or desk.subscribe(type_, target)
    if found.destination == target:
        return found
    known = claim.living.get(type_.key)
    if not claim.place.replace and (known is None or known.number != found.number):
        raise NeedsOwner(
            f"{type_.key} is subscribed to already, and delivered to destination {found.destination}, not to yours."
            " Delete that subscription where it was made, or subscribe again and choose to replace it."
        )
    desk.unsubscribe(type_.key, found.number)
    made = desk.subscribe(type_, target)
    if made.destination != target:
        raise TryLater(f"{type_.key}: another program subscribes at the same time", SOON_SECONDS)
    return made


def _keep(claim: Claim, type_: Type, found: Subscribed, agency_id: int) -> None:
    """Write down what is subscribed to. A living one that Amazon did not know any more was lost."""
    known = claim.living.get(type_.key)
    if known and (known.number, known.destination) == (found.number, found.destination):
        return
    at = timezone.now()
    with tenant(agency_id):
        if not _mine(claim).exists():
            return
        moved = known is not None and known.destination != found.destination
        lost = at if known and not moved else None
        if known and known.number != found.number:
            Subscription.objects.filter(pk=known.pk).update(state=ENDED, ended_at=at)
        values = {
            "connection": claim.door, "destination": found.destination, "application": claim.place.application,
            "state": ACTIVE, "created_at": at, "lost_at": lost, "ended_at": None,
        }  # fmt: skip
        Subscription.objects.update_or_create(
            store=claim.place.store, type=type_.key, number=found.number, defaults=values
        )
        verb = "notifications.lost" if lost else "notifications.began"
        _tell(verb, claim, {"type": type_.key, "number": found.number})


def _settled(claim: Claim, agency_id: int) -> str:
    at = timezone.now()
    due = at + DAILY * random.uniform(0.9, 1.0) if claim.serves else None
    values: dict[str, Any] = {"due_at": due, "attempts": 0, "problem": "", "problem_kind": "", "replace": False}
    values |= {"checked_at": at} if claim.serves else {}
    values |= {"trial": False, "tried_at": at} if claim.serves and claim.place.trial else {}
    with tenant(agency_id):
        if not Subscription.objects.filter(store=claim.place.store_id, state=ENDING).exists():
            values["farewell"] = ""
        _end_lease(claim, **values)
    return "done"


def _failed(claim: Claim, error: Exception, agency_id: int) -> str:
    """Three kinds of failure, and our own mistakes: tried again soon, or once a day, until somebody has acted."""
    log.warning("not_settled", destination=str(claim.place.pk), kind=type(error).__name__, error=str(error))
    at = timezone.now()
    values: dict[str, Any] = {"problem": str(error)[:2000]}
    seconds: float | None = None
    match error:
        case TryLater():
            values["problem_kind"] = "try_later"
            seconds = retry.pause(claim.place.attempts, random.random(), error.seconds)
            if isinstance(error, Resting):  # nothing was asked
                values["attempts"] = claim.place.attempts - 1
        case NeedsOwner() | Unreadable():
            values |= {"problem_kind": "needs_owner", "trial": False}
        case _:
            log.error("settling_crashed", exc_info=error)
            values["problem_kind"] = "crash"
            seconds = retry.pause(claim.place.attempts + 4, random.random())
    again = timedelta(seconds=seconds) if seconds is not None else DAILY if claim.serves else None
    with tenant(agency_id):
        if not Subscription.objects.filter(store=claim.place.store_id, state=ENDING).exists():
            values["farewell"] = ""
        mine = _end_lease(claim, due_at=at + again if again else None, **values)
        if mine and seconds is not None and seconds < SOON_SECONDS:
            ring(claim.place.pk, seconds=seconds + 0.1)
    return "failed"


def _mine(claim: Claim) -> QuerySet[Destination]:
    """The destination, while nobody has taken over or decided anew."""
    return Destination.objects.filter(pk=claim.place.pk, lease=claim.token)


def _end_lease(claim: Claim, **values: Any) -> bool:
    return bool(_mine(claim).update(lease=None, lease_until=None, **values))


def _tell(verb: str, claim: Claim, after: dict[str, Any], reason: str = "") -> None:
    store = claim.place.store
    audit.record(
        verb, claim.place, by=None, at=timezone.now(), store=store, after=after, reason=reason, title=store.name
    )
