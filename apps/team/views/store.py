"""One store's home: is it on course, what comes next, can its numbers be trusted?"""

from datetime import date, datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.queries import stores_for
from apps.core import lists
from apps.core.http import MemberRequest, page, requires
from apps.core.metrics import REGISTRY, explain
from apps.core.permissions import Permission
from apps.inventory.queries.lines import lines_for
from apps.sync.queries.freshness import Freshness, freshness
from apps.team.queries import inbox as findings_of
from apps.team.queries import lens, periods, standing

STEPS = 10
SUMS = (("revenue", _("Sales")), ("units", _("Units")), ("orders", _("Orders")))


@requires(Permission.OVERVIEW_VIEW)
def store(request: MemberRequest, store: str) -> HttpResponse:
    """Period tiles, daily sales by site, stock, open findings and the age of every dataset."""
    found = get_object_or_404(stores_for(request.member).select_related("client", "owner__user"), slug=store)
    return page(request, "team/store.html", _store(request, found))


def _store(request: MemberRequest, store: Any) -> dict[str, Any]:
    member, today = request.member, timezone.localdate()
    own = request.agency.settings.currency
    query = lists.parse(request.GET, (), sort="", today=today, currency=own)
    view = lens.look(member, query, currency=own, today=today)
    days, since = standing.store_days(store.pk, view)
    datasets = freshness([store])
    cards = findings_of.cards(findings_of.inbox(member, tab="open", me_only=False, store=store)[:STEPS])
    return {
        "store": store,
        "sites": sorted(site.marketplace_id for site in store.sites.all() if site.active),
        "query": view.query,
        "currency": view.query.currency,
        "sums": _sums(days, since, view.query, _orders_as_of(datasets)),
        "chart": standing.site_chart(days, view.query, since),
        "cards": cards,
        "may_work": member.can(Permission.INBOX_WORK),
        "today": today,
        "stock": lines_for(member).filter(store=store, out_on__lte=today + standing.SOON).count(),
        "datasets": datasets,
    } | _switches(store, view, _orders_as_of(datasets), own=own)


def _switches(store: Any, view: lens.View, as_of: datetime | None, *, own: str) -> dict[str, Any]:
    now = timezone.now()
    sites = lens.sites_at(now)
    return {
        "periods": periods.period_tiles([store.pk], view, sites, now=now, as_of=as_of),
        "against": lens.AGAINST.get(view.query.compare, ""),
        "comparisons": lens.comparisons(),
        "rates": view.rate,
        "currencies": lens.currencies([store], sites, view.rate, agency=own),
        "orders_as_of": as_of,
    }


def _orders_as_of(datasets: list[Freshness]) -> datetime | None:
    """When the oldest of the store's orders came; None: never, of one of its sources."""
    ages = [each.fresh_at for each in datasets if each.dataset == standing.ORDERS]
    return min((age for age in ages if age), default=None) if all(ages) else None


def _sums(
    days: standing.Days, since: date | None, query: lists.ListQuery, as_of: datetime | None
) -> list[dict[str, Any]]:
    """Sales, units and orders of the chosen period, held against the one compared with where that is whole."""
    now = standing.sum_of(days, query.period)
    whole = query.before is not None and since is not None and since <= query.before.first
    before = standing.sum_of(days, query.before) if query.before and whole else standing.Sales()
    return [
        {"key": key, "label": label, "now": getattr(now, key), "money": key == "revenue",
         "change": standing.share(getattr(now, key), getattr(before, key)),
         "why": explain(key, as_of=as_of) if key in REGISTRY else None}
        for key, label in SUMS
    ]  # fmt: skip
