"""The client's own first page and the account of what was done. Runs as the portal's database role."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from apps.accounts.queries import stores_for
from apps.core import lists
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission
from apps.inventory.models import Plan, Replenishment
from apps.inventory.queries.portal import client_plans, counts
from apps.sync.queries.freshness import freshness
from apps.team.queries import portal as queries
from apps.team.queries import standing

WEEK = 7
NEWEST = 8


@requires(Permission.PORTAL_VIEW)
def home(request: MemberRequest) -> HttpResponse:
    """This week: what happened, what was done, and what waits for me."""
    return page(request, "team/portal_home.html", _week(request))


def _week(request: MemberRequest) -> dict[str, Any]:
    member, today = request.member, timezone.localdate()
    currency = request.agency.settings.currency
    words = request.GET.copy()
    words.setdefault("last", f"{WEEK}d")
    query = standing.payable(lists.parse(words, (), sort="", today=today, currency=currency), currency)
    stores = list(stores_for(member).filter(active=True))
    found = standing.client_standing(stores, query, member=member, today=today)
    total = found.total
    return {
        "stores": stores,
        "lines": found.lines,
        "period": query.period,
        "currency": query.currency,
        "total": total,
        "unit_change": standing.share(total.now.units, total.before.units),
        "order_change": standing.share(total.now.orders, total.before.orders),
        "chart": found.chart(by="store", names={}, currency=query.currency),
        "urgent": counts(member).get(Replenishment.Status.URGENT, 0),
        "waiting": list(client_plans(member).filter(state=Plan.State.CLIENT)),
        "deeds": queries.told(queries.deeds(member)[:NEWEST], agency=request.agency.name),
        "freshness": freshness(stores),
    }


@requires(Permission.PORTAL_VIEW)
def changes(request: MemberRequest) -> HttpResponse:
    """Who touched my account, when, and what changed?"""
    query = lists.parse(request.GET, (), sort="", today=timezone.localdate())
    rows = lists.paged(queries.deeds(request.member, store=query.get("store"), q=query.q), query)
    context = {
        "query": query,
        "rows": rows,
        "previous_url": query.url(page=rows.number - 1),
        "next_url": query.url(page=rows.number + 1),
        "deeds": queries.told(rows, agency=request.agency.name),
        "stores": list(stores_for(request.member).filter(active=True)),
    }
    return page(request, "team/portal_changes.html", context)
