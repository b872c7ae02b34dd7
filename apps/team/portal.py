"""The client's own first page and the account of what was done. Runs as the portal's database role."""

from typing import Any

from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.utils import timezone

from apps.accounts.models import Client, Member, Store
from apps.accounts.queries import site_filter, stores_for
from apps.core import lists
from apps.core.http import MemberRequest, page, requires
from apps.core.metrics import explain
from apps.core.permissions import Permission
from apps.inventory.models import Plan, Replenishment
from apps.inventory.queries.portal import client_plans, counts
from apps.sales.queries.top import top_sellers
from apps.sync.queries.freshness import freshness
from apps.team.queries import lens, periods, standing
from apps.team.queries import portal as queries

WEEK = 7
NEWEST = 8
BEST = 20  # sellers


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
def sales(request: MemberRequest) -> HttpResponse:
    """What do I sell, where, and how does that compare?"""
    return page(request, "team/portal_sales.html", _sales(request))


def _sales(request: MemberRequest) -> dict[str, Any]:
    """Sales only: fees, costs and advertising are not in the facts of this page, and it says so."""
    view = _view(request, request.GET)
    member, query, now = request.member, view.query, timezone.now()
    every = _stores(member)
    stores = [store for store in every if query.get("store") in {"", store.slug}]
    found = standing.client_standing(stores, view)
    sites = lens.sites_at(now)
    seen = site_filter(member) & Q(store__in=[store.pk for store in stores])
    before = None if found.left_out else query.before  # a period that is not whole compares with nothing
    best = top_sellers(seen, query.period, before, currency=query.currency, rates=view.rate, count=BEST)
    names = {store.pk: store.name for store in stores}
    return {
        "query": query,
        "currency": query.currency,
        "stores": every,
        "lines": found.lines,
        "found": found,
        "total": found.total,
        "against": lens.AGAINST.get(query.compare, ""),
        "periods": periods.period_tiles(list(names), view, sites, now=now, as_of=found.orders_as_of),
        "comparisons": lens.comparisons(),
        "currencies": lens.currencies(every, sites, view.rate, agency=request.agency.settings.currency),
        "why": {key: explain(key, as_of=found.orders_as_of) for key in ("revenue", "units", "orders")},
        "chart": found.chart(by="store", names={}, currency=query.currency),
        "compared": before is not None,
        "best": [(seller, names[seller.store_id]) for seller in best],
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
