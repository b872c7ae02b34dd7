"""Orders: what was bought when, in which state, for how much; and one order with where we know it from."""

from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.queries import rates, stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.http import MemberRequest, page, requires
from apps.core.money import convert
from apps.core.permissions import Permission
from apps.listings.models import WAYS, Product
from apps.listings.queries.products import sites_of
from apps.sales.models import OrderLine
from apps.sales.queries import orders as queries
from apps.sales.queries.cost import agency_currency
from apps.sales.queries.order_sums import MOST_COUNTED, Totals, totals_of
from apps.sales.queries.order_words import status_word

PAGE = "orders"
TEMPLATE = "sales/orders.html"
FILTERS = {"q", "mp", "store", "way", "status", "from", "to"}
PERIODS = ("7d", "14d", "60d", "90d", "365d")
SHOWN_SUMS = 4  # currencies named beside the sum of all
STATES = {
    "pending": (gettext_lazy("Pending"), "neutral"),
    "unshipped": (gettext_lazy("To be shipped"), "warning"),
    "shipped": (gettext_lazy("Shipped"), "success"),
    "cancelled": (gettext_lazy("Cancelled"), "danger"),
}


@require_safe
@requires(Permission.ORDERS_VIEW)
@pages.opens_views(PAGE)
def orders(request: MemberRequest, store: str = "") -> HttpResponse:
    """What was bought, and in which state is it?"""
    return page(request, TEMPLATE, context(request, store))


def context(request: MemberRequest, slug: str) -> dict[str, Any]:
    """Everything the page shows, in a constant number of queries."""
    member, today = request.member, timezone.localdate()
    store = get_object_or_404(stores_for(member), slug=slug) if slug else None
    stores = [store] if store else list(stores_for(member))
    params = request.GET.copy()  # without the marks of a page: no filter, sort or view is tied to one
    before, after = (params.pop(name, [""])[-1] for name in ("before", "after"))
    query = lists.parse(params, queries.COLUMNS, sort=queries.DEFAULT_SORT, today=today, can=member.can)
    wanted = queries.wanted_of(query, member, stores, today=today)
    totals = totals_of(wanted)
    unsorted = totals.more and bool(wanted.rank)  # too many to rank while somebody waits
    if unsorted:
        wanted = replace(wanted, rank="", ascending=False)
    found = queries.page_of(wanted, size=query.per_page, before=before, after=after, days=totals.days)
    return pages.frame(request, query, name=PAGE, slug=slug, kept=("status", "sort")) | {
        "store": store,
        "lines": found.rows,
        "newer_url": query.url(before=found.before) if found.before else "",
        "older_url": query.url(after=found.after) if found.after else "",
        "totals": totals,
        "sum": _sum(totals, today),
        "most": MOST_COUNTED,
        "unsorted": unsorted,
        "segments": _segments(query, wanted, totals),
        "states": STATES,
        "exact": wanted.exact,
        "period": wanted.period,
        "periods": PERIODS,
        "ways": [(way, format_lazy("{} ({})", WAYS[way], way)) for way in queries.WAYS],
        "filtered": bool(set(query.params) & FILTERS),
        "sites": sites_of(member),
        "stores": [] if store else [(each.slug, each.name) for each in stores],
    }


def _sum(totals: Totals, today: Any) -> dict[str, Any]:
    """Sales in one money: their own if they are all in one, else the agency's; `partly`: some have no rate."""
    codes = sorted(totals.sales, key=lambda code: (code != "USD", code))
    if len(codes) < 2:
        code = codes[0] if codes else agency_currency()
        return {"currency": code, "minor": totals.sales.get(code, 0), "parts": [], "more": 0, "partly": False}
    currency = agency_currency()
    worth, minor, partly = rates(currency, today), 0, False
    for code, amount in totals.sales.items():
        if code == currency:
            minor += amount
        elif code in worth:
            minor += convert(amount, source=code, target=currency, rate=worth[code])
        else:
            partly = True
    parts = [(code, totals.sales[code]) for code in codes]
    more = max(len(parts) - SHOWN_SUMS, 0)
    return {"currency": currency, "minor": minor, "parts": parts[:SHOWN_SUMS], "more": more, "partly": partly}


def _segments(query: lists.ListQuery, wanted: queries.Wanted, totals: Totals) -> list[dict[str, Any]]:
    """All, and each state, with its count where it is known."""
    counts = totals.states or {}
    every = [("", _("All"), sum(counts.values()) if counts else None)]
    every += [(key, label, counts.get(key)) for key, (label, _tone) in STATES.items()]
    return [
        {
            "label": label,
            "count": count,
            "url": query.url(status=key),
            "active": key == wanted.state,
        }
        for key, label, count in every
    ]


@require_safe
@requires(Permission.ORDERS_VIEW)
def order(request: MemberRequest, store: str, number: str) -> HttpResponse:
    """What is in this order, and which document says so?"""
    found = get_object_or_404(stores_for(request.member), slug=store)
    lines = queries.order_of(request.member, found, number)
    if not lines:
        raise Http404
    rows = queries.rows_of(lines, [found])
    values = {
        "store": found,
        "number": number,
        "first": lines[0],
        "rows": rows,
        "known": set(Product.objects.filter(store=found, sku__in=[x.sku for x in lines]).values_list("sku", flat=True)),
        "sums": _sums(lines),
        "states": STATES,
        "status": status_word(lines[0].status),
        "documents": queries.documents_of(request.member, found, lines),
        "may_sync": request.member.can(Permission.SYNC_VIEW),
    }
    return page(request, "sales/order.html", values)


def _sums(lines: list[OrderLine]) -> list[dict[str, Any]]:
    """What the lines that were not cancelled add up to, by currency; an unknown price makes the sum a lower bound."""
    made: dict[str, dict[str, Any]] = {}
    for line in lines:
        if queries.state_of(line) == "cancelled":
            continue
        parts = made.setdefault(line.currency, dict.fromkeys(("price", "promotion", "shipping", "tax"), 0))
        parts["price"] += line.price or 0
        parts["promotion"] -= line.promotion or 0
        parts["shipping"] += line.shipping or 0
        parts["tax"] += (line.tax or 0) + (line.shipping_tax or 0)
    return [{"currency": code, **parts, "total": sum(parts.values())} for code, parts in made.items() if code]


@require_POST
@requires(Permission.ORDERS_VIEW)
def export(request: MemberRequest, store: str = "") -> HttpResponse:
    """Write what is filtered, all pages, into a file; answers the job's strip."""
    if not request.member.can(Permission.EXPORT):
        raise PermissionDenied(Permission.EXPORT)
    if store:
        get_object_or_404(stores_for(request.member), slug=store)
    return pages.start_export(request, PAGE, store, title=_("Export of orders"))
