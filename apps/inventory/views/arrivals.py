"""What arrives when, by site; and a plan's line in several shipments."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.accounts.queries import stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.permissions import Permission
from apps.inventory import actions, forms
from apps.inventory.actions.splitting import split as split_line
from apps.inventory.domain.plans import MOST_PARTS, SPLITTABLE
from apps.inventory.models import PlanLine
from apps.inventory.queries import arrivals as queries
from apps.inventory.queries import plans as plan_queries
from apps.inventory.views.plans import context as plan_context

COLUMNS = (lists.ListColumn("on", gettext_lazy("Arrives"), order="on"),)
TEMPLATE = "inventory/plan_split.html"
SPARE = 2  # empty rows below a line's shipments


@require_safe
@requires(Permission.PLAN_VIEW)
def arrivals(request: MemberRequest, store: str = "") -> HttpResponse:
    """What arrives when, and where?"""
    at = get_object_or_404(stores_for(request.member), slug=store) if store else None
    query = lists.parse(request.GET, COLUMNS, sort="on", today=timezone.localdate())
    wished = query.status == "all"
    lines = list(queries.lines_to_come(request.member, store=store, wished=wished))
    found = queries.arrivals_of(lines, today=timezone.localdate())
    site = query.get("site")
    rows = lists.paged([each for each in found if not site or each.line.pool == site], query)
    context = {
        "store": at,
        "query": query,
        "calendar": queries.calendar_of(found, lines, today=timezone.localdate()),
        "rows": rows,
        "late": sum(each.units for each in found if each.late),
        "next": next((each for each in found if not each.late), None),
        "unplanned": queries.unplanned(request.member, store=store),
        "segments": [
            {"label": _("Approved and on the way"), "count": None, "url": query.url(status=None), "active": not wished},
            {"label": _("With drafts"), "count": None, "url": query.url(status="all"), "active": wished},
        ],
        "site": site,
    }
    return page(request, "inventory/arrivals.html", context)


@requires(Permission.PLAN_EDIT)
def split(request: MemberRequest, store: str, pk: UUID) -> HttpResponse:
    """How does this line travel: all at once, or part by air and the rest by sea?"""
    mine = PlanLine.objects.select_related("plan__store").prefetch_related("parts")
    plans = plan_queries.plans_for(request.member).values("pk")
    line = get_object_or_404(mine, pk=pk, plan__in=plans, store__slug=store)
    if request.method != "POST":
        return page(request, TEMPLATE, _context(line, _rows(line)))
    form = forms.Split(request.POST, units=line.units, most=MOST_PARTS)
    if not form.is_valid():
        return page(request, TEMPLATE, _context(line, form.rows, form.problems()), status=422)
    version = form.cleaned_data["version"]
    turn = actions.Turn(request.member, timezone.now(), version)
    try:
        plan = split_line(line, form.parts, turn)
    except actions.PlanError as refused:
        status = 409 if isinstance(refused, actions.Conflict) else 422
        return page(request, TEMPLATE, _context(line, form.rows, [str(refused)]), status=status)
    return _split(request, line, changed=plan.version != version)


def _split(request: MemberRequest, line: PlanLine, *, changed: bool) -> HttpResponse:
    if request.headers.get("HX-Request") != "true":
        return redirect("plan", agency=request.agency.slug, store=line.store.slug, plan=line.plan_id)
    plan = plan_queries.plans_for(request.member).get(pk=line.plan_id)
    answer = page(request, TEMPLATE, plan_context(request, plan) | {"line": line, "done": True})
    entry = plan_queries.last_change(plan)
    undo = pages.undo_url(request, [entry]) if changed and entry else ""
    words = _("%s: shipments saved") % line.sku if changed else _("Nothing changed.")
    return toast(answer, words, undo=undo, close="drawer")


def _rows(line: PlanLine) -> list[dict[str, Any]]:
    """The line's shipments as a form shows them."""
    return [
        {"mode": part.mode, "units": part.units, "arrives": part.arrives_on.isoformat()}
        for part in queries.parts_of(line)
    ]


def _context(line: PlanLine, rows: list[dict[str, Any]], problems: list[str] | None = None) -> dict[str, Any]:
    blank = {"mode": "sea", "units": "", "arrives": ""}
    spare = max(0, min(SPARE, MOST_PARTS - len(rows))) if not problems else max(0, MOST_PARTS - len(rows)) and 1
    return {
        "line": line,
        "plan": line.plan,
        "store": line.plan.store,
        "rows": [*rows, *([blank] * spare)],
        "problems": problems or [],
        "open": line.plan.state in SPLITTABLE,
        "modes": (("air", _("Air")), ("sea", _("Sea"))),
        "today": timezone.localdate(),
    }
