"""What is subscribed to, and whether it arrives."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import Store
from apps.accounts.queries import stores_for
from apps.sync.models import NOTIFICATIONS, Connection, Destination, Subscription, UnreadLetter
from apps.sync.sources import SOURCES
from apps.sync.sources.notifications import QUEUE, TYPES
from apps.sync.sources.queues import readable

TEST_TAKES = timedelta(hours=1)
PATIENCE = timedelta(hours=30)  # without having agreed with Amazon: a check is due once a day
SHOWN = 10


@dataclass
class TypeLine:
    """One type of notification, and its living subscription if there is one."""

    key: str
    label: str
    way: str
    row: Subscription | None
    possible: bool  # its kind of address is given


@dataclass
class Board:
    """All about one store's notifications. `place` is None where nobody ever set an address."""

    place: Destination | None
    lines: list[TypeLine]
    unread: list[UnreadLetter] = field(default_factory=list)
    unread_count: int = 0
    busy: bool = False
    readable: bool = True


def board(store: Store) -> Board:
    """What the store's page shows of its notifications."""
    place = Destination.objects.filter(store=store).first()
    living = {row.type: row for row in Subscription.objects.filter(store=store, state=Subscription.State.ACTIVE)}
    lines = [
        TypeLine(key, str(NOTIFICATIONS[key]), type_.way, living.get(key), _has(place, type_.way))
        for key, type_ in TYPES.items()
    ]
    if place is None:
        return Board(None, lines, readable=readable())
    unread = UnreadLetter.objects.filter(destination=place).order_by("-came_at", "-pk")
    busy = bool(place.lease or (place.due_at and place.due_at <= timezone.now()))
    return Board(place, lines, list(unread[:SHOWN]), unread.count(), busy, readable())


def visible_subscriptions(member: Any) -> QuerySet[Subscription]:
    """Subscriptions of the member's stores, those that ended as well."""
    return Subscription.objects.filter(store__in=stores_for(member)).select_related("store")


def troubles(*, at: datetime) -> dict[int, dict[str, Any]]:
    """{store: why its notifications are not arriving}, where the connection works. What mends itself is not told."""
    found: dict[int, dict[str, Any]] = {}
    places = Destination.objects.filter(
        wanted=True, store__active=True, connection__state=Connection.State.ACTIVE
    ).select_related("connection")
    unheard = _unheard(at)
    for place in places:
        detail = _trouble(place, unheard.get(place.store_id, []), at)
        if detail:
            kind = SOURCES.get(place.connection.kind)
            named = place.connection.label or (str(kind.label) if kind else place.connection.kind)
            found[place.store_id] = {"connection": named} | detail
    return found


def _trouble(place: Destination, unheard: list[str], at: datetime) -> dict[str, Any] | None:
    late = place.checked_at is not None and at - place.checked_at > PATIENCE
    if place.problem and (place.problem_kind == "needs_owner" or late):
        return {"code": "settle", "problem": place.problem[:300]}
    if place.read_problem:
        return {"code": "queue", "problem": place.read_problem[:300]}
    if unheard:
        return {"code": "test", "problem": "", "types": unheard}
    return None


def _unheard(at: datetime) -> dict[int, list[str]]:
    """{store: types of which a test was sent and has not arrived, nor anything else since}."""
    found: dict[int, list[str]] = {}
    tried = dict(Destination.objects.filter(tried_at__lt=at - TEST_TAKES).values_list("store_id", "tried_at"))
    for row in Subscription.objects.filter(store__in=tried, state=Subscription.State.ACTIVE).order_by("type"):
        heard = max((each for each in (row.heard_at, row.tried_at) if each), default=None)
        # A subscription that is younger than the test was not tried.
        if row.created_at <= tried[row.store_id] and (heard is None or heard < tried[row.store_id] - TEST_TAKES):
            found.setdefault(row.store_id, []).append(row.type)
    return found


def _has(place: Destination | None, way: str) -> bool:
    return bool(place and (place.queue if way == QUEUE else place.bus_account))
