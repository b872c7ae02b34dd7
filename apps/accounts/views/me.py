"""A person's own page."""

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.actions import people
from apps.accounts.forms import ProfileForm
from apps.accounts.navigation import front_door
from apps.accounts.queries import SECOND_FACTORS, seats_of, sessions_of
from apps.core.http import page, signed_in


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@never_cache
def me(request: HttpRequest) -> HttpResponse:
    """Name, language, time zone, looks; the way to password, second factor and sessions."""
    form = ProfileForm.of(request.user, request.POST or None)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():
        user = people.set_preferences(request.user, **form.cleaned_data)  # type: ignore[arg-type]
        with translation.override(user.language):
            messages.success(request, _("Saved."))
        return redirect("me")
    context = {
        "form": form,
        "seats": [{"seat": seat, "url": front_door(seat)} for seat in seats_of(request.user.pk)],
        "factors": Authenticator.objects.filter(user=request.user, type__in=SECOND_FACTORS).count(),
        "sessions": sessions_of(request.user.pk).count(),
    }
    return page(request, "accounts/me.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign out on one other device."""
    session = get_object_or_404(sessions_of(request.user.pk), pk=pk)
    people.end_session(session.session_key)
    return redirect("usersessions_list")


@require_POST
@signed_in
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out on every other device."""
    people.end_sessions(request.user.pk, but=request.session.session_key or "")
    return redirect("usersessions_list")
