"""The product list: what we know of each SKU, and what is missing."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Member
from apps.accounts.queries import colleagues, stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.permissions import Permission
from apps.listings import actions, forms
from apps.listings.models import Product
from apps.listings.queries import products as queries
from apps.listings.queries.told import told_columns

PAGE = "products"
TEMPLATE = "listings/products.html"
FILTERS = {"q", "mp", "store", "owner", "supplier", "missing", "status"}


@require_safe
@requires(Permission.PRODUCTS_VIEW)
@pages.opens_views(PAGE)
def products(request: MemberRequest, store: str = "") -> HttpResponse:
    """What do we know of each SKU, and what is missing?"""
    return page(request, TEMPLATE, context(request, store, request.GET))


def parsed(request: MemberRequest, params: QueryDict) -> lists.ListQuery:
    today = timezone.localdate()
    return lists.parse(params, queries.columns(), sort=queries.DEFAULT_SORT, today=today, can=request.member.can)


def context(request: MemberRequest, slug: str, params: QueryDict) -> dict[str, Any]:
    """Everything the page shows, in a constant number of queries."""
    member = request.member
    store = get_object_or_404(stores_for(member), slug=slug) if slug else None
    query, mine = parsed(request, params), _mine(member, slug)
    found = queries.chosen(mine, query, member)
    totals = queries.summary(found, member)
    rows = lists.paged(queries.sorted_by(queries.narrowed(found, query, member), query), query)
    may_edit = member.can(Permission.STOCK_EDIT)
    return pages.frame(request, query, name=PAGE, slug=slug, kept=("status", "missing", "sort")) | {
        "store": store,
        "rows": rows,
        "lines": queries.rows_of(rows, member),
        "totals": totals,
        "segments": _segments(query, totals),
        "labels": queries.LABELS,
        "told": {column.key for column in told_columns()},
        "filtered": bool(set(query.params) & FILTERS),
        "choices": queries.choices(mine),
        "sites": queries.sites_of(member),
        "stores": [] if store else [(each.slug, each.name) for each in stores_for(member)],
        "may_edit": may_edit,
        "may_import": member.can(Permission.IMPORT),
        "people": list(colleagues()) if may_edit else [],
    }


def _mine(member: Member, slug: str) -> QuerySet[Product]:
    mine = queries.products_for(member)
    return mine.filter(store__slug=slug) if slug else mine


def tiles(request: MemberRequest, slug: str) -> dict[str, Any]:
    """The tiles above the list on which a cell of the store `slug` was edited; nothing where there is no list."""
    at = pages.beside(request, PAGE, slug)
    if at is None:
        return {}
    query = parsed(request, at[1])
    totals = queries.summary(queries.chosen(_mine(request.member, at[0]), query, request.member), request.member)
    return {
        "tiles_beside": "listings/tiles.html",
        "totals": totals,
        "query": query,
        "here": pages.address(request, PAGE, at[0]),
    }


def _segments(query: lists.ListQuery, totals: queries.Summary) -> list[dict[str, Any]]:
    """All, and each status, with its count and address."""
    status = query.status if query.status in queries.STATUSES else ""
    counts = [("", _("All"), totals.total)] + [
        (key, queries.LABELS[key], totals.statuses[key]) for key in queries.STATUSES
    ]
    return pages.segments(query, status, counts)


@require_POST
@requires(Permission.STOCK_EDIT)
def act(request: MemberRequest, store: str = "") -> HttpResponse:
    """One field for the chosen products; answers the rows as they are now."""
    if store:
        get_object_or_404(stores_for(request.member), slug=store)
    form = forms.Bulk(request.POST)
    if not form.is_valid():
        return toast(HttpResponse(status=422), _("Choose what to do."), kind="warning")
    chosen, problem = _meant(request, store, form.cleaned_data)
    values = forms.Masters(request.POST, names=(form.cleaned_data["action"],))
    if not values.is_valid():
        problem = problem or " ".join(e for errors in values.errors.values() for e in errors)
    entries = [] if problem else actions.edit_products(chosen, values.values(), by=request.member, at=timezone.now())
    changed = sum(len(entry.after["products"]) for entry in entries)
    said = ngettext("%(count)d product changed", "%(count)d products changed", changed) % {"count": changed}
    undo = pages.undo_url(request, entries)
    if elsewhere := pages.settled(request, PAGE, store, problem or said, undo=undo):
        return elsewhere
    shown = context(request, store, pages.params_of(form.cleaned_data["query"]))
    answer = page(request, TEMPLATE, shown, status=422 if problem else 200)
    return toast(answer, problem or said, kind="warning" if problem else "success", undo=undo)


def _meant(request: MemberRequest, slug: str, values: dict[str, Any]) -> tuple[list[Product], str]:
    """(products, "") or ([], why not)."""
    member = request.member
    mine = _mine(member, slug)
    return pages.meant(
        request,
        values,
        lambda params: _seen(mine, parsed(request, params), member),
        lambda keys: queries.picked(mine, keys),
        nothing=_("Choose at least one product."),
        too_many=_("At most %d products at once. Narrow the filter."),
    )


def _seen(mine: QuerySet[Product], query: lists.ListQuery, member: Member) -> QuerySet[Product]:
    return queries.narrowed(queries.chosen(mine, query, member), query, member)


@require_POST
@requires(Permission.EXPORT)
def export(request: MemberRequest, store: str = "") -> HttpResponse:
    """Write what is filtered, all pages, into a file; answers the job's strip."""
    if store:
        get_object_or_404(stores_for(request.member), slug=store)
    return pages.start_export(request, PAGE, store, title=_("Export of the product list"))
