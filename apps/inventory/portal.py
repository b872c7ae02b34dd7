"""What a client sees of stock: calm lines, and plans that wait for a yes or a no. Runs as the portal's database role."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from apps.accounts.models import Member
from apps.accounts.queries import stores_for
from apps.core import lists
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.permissions import Permission
from apps.inventory import actions, forms
from apps.inventory.actions import plans as steps
from apps.inventory.models import Plan, Replenishment
from apps.inventory.queries import arrivals
from apps.inventory.queries import portal as queries

COLUMNS = (lists.ListColumn("priority", gettext_lazy("Priority"), order="priority"),)


@requires(Permission.PORTAL_VIEW)
def replenishment(request: MemberRequest) -> HttpResponse:
    """How long does my stock last, and what is being done?"""
    query = lists.parse(request.GET, COLUMNS, sort="priority", today=timezone.localdate())
    member = request.member
    rows = lists.paged(queries.lines_of(member, store=query.get("store"), status=query.status, q=query.q), query)
    counts = queries.counts(member)
    labels = dict(Replenishment.Status.choices)
    context = {
        "query": query,
        "rows": rows,
        "previous_url": query.url(page=rows.number - 1),
        "next_url": query.url(page=rows.number + 1),
        "lines": queries.shown(rows),
        "today": timezone.localdate(),
        "segments": [
            {"label": labels[key], "count": n, "url": query.url(status=key), "active": key == query.status}
            for key, n in counts.items()
        ],
        "total": sum(counts.values()),
        "all_url": query.url(status=None),
        "stores": list(stores_for(member)),
        "waiting": list(queries.client_plans(member).filter(state=Plan.State.CLIENT)),
        "sums": queries.sums(member),
        "urgent": counts[Replenishment.Status.URGENT],
        "calendar": _calendar(member),
    }
    return page(request, "inventory/portal_replenishment.html", context)


def _calendar(member: Member) -> arrivals.Calendar:
    """What approved plans bring, by week and site."""
    lines, today = list(arrivals.lines_to_come(member)), timezone.localdate()
    return arrivals.calendar_of(arrivals.arrivals_of(lines, today=today), lines, today=today)


@requires(Permission.PORTAL_VIEW)
def plans(request: MemberRequest) -> HttpResponse:
    """What waits for me, and what was ordered?"""
    query = lists.parse(request.GET, COLUMNS, sort="priority", today=timezone.localdate())
    found = queries.client_plans(request.member)
    rows = lists.paged(found.exclude(state=Plan.State.CLIENT), query)
    context = {
        "waiting": list(found.filter(state=Plan.State.CLIENT)),
        "rows": rows,
        "previous_url": query.url(page=rows.number - 1),
        "next_url": query.url(page=rows.number + 1),
    }
    return page(request, "inventory/portal_plans.html", context)


@requires(Permission.PORTAL_VIEW)
def plan(request: MemberRequest, plan: UUID) -> HttpResponse:
    """What will be ordered for me, and when does it arrive?"""
    return page(request, "inventory/portal_plan.html", _context(request, _plan(request, plan)))


def _plan(request: MemberRequest, plan_id: UUID) -> Plan:
    return get_object_or_404(queries.client_plans(request.member), pk=plan_id)


def _context(request: MemberRequest, found: Plan) -> dict[str, Any]:
    lines = list(queries.client_plan_lines(found.pk))
    may = request.member.can(Permission.PORTAL_APPROVE) and found.state == Plan.State.CLIENT
    today = timezone.localdate()
    return {
        "plan": found,
        "lines": lines,
        "units": sum(line.units for line in lines),
        "may_decide": may,
        "decision": queries.decision(found, request.member, on=today),
        "today": today,
    }


@require_POST
@requires(Permission.PORTAL_APPROVE)
def decide(request: MemberRequest, plan: UUID) -> HttpResponse:
    """The client's yes or no, with a note, time-stamped in the ledger."""
    found = _plan(request, plan)
    form = forms.Step(request.POST)
    verdict = {"approve": steps.client_approve, "decline": steps.client_decline}.get(request.POST.get("verdict", ""))
    template = "inventory/portal_plan.html"
    if not form.is_valid() or verdict is None:
        problem = {"problem": _("Choose yes or no.")}
        return page(request, template, _context(request, found) | problem, status=422)
    turn = actions.Turn(request.member, timezone.now(), form.cleaned_data["version"], form.cleaned_data["note"])
    try:
        decided = verdict(found, turn)
    except actions.PlanError as refused:
        fresh = queries.client_plans(request.member).filter(pk=plan).first()
        values = _context(request, fresh or found) | {"problem": str(refused)}
        return toast(page(request, template, values, status=409), str(refused), kind="warning")
    if decided.state == Plan.State.DRAFT:  # the agency has it again; the client has no page of it any more
        return redirect("portal-plans", agency=request.agency.slug)
    return redirect("portal-plan", agency=request.agency.slug, plan=found.pk)


@requires(Permission.PORTAL_VIEW)
def document(request: MemberRequest, plan: UUID) -> HttpResponse:
    """The plan on paper."""
    return page(request, "inventory/portal_plan_document.html", _context(request, _plan(request, plan)))
