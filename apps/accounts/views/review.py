"""Settings: the access review: who and what can see what, signed off and kept to be read later."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions import members as seating
from apps.accounts.forms import ReviewForm, SecurityForm
from apps.accounts.middleware import settings_of
from apps.accounts.queries import api_keys, seat_rows, support_grants
from apps.accounts.views.settings import settings_page, settle
from apps.core.http import MemberRequest, requires
from apps.core.models import Entry
from apps.core.permissions import SCOPE_LABELS, Permission, Role

VERB = "access.reviewed"
KEPT = 12  # reviews listed: three years of quarters


@require_safe
@requires(Permission.SETTINGS_VIEW)
def security(request: MemberRequest) -> HttpResponse:
    """Who can see what, and do they still need it?"""
    house, now = settings_of(request.member), timezone.now()
    reviews = list(Entry.objects.filter(verb=VERB).order_by("-number")[:KEPT])
    context = {
        "rows": seat_rows(),
        "keys": api_keys().filter(revoked_at=None, expires_at__gt=now),
        "scope_labels": SCOPE_LABELS,
        "support": support_grants()[:50],
        "now": now,
        "form": ReviewForm(),
        "rules": SecurityForm(initial={"mfa_required": house.mfa_required}),
        "house": house,
        "last_review": reviews[0] if reviews else None,
        "reviews": reviews,
        "review": True,
    }
    return settings_page(request, "settings-security", context)


@require_safe
@requires(Permission.SETTINGS_VIEW)
def past(request: MemberRequest, number: int) -> HttpResponse:
    """What was on the list when it was signed off?"""
    entry = get_object_or_404(Entry.objects, number=number, verb=VERB)
    seats, keys = (entry.after.get(name) for name in ("seats", "keys"))
    context = {
        "entry": entry,
        "seats": [(who, *_parts(said)) for who, said in seats.items()] if isinstance(seats, dict) else None,
        "keys": [(name, *_parts(said)) for name, said in (keys or {}).items()],
        "roles": dict(Role.choices),
        "count": seats if isinstance(seats, int) else None,
    }
    return settings_page(request, "settings-security", context, template="accounts/settings_review.html")


def _parts(said: str) -> tuple[str, list[str]]:
    """(role or scopes, stores)"""
    first, _colon, stores = said.partition(": ") if ": " in said else (said, "", "")
    return first, stores.split()


@require_POST
@requires(Permission.MEMBERS_EDIT)
def sign_off(request: MemberRequest) -> HttpResponse:
    form = ReviewForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    return settle(
        request,
        lambda: seating.sign_off_access(note=note, by=request.member, at=timezone.now()),
        "settings-security",
        said=_("The access review is in the change ledger."),
    )
