"""Settings: the currency everything is added up in, and the exchange rates."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions import rates as quoting
from apps.accounts.actions import settings as deciding
from apps.accounts.forms import CurrencyForm, RateFileForm, RateForm
from apps.accounts.middleware import settings_of
from apps.accounts.models import OwnRate
from apps.accounts.queries import RATE_DAYS, own_rates, quotes, stores_for
from apps.accounts.views.settings import settings_page, settle
from apps.core.http import MemberRequest, requires
from apps.core.permissions import Permission

SHOWN = 200  # own quotations listed


@require_safe
@requires(Permission.SETTINGS_VIEW)
def currency(request: MemberRequest) -> HttpResponse:
    """In which money do we add up, and in whose time do we count?"""
    return _page(request)


@require_safe
@requires(Permission.SETTINGS_VIEW)
def rates_of_store(request: MemberRequest, store: str) -> HttpResponse:
    """From a store's finding to the agency's rates."""
    get_object_or_404(stores_for(request.member), slug=store)
    return redirect("settings-currency", agency=request.agency.slug)


@require_POST
@requires(Permission.CURRENCY_EDIT)
def save_currency(request: MemberRequest) -> HttpResponse:
    form = CurrencyForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    return settle(
        request,
        lambda: deciding.change_money(by=request.member, at=timezone.now(), **form.cleaned_data),
        "settings-currency",
    )


@require_POST
@requires(Permission.CURRENCY_EDIT)
def save_rate(request: MemberRequest) -> HttpResponse:
    """One quotation of the agency's own."""
    form = RateForm(request.POST)
    if not form.is_valid():
        return _page(request, rate=form, status=422)
    return settle(
        request,
        lambda: quoting.set_rates([form.line()], by=request.member, at=timezone.now()),
        "settings-currency",
    )


@require_POST
@requires(Permission.CURRENCY_EDIT)
def import_rates(request: MemberRequest) -> HttpResponse:
    """Many quotations from a file: all, or none."""
    form = RateFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, file=form, status=422)
    lines = form.cleaned_data["file"]
    said = ngettext("%(count)d rate read.", "%(count)d rates read.", len(lines)) % {"count": len(lines)}
    return settle(
        request,
        lambda: quoting.set_rates(lines, by=request.member, at=timezone.now(), verb="rate.import"),
        "settings-currency",
        said=said,
    )


@require_POST
@requires(Permission.CURRENCY_EDIT)
def drop_rate(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    rate = get_object_or_404(OwnRate.objects, pk=pk)
    return settle(
        request,
        lambda: quoting.drop_rate(rate, by=request.member, at=timezone.now()),
        "settings-currency",
        said=_("Deleted."),
    )


def _page(
    request: MemberRequest, *, form: Any = None, rate: Any = None, file: Any = None, status: int = 200
) -> HttpResponse:
    house, today = settings_of(request.member), localdate()
    known = quotes(today)
    own = known[house.currency].per_usd if house.currency in known else None
    context = {
        "form": form or CurrencyForm(initial={name: getattr(house, name) for name in CurrencyForm.base_fields}),
        "rate_form": rate or RateForm(initial={"valid_from": today}),
        "file_form": file or RateFileForm(),
        "house": house,
        "rates": [
            {"rate": each, "per_own": each.per_usd / own if own else None, "old": each.is_old(today)}
            for code, each in sorted(known.items())
            if code not in {house.currency, "USD"}
        ],
        "home": known.get(house.currency) if house.currency != "USD" else None,
        "home_old": house.currency in known and house.currency != "USD" and known[house.currency].is_old(today),
        "own_rates": own_rates()[:SHOWN],
        "most_days": RATE_DAYS,
    }
    return settings_page(request, "settings-currency", context, status=status)
