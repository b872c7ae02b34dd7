"""Before something grave: was it really you, within the last ten minutes?"""

import time
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.core.http import MemberRequest, View, go


def fresh(back: str) -> Any:
    """Ask for the password or passkey again if the last time is long ago; `back` names the page one returns to,
    of the agency or, where the address names one, of the store.

    The POST is not replayed: it would run outside the agency, and nobody should grant rights by a stale click.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def asked(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            methods = get_adapter(request).get_reauthentication_methods(request.user)
            if not methods or _recent(request):
                return view(request, *args, **kwargs)
            messages.info(request, _("Confirm that it is you, then do it again."))
            page = {"agency": request.agency.slug} | {name: kwargs[name] for name in ("store",) if name in kwargs}
            return go(request, f"{methods[0]['url']}?{urlencode({'next': reverse(back, kwargs=page)})}")

        return asked

    return decorate


def _recent(request: MemberRequest) -> bool:
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
