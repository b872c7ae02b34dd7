"""What a client sees of account health: state, room, and what we answered. Runs as the portal's database role."""

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.queries import stores_for
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission
from apps.health.queries import portal as queries


@require_safe
@requires(Permission.PORTAL_VIEW)
def health(request: MemberRequest) -> HttpResponse:
    """Is my account in order, and what is being done?"""
    stores = list(stores_for(request.member).filter(active=True).order_by("name"))
    values = {
        "accounts": queries.accounts(request.member, stores),
        "notices": queries.notices(request.member),
        "today": timezone.localdate(),
    }
    return page(request, "health/portal.html", values)
