"""Where Amazon delivers a store's notifications: what people decide about it, and what a connection's fate does to it.

Decided here, done by a worker (`subscribing`): each of these only makes the destination due.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from apps.core import audit
from apps.core.crypto import Sealed
from apps.core.tenancy import acting_agency
from apps.sync.actions.bell import send
from apps.sync.actions.credentials import opened, seal_key, seal_keys
from apps.sync.models import Connection, Destination, Subscription
from apps.sync.sources import SOURCES, grant_of
from apps.sync.sources.notifications import BUS, QUEUE, TYPES

TASK = "apps.sync.tasks.settle_notifications"
ACTIVE, ENDING = Subscription.State.ACTIVE, Subscription.State.ENDING


@dataclass(frozen=True)
class Addresses:
    """Where to deliver; at least one of queue and bus. `key_id` and `secret` read the queue; empty: as before."""

    queue: str = ""
    bus_account: str = ""
    bus_region: str = ""
    key_id: str = ""
    secret: str = field(default="", repr=False)


def subscribe(door: Connection, to: Addresses, *, by: Any, at: datetime, replace: bool = False) -> Destination:
    """Have a store's notifications delivered there. `replace`: also those that are delivered elsewhere now."""
    place = _of(door) or Destination(store=door.store, connection=door)
    before = said(place) if place.wanted and not place._state.adding else {}
    if place.queue != to.queue:
        place.queue, place.queue_number, place.read_problem = to.queue, "", ""
    if (place.bus_account, place.bus_region) != (to.bus_account, to.bus_region):
        place.bus_account, place.bus_region, place.bus_number = to.bus_account, to.bus_region, ""
    if to.key_id and to.secret:
        place.secret = seal_key(place, {"key_id": to.key_id, "secret": to.secret})
    elif not to.queue:
        place.secret = ""
    place.wanted, place.replace = True, replace
    _belong(place, door)
    make_due(place, at=at)
    ways = ways_of(place)
    unwanted = [key for key, type_ in TYPES.items() if type_.way not in ways]
    _end(Subscription.objects.filter(store=door.store_id, type__in=unwanted), at=at)
    audit.record(
        "notifications.subscribe", place, by=by, at=at, store=door.store, before=before, after=said(place),
        title=door.store.name,
    )  # fmt: skip
    return place


def unsubscribe(place: Destination, *, by: Any, at: datetime) -> None:
    """Have Amazon forget the store's subscriptions, and stop reading its queue. The addresses stay."""
    place.wanted, place.trial, place.secret, place.read_problem = False, False, "", ""
    _end(Subscription.objects.filter(store=place.store_id), at=at)
    make_due(place, at=at)
    audit.record("notifications.unsubscribe", place, by=by, at=at, store=place.store, title=place.store.name)


def check(place: Destination, *, at: datetime) -> None:
    """Compare with Amazon now; no decision, so the ledger is not told."""
    make_due(place, at=at)


def send_test(place: Destination, *, by: Any, at: datetime) -> None:
    """Have Amazon send one made-up notification of each type that is subscribed to."""
    place.trial = True
    make_due(place, at=at)
    audit.record("notifications.test", place, by=by, at=at, store=place.store, title=place.store.name)


# -- what a connection's fate does


def renew(door: Connection, *, at: datetime) -> None:
    """The store's connection was made, renewed or resumed: its subscriptions are compared, and made where missing."""
    place = _of(door)
    if place is not None:
        _belong(place, door)
        others = Subscription.objects.filter(store=door.store_id).exclude(application=place.application)
        _end(others, at=at)
        make_due(place, at=at)


def part(door: Connection, *, at: datetime, for_good: bool = True) -> None:
    """Before credentials are erased or replaced: keep what deleting the subscriptions needs, the application's own
    keys and nothing of the seller's, until that is done."""
    place = _of(door)
    if place is None or place.connection_id != door.pk:
        return
    keys = _keys(door)
    own = {name: keys[name] for name in ("client_id", "client_secret") if keys.get(name)}
    place.farewell = seal_keys(place, own) if own else place.farewell
    if for_good:
        _end(Subscription.objects.filter(store=door.store_id), at=at)
        place.trial = False
        make_due(place, at=at)
    else:
        place.save(update_fields=["farewell"])


def make_due(place: Destination, *, at: datetime) -> None:
    """Save it, to be settled with Amazon as soon as a worker is free."""
    place.due_at, place.attempts, place.lease, place.lease_until = at, 0, None, None
    place.problem = place.problem_kind = ""
    place.save()
    ring(place.pk)


def ring(place_id: Any, *, seconds: float = 0) -> None:
    """After the commit: tell a worker."""
    kwargs = {"destination_id": str(place_id), "agency_id": acting_agency()}
    transaction.on_commit(partial(send, TASK, queue="interactive", seconds=seconds, **kwargs))


def ways_of(place: Destination) -> dict[str, dict[str, dict[str, str]]]:
    """{way: the resource as Amazon wants it described}."""
    ways: dict[str, dict[str, dict[str, str]]] = {}
    if place.queue:
        ways[QUEUE] = {QUEUE: {"arn": place.queue}}
    if place.bus_account:
        ways[BUS] = {BUS: {"accountId": place.bus_account, "region": place.bus_region}}
    return ways


def said(place: Destination) -> dict[str, Any]:
    """What the ledger keeps of it; no secrets."""
    return {
        "queue": place.queue,
        "bus": f"{place.bus_account} {place.bus_region}".strip(),
        "reads_queue": bool(place.secret),
    }


def _of(door: Connection) -> Destination | None:
    kind = SOURCES.get(door.kind)
    if kind is None or kind.notifies is None:
        return None
    return Destination.objects.select_for_update(of=("self",)).filter(store=door.store_id).first()


def _belong(place: Destination, door: Connection) -> None:
    """Destinations are known to one application: with another one they have to be made anew."""
    application = grant_of(_keys(door)).client_id[:150]
    if place.application != application:
        place.application, place.queue_number, place.bus_number = application, "", ""
    place.connection = door


def _keys(door: Connection) -> dict[str, Any]:
    try:
        return opened(door)
    except Sealed:  # the worker says so
        return {}


def _end(rows: Any, *, at: datetime) -> None:
    rows.filter(state=ACTIVE).update(state=ENDING, ended_at=at)
