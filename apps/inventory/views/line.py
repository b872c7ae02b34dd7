"""One line: the addition with its inputs, the projection, the policy, the history."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from apps.accounts.actions.jobs import start_job
from apps.accounts.models import Store
from apps.accounts.queries import rates, stores_for
from apps.accounts.views import lists as pages
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.permissions import Permission
from apps.inventory import actions, forms
from apps.inventory.actions.lines import policy_of, position_of
from apps.inventory.models import MODES, Replenishment
from apps.inventory.queries import explain
from apps.inventory.queries import lines as queries
from apps.inventory.queries.ledger import in_words
from apps.inventory.queries.plans import agency_currency
from apps.inventory.queries.rows import row_of
from apps.inventory.views.lines import tiles

TEMPLATE = "inventory/line.html"
TERMS = {
    "velocity": gettext_lazy("Daily sales (7/30/90 d weighted)"),
    "cycle": gettext_lazy("Supply cycle"),
    "safety": gettext_lazy("Safety factor"),
    "need": gettext_lazy("Need"),
    "available": gettext_lazy("FBA available"),
    "reserved": gettext_lazy("Reserved at FBA"),
    "inbound": gettext_lazy("Inbound"),
    "own": gettext_lazy("Own stock"),
    "on_order": gettext_lazy("On order"),
    "shortfall": gettext_lazy("Shortfall"),
    "suggested": gettext_lazy("Rounded to the minimum order and whole cartons"),
}
PARTS = {
    "production_days": gettext_lazy("Production"),
    "inspection_days": gettext_lazy("Inspection"),
    "sea_days": gettext_lazy("By sea"),
    "air_days": gettext_lazy("By air"),
    "receiving_days": gettext_lazy("Receiving"),
    "review_days": gettext_lazy("Order interval"),
    "receiving": gettext_lazy("being received"),
    "shipped": gettext_lazy("on the way"),
    "working": gettext_lazy("not yet shipped"),
}
RULES = {
    "safety_factor": gettext_lazy("Safety factor"),
    "production_days": gettext_lazy("Production, days"),
    "inspection_days": gettext_lazy("Inspection, days"),
    "sea_days": gettext_lazy("Sea, days"),
    "air_days": gettext_lazy("Air, days"),
    "receiving_days": gettext_lazy("Receiving, days"),
    "review_days": gettext_lazy("Order interval, days"),
    "moq": gettext_lazy("Minimum order"),
    "carton_units": gettext_lazy("Units per carton"),
    "excess_days": gettext_lazy("Excess beyond, days"),
}


@requires(Permission.PLAN_VIEW)
def line(request: MemberRequest, store: str, pool: str, sku: str) -> HttpResponse:
    """How is this quantity worked out, and what happens with and without it?"""
    return page(request, TEMPLATE, context(request, _line(request, store, pool, sku)))


def _line(request: MemberRequest, store: str, pool: str, sku: str) -> Replenishment:
    lines = queries.priced(queries.lines_for(request.member), rates(agency_currency(), timezone.localdate()))
    return get_object_or_404(lines.select_related("store", "owner__user"), store__slug=store, pool=pool, sku=sku)


def context(request: MemberRequest, found: Replenishment) -> dict[str, Any]:
    today = timezone.localdate()
    position, policy = position_of(found), policy_of(found)
    row = row_of(found, today=today)
    return {
        "row": row,
        "line": found,
        "store": found.store,
        "terms": [
            {"term": term, "label": TERMS[term.key], "parts": [(PARTS[name], value) for name, value in term.parts]}
            for term in explain.terms_of(found, position, policy)
        ],
        "chart": explain.chart_of(position, policy, found, today=today) if found.velocity else None,
        "options": explain.options_of(position, policy, found, row.units or 0),
        "rules": _rules(policy, explain.own_rule(found.store_id, found.sku)),
        "plans": queries.open_plan_lines(found),
        "history": in_words(queries.history(found), key=f"{found.pool}/{found.sku}"),
        "modes": MODES.items(),
        "may": _may(request),
        "today": today,
        "sales_as_of": queries.sales_as_of(found),
        "stale": found.stock_as_of is None or timezone.now() - found.stock_as_of > actions.STALE_AFTER,
    }


def _may(request: MemberRequest) -> dict[str, bool]:
    can = request.member.can
    names = {"edit": Permission.PLAN_EDIT, "policy": Permission.POLICY_EDIT, "cost": Permission.COST_VIEW}
    return {name: can(permission) for name, permission in names.items()}


def _rules(policy: Any, own: Any) -> list[dict[str, Any]]:
    fields = explain.rule_fields(policy, own)
    return [{"field": f, "label": RULES[f.name], "brief": explain.is_briefs(f.name)} for f in fields]


@requires(Permission.PLAN_EDIT)
def quantity(request: MemberRequest, store: str, pool: str, sku: str) -> HttpResponse:
    """The quantity's cell as a form (GET), and a person's own quantity (POST); answers the cell."""
    found = _line(request, store, pool, sku)
    if request.method != "POST":
        return page(request, "inventory/quantity.html", _cell(request, found, editing="cell" not in request.GET))
    form = forms.Quantity(request.POST)
    if not form.is_valid():
        return page(
            request, "inventory/quantity.html", _cell(request, found, editing=True) | {"form": form}, status=422
        )
    units = form.quantity(found.carton_units)
    units = None if units == found.suggested else units
    entries = actions.edit_quantity(found, units=units, by=request.member, at=timezone.now())
    if request.headers.get("HX-Request") != "true":
        return redirect("replenishment", agency=request.agency.slug, store=store)
    found = _line(request, store, pool, sku)
    values = _cell(request, found, editing=False) | {"saved": True} | tiles(request, store)
    answer = page(request, "inventory/quantity.html", values)
    return toast(answer, _("%s: quantity changed") % sku, undo=pages.undo_url(request, entries)) if entries else answer


def _cell(request: MemberRequest, found: Replenishment, *, editing: bool) -> dict[str, Any]:
    row = row_of(found, today=timezone.localdate())
    return {"row": row, "line": found, "editing": editing, "may": _may(request)}


@require_POST
@requires(Permission.POLICY_EDIT)
def policy(request: MemberRequest, store: str, pool: str, sku: str) -> HttpResponse:
    """Set the SKU's own policy; the line is worked out anew at once."""
    found = _line(request, store, pool, sku)
    form = forms.Policy(request.POST)
    if not form.is_valid():
        return page(request, TEMPLATE, context(request, found) | {"policy_form": form}, status=422)
    now = timezone.now()
    actions.save_policy(found.store, sku, form.values(), by=request.member, at=now)
    actions.recompute_store(found.store_id, at=now, skus=[sku])
    if request.headers.get("HX-Request") != "true":
        return redirect("replenishment-line", agency=request.agency.slug, store=store, pool=pool, sku=sku)
    answer = page(request, TEMPLATE, context(request, _line(request, store, pool, sku)))
    return toast(answer, _("Policy saved, quantity worked out anew"))


@requires(Permission.PLAN_VIEW)
def policies(request: MemberRequest, store: str = "") -> HttpResponse:
    """What the formula uses where a SKU says nothing: the agency's or one store's policy."""
    found = get_object_or_404(stores_for(request.member), slug=store) if store else None
    form = forms.Policy(request.POST or None)
    may_edit = request.member.can(Permission.POLICY_EDIT) and (found is not None or _agency_wide(request))
    if request.method == "POST" and may_edit and form.is_valid():
        return _save_policies(request, found, form)
    rules = _rules(explain.merged(found), explain.own_rule(found.pk if found else None, ""))
    values = {"store": found, "rules": rules, "form": form, "may_edit": may_edit}
    values["may_elsewhere"] = request.member.can(Permission.POLICY_EDIT)
    status = 422 if request.method == "POST" else 200
    return page(request, "inventory/policies.html", values, status=status)


def _agency_wide(request: MemberRequest) -> bool:
    return request.member.can(Permission.ALL_STORES)


def _save_policies(request: MemberRequest, store: Store | None, form: forms.Policy) -> HttpResponse:
    actions.save_policy(store, "", form.values(), by=request.member, at=timezone.now())
    ids = [store.pk] if store else list(Store.objects.filter(active=True).values_list("pk", flat=True))
    title = _("Recalculating with the new policy")
    start_job("replenishment.recalculate", by=request.member, title=title, total=len(ids), stores=ids)
    kwargs = {"agency": request.agency.slug} | ({"store": store.slug} if store else {})
    return redirect(reverse("replenishment", kwargs=kwargs))
