"""How our clients see us: name, colour and logo; and the logo itself."""

from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions import brand as marking
from apps.accounts.actions import settings as deciding
from apps.accounts.domain.pictures import MEDIA
from apps.accounts.forms import BrandForm
from apps.accounts.middleware import settings_of
from apps.accounts.views.settings import settings_page, settle
from apps.core.http import MemberRequest, requires
from apps.core.permissions import Permission
from apps.core.storage import Missing, agency_key, documents

# A drawing is a document of its own for whoever opens its address: there it may do nothing either.
ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@require_safe
@requires(Permission.SETTINGS_VIEW)
def brand(request: MemberRequest) -> HttpResponse:
    """How do our clients see us?"""
    house = settings_of(request.member)
    initial = {
        "name": request.agency.name,
        "brand_colour": house.brand_colour,
        "staff_names_in_portal": house.staff_names_in_portal,
    }
    return _page(request, BrandForm(initial=initial))


def _page(request: MemberRequest, form: BrandForm, *, status: int = 200) -> HttpResponse:
    house = settings_of(request.member)
    return settings_page(request, "settings-brand", {"form": form, "house": house}, status=status)


@require_POST
@requires(Permission.SETTINGS_EDIT)
def save_brand(request: MemberRequest) -> HttpResponse:
    form = BrandForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)

    def act() -> None:
        who: dict[str, Any] = {"by": request.member, "at": timezone.now()}
        values = dict(form.cleaned_data)
        picture, dropped = values.pop("logo"), values.pop("drop_logo")
        deciding.rename_agency(values.pop("name"), **who)
        deciding.change_settings(**who, **values)
        if picture:
            marking.keep_logo(picture, **who)
        elif dropped:
            marking.drop_logo(**who)

    return settle(request, act, "settings-brand")


@require_safe
@requires(Permission.SETTINGS_VIEW)
def logo(request: MemberRequest) -> HttpResponse:
    """The logo as it is shown to clients."""
    return _logo(request)


@require_safe
@requires(Permission.PORTAL_VIEW)
def portal_logo(request: MemberRequest) -> HttpResponse:
    """The agency's logo, for its clients."""
    return _logo(request)


def _logo(request: MemberRequest) -> HttpResponse:
    name = settings_of(request.member).logo
    kind = name.rpartition(".")[2]
    try:
        with documents().open(agency_key("brand", name or "none")) as file:
            answer = HttpResponse(file.read(), content_type=MEDIA.get(kind, "application/octet-stream"))
    except Missing:
        raise Http404 from None
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = ALONE
    answer["Content-Disposition"] = f'inline; filename="logo.{kind}"'
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = "private, max-age=86400"  # its address carries its hash
    return answer
