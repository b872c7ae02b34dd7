"""Incidents: the list, one of them with its story, and what is done with them."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Member
from apps.accounts.queries import colleagues, stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.findings import explain_stake
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.permissions import LABELS, Permission
from apps.health.actions import incidents as actions
from apps.health.actions.crises import ensure_playbooks
from apps.health.forms.alerts import SNOOZES, IncidentAction
from apps.health.models import Incident, Playbook, Severity
from apps.health.queries import alert_words as words
from apps.health.queries import alerts as queries
from apps.health.queries import crises as playbooks
from apps.health.queries.rules import may_change
from apps.health.views.alert_rules import tabs
from apps.sync.queries.freshness import oldest

PAGE, TEMPLATE, ONE = "alerts", "health/alerts/list.html", "health/alerts/incident.html"
FILTERS = {"q", "mp", "store", "owner", "cause", "severity"}
DECISIONS = {"snooze"}  # what else than work it takes a senior for
MARKS = {"open": "danger", "acknowledged": "info", "snoozed": "neutral", "resolved": "success"}


@require_safe
@requires(Permission.HEALTH_VIEW)
@pages.opens_views(PAGE)
def alerts(request: MemberRequest, store: str = "") -> HttpResponse:
    """What has happened, what is it worth, and who looks after it?"""
    return page(request, TEMPLATE, context(request, store, request.GET))


def parsed(request: MemberRequest, params: QueryDict) -> lists.ListQuery:
    return lists.parse(params, queries.COLUMNS, sort=queries.DEFAULT_SORT, today=timezone.localdate())


def context(request: MemberRequest, slug: str, params: QueryDict) -> dict[str, Any]:
    """Everything the page shows, in a constant number of queries."""
    member, currency = request.member, request.agency.settings.currency
    store = get_object_or_404(stores_for(member), slug=slug) if slug else None
    query = parsed(request, params)
    mine = queries.incidents_for(member)
    if store:
        mine = mine.filter(store=store)
    found = queries.chosen(mine, query, member)
    totals = queries.summary(found, member)
    rows = lists.paged(queries.sorted_by(queries.narrowed(found, query.status), query), query)
    may_work = member.can(Permission.HEALTH_EDIT)
    return pages.frame(request, query, name=PAGE, slug=slug, kept=("status", "sort")) | {
        "store": store,
        "rows": rows,
        "lines": queries.rows_of(rows, currency),
        "totals": totals,
        "explained": explain_stake(_("Open money at stake"), as_of=oldest([store] if store else stores_for(member))),
        "currency": currency,
        "segments": _segments(query, totals),
        "filtered": bool(set(query.params) & FILTERS),
        "causes": Incident.Cause.choices,
        "severities": Severity.choices,
        "owners": [("me", _("Mine")), ("none", _("Nobody's")), *((str(m.pk), str(m)) for m in queries.owners(mine))],
        "sites": sorted(set(mine.exclude(marketplace="").order_by().values_list("marketplace", flat=True).distinct())),
        "stores": [] if store else [(each.slug, each.name) for each in stores_for(member)],
        "may_work": may_work,
        "may_decide": member.can(Permission.HEALTH_DECIDE),
        "may_rule": member.can(Permission.ALERT_RULES),
        "people": list(colleagues()) if may_work else [],
        "snoozes": SNOOZES,
        "tones": words.TONES,
        "marks": MARKS,
        "tabs": tabs(request, PAGE),
    }


def _segments(query: lists.ListQuery, totals: queries.Summary) -> list[dict[str, Any]]:
    """What is not over, each state, and everything."""
    status = query.status if query.status in {*queries.STATES, "all"} else ""
    labels = dict(Incident.State.choices)
    counts = [("", _("Not over"), totals.counts[""])]
    counts += [(key, labels[key], totals.counts[key]) for key in queries.STATES]
    return pages.segments(query, status, [*counts, ("all", _("All"), totals.counts["all"])])


@require_POST
@requires(Permission.HEALTH_VIEW)
def export(request: MemberRequest, store: str = "") -> HttpResponse:
    """Write what is filtered, all pages, into a file; answers the job's strip."""
    if store:
        get_object_or_404(stores_for(request.member), slug=store)
    return pages.start_export(request, PAGE, store, title=_("Export of incidents"))


@require_POST
@requires(Permission.HEALTH_EDIT)
def act_many(request: MemberRequest, store: str = "") -> HttpResponse:
    """One action for chosen incidents; answers the rows as they are now."""
    if store:
        get_object_or_404(stores_for(request.member), slug=store)
    form = IncidentAction(request.POST)
    if not form.is_valid():
        return toast(HttpResponse(status=422), _("Choose what to do."), kind="warning")
    values = form.cleaned_data
    _may(request, values["action"])
    mine = queries.incidents_for(request.member).filter(**({"store__slug": store} if store else {}))
    chosen, problem = pages.meant(
        request,
        values,
        lambda params: _seen(mine, parsed(request, params), request.member),
        lambda keys: queries.picked(mine, keys),
        nothing=_("Choose at least one incident."),
        too_many=_("At most %d incidents at once. Narrow the filter."),
    )
    done = 0 if problem else _all(chosen, values, request.member)
    said = problem or ngettext("%(count)d incident: %(what)s", "%(count)d incidents: %(what)s", done) % {
        "count": done,
        "what": dict(IncidentAction.ACTIONS)[values["action"]],
    }
    if elsewhere := pages.settled(request, PAGE, store, said):
        return elsewhere
    shown = context(request, store, pages.params_of(values["query"]))
    answer = page(request, TEMPLATE, shown, status=422 if problem else 200)
    return toast(answer, said, kind="warning" if problem else "success")


def _may(request: MemberRequest, action: str) -> None:
    if action in DECISIONS and not request.member.can(Permission.HEALTH_DECIDE):
        raise PermissionDenied(LABELS[Permission.HEALTH_DECIDE])


def _seen(mine: Any, query: lists.ListQuery, member: Member) -> Any:
    return queries.narrowed(queries.chosen(mine, query, member), query.status)


def _all(chosen: list[Incident], values: dict[str, Any], member: Member) -> int:
    """Those that are over meanwhile are passed by."""
    done = 0
    for incident in chosen:
        try:
            with transaction.atomic():
                do(incident, values, member)
            done += 1
        except actions.Over:
            continue
    return done


def do(incident: Incident, values: dict[str, Any], by: Member) -> None:
    """One action as a form says it. Raises actions.Over."""
    at = timezone.now()
    match values["action"]:
        case "acknowledge":
            actions.acknowledge(incident, by=by, at=at)
        case "snooze":
            days = values["days"]
            until = timezone.localdate() + timedelta(days=int(days)) if days else None
            actions.snooze(incident, until, by=by, at=at)
        case "assign":
            actions.assign(incident, values["to"], by=by, at=at)
        case _:
            _do_rest(incident, values, by, at)


def _do_rest(incident: Incident, values: dict[str, Any], by: Member, at: Any) -> None:
    match values["action"]:
        case "reopen":
            actions.reopen(incident, by=by, at=at)
        case "escalate":
            actions.hasten(incident, by=by, at=at)
        case "note":
            actions.write(incident, values["text"].strip(), by=by, at=at)
        case answer:
            actions.judge(incident, answer == "useful", by=by, at=at)


# -- one incident


@require_safe
@requires(Permission.HEALTH_VIEW)
def incident(request: MemberRequest, number: int) -> HttpResponse:
    """What shows, since when, who was told, and what was done?"""
    return page(request, ONE, _one(request, _incident(request, number)))


def _incident(request: MemberRequest, number: int) -> Incident:
    mine = queries.incidents_for(request.member).select_related("store", "owner__user", "rule")
    return get_object_or_404(mine, number=number)


def _one(request: MemberRequest, found: Incident, form: IncidentAction | None = None) -> dict[str, Any]:
    member, currency = request.member, request.agency.settings.currency
    events = queries.events_of(found)
    return {
        "incident": found,
        "row": queries.rows_of([found], currency)[0],
        "signals": [(each, words.signal_text(each, currency)) for each in queries.signals_of([found.pk])[found.pk]],
        "events": [(each, _told(each)) for each in events],
        "sent": queries.messages_of(found),
        "opinion": queries.opinion_of(found, member),
        "form": form or IncidentAction(),
        "people": list(colleagues()),
        "snoozes": SNOOZES,
        "books": _books(found) if member.can(Permission.HEALTH_EDIT) else [],
        "runs": list(playbooks.crises_for(member).filter(incident=found)),
        "may_work": member.can(Permission.HEALTH_EDIT),
        "may_decide": member.can(Permission.HEALTH_DECIDE),
        "may_rule": member.can(Permission.ALERT_RULES) and bool(found.rule and may_change(member, found.rule)),
        "rule_text": words.rule_text(found.rule, currency) if found.rule else "",
        "mark": MARKS[found.state],
        "tone": words.TONES[found.severity],
        "event_names": words.EVENTS,
    }


def _books(found: Incident) -> list[Playbook]:
    """The playbooks to start from here, those for its cause first."""
    if not found.living:
        return []
    ensure_playbooks()
    return playbooks.offered(found)


def _told(event: Any) -> str:
    """What a line of the story says beside its kind."""
    detail = event.detail
    if text := detail.get("text"):
        return str(text)
    if metric := detail.get("metric"):
        return words.metric_name(metric, detail.get("programme", ""))
    if event.kind == "told":
        return f"{words.EVENTS.get(detail['event'], detail['event'])} · {_(detail['channel'])} · {detail['to']}"
    if event.kind == "band":
        return f"{words.BANDS.get(detail['before'], '–')} → {words.BANDS.get(detail['after'], '–')}"
    return str(detail.get("to") or detail.get("snoozed_until") or detail.get("reason") or "")


@require_POST
@requires(Permission.HEALTH_EDIT)
def act(request: MemberRequest, number: int) -> HttpResponse:
    """Do one thing with an incident; answers it as it is now."""
    found, form = _incident(request, number), IncidentAction(request.POST)
    if not form.is_valid():
        return page(request, ONE, _one(request, found, form), status=422)
    _may(request, form.cleaned_data["action"])
    try:
        do(found, form.cleaned_data, request.member)
    except actions.Over as over:
        answer = page(request, ONE, _one(request, _incident(request, number)), status=409)
        return toast(answer, str(over), kind="warning")
    if request.headers.get("HX-Request") != "true":
        return redirect("alert", agency=request.agency.slug, number=number)
    answer = page(request, ONE, _one(request, _incident(request, number)) | {"saved": True})
    return toast(answer, str(dict(IncidentAction.ACTIONS)[form.cleaned_data["action"]]))
