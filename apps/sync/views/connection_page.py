"""The page of a store's connections, which several forms lead back to."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Store
from apps.core.http import MemberRequest, page
from apps.core.permissions import Permission
from apps.sync.forms import DestinationForm, ReasonForm, TokenForm
from apps.sync.models import Connection
from apps.sync.queries import setting_up
from apps.sync.queries.boards import door_history, doors_of, streams_of
from apps.sync.queries.freshness import freshness
from apps.sync.queries.silences import quiet_at
from apps.sync.queries.subscriptions import board


def connections_page(
    request: MemberRequest, store: Store, *, form: Any = None, leaving: Any = None, news: Any = None, status: int = 200
) -> HttpResponse:
    """The store's connections; forms that were refused come back with what is wrong."""
    found = freshness([store])
    may_edit = request.member.can(Permission.STORES_EDIT)
    doors = doors_of(store)
    context = {
        "store": store,
        "doors": doors,
        "connected": any(door.kind == "sp_api" and door.state != Connection.State.REVOKED for door in doors),
        "amazon": store.channel == "amazon",
        "streams": streams_of(store),
        "freshness": found,
        "running": any(each.running or each.word == "backfilling" for each in found),
        "form": form or (TokenForm("sp_api") if may_edit else None),
        "leaving": leaving or ReasonForm(),
        "may_edit": may_edit,
        "history": door_history(store),
        "quiet": quiet_at([store]),
        "now": timezone.now(),
        "may_export": request.member.can(Permission.EXPORT),
        **_notifications(store, news),
    }
    if store.setting_up:
        context |= _set_up(request.agency.slug, store)
    return page(request, "sync/connections.html", context, status=status)


def _set_up(agency: str, store: Store) -> dict[str, Any]:
    """How far a new store is. `starting`: nothing is connected, so that the ways in stand first."""
    steps = setting_up.steps(agency, store)
    connected = next(step.done for step in steps if step.key == "connect")
    return {"steps": steps, "step": "data" if connected else "connect", "starting": not connected}


def _notifications(store: Store, form: DestinationForm | None) -> dict[str, Any]:
    """What Amazon tells by itself, and where it delivers that."""
    found = board(store)
    place = found.place
    initial = {name: getattr(place, name) for name in ("queue", "bus_account", "bus_region")} if place else {}
    return {
        "news": found,
        "news_form": form or DestinationForm(initial=initial, prefix="news"),
        "news_url": settings.BASE_URL + reverse("api-notifications"),
    }
