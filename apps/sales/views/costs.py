"""Unit costs: which SKUs have none, and what that hides."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Member, Store
from apps.accounts.queries import rates, stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.models import Entry
from apps.core.permissions import Permission
from apps.listings.models import Product
from apps.listings.queries import products as catalogue
from apps.sales import actions, forms
from apps.sales.queries import costs as queries
from apps.sales.queries.cost import agency_currency, currencies

PAGE = "costs"
TEMPLATE = "sales/costs.html"
FILTERS = {"q", "store", "owner", "supplier", "status"}
LABELS = {
    "missing": gettext_lazy("Missing cost"),
    "known": gettext_lazy("Cost known"),
    "coming": gettext_lazy("Cost changes"),
}


@require_safe
@requires(Permission.COST_VIEW)
@pages.opens_views(PAGE)
def costs(request: MemberRequest, store: str = "") -> HttpResponse:
    """What does each SKU cost us, and which sales have no cost behind them?"""
    return page(request, TEMPLATE, context(request, store, request.GET))


def scope_of(request: MemberRequest) -> queries.Scope:
    """For whom, on which day, in which money."""
    today, currency = timezone.localdate(), agency_currency()
    return queries.Scope(request.member, today, currency, rates(currency, today))


def parsed(request: MemberRequest, params: QueryDict) -> lists.ListQuery:
    today = timezone.localdate()
    return lists.parse(params, queries.COLUMNS, sort=queries.DEFAULT_SORT, today=today, can=request.member.can)


def context(request: MemberRequest, slug: str, params: QueryDict) -> dict[str, Any]:
    """Everything the page shows, in a constant number of queries."""
    member, scope = request.member, scope_of(request)
    store = get_object_or_404(stores_for(member), slug=slug) if slug else None
    query, mine = parsed(request, params), _mine(member, slug)
    found = queries.chosen(mine, query, member)
    totals = _totals(found, scope, slug, query)
    wanted = found.filter(queries.status_filter(query.status, scope.today))
    rows = lists.paged(queries.sorted_by(wanted, query, scope), query)
    return (
        pages.frame(request, query, name=PAGE, slug=slug, kept=("status", "sort"))
        | {
            "store": store,
            "rows": rows,
            "lines": queries.rows_of(rows, scope),
            "totals": totals,
            "segments": _segments(query, totals),
            "currency": scope.currency,
            "filtered": bool(set(query.params) & FILTERS),
            "choices": catalogue.choices(mine),
            "stores": [] if store else [(each.slug, each.name) for each in stores_for(member)],
            "today": scope.today,
        }
        | _may(request)
    )


def _mine(member: Member, slug: str) -> QuerySet[Product]:
    mine = catalogue.products_for(member)
    return mine.filter(store__slug=slug) if slug else mine


def _totals(found: QuerySet[Product], scope: queries.Scope, slug: str, query: lists.ListQuery) -> queries.Summary:
    narrowed = bool(query.q or query.owner or query.get("supplier"))
    return queries.summary(found, scope, store=slug or query.get("store"), narrowed=narrowed)


def tiles(request: MemberRequest, slug: str) -> dict[str, Any]:
    """Tiles and segments of the list on which a cell of the store `slug` was edited; nothing where there is no list."""
    at = pages.beside(request, PAGE, slug)
    if at is None:
        return {}
    query, scope = parsed(request, at[1]), scope_of(request)
    totals = _totals(queries.chosen(_mine(request.member, at[0]), query, request.member), scope, at[0], query)
    return {
        "tiles_beside": "sales/cost_tiles.html",
        "totals": totals,
        "query": query,
        "segments": _segments(query, totals),
        "currency": scope.currency,
        "here": pages.address(request, PAGE, at[0]),
    }


def _may(request: MemberRequest) -> dict[str, Any]:
    can = request.member.can
    may_edit = can(Permission.COST_EDIT)
    return {
        "may_edit": may_edit,
        "may_import": can(Permission.IMPORT) or can(Permission.IMPORT_COSTS),
        "currencies": currencies() if may_edit else [],
    }


def _segments(query: lists.ListQuery, totals: queries.Summary) -> list[dict[str, Any]]:
    """All, and each status, with its count and address."""
    status = query.status if query.status in queries.STATUSES else ""
    counts = [("", _("All"), totals.total)] + [(key, LABELS[key], totals.counts[key]) for key in queries.STATUSES]
    return pages.segments(query, status, counts)


@require_POST
@requires(Permission.COST_EDIT)
def act(request: MemberRequest, store: str = "") -> HttpResponse:
    """One cost for the chosen SKUs; answers the rows as they are now."""
    if store:
        get_object_or_404(stores_for(request.member), slug=store)
    form, cost = forms.Bulk(request.POST), forms.Cost(request.POST)
    if not form.is_valid():
        return toast(HttpResponse(status=422), _("Choose what to do."), kind="warning")
    chosen, problem = _meant(request, store, form.cleaned_data)
    if not cost.is_valid():
        problem = problem or _wrong(cost)
    entries = [] if problem else _set(request, chosen, cost)
    changed = sum(len(entry.after) for entry in entries)
    said = ngettext("Cost of %(count)d SKU set", "Cost of %(count)d SKUs set", changed) % {"count": changed}
    undo = pages.undo_url(request, entries)
    if elsewhere := pages.settled(request, PAGE, store, problem or said, undo=undo):
        return elsewhere
    shown = context(request, store, pages.params_of(form.cleaned_data["query"]))
    answer = page(request, TEMPLATE, shown, status=422 if problem else 200)
    return toast(answer, problem or said, kind="warning" if problem else "success", undo=undo)


def _wrong(form: forms.Cost) -> str:
    """The first thing that is wrong, with the field's name."""
    name, errors = next(iter(form.errors.items()))
    return f"{form.fields[name].label}{_(': ')}{errors[0]}" if name in form.fields else str(errors[0])


def _set(request: MemberRequest, chosen: list[Product], cost: forms.Cost) -> list[Entry]:
    skus: dict[int, list[str]] = {}
    for product in chosen:
        skus.setdefault(product.store_id, []).append(product.sku)
    stores, now = Store.objects.in_bulk(skus), timezone.now()
    made = [
        actions.set_costs(stores[each], [cost.line(sku) for sku in some], by=request.member, at=now)
        for each, some in skus.items()
    ]
    return [entry for entry in made if entry]


def _meant(request: MemberRequest, slug: str, values: dict[str, Any]) -> tuple[list[Product], str]:
    """(products, "") or ([], why not)."""
    member = request.member
    mine = _mine(member, slug)
    return pages.meant(
        request,
        values,
        lambda params: _seen(mine, parsed(request, params), member),
        lambda keys: catalogue.picked(mine, keys),
        nothing=_("Choose at least one SKU."),
        too_many=_("At most %d SKUs at once. Narrow the filter."),
    )


def _seen(mine: QuerySet[Product], query: lists.ListQuery, member: Member) -> QuerySet[Product]:
    return queries.chosen(mine, query, member).filter(queries.status_filter(query.status, timezone.localdate()))


@require_POST
@requires(Permission.COST_VIEW)
def export(request: MemberRequest, store: str = "") -> HttpResponse:
    """Write what is filtered, all pages, into a file; answers the job's strip."""
    if not request.member.can(Permission.EXPORT):
        raise PermissionDenied(Permission.EXPORT)
    if store:
        get_object_or_404(stores_for(request.member), slug=store)
    return pages.start_export(request, PAGE, store, title=_("Export of unit costs"))
