"""A person's own settings, and what an agency asks of its people."""

import zoneinfo
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.defaults import permission_denied
from django_htmx.http import HttpResponseClientRedirect

from apps.accounts.actions.support import note_opened
from apps.accounts.domain.secrets import digest_of
from apps.accounts.models import AgencySettings
from apps.accounts.queries import idle_seconds

View = Callable[..., HttpResponse]
SEEN_EVERY = timedelta(minutes=5)
SHELL = frozenset({"palette", "job-tray", "saved-views"})  # parts of every page, no page of their own
LEAVE_NOTHING = '"cache", "storage"'  # not "cookies": the reader's language is one


class SessionsMiddleware:
    """Begins the session of who signs in, notes every few minutes that they are still there, and tells who was signed out.

    A request that a page sends by itself (`X-Unattended`) is no sign of its reader.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        known = _signed_in(request)
        ended = not known and _brought_a_dead_one(request)
        if ended:
            _say_that_it_ended(request)
        if known and "X-Unattended" not in request.headers:
            _note(request)
        response = self.get_response(request)
        if _signed_in(request):
            _begin(request)
        elif known or ended:
            response.headers["Clear-Site-Data"] = LEAVE_NOTHING
        return response


def _signed_in(request: HttpRequest) -> bool:
    """Calls of the API, which keys make, are left without a user."""
    return request.user is not None and request.user.is_authenticated


def _begin(request: HttpRequest) -> None:
    session: Any = request.session
    if not session.begun:
        session.begin(idle_seconds(request.user.pk))


def _note(request: HttpRequest) -> None:
    """Where the person is signed in, and that they are there: not with every request, but every few minutes."""
    session: Any = request.session
    name, now = f"noted:{digest_of(session.session_key)}", timezone.now()
    noted = cache.get(name)
    if noted is not None and noted > now - SEEN_EVERY:
        return
    UserSession.objects.create_from_request(request)
    if session.begun:
        session.seen(idle_seconds(request.user.pk))
    cache.set(name, now, 2 * SEEN_EVERY.total_seconds())


def _brought_a_dead_one(request: HttpRequest) -> bool:
    return bool(request.COOKIES.get(settings.SESSION_COOKIE_NAME)) and request.session.session_key is None


def _say_that_it_ended(request: HttpRequest) -> None:
    """For the sign-in page, in its language: whose session it was is not known any more."""
    with translation.override(translation.get_language_from_request(request)):
        messages.info(
            request,
            _(
                "Your session has ended, after a while without a sign of you or on another device. "
                "Sign in to go on: what was saved is there."
            ),
        )


class PreferencesMiddleware:
    """Language and time zone of the signed-in person; of the cookie or the browser for anybody else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        language = user.language if user.is_authenticated else translation.get_language_from_request(request)
        with translation.override(language), timezone.override(_zone(user)):
            request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            return response


class SeatRulesMiddleware:
    """Inside the agency's transaction: rules a seat must obey before any page answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: View, args: Any, kwargs: Any) -> HttpResponse | None:
        """Strangers sign in first; where the agency asks for a second factor, its people set one up first."""
        rule = getattr(view, "permissions", None)
        if rule is None or rule == "public" or hasattr(view, "cls"):  # `cls`: the API, which has keys
            return None
        if not request.user.is_authenticated:
            back = request.get_full_path() if request.method == "GET" else reverse("home")
            return _go(request, redirect_to_login(back, settings.LOGIN_URL).url)
        member = getattr(request, "member", None)
        if member is None or member.user_id is None:
            return None
        house = settings_of(member)
        if house.mfa_required and not getattr(member, "has_mfa", True):
            messages.warning(
                request,
                _("%(agency)s asks for a second factor. Set one up to go on.") % {"agency": member.agency},
            )
            return _go(request, reverse("mfa_index"))
        return None


class SupportMiddleware:
    """Visits of platform staff: they read. Nothing is sent, no file leaves, and what was opened stands in the ledger."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        grant = _visit(request)
        if grant is None:
            return response
        if response.headers.get("Content-Disposition", "").startswith("attachment"):
            return permission_denied(request, PermissionDenied(_("No file leaves during a visit of platform support.")))
        match = request.resolver_match
        if response.status_code == 200 and match is not None and match.url_name not in SHELL:
            note_opened(grant, request.path_info, by=request.member, at=timezone.now())  # type: ignore[attr-defined]
        return response

    def process_view(self, request: HttpRequest, view: View, args: Any, kwargs: Any) -> HttpResponse | None:
        if _visit(request) is not None and request.method not in {"GET", "HEAD"}:
            raise PermissionDenied(_("A visit of platform support reads only."))
        return None


def _visit(request: HttpRequest) -> Any:
    return getattr(getattr(request, "member", None), "support", None)


def settings_of(member: Any) -> AgencySettings:
    """The acting agency's settings, read once a request; defaults if nobody has saved any yet."""
    try:
        return member.agency.settings
    except AgencySettings.DoesNotExist:
        return AgencySettings(agency=member.agency)


def _zone(user: Any) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(user.time_zone) if user.is_authenticated else None
    except (KeyError, ValueError):
        return None


def _go(request: HttpRequest, url: str) -> HttpResponse:
    """A redirect of the whole page, also when HTMX asked for a part of it."""
    return HttpResponseClientRedirect(url) if getattr(request, "htmx", False) else redirect(url)
