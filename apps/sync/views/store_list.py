"""The list of stores: whom do we serve, on what terms, and is everything connected?"""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Marketplace
from apps.accounts.models.stores import Region
from apps.accounts.queries import colleagues, stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission
from apps.sync.queries import setting_up
from apps.sync.queries import stores as queries
from apps.sync.queries.told import told_columns

PAGE = "stores"
FILTERS = {"q", "mp", "owner", "client", "region", "status"}
LABELS = {
    "needing": gettext_lazy("Need us"),
    "late": gettext_lazy("Late"),
    "fresh": gettext_lazy("In order"),
    "off": gettext_lazy("Off-boarded"),
}


@require_safe
@requires(Permission.STORES_VIEW)
@pages.opens_views(PAGE)
def stores(request: MemberRequest) -> HttpResponse:
    return page(request, "sync/stores.html", _context(request))


def parsed(member: Any, params: QueryDict) -> lists.ListQuery:
    today = timezone.localdate()
    return lists.parse(params, queries.columns(), sort=queries.DEFAULT_SORT, today=today, can=member.can)


def _context(request: MemberRequest) -> dict[str, Any]:
    member, query = request.member, parsed(request.member, request.GET)
    every = queries.lines(member, query)
    status = query.status if query.status in queries.SEGMENTS else ""
    counts = [("", _("All"), len(every))]
    counts += [(key, LABELS[key], sum(line.segment == key for line in every)) for key in queries.SEGMENTS]
    rows = lists.paged([line for line in every if not status or line.segment == status], query)
    for line in rows:
        line.set_up_url = setting_up.next_url(request.agency.slug, line.store)  # type: ignore[attr-defined]
    return pages.frame(request, query, name=PAGE, slug="", kept=("status", "sort")) | {
        "rows": rows,
        "segments": pages.segments(query, status, counts),
        "count": sum(line.store.active for line in every),
        "sites": sum(len(line.sites) for line in every if line.store.active),
        "needing": sum(line.needing for line in every),
        "told": {column.key for column in told_columns()},
        "filtered": bool(set(query.params) & FILTERS),
        "may_edit": member.can(Permission.STORES_EDIT),
        "clients": [
            (name, name)
            for name in stores_for(member).order_by("client__name").values_list("client__name", flat=True).distinct()
        ],
        "regions": [(key or "none", label) for key, label in Region.choices],
        "marketplaces": list(Marketplace.objects.filter(active=True).values_list("code", flat=True)),
        "owners": [("me", _("Mine")), ("none", _("Nobody's")), *((str(each.pk), str(each)) for each in colleagues())],
    }


@require_POST
@requires(Permission.EXPORT)
def export(request: MemberRequest) -> HttpResponse:
    """Write what is filtered, all pages, into a file; answers the job's strip."""
    return pages.start_export(request, PAGE, "", title=_("Export of the list of stores"))
