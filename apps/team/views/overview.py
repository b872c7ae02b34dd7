"""The overview: which stores need us today, and what is it worth?"""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core import lists
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission
from apps.team.queries import inbox as findings_of
from apps.team.queries import standing

FIRST_STEPS = 8
STORES = (
    lists.ListColumn("name", _("Store / client"), order="name", fixed=True),
    lists.ListColumn("at_stake", _("Money at stake"), order="at_stake", numeric=True, fixed=True),
    lists.ListColumn("todo", _("To do"), order="todo", numeric=True),
    lists.ListColumn("out_soon", _("Out within 7 days"), order="out_soon", numeric=True),
    lists.ListColumn("sales", _("Sales"), order="sales", numeric=True),
    lists.ListColumn("change", _("Against before"), order="change", numeric=True),
    lists.ListColumn("trend", _("Trend")),
    lists.ListColumn("units", _("Units"), order="units", numeric=True),
    lists.ListColumn("orders", _("Orders"), order="orders", numeric=True, shown=False),
    lists.ListColumn("cover", _("Cover"), order="cover", numeric=True),
    lists.ListColumn("sites", _("Sites")),
    lists.ListColumn("owner", _("Owner"), order="owner"),
    lists.ListColumn("sync", _("Data")),
)


@requires(Permission.OVERVIEW_VIEW)
def overview(request: MemberRequest) -> HttpResponse:
    """Tiles, the first steps of today, daily sales and all stores: eight queries, however many facts there are."""
    return page(request, "team/overview.html", _overview(request))


def _overview(request: MemberRequest) -> dict[str, Any]:
    member, today = request.member, timezone.localdate()
    settings = request.agency.settings
    query = lists.parse(request.GET, STORES, sort="-at_stake", today=today, can=member.can, currency=settings.currency)
    found = standing.standing(member, query, today=today)
    findings = list(findings_of.inbox(member, tab="open", me_only=False)[:FIRST_STEPS])
    return {
        "query": query,
        "lines": found.lines,
        "total": found.total,
        "currency": query.currency,
        "agency_currency": settings.currency,
        "chart": found.chart(by=query.get("by", "region"), names=dict(standing.REGIONS)),
        "by": query.get("by", "region"),
        "cards": findings_of.cards(findings),
        "totals": findings_of.inbox_totals(member, today=today),
        "may_work": member.can(Permission.INBOX_WORK),
        "today": today,
    }
