"""Who does not answer now, in words: told by the breakers that the workers share."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from redis import Redis

from apps.accounts.models import Store
from apps.accounts.queries import stores_for
from apps.sync.breakers import Breaker
from apps.sync.models import Connection

WAIT_SECONDS = 1  # a page does not wait longer for Valkey: it then says nothing of it
REPORTS = _("Amazon's reports")
NOTIFICATIONS = _("Amazon's notifications")
QUEUES = _("Your queues at AWS")
SUBJECTS: dict[str, str | Promise] = {
    "createReport": REPORTS,
    "getReport": REPORTS,
    "getReports": REPORTS,
    "getReportDocument": REPORTS,
    "download": REPORTS,
    "searchOrders": _("Amazon's orders"),
    "getOrder": _("Amazon's orders"),
    "getMarketplaceParticipations": _("Amazon's lists of marketplaces"),
    "createSubscription": NOTIFICATIONS,
    "getSubscription": NOTIFICATIONS,
    "createDestination": NOTIFICATIONS,
    "getDestinations": NOTIFICATIONS,
    "deleteSubscriptionById": NOTIFICATIONS,
    "sendTestNotification": NOTIFICATIONS,
    "ReceiveMessage": QUEUES,
    "DeleteMessage": QUEUES,
}


@dataclass(frozen=True)
class Quiet:
    """One part of the other side that a store's connection leaves in peace, since when, and when it is tried again."""

    store: Store
    label: str | Promise
    since: datetime
    again: datetime


def quiet_for(member: Any) -> list[Quiet]:
    """What does not answer for the member's stores, by store."""
    return quiet_at(stores_for(member).filter(active=True).order_by("name"))


def quiet_at(stores: Iterable[Store]) -> list[Quiet]:
    """What does not answer for some stores: one query, and one question to Valkey."""
    by_id = {store.pk: store for store in stores}
    doors = Connection.objects.filter(store__in=by_id, state=Connection.State.ACTIVE)
    names = {f"{door.agency_id}:{door.pk}": by_id[door.store_id] for door in doors}
    valkey = Redis.from_url(settings.RATES_URL, socket_timeout=WAIT_SECONDS, socket_connect_timeout=WAIT_SECONDS)
    found: dict[tuple[int, str], Quiet] = {}
    for each in Breaker(valkey).silences(list(names)):
        store, label = names[each.connection], SUBJECTS.get(each.operation, each.operation)
        before = found.get((store.pk, str(label)))
        since, again = (
            (min(each.since, before.since), min(each.again, before.again)) if before else (each.since, each.again)
        )
        found[store.pk, str(label)] = Quiet(store, label, since, again)
    place = {pk: number for number, pk in enumerate(by_id)}
    return sorted(found.values(), key=lambda each: (place[each.store.pk], str(each.label)))
