"""The costs of one SKU: since when, who said so, and a new one from a day on."""

from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Store
from apps.accounts.queries import stores_for
from apps.accounts.views import lists as pages
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.models import Entry
from apps.core.money import to_decimal
from apps.core.permissions import Permission
from apps.core.undo import undone_numbers
from apps.listings.models import Product
from apps.listings.queries.products import products_for
from apps.sales import actions, forms
from apps.sales.queries import cost as queries
from apps.sales.queries.costs import Row, rows_of
from apps.sales.views.costs import PAGE, scope_of, tiles

TEMPLATE = "sales/cost.html"
CELL = "sales/cost_cell.html"
NEW = "sales/cost_new.html"


@require_safe
@requires(Permission.COST_VIEW)
def cost(request: MemberRequest, store: str, sku: str) -> HttpResponse:
    """What did it cost when, and who said so?"""
    return page(request, TEMPLATE, _context(request, _store(request, store, sku), sku))


def _store(request: MemberRequest, slug: str, sku: str) -> Store:
    """The store, if it has such a SKU where the member may look."""
    found = get_object_or_404(stores_for(request.member), slug=slug)
    if not queries.knows(request.member, found, sku):
        raise Http404
    return found


def _row(request: MemberRequest, store: Store, sku: str) -> Row:
    """A SKU that was only ever sold is shown like a product."""
    product = products_for(request.member).filter(store=store, sku=sku).select_related("store", "owner__user").first()
    return rows_of([product or Product(store=store, sku=sku)], scope_of(request))[0]


def _context(request: MemberRequest, store: Store, sku: str, form: forms.Cost | None = None) -> dict[str, Any]:
    row, costs = _row(request, store, sku), queries.costs_of(store.pk, sku)
    entries = queries.history(store.pk, sku, [each.valid_from for each in costs])
    may_edit = request.member.can(Permission.COST_EDIT)
    if may_edit and form is None:
        form = forms.Cost(initial=_initial(row, store))
    return {
        "row": row,
        "store": store,
        "costs": costs,
        "form": form,
        "currency": queries.agency_currency(),
        "today": timezone.localdate(),
        "may_edit": may_edit,
        "history": [_told(entry, sku) for entry in entries],
        "undone": undone_numbers([entry.number for entry in entries]),
    }


def _initial(row: Row, store: Store) -> dict[str, Any]:
    """A next cost holds from today on; a first one from the first sale on."""
    now, today = row.cost or row.coming, timezone.localdate()
    if now is None:
        currency = queries.last_currency(store.pk) or queries.agency_currency()
        return {"currency": currency, "valid_from": queries.first_sale(store, row.product.sku) or today}
    freight = None if now.freight is None else to_decimal(now.freight, now.currency)
    amounts = {"unit_cost": to_decimal(now.unit_cost, now.currency), "freight": freight}
    return amounts | {"currency": now.currency, "valid_from": today}


def _told(entry: Entry, sku: str) -> dict[str, Any]:
    """What an entry said of this SKU: (day, before, after), each (minor units, currency, freight, note) or nothing."""
    names = [name for name in entry.after if name.rpartition(" ")[0] == sku]
    changes = [(name.rpartition(" ")[2], entry.before.get(name), entry.after[name]) for name in sorted(names)]
    return {"entry": entry, "changes": changes}


@require_POST
@requires(Permission.COST_EDIT)
def edit(request: MemberRequest, store: str, sku: str) -> HttpResponse:
    """Set a cost from a day on; answers the drawer as it is now."""
    found, form = _store(request, store, sku), forms.Cost(request.POST)
    if not form.is_valid():
        return page(request, TEMPLATE, _context(request, found, sku, form), status=422)
    entry = actions.set_costs(found, [form.line(sku)], by=request.member, at=timezone.now())
    return _drawer(request, found, sku, [entry] if entry else [])


@require_POST
@requires(Permission.COST_EDIT)
def drop(request: MemberRequest, store: str, sku: str) -> HttpResponse:
    """Take a cost away by its day; answers the drawer as it is now."""
    found = _store(request, store, sku)
    costs = [each for each in queries.costs_of(found.pk, sku) if each.valid_from.isoformat() == request.POST.get("day")]
    entries = [actions.drop_cost(each, by=request.member, at=timezone.now()) for each in costs]
    return _drawer(request, found, sku, entries)


def _drawer(request: MemberRequest, store: Store, sku: str, entries: list[Entry]) -> HttpResponse:
    if request.headers.get("HX-Request") != "true":
        return redirect("cost", agency=request.agency.slug, store=store.slug, sku=sku)
    values = _context(request, store, sku) | {"saved": bool(entries)} | tiles(request, store.slug)
    answer = page(request, TEMPLATE, values)
    return toast(answer, _("%s: saved") % sku, undo=pages.undo_url(request, entries)) if entries else answer


@requires(Permission.COST_EDIT)
def cell(request: MemberRequest, store: str, sku: str) -> HttpResponse:
    """The cost in its cell: as a form (GET), saved (POST). A saved one answers all cells that follow from it."""
    found = _store(request, store, sku)
    row = _row(request, found, sku)
    if request.method != "POST":
        form = None if "cell" in request.GET else forms.Cost(initial=_initial(row, found))
        return page(request, CELL, _cell(row, form))
    form = forms.Cost(_with_the_rest(request, row))
    if not form.is_valid():
        return page(request, CELL, _cell(row, form), status=422)
    entry = actions.set_costs(found, [form.line(sku)], by=request.member, at=timezone.now())
    if request.headers.get("HX-Request") != "true":
        return redirect(PAGE, agency=request.agency.slug, store=store)
    values = _cell(_row(request, found, sku), None) | {"saved": True} | tiles(request, store)
    answer = page(request, CELL, values)
    return toast(answer, _("%s: saved") % sku, undo=pages.undo_url(request, [entry])) if entry else answer


def _cell(row: Row, form: forms.Cost | None) -> dict[str, Any]:
    return {"row": row, "form": form, "may_edit": True, "today": timezone.localdate()}


def _with_the_rest(request: MemberRequest, row: Row) -> Any:
    """The cell asks for the cost only: freight stays as it was (in the same money), and the note of the same day."""
    values, now = request.POST.copy(), row.cost
    if "freight" not in values and now and now.freight is not None and values.get("currency") == now.currency:
        values["freight"] = str(to_decimal(now.freight, now.currency))
    if "note" not in values and now and values.get("valid_from") == now.valid_from.isoformat():
        values["note"] = now.note
    return values


@requires(Permission.COST_EDIT)
def new(request: MemberRequest, store: str = "") -> HttpResponse:
    """A cost for a SKU that is typed in."""
    stores = stores_for(request.member).filter(active=True)
    if store:
        get_object_or_404(stores_for(request.member), slug=store)
    if request.method != "POST":
        slug = store or request.GET.get("store", "")
        initial = {"store": slug, "sku": request.GET.get("sku", "")[:60], "valid_from": _from(request, slug)}
        initial["currency"] = queries.agency_currency()
        return page(request, NEW, {"form": forms.NewCost(initial=initial, stores=stores), "slug": store})
    form = forms.NewCost(request.POST, stores=stores)
    if form.is_valid() and not queries.knows(request.member, form.cleaned_data["store"], form.cleaned_data["sku"]):
        form.add_error("sku", _("This store has neither listed nor sold such a SKU."))
    if not form.is_valid():
        return page(request, NEW, {"form": form, "slug": store}, status=422)
    found, sku = form.cleaned_data["store"], form.cleaned_data["sku"]
    entry = actions.set_costs(found, [form.line(sku)], by=request.member, at=timezone.now())
    return _drawer(request, found, sku, [entry] if entry else [])


def _from(request: MemberRequest, slug: str) -> date:
    """The first sale of the SKU that the address names, else today."""
    store = stores_for(request.member).filter(slug=slug).first()
    sku = request.GET.get("sku", "")
    return (queries.first_sale(store, sku) if store and sku else None) or timezone.localdate()
