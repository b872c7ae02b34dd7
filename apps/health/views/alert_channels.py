"""Ways to tell people: channels, one's own quiet hours, and what was sent."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.core import lists
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import LABELS, Permission
from apps.health.actions import channels as actions
from apps.health.actions.alert_rules import ensure_defaults
from apps.health.forms.alerts import ChannelForm, HoursForm
from apps.health.models import AlertChannel, AlertHours
from apps.health.queries.alerts import messages_for
from apps.health.views.alert_rules import tabs

LIST, ONE = "health/alerts/channels.html", "health/alerts/channel.html"
COLUMNS = (lists.ListColumn("at", "", order="created_at"),)


@require_safe
@requires(Permission.HEALTH_VIEW)
def channels(request: MemberRequest) -> HttpResponse:
    """How are we told, when not, and did it arrive?"""
    ensure_defaults()
    return page(request, LIST, _all(request))


def _all(request: MemberRequest, *, form: Any = None, hours: Any = None) -> dict[str, Any]:
    mine = AlertHours.objects.filter(member=request.member).first() or AlertHours(email=True, urgent=True)
    initial = {name: getattr(mine, name) for name in ("email", "quiet_from", "quiet_to", "urgent")}
    return {
        "channels": AlertChannel.objects.order_by("-active", "created_at"),
        "form": form or ChannelForm(),
        "hours": hours or HoursForm(initial=initial),
        "zone": request.user.time_zone,
        "tabs": tabs(request, "alert-channels"),
        "may_rule": request.member.can(Permission.ALERT_RULES),
    }


@require_POST
@requires(Permission.ALERT_RULES)
def channel_new(request: MemberRequest) -> HttpResponse:
    """Add a channel."""
    form = ChannelForm(request.POST)
    if not form.is_valid():
        return page(request, LIST, _all(request, form=form), status=422)
    made = actions.add(**form.cleaned_data, by=request.member, at=timezone.now())
    messages.success(request, _("Added. Send a test to see that it arrives."))
    return redirect("alert-channel", agency=request.agency.slug, pk=made.pk)


@requires(Permission.ALERT_RULES)
def channel(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """One channel, and what was sent by it."""
    found = get_object_or_404(AlertChannel.objects, pk=pk)
    if request.method != "POST":
        return _one(request, found)
    _must_see_all(request)
    form = ChannelForm({**request.POST.dict(), "kind": found.kind}, kept=bool(found.sealed))
    if not form.is_valid():
        return _one(request, found, form=form, status=422)
    values = {name: value for name, value in form.cleaned_data.items() if name != "kind"}
    if found.default and values["name"] == str(found):
        values["name"] = found.name
    actions.change(found, **values, by=request.member, at=timezone.now())
    messages.success(request, _("Saved."))
    return redirect("alert-channel", agency=request.agency.slug, pk=found.pk)


def _must_see_all(request: MemberRequest) -> None:
    """A channel tells of all stores: who sees some of them only adds another, and changes none."""
    if not request.member.can(Permission.ALL_STORES):
        raise PermissionDenied(LABELS[Permission.ALL_STORES])


def _one(request: MemberRequest, found: AlertChannel, *, form: Any = None, status: int = 200) -> HttpResponse:
    query = lists.parse(request.GET, COLUMNS, sort="-at", today=timezone.localdate())
    sent = messages_for(request.member).filter(channel=found).select_related("incident", "member__user")
    names = ("kind", "language", "quiet_from", "quiet_to", "time_zone", "urgent", "active")
    initial = {name: getattr(found, name) for name in names}
    initial |= {"name": str(found), "addresses": "\n".join(found.addresses)}
    context = {
        "channel": found,
        "form": form or ChannelForm(initial=initial, kept=True),
        "query": query,
        "rows": lists.paged(sent.order_by("-created_at"), query),
        "tabs": tabs(request, "alert-channels"),
        "may_change": request.member.can(Permission.ALL_STORES),
    }
    return page(request, ONE, context, status=status)


@require_POST
@requires(Permission.ALERT_RULES)
def channel_act(request: MemberRequest, pk: uuid.UUID, what: str) -> HttpResponse:
    """Try a channel, or forget it."""
    found = get_object_or_404(AlertChannel.objects, pk=pk)
    if what == "remove":
        _must_see_all(request)
        actions.remove(found, by=request.member, at=timezone.now())
        return redirect("alert-channels", agency=request.agency.slug)
    if found.kind == AlertChannel.Kind.WEBHOOK:
        messages.info(request, _("Webhooks are tried in the settings, each by itself."))
    else:
        actions.test(found, by=request.member, at=timezone.now())
        messages.success(request, _("A test is on its way; what came of it is listed below."))
    return redirect("alert-channel", agency=request.agency.slug, pk=found.pk)


@require_POST
@requires(Permission.ALERT_RULES)
def message_again(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Send a message once more."""
    found = get_object_or_404(messages_for(request.member), pk=pk)
    actions.again(found, by=request.member, at=timezone.now())
    return redirect("alert-channel", agency=request.agency.slug, pk=found.channel_id)


@require_POST
@requires(Permission.HEALTH_VIEW)
def hours(request: MemberRequest) -> HttpResponse:
    """Set one's own quiet hours."""
    form = HoursForm(request.POST)
    if not form.is_valid():
        return page(request, LIST, _all(request, hours=form), status=422)
    actions.set_hours(request.member, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("alert-channels", agency=request.agency.slug)
