"""One product: where it is listed, its master data, who changed it."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Member
from apps.accounts.views import lists as pages
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.models import Entry
from apps.core.permissions import Permission
from apps.core.undo import undone_numbers
from apps.listings import actions, forms
from apps.listings.models import Product
from apps.listings.queries import products as queries
from apps.listings.queries.products import LABELS
from apps.listings.queries.told import told_columns
from apps.listings.views.products import PAGE, tiles

TEMPLATE = "listings/product.html"
CELL = "listings/cell.html"
SHOWN = ("supplier", "owner", "brand", "category", "moq", "carton_units")


@require_safe
@requires(Permission.PRODUCTS_VIEW)
def product(request: MemberRequest, store: str, sku: str) -> HttpResponse:
    """Where is it listed, what do we know of it, and who changed that?"""
    return page(request, TEMPLATE, _context(request, _product(request, store, sku)))


def _product(request: MemberRequest, store: str, sku: str) -> Product:
    mine = queries.products_for(request.member).select_related("store", "owner__user")
    return get_object_or_404(mine, store__slug=store, sku=sku)


def _context(request: MemberRequest, found: Product, form: forms.Masters | None = None) -> dict[str, Any]:
    entries = queries.history(found)
    return {
        "row": queries.rows_of([found], request.member)[0],
        "product": found,
        "store": found.store,
        "labels": LABELS,
        "form": form or forms.Masters(initial=_initial(found)),
        "may_edit": request.member.can(Permission.STOCK_EDIT),
        "told": [column for column in told_columns() if request.member.can(column.needs or Permission.PRODUCTS_VIEW)],
        "may_cost": request.member.can(Permission.COST_VIEW),
        "history": _told(entries, found.sku),
        "undone": undone_numbers([entry.number for entry in entries]),
        "choices": {"suppliers": []},
    }


def _initial(found: Product) -> dict[str, Any]:
    return {name: getattr(found, f"{name}_id" if name == "owner" else name) for name in forms.FIELDS}


def _told(entries: list[Entry], sku: str) -> list[dict[str, Any]]:
    """What each entry changed of this product: (field, before, after), people by name."""
    changes = [(entry, *_of(entry, sku)) for entry in entries]
    people = {str(v) for _entry, *both in changes for values in both if (v := values.get("owner_id"))}
    names = {str(member.pk): str(member) for member in Member.objects.filter(pk__in=people).select_related("user")}
    return [
        {
            "entry": entry,
            "changes": [(k, names.get(before.get(k), before.get(k)), names.get(v, v)) for k, v in after.items()],
        }
        for entry, before, after in changes
    ]


def _of(entry: Entry, sku: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if entry.verb == "products.edit":
        return entry.before["products"].get(sku, {}), entry.after["products"].get(sku, {})
    return entry.before, entry.after


@require_POST
@requires(Permission.STOCK_EDIT)
def edit(request: MemberRequest, store: str, sku: str) -> HttpResponse:
    """Set the master data; answers the drawer as it is now."""
    found = _product(request, store, sku)
    names = tuple(name for name in forms.FIELDS if name in request.POST)
    form = forms.Masters(request.POST, names=names)
    if not names or not form.is_valid():
        wrong = forms.Masters(request.POST)
        return page(request, TEMPLATE, _context(request, found, wrong), status=422)
    entries = actions.edit_products([found], form.values(), by=request.member, at=timezone.now())
    if request.headers.get("HX-Request") != "true":
        return redirect("product", agency=request.agency.slug, store=store, sku=sku)
    answer = page(
        request, TEMPLATE, _context(request, _product(request, store, sku)) | {"saved": True} | tiles(request, store)
    )
    return toast(answer, _("%s: saved") % sku, undo=pages.undo_url(request, entries)) if entries else answer


@requires(Permission.STOCK_EDIT)
def cell(request: MemberRequest, store: str, field: str, sku: str) -> HttpResponse:
    """One field in its cell: as a form (GET), saved (POST); answers the cell."""
    if field not in forms.FIELDS:
        raise Http404
    found = _product(request, store, sku)
    if request.method != "POST":
        form = None if "cell" in request.GET else forms.Masters(names=(field,), initial=_initial(found))
        return page(request, CELL, _cell(request, found, field, form))
    form = forms.Masters(request.POST, names=(field,))
    if field not in request.POST or not form.is_valid():
        return page(request, CELL, _cell(request, found, field, form), status=422)
    entries = actions.edit_products([found], form.values(), by=request.member, at=timezone.now())
    if request.headers.get("HX-Request") != "true":
        return redirect(PAGE, agency=request.agency.slug, store=store)
    answer = page(request, CELL, _cell(request, _product(request, store, sku), field, None) | tiles(request, store))
    return toast(answer, _("%s: saved") % sku, undo=pages.undo_url(request, entries)) if entries else answer


def _cell(request: MemberRequest, found: Product, field: str, form: forms.Masters | None) -> dict[str, Any]:
    bound = form[field] if form else None
    return {"row": queries.Row(found), "field_name": field, "bound": bound, "may_edit": True}
