"""Settings: what somebody who leaves looks after, and giving it to another person."""

import uuid
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.accounts.actions import handing_over
from apps.accounts.actions.refusal import Refused
from apps.accounts.forms import HandOverForm
from apps.accounts.models import Member
from apps.accounts.queries import people
from apps.accounts.views.settings import settings_page
from apps.core.http import MemberRequest, requires
from apps.core.models import Entry
from apps.core.permissions import Permission

SHOWN = 500  # of one kind on the page; all of them are handed over


@requires(Permission.MEMBERS_EDIT)
def hand_over(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """What does this person look after, and who does from now on?"""
    seat = get_object_or_404(people(), pk=pk)
    form = HandOverForm(seat, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            entry = handing_over.hand_over(seat, form.cleaned_data["to"], by=request.member, at=timezone.now())
        except Refused as refusal:
            form.add_error("to", str(refusal))
        else:
            if entry is None:
                messages.info(request, _("There is nothing to hand over."))
                return redirect("settings-member", agency=request.agency.slug, pk=pk)
            return redirect("settings-handed", agency=request.agency.slug, number=entry.number)
    groups = [
        (each.label, [handing_over.named(row) for row in each.rows[:SHOWN]], each.rows.count())
        for each in handing_over.estates(seat)
    ]
    return _page(request, seat, {"form": form, "groups": [each for each in groups if each[2]]}, form)


@require_safe
@requires(Permission.MEMBERS_EDIT)
def handed(request: MemberRequest, number: int) -> HttpResponse:
    """What was handed over, to print."""
    entry = get_object_or_404(Entry.objects, number=number, verb=handing_over.VERB)
    seat = get_object_or_404(people(), pk=entry.target)
    groups = [(_label(key), list(rows.values()), len(rows)) for key, rows in entry.after["given"].items()]
    return _page(request, seat, {"entry": entry, "groups": groups})


def _label(key: str) -> str:
    return str(apps.get_model(key.rpartition(".")[0])._meta.verbose_name_plural)


def _page(
    request: MemberRequest, seat: Member, context: dict[str, Any], form: forms.Form | None = None
) -> HttpResponse:
    status = 422 if form is not None and form.errors else 200
    context |= {"seat": seat}
    return settings_page(
        request, "settings-members", context, template="accounts/settings_hand_over.html", status=status
    )
