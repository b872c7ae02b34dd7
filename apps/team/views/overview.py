"""The overview: which stores need us today, and what is it worth?"""

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core import lists
from apps.core.findings import explain_stake
from apps.core.http import MemberRequest, page, requires
from apps.core.metrics import REGISTRY, Explanation, explain
from apps.core.permissions import Permission
from apps.health.queries.wording import STATE_TONES, STATES
from apps.team.queries import inbox as findings_of
from apps.team.queries import lens, periods, standing

FIRST_STEPS = 8
OUT = _(
    "SKUs whose stock at FBA lasts at most until seven days from today: what is available, divided by daily sales. Daily "
    "sales weigh the last 7, 30 and 90 days; days without stock are left out."
)
STOCK_SOURCE = _("FBA inventory and planning reports, all-orders report")
FRESH = _("Stores all of whose datasets came within the time promised for them, of all stores shown.")
FRESH_SOURCE = _("Our own record of runs")
STORES = (
    lists.ListColumn("name", _("Store / client"), order="name", fixed=True),
    lists.ListColumn(
        "at_stake",
        _("Money at stake"),
        order="at_stake",
        numeric=True,
        fixed=True,
        help=_("What open items put at stake together; each product once, a whole site only where it is more"),
    ),
    lists.ListColumn("todo", _("To do"), order="todo", numeric=True, help=_("Open items of the inbox")),
    lists.ListColumn(
        "out_soon",
        _("Out within 7 days"),
        order="out_soon",
        numeric=True,
        help=_("SKUs whose stock at FBA lasts at most seven days from today"),
    ),
    lists.ListColumn(
        "sales",
        _("Sales"),
        order="sales",
        numeric=True,
        help=_("Item price minus promotion of orders not cancelled, without tax and shipping, in the chosen period"),
    ),
    lists.ListColumn(
        "change",
        _("Against before"),
        order="change",
        numeric=True,
        help=_("Sales of the period against those it is compared with; nothing where these are not whole"),
    ),
    lists.ListColumn("trend", _("Trend")),
    lists.ListColumn("units", _("Units"), order="units", numeric=True, help=_("Units ordered and not cancelled")),
    lists.ListColumn(
        "orders", _("Orders"), order="orders", numeric=True, shown=False, help=_("Distinct orders not cancelled")
    ),
    lists.ListColumn(
        "cover",
        _("Cover"),
        order="cover",
        numeric=True,
        help=_("Units available, reserved and inbound ÷ daily sales of all SKUs"),
    ),
    lists.ListColumn(
        standing.HEALTH,
        _("Account health"),
        order=standing.HEALTH,
        needs=Permission.HEALTH_VIEW,
        help=_("The site that stands worst by Amazon's limits, and how many more defects before the nearest of them"),
    ),
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
        "health_states": list(STATES.items()) if member.can(Permission.HEALTH_VIEW) else [],
        "health_labels": STATES,
        "health_tones": STATE_TONES,
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
    """Formula, source and age of what the tiles say, for the mark beside each."""
    as_of = min((line.fresh_at for line in lines if line.fresh_at), default=None)
    return {key: explain(key, as_of=as_of) for key in ("revenue", "units", "orders") if key in REGISTRY} | {
        "at_stake": explain_stake(_("Money at stake"), as_of=as_of),
        "out": Explanation(_("Out within 7 days"), OUT, STOCK_SOURCE, as_of),
        "data": Explanation(_("Data up to date"), FRESH, FRESH_SOURCE, as_of),
    }
