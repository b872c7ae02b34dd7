"""Figures of our own: entered on the page of a store's health, and the terms of CSat on the page of the method."""

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.accounts.queries import site_filter, stores_for
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission
from apps.health.actions import figures, satisfaction
from apps.health.forms.figures import CsatForm
from apps.health.models import Figure
from apps.health.views import method, site


@require_POST
@requires(Permission.HEALTH_EDIT)
def enter(request: MemberRequest, store: str) -> HttpResponse:
    """Write one figure in the member's name; with errors the page again."""
    found = get_object_or_404(stores_for(request.member), slug=store)
    form = site.figure_form(request, found, request.POST)
    if not form.is_valid():
        return page(request, site.TEMPLATE, site.context(request, store, form=form), status=422)
    figures.enter(found, form.wanted, by=request.member, at=timezone.now())
    messages.success(request, _("Saved: it stands beside what the marketplace reports."))
    return redirect("health", agency=request.agency.slug, store=store)


@require_POST
@requires(Permission.HEALTH_EDIT)
def drop(request: MemberRequest, store: str) -> HttpResponse:
    """Take one entered figure out; it can be undone in the ledger."""
    found = get_object_or_404(stores_for(request.member), slug=store)
    asked = {name: request.POST.get(name, "")[:60] for name in ("marketplace", "metric", "programme", "origin")}
    mine = Figure.objects.filter(site_filter(request.member), store=found).exclude(origin=Figure.Origin.COUNTED)
    try:
        day = date.fromisoformat(request.POST.get("day", ""))
    except ValueError:
        day = None
    figure = mine.select_related("store").filter(**asked, date=day).first() if day else None
    if figure is not None:
        figures.drop(figure, by=request.member, at=timezone.now())
        messages.success(request, _("Taken out. The ledger can bring it back."))
    return redirect("health", agency=request.agency.slug, store=store)


@require_POST
@requires(Permission.SETTINGS_EDIT)
def terms(request: MemberRequest) -> HttpResponse:
    """By how much each input counts, and whether clients see CSat."""
    form = CsatForm(request.POST)
    if not form.is_valid():
        return page(request, method.TEMPLATE, method.context(request, form=form), status=422)
    satisfaction.set_terms(form.cleaned_data, by=request.member, at=timezone.now())
    messages.success(request, _("Saved. All stores are worked out anew."))
    return redirect("health-method", agency=request.agency.slug)
