"""Playbooks and their runs: who does what by when, and what proves it."""

import tempfile
import uuid
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions.jobs import start_job
from apps.accounts.queries import colleagues, stores_for
from apps.accounts.views.lists import job_row
from apps.core.http import MemberRequest, page, requires
from apps.core.models import Job
from apps.core.permissions import LABELS, Permission
from apps.core.storage import Missing, documents
from apps.health.actions import crises as actions
from apps.health.forms.crises import NewStepForm, PlanForm, PlaybookForm, StartForm, StepForm, written
from apps.health.models import Crisis, CrisisStep, Incident, Playbook
from apps.health.models.crises import spoken
from apps.health.queries import crises as queries
from apps.health.queries.alerts import incidents_for
from apps.health.views.alert_rules import tabs

LIST, ONE, BOOK = "health/crises/list.html", "health/crises/crisis.html", "health/crises/playbook.html"
PACK = "crisis.pack"


@require_safe
@requires(Permission.HEALTH_VIEW)
def crises(request: MemberRequest, store: str = "") -> HttpResponse:
    """Which accounts are in danger, what is done, and what is still to do?"""
    actions.ensure_playbooks()
    mine, today = stores_for(request.member), timezone.now().date()  # UTC days, as steps fall due
    found = get_object_or_404(mine, slug=store) if store else None
    runs = queries.crises_for(request.member)
    context = {
        "runs": list(queries.counted(runs.filter(store=found) if found else runs, today)[:200]),
        "books": list(Playbook.objects.order_by("name_en", "pk")),
        "stores": mine.filter(active=True),
        "store": found,
        "sites": queries.sites_for(request.member),
        "chosen": store or request.GET.get("store", ""),
        "today": today,
        "may_work": request.member.can(Permission.HEALTH_EDIT),
        "may_rule": request.member.can(Permission.ALERT_RULES),
        "tabs": tabs(request, "crises"),
    }
    return page(request, LIST, context)


@require_POST
@requires(Permission.HEALTH_EDIT)
def start(request: MemberRequest) -> HttpResponse:
    """Begin a run, from an incident or by hand."""
    form = StartForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Choose a playbook and a store."))
        return redirect("crises", agency=request.agency.slug)
    values = form.cleaned_data
    store = get_object_or_404(stores_for(request.member), slug=values["store"])
    book = get_object_or_404(Playbook.objects.filter(active=True), pk=values["playbook"])
    incident = None
    if values["incident"]:
        incident = get_object_or_404(incidents_for(request.member), number=values["incident"], store=store)
    site = incident.marketplace if incident else values["marketplace"].upper()
    if site and not queries.sells_on(store, site, request.member):
        messages.warning(request, _("%(store)s does not sell on %(site)s.") % {"store": store.name, "site": site})
        return redirect("crises", agency=request.agency.slug)
    made = actions.start(book, store, marketplace=site, incident=incident, by=request.member, at=timezone.now())
    return redirect("crisis", agency=request.agency.slug, number=made.number)


@require_safe
@requires(Permission.HEALTH_VIEW)
def crisis(request: MemberRequest, number: int) -> HttpResponse:
    """What is to be done next, by whom, and what proves it?"""
    return _one(request, _crisis(request, number))


def _crisis(request: MemberRequest, number: int) -> Crisis:
    return get_object_or_404(queries.crises_for(request.member), number=number)


def _one(request: MemberRequest, found: Crisis, *, problem: str = "", status: int = 200, **forms: Any) -> HttpResponse:
    """The run's page. `forms`: `plan` or `new`, with what was wrong in them."""
    people = ("owner__user", "done_by__user", "confirmed_by__user")
    steps = list(CrisisStep.objects.filter(crisis=found).select_related(*people).order_by("position"))
    today = timezone.now().date()
    may_work = request.member.can(Permission.HEALTH_EDIT) and found.state == Crisis.State.OPEN
    running = Job.objects.filter(by=request.member, kind=PACK, arguments__crisis=found.number).order_by("-created_at")
    context = {
        "crisis": found,
        "steps": [(step, step.late(today)) for step in steps],
        "progress": queries.progress(steps, today),
        "plan": forms.get("plan") or PlanForm(initial=found.plan),
        "new": forms.get("new") or NewStepForm(),
        "people": list(colleagues()) if may_work else [],
        "problem": problem,
        "may_work": may_work,
        "may_edit": request.member.can(Permission.HEALTH_EDIT),
        "may_decide": request.member.can(Permission.HEALTH_DECIDE),
        "job_row": job_row(running.first()),
        "tabs": tabs(request, "crises"),
        "today": today,
    }
    return page(request, ONE, context, status=status)


@require_POST
@requires(Permission.HEALTH_EDIT)
def step(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Settle a step, confirm it, leave it out, or add its proof."""
    found = _step(request, pk, lock=True)
    form = StepForm(request.POST, request.FILES)
    if not form.is_valid():
        words = " ".join(str(each) for errors in form.errors.values() for each in errors)
        return _one(request, found.crisis, problem=words, status=422)
    if form.cleaned_data["action"] in {"confirm", "skip"}:
        _must_decide(request)
    try:
        _do(found, form.cleaned_data, request)
    except actions.Not as why:
        return _one(request, found.crisis, problem=str(why), status=422)
    return redirect("crisis", agency=request.agency.slug, number=found.crisis.number)


def _step(request: MemberRequest, pk: uuid.UUID, *, lock: bool = False) -> CrisisStep:
    """The step; with `lock` nobody else changes it until this request ends."""
    mine = CrisisStep.objects.filter(crisis__in=queries.crises_for(request.member))
    mine = mine.select_for_update(of=("self",)) if lock else mine
    return get_object_or_404(mine.select_related("crisis__store", "crisis__playbook"), pk=pk)


def _must_decide(request: MemberRequest) -> None:
    """The second pair of eyes, leaving a step out and closing a run are a senior's."""
    if not request.member.can(Permission.HEALTH_DECIDE):
        raise PermissionDenied(LABELS[Permission.HEALTH_DECIDE])


def _do(found: CrisisStep, values: dict[str, Any], request: MemberRequest) -> None:
    by, at = request.member, timezone.now()
    match values["action"]:
        case "done":
            actions.finish(found, by=by, at=at)
        case "confirm":
            actions.confirm(found, by=by, at=at)
        case "skip":
            actions.skip(found, values["reason"], by=by, at=at)
        case "edit":
            actions.edit(found, values["owner"], values["due"], by=by, at=at)
        case _:
            with tempfile.NamedTemporaryFile() as kept:
                for chunk in values["file"].chunks():
                    kept.write(chunk)
                kept.flush()
                actions.attach(found, values["file"].name, Path(kept.name), by=by, at=at)


@require_POST
@requires(Permission.HEALTH_EDIT)
def act(request: MemberRequest, number: int, what: str) -> HttpResponse:
    """Save the plan of action, add a step, make the evidence pack, or close the run."""
    if what not in {"plan", "step", "pack", "close"}:
        raise Http404
    found = _crisis(request, number)
    if what == "close":
        _must_decide(request)
    try:
        wrong = _act(request, found, what)
    except actions.Not as why:
        return _one(request, found, problem=str(why), status=422)
    if wrong:
        return _one(request, found, status=422, **wrong)
    return redirect("crisis", agency=request.agency.slug, number=number)


def _act(request: MemberRequest, found: Crisis, what: str) -> dict[str, Any]:
    """Do it; the form, by its name, if something is wrong with it. Raises Not."""
    by, at = request.member, timezone.now()
    match what:
        case "pack":
            words = {"crisis": found.number, "language": request.user.language}
            start_job(PACK, by=by, title=_("Evidence pack %s") % found, **words)
        case "close":
            actions.close(found, by=by, at=at)
        case "step":
            new = NewStepForm(request.POST)
            if not new.is_valid():
                return {"new": new}
            actions.add(found, actions.NewStep(**new.cleaned_data), by=by, at=at)
        case _:
            plan = PlanForm(request.POST)
            if not plan.is_valid():
                return {"plan": plan}
            actions.save_plan(found, plan.cleaned_data, by=by, at=at)
            messages.success(request, _("Saved."))
    return {}


@require_safe
@requires(Permission.HEALTH_VIEW)
def proof(request: MemberRequest, pk: uuid.UUID, place: int) -> HttpResponse:
    """One file of a step."""
    found = _step(request, pk)
    if place >= len(found.files):
        raise Http404
    one = found.files[place]
    try:
        response = FileResponse(documents().open(one["path"]), content_type="application/octet-stream")
    except Missing as gone:
        raise Http404 from gone
    response["Content-Disposition"] = content_disposition_header(True, one["name"])
    response["X-Content-Type-Options"] = "nosniff"
    return response  # type: ignore[return-value]


@requires(Permission.ALERT_RULES)
def playbook(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """The agency's copy of a playbook."""
    found = get_object_or_404(Playbook.objects, pk=pk)
    initial = {
        "name_en": found.name_en,
        "name_zh": found.name_zh,
        "steps": written(found.steps),
        "active": found.active,
        "starts": found.starts,
    }
    form = PlaybookForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.change_playbook(found, form.cleaned_data, by=request.member, at=timezone.now())
        messages.success(request, _("Saved. Runs that have begun keep their steps."))
        return redirect("playbook", agency=request.agency.slug, pk=found.pk)
    causes = dict(Incident.Cause.choices)
    context = {
        "book": found,
        "form": form,
        "steps": [each | {"text": spoken(each["en"], each["zh"])} for each in found.steps],
        "causes": [str(causes[each]) for each in found.causes if each in causes],
        "tabs": tabs(request, "crises"),
    }
    return page(request, BOOK, context, status=422 if form.errors else 200)
