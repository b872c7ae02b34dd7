"""Where one comes in: the front door, the invitation, the health checks, the switches of the header."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth import login
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.actions import invitations, people
from apps.accounts.actions.refusal import Refused
from apps.accounts.domain.secrets import digest_of
from apps.accounts.forms import NewPersonForm, QuickForm
from apps.accounts.models import Invitation, User
from apps.accounts.navigation import front_door
from apps.accounts.queries import invitation_of, seats_of
from apps.core.http import page, public
from apps.core.tenancy import tenant


@require_GET
@public
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Strangers sign in; one seat is entered at once; with several one chooses."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    seats = seats_of(request.user.pk, support=request.user.is_staff)
    if len(seats) == 1 and "choose" not in request.GET:
        return redirect(front_door(seats[0]))
    choices = [{"seat": seat, "url": front_door(seat)} for seat in seats]
    return page(request, "accounts/home.html", {"choices": choices})


@require_POST
@public
def preferences(request: HttpRequest) -> HttpResponse:
    """The header's switches: theme, row height, language. A stranger's language goes into a cookie."""
    form = QuickForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    chosen = form.chosen()
    if request.user.is_authenticated:
        people.set_preferences(request.user, **chosen)  # type: ignore[arg-type]
    response = _back(request)
    if language := chosen.get("language"):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 86400,
            samesite="Lax",
            secure=settings.SECURE,
        )
    return response


def _back(request: HttpRequest) -> HttpResponse:
    """To the page one came from. Scripts that switched the page themselves get an empty answer."""
    target = request.POST.get("next") or request.headers.get("Referer") or "/"
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    if request.headers.get("HX-Request") == "true":
        if "language" not in request.POST:
            return HttpResponse(status=204)
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return redirect(target)


@require_GET
@public
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_GET
@public
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """All that a page needs is there: 200, or 503 with what is not."""
    found = {"postgresql": _database(), "valkey": caches["default"].answers(), "migrations": _migrated()}
    ready = all(found.values())
    answer = {"status": "ready" if ready else "not ready", "checks": found}
    return JsonResponse(answer, status=200 if ready else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    except DatabaseError:
        return False


def _migrated() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False


@require_http_methods(["GET", "HEAD", "POST"])
@public
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What is offered and by whom; a new person names themselves, a known one accepts while signed in."""
    offer = invitation_of(digest_of(token))
    if offer is None:
        return page(request, "accounts/invitation.html", {"state": "unknown"}, status=404)
    person = User.objects.filter(email=offer.email).first()
    state = _state(request, offer, person)
    form = (
        NewPersonForm(request.POST or None, email=offer.email, initial={"name": offer.name}) if state == "new" else None
    )
    if request.method == "POST" and state in {"new", "ready"} and (form is None or form.is_valid()):
        return _accepted(request, offer, form)
    context = {"state": state, "offer": offer, "form": form, "token": token}
    ended = state in {"used", "revoked", "expired"}
    return page(
        request,
        "accounts/invitation.html",
        context,
        status=410 if ended else 422 if form and form.errors else 200,
    )


def _state(request: HttpRequest, offer: Invitation, person: User | None) -> str:
    """used, revoked, expired, foreign (signed in as somebody else), sign-in (has a login), ready, or new."""
    if offer.accepted_at or offer.revoked_at or offer.expires_at <= timezone.now():
        return "used" if offer.accepted_at else "revoked" if offer.revoked_at else "expired"
    if request.user.is_authenticated:
        return "ready" if request.user.email.lower() == offer.email else "foreign"
    return "sign-in" if person else "new"


def _accepted(request: HttpRequest, offer: Invitation, form: Any) -> HttpResponse:
    user: Any = request.user
    try:
        with tenant(offer.agency_id):
            if form is not None:
                language = translation.get_language() or settings.LANGUAGE_CODE
                known = language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
                values = form.cleaned_data
                user = invitations.create_person(
                    offer.email,
                    name=values["name"],
                    password=values["password"],
                    language=known,
                )
            seat = invitations.accept(offer, user=user, at=timezone.now())
            door = front_door(seat)
    except Refused as refusal:
        return page(
            request,
            "accounts/invitation.html",
            {"state": "refused", "why": str(refusal)},
            status=409,
        )
    if form is not None:
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        record_authentication(request, user, method="password", email=user.email)
    return redirect(door)
