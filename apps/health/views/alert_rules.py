"""Rules: what people want to be told of, and what each rule would have done."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.core.http import MemberRequest, page, requires
from apps.core.money import to_decimal
from apps.core.permissions import LABELS, Permission
from apps.health.actions import alert_rules as actions
from apps.health.forms.alerts import STEPS, RuleForm
from apps.health.models import AlertRule
from apps.health.queries import alert_words as words
from apps.health.queries import alerts as queries
from apps.health.queries import rules as scope
from apps.health.queries.dry_run import BACK, tried

LIST, ONE = "health/alerts/rules.html", "health/alerts/rule.html"
TABS = (("alerts", "incidents"), ("alert-rules", "rules"), ("alert-channels", "channels"), ("crises", "crises"))


def tabs(request: MemberRequest, name: str) -> list[dict[str, Any]]:
    """Incidents, rules and ways to tell people."""
    labels = {
        "alerts": _("Incidents"),
        "alert-rules": _("Rules"),
        "alert-channels": _("Channels"),
        "crises": _("Crisis playbooks"),
    }
    return [
        {"label": labels[each], "url": reverse(each, kwargs={"agency": request.agency.slug}), "active": each == name}
        for each, _word in TABS
    ]


@require_safe
@requires(Permission.HEALTH_VIEW)
def rules(request: MemberRequest) -> HttpResponse:
    """What are we told of, by whom it goes to, and was it worth it?"""
    actions.ensure_defaults()
    currency, names = request.agency.settings.currency, scope.names_for(request.member)
    rows = [
        {
            "row": row,
            "text": words.rule_text(row.rule, currency),
            "scope": words.scope_text(row.rule, names),
            "steps": [words.step_text(*step) for step in row.rule.steps],
        }
        for row in queries.rule_rows(request.member)
    ]
    may = request.member.can(Permission.ALERT_RULES)
    return page(request, LIST, {"rows": rows, "tabs": tabs(request, "alert-rules"), "may_rule": may, "back": BACK})


@requires(Permission.ALERT_RULES)
def rule_new(request: MemberRequest) -> HttpResponse:
    """A rule of one's own."""
    return _edit(request, AlertRule())


@requires(Permission.ALERT_RULES)
def rule(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """One rule: read, tried on the past, changed."""
    return _edit(request, _mine(request, pk))


def _mine(request: MemberRequest, pk: uuid.UUID) -> AlertRule:
    """A rule one may change. 404 for one that looks at others' stores, 403 for one that looks at others', too."""
    found = next((rule for rule in scope.rules_for(request.member) if rule.pk == pk), None)
    if found is None:
        raise Http404
    if not scope.may_change(request.member, found):
        raise PermissionDenied(LABELS[Permission.ALL_STORES])
    return found


def _edit(request: MemberRequest, found: AlertRule) -> HttpResponse:
    currency = request.agency.settings.currency
    fresh = found._state.adding
    if request.method != "POST":
        form = RuleForm(currency=currency, member=request.member, initial=None if fresh else _initial(found, currency))
        return page(request, ONE, _one(request, found, form))
    form = RuleForm(request.POST, currency=currency, member=request.member)
    if not form.is_valid():
        return page(request, ONE, _one(request, found, form), status=422)
    values = form.values()
    if found.default and values["name"] == str(found):
        values["name"] = found.name  # still ours: it goes on reading in every language
    if request.POST.get("try"):
        for name, value in values.items():
            setattr(found, name, value)
        return page(request, ONE, _one(request, found, form) | {"tried": tried(found, at=timezone.now())})
    saved = actions.save(found, values, by=request.member, at=timezone.now())
    messages.success(request, _("Saved. It is looked at with the next evaluation."))
    return redirect("alert-rule", agency=request.agency.slug, pk=saved.pk)


def _one(request: MemberRequest, found: AlertRule, form: RuleForm) -> dict[str, Any]:
    fresh = found._state.adding
    return {
        "rule": found,
        "fresh": fresh,
        "form": form,
        "text": "" if fresh and not found.metric else words.rule_text(found, request.agency.settings.currency),
        "tabs": tabs(request, "alert-rules"),
        "back": BACK,
    }


def _initial(found: AlertRule, currency: str) -> dict[str, Any]:
    """As the form shows it: percents and money as people write them."""
    names = (
        "programme",
        "condition",
        "grain",
        "operator",
        "days",
        "amber",
        "chance",
        "stores",
        "clients",
        "sites",
        "owner",
        "stake_amber",
        "stake_red",
        "role",
        "channels",
        "active",
    )
    values: dict[str, Any] = {name: getattr(found, name) for name in names}
    values |= {name: to_decimal(getattr(found, name), currency) for name in ("notable", "high", "critical")}
    values |= {"name": str(found), "what": f"{found.fact}:{found.metric}", "falling": "1" if found.falling else ""}
    value = found.value
    if value is not None and words.is_share(found.fact, found.metric):
        value = value * 100
    elif value is not None and words.is_money(found.fact, found.metric):
        value = to_decimal(int(value), currency)
    values["value"] = None if value is None else f"{value.normalize():f}"
    for n, (minutes, whom) in enumerate(found.steps[:STEPS]):
        values |= {f"minutes_{n}": minutes, f"whom_{n}": whom}
    return values


@require_POST
@requires(Permission.ALERT_RULES)
def rule_act(request: MemberRequest, pk: uuid.UUID, what: str) -> HttpResponse:
    """Switch a rule on or off, or forget it."""
    found = _mine(request, pk)
    if what == "remove":
        actions.remove(found, by=request.member, at=timezone.now())
    else:
        actions.save(found, {"active": what == "on"}, by=request.member, at=timezone.now())
    return redirect("alert-rules", agency=request.agency.slug)
