"""The overview: which stores need us today, and what is it worth?"""

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core import lists
from apps.core.http import MemberRequest, page, requires
from apps.core.metrics import REGISTRY, Explanation, explain
from apps.core.permissions import Permission
from apps.team.queries import inbox as findings_of
from apps.team.queries import lens, periods, standing

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
    """Tiles, the first steps of today, daily sales and all stores: as many queries however many facts there are."""
    return page(request, "team/overview.html", _overview(request))


def _overview(request: MemberRequest) -> dict[str, Any]:
    member, today = request.member, timezone.localdate()
    own = request.agency.settings.currency
    query = lists.parse(request.GET, STORES, sort="-at_stake", today=today, can=member.can, currency=own)
    view = lens.look(member, compared(query), currency=own, today=today)
    query = view.query
    found = standing.standing(view, currency=own)
    by = "store" if query.get("by") == "store" else "region"
    totals = findings_of.inbox_totals(member, today=today)
    return {
        "query": query,
        "lines": found.lines,
        "total": found.total,
        "found": found,
        "currency": query.currency,
        "rates": view.rate,
        "at_stake": view.money(totals.at_stake, own),
        "chart": found.chart(by=by, names=dict(standing.REGIONS), currency=query.currency),
        "by": by,
        "cards": findings_of.cards(findings_of.inbox(member, tab="open", me_only=False)[:FIRST_STEPS]),
        "totals": totals,
        "fresh": _fresh(found.lines),
        "explained": _why(found.lines),
        "regions": [(key, label) for key, label in standing.REGIONS if key],
        "owners": [("me", _("Mine"))],
        "may_work": member.can(Permission.INBOX_WORK),
        "today": today,
    } | switches(view, found, own=own)


def switches(view: lens.View, found: standing.Standing, *, own: str) -> dict[str, Any]:
    """The tiles of periods, and what the page may be seen through."""
    now = timezone.now()
    sites = lens.sites_at(now)
    stores = [line.store for line in found.lines]
    return {
        "periods": periods.period_tiles([store.pk for store in stores], view, sites, now=now, as_of=found.orders_as_of),
        "against": lens.AGAINST.get(view.query.compare, ""),
        "comparisons": lens.comparisons(),
        "currencies": lens.currencies(stores, sites, view.rate, agency=own),
        "orders_as_of": found.orders_as_of,
    }


def compared(query: lists.ListQuery) -> lists.ListQuery:
    """Without a comparison there is no column for one; its head says with what."""
    columns = [c for c in query.columns if c.key != "change" or query.before]
    words = {"change": _("Against last year")} if query.compare == "yoy" else {}
    return replace(query, columns=tuple(replace(c, label=words.get(c.key, c.label)) for c in columns))


def _fresh(lines: list[standing.Line]) -> dict[str, str]:
    """How many stores' data keep their promise."""
    good = sum(line.fresh_word == "fresh" and line.fresh_at is not None for line in lines)
    broken = sum(line.fresh_word == "broken" for line in lines)
    note = gettext("%(count)d need you") % {"count": broken} if broken else gettext("stores within their promise")
    return {"text": f"{good} / {len(lines)}", "note": note}


def _why(lines: list[standing.Line]) -> dict[str, Explanation]:
    """Formula, source and age of the three sums, for the mark beside each tile."""
    ages = [line.fresh_at for line in lines if line.fresh_at]
    as_of = min(ages) if ages else None
    return {key: explain(key, as_of=as_of) for key in ("revenue", "units", "orders") if key in REGISTRY}
