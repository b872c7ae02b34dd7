"""Plans: is this order right, and where is it?"""

import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from apps.accounts.queries import stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.audit import history
from apps.core.exports import WRITERS, table
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.permissions import Permission
from apps.inventory import actions, forms
from apps.inventory.actions import plans as steps
from apps.inventory.domain.plans import EDITABLE, RECEIVING, SPLITTABLE, Step, may_move, within_limit
from apps.inventory.models import Plan
from apps.inventory.queries import plans as queries
from apps.inventory.queries.arrivals import parts_of, plan_arrivals
from apps.inventory.queries.exports import PLAN_FIELDS, plan_lines
from apps.inventory.queries.ledger import in_words

LIST = "inventory/plans.html"
TEMPLATE = "inventory/plan.html"
COLUMNS = (
    lists.ListColumn("number", gettext_lazy("Plan"), order="number", numeric=True, fixed=True),
    lists.ListColumn("state", gettext_lazy("State"), order="state"),
    lists.ListColumn("created", gettext_lazy("Made"), order="created_at"),
)
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
# Which permission a step needs; approving is checked again, with its limit, in the action.
NEEDS: dict[Step, Permission] = {
    Step.SUBMIT: Permission.PLAN_SUBMIT,
    Step.ASK_CLIENT: Permission.PLAN_APPROVE,
    Step.APPROVE: Permission.PLAN_APPROVE,
    Step.SEND_BACK: Permission.PLAN_APPROVE,
    Step.ORDER: Permission.PLAN_APPROVE,
    Step.SHIP: Permission.PLAN_EDIT,
    Step.CANCEL: Permission.PLAN_EDIT,
    Step.REOPEN: Permission.PLAN_EDIT,
}
LABELS: dict[Step, Any] = {
    Step.SUBMIT: gettext_lazy("Submit for approval"),
    Step.ASK_CLIENT: gettext_lazy("Ask the client"),
    Step.APPROVE: gettext_lazy("Approve"),
    Step.SEND_BACK: gettext_lazy("Send back"),
    Step.ORDER: gettext_lazy("Mark as ordered"),
    Step.SHIP: gettext_lazy("Mark as shipped"),
    Step.CANCEL: gettext_lazy("Cancel the plan"),
    Step.REOPEN: gettext_lazy("Reopen"),
}


@requires(Permission.PLAN_VIEW)
def plans(request: MemberRequest, store: str = "") -> HttpResponse:
    """Which orders are on their way, and which wait for somebody?"""
    found = queries.plans_for(request.member)
    at = get_object_or_404(stores_for(request.member), slug=store) if store else None
    if at:
        found = found.filter(store=at)
    query = lists.parse(request.GET, COLUMNS, sort="-number", today=timezone.localdate())
    if query.status in Plan.State.values:
        found = found.filter(state=query.status)
    rows = lists.paged(lists.ordered(found, query, "-number"), query)
    today = timezone.localdate()
    costs = queries.costs_of(rows, on=today) if request.member.can(Permission.COST_VIEW) else {}
    context = {
        "store": at,
        "query": query,
        "rows": rows,
        "plans": [{"plan": plan, "cost": costs.get(plan.pk)} for plan in rows],
        "states": [(key, label, query.url(status=key), key == query.status) for key, label in Plan.State.choices],
        "all_url": query.url(status=None),
        "previous_url": query.url(page=rows.number - 1),
        "next_url": query.url(page=rows.number + 1),
        "may_cost": request.member.can(Permission.COST_VIEW),
    }
    return page(request, LIST, context)


@requires(Permission.PLAN_VIEW)
def plan(request: MemberRequest, store: str, plan: UUID) -> HttpResponse:
    """Is this order right, and where is it?"""
    return page(request, TEMPLATE, context(request, _plan(request, store, plan)))


def _plan(request: MemberRequest, store: str, plan_id: UUID) -> Plan:
    return get_object_or_404(queries.plans_for(request.member), pk=plan_id, store__slug=store)


def context(request: MemberRequest, found: Plan) -> dict[str, Any]:
    member, today = request.member, timezone.localdate()
    cost = queries.cost_of(found, on=today)
    limit = queries.approval_limit(member)
    lines, calendar = plan_arrivals(found, today=today)
    return {
        "plan": found,
        "store": found.store,
        "lines": [
            {
                "line": line,
                "cartons": queries.in_cartons(line.units, line.carton_units),
                "parts": parts_of(line) if line.parts.all() else [],
            }
            for line in lines
        ],
        "calendar": calendar,
        "splittable": found.state in SPLITTABLE and member.can(Permission.PLAN_EDIT),
        "units": sum(line.units for line in lines),
        "received": sum(line.received for line in lines),
        "cost": cost if member.can(Permission.COST_VIEW) else None,
        "avoided": queries.avoided_by([found], on=today)[found.pk],
        "steps": _open_steps(member, found, within=within_limit(cost.known, limit)),
        "over_limit": member.can(Permission.PLAN_APPROVE) and not within_limit(cost.known, limit),
        "limit": limit,
        "editable": found.state in EDITABLE and member.can(Permission.PLAN_EDIT),
        "receiving": found.state in RECEIVING and member.can(Permission.PLAN_EDIT),
        "history": in_words(history(found)),
        "track": _track(found),
        "may": {"cost": member.can(Permission.COST_VIEW), "export": member.can(Permission.EXPORT)},
    }


def _open_steps(member: Any, found: Plan, *, within: bool) -> list[dict[str, Any]]:
    """What this person may do with the plan now. Above the limit there is no "Approve", only "Submit"."""
    open_now = [s for s in NEEDS if may_move(s, found.state) and member.can(NEEDS[s])]
    if not within:
        open_now = [s for s in open_now if s is not Step.APPROVE]
    if Step.APPROVE in open_now and found.state == Plan.State.DRAFT:
        open_now = [s for s in open_now if s is not Step.SUBMIT]
    kwargs = {"agency": found.agency.slug, "store": found.store.slug, "plan": found.pk}
    return [
        {
            "key": step.value,
            "label": LABELS[step],
            "url": reverse("plan-step", kwargs=kwargs | {"step": step.value}),
            "primary": index == 0 and step not in {Step.CANCEL, Step.SEND_BACK},
            "asks": step in {Step.SEND_BACK, Step.CANCEL},
        }
        for index, step in enumerate(sorted(open_now, key=_order))
    ]


def _order(step: Step) -> int:
    return list(LABELS).index(step) if step is not Step.APPROVE else -1


def _track(found: Plan) -> list[dict[str, Any]]:
    """The plan's way, with where it is."""
    way = ["draft", "submitted", "approved", "ordered", "shipped", "received"]
    if found.state == Plan.State.CANCELLED:
        way = ["draft", "cancelled"]
    elif found.state == Plan.State.CLIENT:
        way[1] = "client"
    labels = dict(Plan.State.choices)
    at = way.index(found.state)
    return [{"label": labels[key], "done": n < at, "now": n == at} for n, key in enumerate(way)]


@require_POST
@requires(Permission.PLAN_SUBMIT, Permission.PLAN_APPROVE, Permission.PLAN_EDIT)
def step(request: MemberRequest, store: str, plan: UUID, step: str) -> HttpResponse:
    """Take a plan one step on. 409 with who and when if somebody else did meanwhile."""
    found = _plan(request, store, plan)
    wanted = Step(step) if step in set(NEEDS) else None
    if wanted is None or not request.member.can(NEEDS[wanted]):
        raise Http404
    return _answer(request, found, lambda turn: steps.STEPS[wanted](found, turn), LABELS[wanted])


@require_POST
@requires(Permission.PLAN_EDIT)
def edit(request: MemberRequest, store: str, plan: UUID) -> HttpResponse:
    """New quantities, name and note."""
    found = _plan(request, store, plan)
    form = forms.Step(request.POST)
    form.full_clean()  # what is wrong with it, `_answer` tells

    def change(turn: actions.Turn) -> Plan:
        changed = steps.edit_lines(found, form.numbers("units"), turn)
        if "title" not in request.POST:
            return changed
        again = actions.Turn(turn.by, turn.at, changed.version, turn.note)
        return steps.describe(changed, again, title=form.cleaned_data.get("title", ""))

    return _answer(request, found, change, _("Plan saved"))


@require_POST
@requires(Permission.PLAN_EDIT)
def receive(request: MemberRequest, store: str, plan: UUID) -> HttpResponse:
    """Units that have arrived so far; `close` ends the plan even if some are missing."""
    found = _plan(request, store, plan)
    form = forms.Step(request.POST)

    def change(turn: actions.Turn) -> Plan:
        received = steps.receive(found, form.numbers("received"), turn)
        if "close" not in request.POST or received.state == Plan.State.RECEIVED:
            return received
        return steps.close(received, actions.Turn(turn.by, turn.at, received.version, turn.note))

    return _answer(request, found, change, _("Received quantities saved"))


def _answer(request: MemberRequest, found: Plan, change: Any, words: Any) -> HttpResponse:
    form = forms.Step(request.POST)
    if not form.is_valid():
        return page(
            request, TEMPLATE, context(request, found) | {"problem": _("Reload the page, then repeat.")}, status=422
        )
    values = form.cleaned_data
    turn = actions.Turn(request.member, timezone.now(), values["version"], values["note"])
    before = queries.last_change(found)
    try:
        change(turn)
    except actions.PlanError as refused:
        return _refused(request, found, refused)
    if request.headers.get("HX-Request") != "true":
        return redirect("plan", agency=request.agency.slug, store=found.store.slug, plan=found.pk)
    entry = queries.last_change(found)
    undoable = entry is not None and (before is None or entry.number != before.number) and entry.verb in steps.UNDOABLE
    answer = page(request, TEMPLATE, context(request, _plan(request, found.store.slug, found.pk)))
    return toast(answer, str(words), undo=pages.undo_url(request, [entry]) if undoable and entry else "")


def _refused(request: MemberRequest, found: Plan, refused: actions.PlanError) -> HttpResponse:
    """The plan as it is now, with who changed it and when."""
    conflict = isinstance(refused, actions.Conflict)
    values = context(request, _plan(request, found.store.slug, found.pk)) | {"problem": str(refused)}
    if conflict:
        values["meanwhile"] = queries.last_change(found)
    answer = page(request, TEMPLATE, values, status=409 if conflict else 422)
    return toast(answer, str(refused), kind="warning")


@requires(Permission.PLAN_VIEW)
def document(request: MemberRequest, store: str, plan: UUID) -> HttpResponse:
    """The plan on paper, for the supplier and the warehouse."""
    found = _plan(request, store, plan)
    return page(request, "inventory/plan_document.html", context(request, found))


@requires(Permission.EXPORT)
def download(request: MemberRequest, store: str, plan: UUID, kind: str) -> HttpResponse:
    """The plan's lines as CSV or XLSX."""
    found = _plan(request, store, plan)
    return file_of(found, kind, request.member)


def file_of(found: Plan, kind: str, member: Any) -> HttpResponse:
    if kind not in TYPES:
        raise Http404
    header, rows = table(PLAN_FIELDS, plan_lines(found), member)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"plan.{kind}"
        WRITERS[kind](path, header, rows)
        answer = HttpResponse(path.read_bytes(), content_type=TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="plan-{found.number}.{kind}"'
    return answer
