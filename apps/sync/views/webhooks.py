"""Settings: where our own systems hear of events."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.views.settings import settings_page
from apps.accounts.views.stepping_up import fresh
from apps.core import lists
from apps.core.http import MemberRequest, requires
from apps.core.permissions import Permission
from apps.sync.actions import webhooks as hooks
from apps.sync.forms import EndpointForm
from apps.sync.models import WebhookDelivery, WebhookEndpoint
from apps.sync.queries import boards

COLUMNS = (lists.ListColumn("at", "", order="created_at"),)


@require_safe
@requires(Permission.KEYS_EDIT)
def webhooks(request: MemberRequest) -> HttpResponse:
    return _list(request, EndpointForm())


@require_POST
@requires(Permission.KEYS_EDIT)
@fresh("settings-webhooks")
def webhook_new(request: MemberRequest) -> HttpResponse:
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    values = form.cleaned_data
    endpoint, secret = hooks.add_endpoint(
        url=values["url"], events=values["events"], by=request.member, at=timezone.now()
    )
    return _one(request, endpoint, secret=secret)


@requires(Permission.KEYS_EDIT)
def webhook(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    endpoint = get_object_or_404(WebhookEndpoint.objects, pk=pk)
    return _changed(request, endpoint) if request.method == "POST" else _one(request, endpoint)


@fresh("settings-webhooks")
def _changed(request: MemberRequest, endpoint: WebhookEndpoint) -> HttpResponse:
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return _one(request, endpoint, form=form, status=422)
    hooks.change_endpoint(endpoint, **form.cleaned_data, by=request.member, at=timezone.now())
    messages.success(request, _("Saved."))
    return redirect("settings-webhook", agency=request.agency.slug, pk=endpoint.pk)


@require_POST
@requires(Permission.KEYS_EDIT)
@fresh("settings-webhooks")
def webhook_act(request: MemberRequest, pk: uuid.UUID, what: str) -> HttpResponse:
    """Rotate the secret, send a test, or forget the endpoint."""
    endpoint, at = get_object_or_404(WebhookEndpoint.objects, pk=pk), timezone.now()
    if what == "rotate":
        return _one(request, endpoint, secret=hooks.rotate_secret(endpoint, by=request.member, at=at))
    if what == "remove":
        hooks.remove_endpoint(endpoint, by=request.member, at=at)
        return redirect("settings-webhooks", agency=request.agency.slug)
    hooks.test_endpoint(endpoint, at=at)
    messages.success(request, _("A test event is on its way."))
    return redirect("settings-webhook", agency=request.agency.slug, pk=endpoint.pk)


@require_POST
@requires(Permission.KEYS_EDIT)
def delivery_replay(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(WebhookDelivery.objects, pk=pk)
    hooks.replay_delivery(row, by=request.member, at=timezone.now())
    return redirect("settings-webhook", agency=request.agency.slug, pk=row.endpoint_id)


def _list(request: MemberRequest, form: EndpointForm, *, status: int = 200) -> HttpResponse:
    context = {"endpoints": WebhookEndpoint.objects.order_by("-created_at"), "form": form, "events": hooks.EVENTS}
    return settings_page(request, "settings-webhooks", context, template="sync/webhooks.html", status=status)


def _one(
    request: MemberRequest, endpoint: WebhookEndpoint, *, form: Any = None, secret: str = "", status: int = 200
) -> HttpResponse:
    query = lists.parse(request.GET, COLUMNS, sort="-at", today=timezone.localdate())
    initial = {"url": endpoint.url, "events": endpoint.events, "active": endpoint.active}
    context = {
        "endpoint": endpoint,
        "secret": secret,
        "form": form or EndpointForm(initial=initial),
        "query": query,
        "rows": lists.paged(boards.deliveries(endpoint), query),
    }
    return settings_page(request, "settings-webhooks", context, template="sync/webhook.html", status=status)
