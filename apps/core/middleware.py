"""One request = one member = one agency = one transaction."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from apps.core.tenancy import tenant

# First words of an address that are never an agency's slug.
RESERVED = frozenset(
    [
        "login",
        "logout",
        "accounts",
        "invite",
        "me",
        "portal",
        "api",
        "platform",
        "static",
        "media",
        "healthz",
        "readyz",
        "i18n",
        "jobs",
        "help",
        "favicon.ico",
    ]
)


def agency_in(path: str) -> tuple[str, bool]:
    """(agency slug or "", portal?) of an address: /{agency}/... or /portal/{agency}/..."""
    first, _, rest = path.lstrip("/").partition("/")
    if first == "portal":
        return rest.partition("/")[0], True
    return ("", False) if first in RESERVED else (first, False)


class NoNulMiddleware:
    """NUL is no letter: PostgreSQL holds none, so that no text, SKU or name can be found by it.

    In a query it is left out, as lists ignore what they do not understand; an address with it does not exist.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            raise Http404
        query = request.META.get("QUERY_STRING", "")
        while "%00" in query:  # taking one out may put another together
            query = query.replace("%00", "")
        request.META["QUERY_STRING"] = query
        return self.get_response(request)


class TenantMiddleware:
    """Find the seat of the signed-in person in the agency of the address, and act for that agency.

    Nobody's or another's agency answers 404, like one that does not exist. ATOMIC_REQUESTS gives the view a
    savepoint inside the transaction, so a failing view still rolls back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.seat_of = import_string(settings.SEAT_FINDER)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.member = request.agency = None  # type: ignore[attr-defined]
        slug, portal = agency_in(request.path_info)
        if not slug or not request.user.is_authenticated:
            return self.get_response(request)
        seat = self.seat_of(request, slug, portal)
        if seat is None:
            request.no_such_agency = True  # type: ignore[attr-defined]
            return self.get_response(request)
        request.agency = seat.agency  # type: ignore[attr-defined]
        with tenant(seat.agency.pk, stores=seat.store_ids):
            request.member = seat.member  # type: ignore[attr-defined]
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Inside the exception handler, so that the 404 page is the ordinary one; anonymous people sign in first."""
        if getattr(request, "no_such_agency", False):
            raise Http404
        kwargs.pop("agency", None)
        return None
