"""The client's own first page and the account of what was done. Runs as the portal's database role."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils import timezone

from apps.accounts.models import Client, Member, Store
from apps.accounts.queries import stores_for
from apps.core import lists
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission
from apps.inventory.models import Plan, Replenishment
from apps.inventory.queries.portal import client_plans, counts
from apps.sync.queries.freshness import freshness
from apps.team.queries import lens, standing
from apps.team.queries import portal as queries

WEEK = 7
NEWEST = 8


@requires(Permission.PORTAL_VIEW)
def home(request: MemberRequest) -> HttpResponse:
    """This week: what happened, what was done, and what waits for me."""
    return page(request, "team/portal_home.html", _week(request))


def _week(request: MemberRequest) -> dict[str, Any]:
    member = request.member
    words = request.GET.copy()
    words.setdefault("last", f"{WEEK}d")
    view = _view(request, words)
    query = view.query
    stores = _stores(member)
    found = standing.client_standing(stores, view)
    return {
        "stores": stores,
        "lines": found.lines,
        "period": query.period,
        "currency": query.currency,
        "total": found.total,
        "found": found,
        "chart": found.chart(by="store", names={}, currency=query.currency),
        "urgent": counts(member).get(Replenishment.Status.URGENT, 0),
        "waiting": list(client_plans(member).filter(state=Plan.State.CLIENT)),
        "deeds": queries.told(queries.deeds(member)[:NEWEST], agency=request.agency.name),
        "freshness": freshness(stores),
    }


def _stores(member: Member) -> list[Store]:
    """The client's stores with what a client may read of their client, and their sites."""
    stores = stores_for(member).filter(active=True).select_related("client").prefetch_related("sites")
    return list(stores.defer(*(f"client__{name}" for name in Client.portal_hides)))


def _view(request: MemberRequest, words: QueryDict) -> lens.View:
    """In the client's own currency, the agency's where they have none."""
    own, today = request.agency.settings.currency, timezone.localdate()
    currency = Client.objects.filter(pk=request.member.client_id).values_list("currency", flat=True).first() or own
    query = lists.parse(words, (), sort="", today=today, currency=currency)
    return lens.look(request.member, query, currency=own, today=today)


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
