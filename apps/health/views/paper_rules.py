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
from apps.health.actions import needs, products
from apps.health.actions.papers import Turn
from apps.health.forms.needs import KindForm, RuleForm, TraitForm, TraitsForm
from apps.health.models import OwnPaperKind, OwnPaperRule
from apps.health.queries import papers as queries
from apps.health.queries.traits import categories, names, traits

TEMPLATE = "health/papers/rules.html"


@require_safe
@requires(Permission.PAPERS_VIEW)
def rules(request: MemberRequest) -> HttpResponse:
    """What is required where, on whose word, and what is still unknown of our products?"""
    return page(request, TEMPLATE, _context(request))


def _context(request: MemberRequest, **forms: Any) -> dict[str, Any]:
    """Everything the page shows; `forms` are those that were sent and cannot be taken."""
    known, every, today = queries.kinds(), traits(active=False), timezone.localdate()
    living = {code: trait for code, trait in every.items() if trait.active}
    own = [kind for kind in known.values() if isinstance(kind, OwnPaperKind)]
    changed = next((kind for kind in own if kind.code == request.GET.get("kind")), None)
    return {
        "rules": [
            {
                "rule": each,
                "name": queries.rule_name(each, known),
                "own": isinstance(each, OwnPaperRule),
                "coming": each.valid_from if each.valid_from and each.valid_from > today else None,
                "wants": [(name, each.wants[code]) for code, name in names(every, each.wants)],
            }
            for each in sorted(queries.rules().values(), key=lambda each: (each.position, each.code))
        ],
        "own_kinds": own,
        "own_traits": [trait for code, trait in every.items() if code.startswith("own-")],
        "categories": categories(request.member, living),
        "traits": [(code, trait.name) for code, trait in living.items()],
        "waivers": list(queries.waivers_for(request.member)[:100]),
        "rule_form": forms.get("rule") or RuleForm(),
        "kind_form": forms.get("kind") or (KindForm.of(changed) if changed else KindForm()),
        "trait_form": forms.get("trait") or TraitForm(),
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
    values = dict(form.cleaned_data)
    try:
        needs.save_kind(values, Turn(request.member, timezone.now()), code=values.pop("code"))
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return page(request, TEMPLATE, _context(request, kind=form), status=422)
    return _saved(request)


@require_POST
@requires(Permission.PAPERS_REVIEW)
def save_trait(request: MemberRequest) -> HttpResponse:
    """Something products may be, of the agency's own."""
    form = TraitForm(request.POST)
    if not form.is_valid():
        return page(request, TEMPLATE, _context(request, trait=form), status=422)
    products.save_trait(form.cleaned_data, Turn(request.member, timezone.now()))
    return _saved(request)


@require_POST
@requires(Permission.PAPERS_EDIT)
def save_category(request: MemberRequest) -> HttpResponse:
    """What all products of a category are."""
    category = request.POST.get("category", "").strip()[:100]
    if not category:
        messages.error(request, _("Name the category."))
        return page(request, TEMPLATE, _context(request), status=422)
    form = TraitsForm(request.POST, known=traits())
    products.set_category(category, form.traits(), Turn(request.member, timezone.now()))
    return _saved(request)


def _saved(request: MemberRequest) -> HttpResponse:
    messages.success(request, _("Saved. Coverage is being worked out anew."))
    return redirect("paper-rules", agency=request.agency.slug)
