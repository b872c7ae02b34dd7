"""Settings: API keys. A secret is shown once, on the answer to the POST that made it, and never again."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions import keys as keying
from apps.accounts.actions.refusal import Refused
from apps.accounts.forms import KeyForm
from apps.accounts.models import ApiKey
from apps.accounts.queries import api_keys
from apps.accounts.views.settings import settings_page, settle
from apps.accounts.views.stepping_up import fresh
from apps.core.http import MemberRequest, requires
from apps.core.permissions import SCOPE_LABELS, Permission


@require_safe
@requires(Permission.SETTINGS_VIEW)
def keys(request: MemberRequest) -> HttpResponse:
    """Which programs can reach our data, and when did they last?"""
    return _keys_page(request, KeyForm())


@require_POST
@requires(Permission.KEYS_EDIT)
@never_cache
@fresh("settings-keys")
def create_key(request: MemberRequest) -> HttpResponse:
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _keys_page(request, form, status=422)
    try:
        key, secret = keying.create_key(form.terms(), by=request.member, at=timezone.now())
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _keys_page(request, form, status=422)
    return _keys_page(request, KeyForm(), made=key, secret=secret)


@require_POST
@requires(Permission.KEYS_EDIT)
@never_cache
@fresh("settings-keys")
def rotate_key(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    key = get_object_or_404(ApiKey.objects, pk=pk)
    try:
        fresh_key, secret = keying.rotate_key(key, by=request.member, at=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("settings-keys", agency=request.agency.slug)
    return _keys_page(request, KeyForm(), made=fresh_key, secret=secret)


@require_POST
@requires(Permission.KEYS_EDIT)
def revoke_key(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    key = get_object_or_404(ApiKey.objects, pk=pk)
    return settle(
        request,
        lambda: keying.revoke_key(key, by=request.member, at=timezone.now()),
        "settings-security" if "review" in request.POST else "settings-keys",
        said=_("The key no longer works."),
    )


def _keys_page(
    request: MemberRequest,
    form: KeyForm,
    *,
    made: ApiKey | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "keys": api_keys(),
        "form": form,
        "scope_labels": SCOPE_LABELS,
        "made": made,
        "secret": secret,
        "now": timezone.now(),
    }
    return settings_page(request, "settings-keys", context, status=status)
