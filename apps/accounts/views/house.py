"""Settings: limits, thresholds, money, brand, rules."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions import settings as deciding
from apps.accounts.forms import (
    LimitsForm,
    SecurityForm,
    ThresholdForm,
)
from apps.accounts.middleware import settings_of
from apps.accounts.models import RoleLimit, Threshold
from apps.accounts.views.settings import settings_page, settle
from apps.accounts.views.stepping_up import fresh
from apps.core.http import MemberRequest, requires
from apps.core.metrics import JUDGED, REGISTRY, defaults
from apps.core.models import Entry
from apps.core.money import to_decimal
from apps.core.permissions import LABELS, ROLES, Permission, Role

LIMITED = "plan.approve"  # the one action with a limit of money so far
CAREFUL = (Role.SENIOR,)  # may approve, but nothing alone until somebody sets a limit


@require_safe
@requires(Permission.SETTINGS_VIEW)
def roles(request: MemberRequest) -> HttpResponse:
    """What may each role do, and up to how much alone?"""
    currency = settings_of(request.member).currency
    had = dict(RoleLimit.objects.filter(action=LIMITED).values_list("role", "most"))
    unset = dict.fromkeys(CAREFUL, 0)  # nothing alone, as `inventory.queries.plans.approval_limit` has it
    initial = {role: to_decimal(most, currency) for role, most in (unset | had).items() if most is not None}
    return _roles_page(request, LimitsForm(currency=currency, initial=initial), currency)


@require_POST
@requires(Permission.SETTINGS_EDIT)
@fresh("settings-roles")
def save_limits(request: MemberRequest) -> HttpResponse:
    currency = settings_of(request.member).currency
    form = LimitsForm(request.POST, currency=currency)
    if not form.is_valid():
        return _roles_page(request, form, currency, status=422)
    return settle(
        request,
        lambda: deciding.set_limits(LIMITED, form.limits(), by=request.member, at=timezone.now()),
        "settings-roles",
    )


def _roles_page(request: MemberRequest, form: LimitsForm, currency: str, *, status: int = 200) -> HttpResponse:
    table = [(LABELS[permission], [permission in ROLES[role] for role in Role]) for permission in Permission]
    approvers = [form[role.value] for role in Role if Permission.PLAN_APPROVE in ROLES[role]]
    context = {
        "roles": list(Role),
        "table": table,
        "limits": approvers,
        "form": form,
        "currency": currency,
    }
    return settings_page(request, "settings-roles", context, status=status)


@require_safe
@requires(Permission.SETTINGS_VIEW)
def thresholds(request: MemberRequest) -> HttpResponse:
    """From which value on do we call a number good or bad?"""
    return _thresholds_page(request, ThresholdForm())


@require_POST
@requires(Permission.SETTINGS_EDIT)
def save_threshold(request: MemberRequest) -> HttpResponse:
    form = ThresholdForm(request.POST)
    if not form.is_valid():
        return _thresholds_page(request, form, status=422)
    values = form.cleaned_data
    return settle(
        request,
        lambda: deciding.set_threshold(
            values["metric"],
            values["value"],
            marketplace=values["marketplace"],
            programme=values["programme"],
            by=request.member,
            at=timezone.now(),
        ),
        "settings-thresholds",
    )


@require_POST
@requires(Permission.SETTINGS_EDIT)
def drop_threshold(request: MemberRequest, pk: int) -> HttpResponse:
    threshold = get_object_or_404(Threshold.objects, pk=pk)
    return settle(
        request,
        lambda: deciding.drop_threshold(threshold, by=request.member, at=timezone.now()),
        "settings-thresholds",
    )


def _thresholds_page(request: MemberRequest, form: ThresholdForm, *, status: int = 200) -> HttpResponse:
    asked = defaults(localdate())
    own = list(Threshold.objects.order_by("metric", "marketplace", "programme"))
    changed = {int(entry.target): entry for entry in _changes_of(own)}
    rows: list[dict[str, Any]] = [
        {
            "threshold": each,
            "metric": (REGISTRY | JUDGED).get(each.metric),
            "idle": each.metric not in JUDGED,
            "default": _default(asked, each.metric, each.marketplace, each.programme),
            "changed": changed.get(each.pk),
        }
        for each in own
    ]
    general = [
        (metric.label, site, programme, asked[key, site, programme])
        for key, site, programme in sorted(asked)
        if (metric := JUDGED.get(key))
    ]
    context = {"rows": rows, "form": form, "general": general}
    return settings_page(request, "settings-thresholds", context, status=status)


def _changes_of(own: list[Threshold]) -> Any:
    """The last change of each, oldest first."""
    kind = Threshold._meta.label_lower
    return Entry.objects.filter(kind=kind, target__in=[str(each.pk) for each in own]).order_by("number")


def _default(asked: Any, metric: str, marketplace: str, programme: str) -> Any:
    """(operator, value) of the most particular default that fits; None: nothing is asked."""
    places = ((marketplace, programme), (marketplace, ""), ("", programme), ("", ""))
    return next((found for place in places if (found := asked.get((metric, *place)))), None)


@require_POST
@requires(Permission.SETTINGS_EDIT)
@fresh("settings-security")
def save_security(request: MemberRequest) -> HttpResponse:
    form = SecurityForm(request.POST)
    form.is_valid()
    return settle(
        request,
        lambda: deciding.change_settings(by=request.member, at=timezone.now(), **form.cleaned_data),
        "settings-security",
    )
