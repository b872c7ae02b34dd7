"""What all settings pages share: their tabs, and how a form is answered."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.accounts.actions.refusal import Refused
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission

TABS = (
    ("settings-members", gettext_lazy("Members")),
    ("settings-invitations", gettext_lazy("Invitations")),
    ("settings-roles", gettext_lazy("Roles and limits")),
    ("settings-thresholds", gettext_lazy("Thresholds")),
    ("settings-keys", gettext_lazy("API keys")),
    ("settings-webhooks", gettext_lazy("Webhooks")),
    ("settings-currency", gettext_lazy("Currency and time")),
    ("settings-clients", gettext_lazy("Clients")),
    ("settings-brand", gettext_lazy("Brand and portal")),
    ("settings-security", gettext_lazy("Access review")),
)
ASKS = {"settings-webhooks": Permission.KEYS_EDIT}  # a tab for those who may open its page


@require_safe
@requires(Permission.SETTINGS_VIEW)
def settings(request: MemberRequest) -> HttpResponse:
    return redirect("settings-members", agency=request.agency.slug)


def settings_page(
    request: MemberRequest,
    name: str,
    context: dict[str, Any],
    *,
    template: str = "",
    status: int = 200,
) -> HttpResponse:
    """Answer with one settings page; `name` is its URL name and, after "settings-", its template's."""
    tabs = [
        {
            "label": label,
            "url": reverse(tab, kwargs={"agency": request.agency.slug}),
            "active": tab == name,
        }
        for tab, label in TABS
        if request.member.can(ASKS.get(tab, Permission.SETTINGS_VIEW))
    ]
    template = template or f"accounts/{name.replace('-', '_')}.html"
    can = {
        "edit_settings": request.member.can(Permission.SETTINGS_EDIT),
        "edit_members": request.member.can(Permission.MEMBERS_EDIT),
        "edit_keys": request.member.can(Permission.KEYS_EDIT),
        "edit_currency": request.member.can(Permission.CURRENCY_EDIT),
        "edit_stores": request.member.can(Permission.STORES_EDIT),
    }
    return page(request, template, {"settings_tabs": tabs, "can": can, **context}, status=status)


def settle(
    request: MemberRequest,
    act: Callable[[], Any],
    back: str,
    *,
    said: str = "",
    **kwargs: Any,
) -> HttpResponse:
    """Do one action, say how it went, and go back to the page named."""
    try:
        act()
        messages.success(request, said or _("Saved."))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(back, agency=request.agency.slug, **kwargs)
