"""A store's notifications: where Amazon delivers them, what is subscribed to, and whether it arrives."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from apps.accounts.models import Store
from apps.accounts.queries import stores_for
from apps.accounts.views.stepping_up import fresh
from apps.core.http import MemberRequest, requires
from apps.core.permissions import Permission
from apps.sync.actions import destinations, letters
from apps.sync.forms import DestinationForm
from apps.sync.models import Connection, Destination
from apps.sync.sources import SOURCES
from apps.sync.views.connection_page import connections_page


@require_POST
@requires(Permission.STORES_EDIT)
@fresh("connections")
def notifications_subscribe(request: MemberRequest, store: str) -> HttpResponse:
    """Addresses, kept and subscribed to by a worker."""
    row, door = _door(request, store)
    form = DestinationForm(request.POST, prefix="news")
    if not form.is_valid():
        return connections_page(request, row, news=form, status=422)
    destinations.subscribe(
        door, form.addresses(), by=request.member, at=timezone.now(), replace=form.cleaned_data["replace"]
    )
    messages.success(request, _("Saved. Amazon is being asked; the result shows here in a moment."))
    return _back(request, row)


@require_POST
@requires(Permission.STORES_EDIT)
def notifications_act(request: MemberRequest, store: str, what: str) -> HttpResponse:
    """Check, send a test, unsubscribe; try or forget what could not be read."""
    row, _door_of_it = _door(request, store)
    place = get_object_or_404(Destination.objects.select_related("store"), store=row)
    who: dict[str, Any] = {"by": request.member, "at": timezone.now()}
    match what:
        case "check":
            destinations.check(place, at=timezone.now())
            messages.success(request, _("Amazon is being asked; the result shows here in a moment."))
        case "test":
            destinations.send_test(place, **who)
            messages.success(request, _("Amazon is asked to send a test of each type."))
        case "unsubscribe":
            destinations.unsubscribe(place, **who)
            messages.success(request, _("Amazon is asked to forget the subscriptions."))
        case "take":
            count = letters.take_again(place, **who)
            messages.success(
                request, ngettext("%(n)d message was taken.", "%(n)d messages were taken.", count) % {"n": count}
            )
        case "drop":
            letters.drop_unread(place, **who)
            messages.success(request, _("Removed."))
        case _:
            raise Http404
    return _back(request, row)


def _door(request: MemberRequest, slug: str) -> tuple[Store, Connection]:
    """The store, and its living connection to a source that tells things by itself."""
    store = get_object_or_404(stores_for(request.member), slug=slug)
    kinds = [key for key, kind in SOURCES.items() if kind.notifies]
    doors = Connection.objects.filter(store=store, kind__in=kinds).exclude(state=Connection.State.REVOKED)
    return store, get_object_or_404(doors.select_related("store"))


def _back(request: MemberRequest, store: Store) -> HttpResponse:
    return redirect(reverse("connections", args=[request.agency.slug, store.slug]) + "#store-news")
