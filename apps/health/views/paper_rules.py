"""Requirements: which products need which papers where, what products are, and what they are excused from."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions.refusal import Refused
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission
from apps.health.actions import needs
from apps.health.actions.papers import Turn
from apps.health.forms.papers import KindForm, RuleForm, TraitsForm
from apps.health.models import OwnPaperRule
from apps.health.queries import papers as queries

TEMPLATE = "health/papers/rules.html"


@require_safe
@requires(Permission.PAPERS_VIEW)
def rules(request: MemberRequest) -> HttpResponse:
    """What is required where, on whose word, and what is still unknown of our products?"""
    return page(request, TEMPLATE, _context(request))


def _context(request: MemberRequest, rule: RuleForm | None = None, kind: KindForm | None = None) -> dict[str, Any]:
    known = queries.kinds()
    waivers = list(queries.waivers_for(request.member)[:100])
    return {
        "rules": [
            {
                "rule": each,
                "name": queries.rule_name(each, known),
                "own": isinstance(each, OwnPaperRule),
                "wants": [(queries.TRAITS.get(trait, trait), value) for trait, value in each.wants.items()],
            }
            for each in sorted(queries.rules().values(), key=lambda each: (each.position, each.code))
        ],
        "kinds": list(known.values()),
        "categories": queries.categories(request.member),
        "traits": list(queries.TRAITS.items()),
        "waivers": waivers,
        "rule_form": rule or RuleForm(),
        "kind_form": kind or KindForm(),
        "may_review": request.member.can(Permission.PAPERS_REVIEW),
        "may_edit": request.member.can(Permission.PAPERS_EDIT),
    }


@require_POST
@requires(Permission.PAPERS_REVIEW)
def save_rule(request: MemberRequest) -> HttpResponse:
    """A requirement of the agency's own."""
    form = RuleForm(request.POST)
    if not form.is_valid():
        return page(request, TEMPLATE, _context(request, rule=form), status=422)
    code = f"own-{form.cleaned_data['code']}"[:40]
    try:
        needs.save_rule(code, form.values(), Turn(request.member, timezone.now()))
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return page(request, TEMPLATE, _context(request, rule=form), status=422)
    return _saved(request)


@require_POST
@requires(Permission.PAPERS_REVIEW)
def switch(request: MemberRequest) -> HttpResponse:
    """Whether a requirement holds for this agency."""
    turn = Turn(request.member, timezone.now(), request.POST.get("reason", "")[:500])
    try:
        needs.switch_rule(request.POST.get("code", "")[:40], on=request.POST.get("on") == "yes", turn=turn)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return page(request, TEMPLATE, _context(request), status=422)
    return _saved(request)


@require_POST
@requires(Permission.PAPERS_REVIEW)
def save_kind(request: MemberRequest) -> HttpResponse:
    """A kind of paper of the agency's own."""
    form = KindForm(request.POST)
    if not form.is_valid():
        return page(request, TEMPLATE, _context(request, kind=form), status=422)
    needs.save_kind(form.cleaned_data, Turn(request.member, timezone.now()))
    return _saved(request)


@require_POST
@requires(Permission.PAPERS_EDIT)
def save_category(request: MemberRequest) -> HttpResponse:
    """What all products of a category are."""
    category = request.POST.get("category", "").strip()[:100]
    if not category:
        messages.error(request, _("Name the category."))
        return page(request, TEMPLATE, _context(request), status=422)
    needs.set_category(category, TraitsForm(request.POST).traits(), Turn(request.member, timezone.now()))
    return _saved(request)


def _saved(request: MemberRequest) -> HttpResponse:
    messages.success(request, _("Saved. Coverage is being worked out anew."))
    return redirect("paper-rules", agency=request.agency.slug)
