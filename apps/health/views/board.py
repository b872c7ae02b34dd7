"""The morning round: account health of all stores in one matrix."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models.stores import Region
from apps.accounts.queries import stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission
from apps.health.queries import board as queries
from apps.health.queries.wording import STATE_TONES, STATES

PAGE = "health"
TEMPLATE = "health/board.html"
FILTERS = {"q", "mp", "region", "owner", "status", "store"}


@require_safe
@requires(Permission.HEALTH_VIEW)
@pages.opens_views(PAGE)
def board(request: MemberRequest) -> HttpResponse:
    """Which account is near a limit, and what is it worth?"""
    return page(request, TEMPLATE, context(request))


def parsed(member: Any, params: QueryDict) -> lists.ListQuery:
    return lists.parse(params, queries.COLUMNS, sort=queries.DEFAULT_SORT, today=timezone.localdate(), can=member.can)


def context(request: MemberRequest) -> dict[str, Any]:
    """Everything the page shows, in a constant number of queries."""
    member, today = request.member, timezone.localdate()
    query, currency = parsed(member, request.GET), request.agency.settings.currency
    found = queries.board(member, query, currency=currency, today=today)
    rows = lists.paged(found.lines, query)
    stores = list(stores_for(member).filter(active=True).prefetch_related("sites"))
    return pages.frame(request, query, name=PAGE, slug="", kept=("status", "sort")) | {
        "tab": "board",
        "rows": rows,
        "board": found,
        "currency": currency,
        "segments": _segments(query, found),
        "labels": STATES,
        "tones": STATE_TONES,
        "sites": sorted({site.marketplace_id for store in stores for site in store.sites.all() if site.active}),
        "regions": [choice for choice in Region.choices if choice[0]],
        "filtered": bool(set(query.params) & FILTERS),
    }


def _segments(query: lists.ListQuery, found: queries.Board) -> list[dict[str, Any]]:
    status = query.status if query.status in queries.STATES else ""
    counts = [("", _("All"), sum(found.counts.values()))]
    counts += [(key, str(STATES[key]), found.counts[key]) for key in queries.STATES]
    return pages.segments(query, status, counts)


@require_POST
@requires(Permission.HEALTH_VIEW)
def export(request: MemberRequest) -> HttpResponse:
    """Write what is filtered, all pages, into a file; answers the job's strip."""
    if not request.member.can(Permission.EXPORT):
        raise PermissionDenied(Permission.EXPORT)
    return pages.start_export(request, PAGE, "", title=_("Export of account health"))
