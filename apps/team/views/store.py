"""One store's home: is it on course, what comes next, can its numbers be trusted?"""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.queries import stores_for
from apps.core import lists
from apps.core.http import MemberRequest, page, requires
from apps.core.metrics import Period
from apps.core.permissions import Permission
from apps.inventory.queries.lines import lines_for
from apps.sync.queries.freshness import freshness
from apps.team.queries import inbox as findings_of
from apps.team.queries import standing

STEPS = 10
# Period tiles: label, days back of the first and the last day.
TILES = ((_("Yesterday"), 1, 1), (_("Last 7 days"), 7, 1), (_("Last 30 days"), 30, 1), (_("Last 90 days"), 90, 1))


@requires(Permission.OVERVIEW_VIEW)
def store(request: MemberRequest, store: str) -> HttpResponse:
    """Period tiles, daily sales by site, stock, open findings and the age of every dataset."""
    found = get_object_or_404(stores_for(request.member).select_related("client", "owner__user"), slug=store)
    return page(request, "team/store.html", _store(request, found))


def _store(request: MemberRequest, store: Any) -> dict[str, Any]:
    member, today = request.member, timezone.localdate()
    currency = request.agency.settings.currency
    query = lists.parse(request.GET, (), sort="", today=today, currency=currency)
    query = standing.payable(query, currency)
    days = standing.store_days(store.pk, query, member=member, since=today - timedelta(days=180))
    cards = findings_of.cards(findings_of.inbox(member, tab="open", me_only=False, store=store)[:STEPS])
    return {
        "store": store,
        "sites": sorted(site.marketplace_id for site in store.sites.all() if site.active),
        "query": query,
        "currency": query.currency,
        "agency_currency": currency,
        "tiles": [_tile(days, label, today, first, last) for label, first, last in TILES],
        "chart": standing.site_chart(days, query.period, query.currency),
        "cards": cards,
        "may_work": member.can(Permission.INBOX_WORK),
        "today": today,
        "stock": lines_for(member).filter(store=store, out_on__lte=today + standing.SOON).count(),
        "datasets": freshness([store]),
    }


def _tile(days: standing.Days, label: Any, today: Any, first: int, last: int) -> dict[str, Any]:
    period = Period(today - timedelta(days=first), today - timedelta(days=last))
    now, before = standing.sum_of(days, period), standing.sum_of(days, period.before())
    return {"label": label, "now": now, "before": before, "change": standing.share(now.revenue, before.revenue)}
