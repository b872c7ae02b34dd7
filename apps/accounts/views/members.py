"""Settings: people, what they may see, and who is invited."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions import invitations as inviting
from apps.accounts.actions import members as seating
from apps.accounts.actions.letters import mail_invitation
from apps.accounts.actions.people import end_sessions
from apps.accounts.actions.refusal import Refused
from apps.accounts.forms import (
    GrantsForm,
    InviteForm,
    SeatForm,
)
from apps.accounts.models import Invitation, Member, Store
from apps.accounts.queries import invitations as all_invitations
from apps.accounts.queries import people, seat_rows
from apps.accounts.views.settings import settings_page, settle
from apps.accounts.views.stepping_up import fresh
from apps.core.http import MemberRequest, requires
from apps.core.permissions import ROLES, Permission, Role


@require_safe
@requires(Permission.SETTINGS_VIEW)
def members(request: MemberRequest) -> HttpResponse:
    """Who works here, and who sees the portal?"""
    rows = seat_rows()
    context = {
        "staff": [row for row in rows if row.member.role != Role.CLIENT],
        "client_people": [row for row in rows if row.member.role == Role.CLIENT],
    }
    return settings_page(request, "settings-members", context)


@require_safe
@requires(Permission.SETTINGS_VIEW)
def member(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """What is this person's role, and which stores and sites may they see?"""
    return _member_page(request, get_object_or_404(people(), pk=pk))


@require_POST
@requires(Permission.MEMBERS_EDIT)
@fresh("settings-members")
def save_member(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    seat = get_object_or_404(people(), pk=pk)
    form, grants = SeatForm(request.POST), GrantsForm(request.POST)
    if not form.is_valid():
        return _member_page(request, seat, form=form, status=422)

    def act() -> None:
        role, client = form.cleaned_data["role"], form.cleaned_data["client"]
        who: dict[str, Any] = {"by": request.member, "at": timezone.now()}
        seating.change_role(seat, role=role, client=client, **who)
        if Permission.ALL_STORES not in ROLES[role]:
            seating.set_grants(seat, grants.grants(), **who)

    return settle(request, act, "settings-member", pk=pk)


@require_POST
@requires(Permission.MEMBERS_EDIT)
@fresh("settings-members")
def deactivate_member(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    seat = get_object_or_404(people(), pk=pk)

    def act() -> None:
        seating.deactivate(seat, by=request.member, at=timezone.now())
        end_sessions(seat.user_id)

    return settle(
        request,
        act,
        "settings-security" if "review" in request.POST else "settings-members",
        said=_("%(who)s can no longer come in.") % {"who": seat},
    )


@require_POST
@requires(Permission.MEMBERS_EDIT)
@fresh("settings-members")
def reactivate_member(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    seat = get_object_or_404(people(), pk=pk)
    said = _("%(who)s can come in again.") % {"who": seat}
    return settle(
        request,
        lambda: seating.reactivate(seat, by=request.member, at=timezone.now()),
        "settings-members",
        said=said,
    )


def _member_page(request: MemberRequest, seat: Member, *, form: Any = None, status: int = 200) -> HttpResponse:
    form = form or SeatForm(initial={"role": seat.role, "client": seat.client_id})
    granted = {f"{g.store_id}:{g.marketplace_id}" if g.marketplace_id else str(g.store_id) for g in seat.grants.all()}
    everything = Permission.ALL_STORES in ROLES[Role(seat.role)]
    context = {
        "seat": seat,
        "form": form,
        "matrix": _matrix(granted),
        "everything": everything,
    }
    return settings_page(
        request,
        "settings-members",
        context,
        template="accounts/settings_member.html",
        status=status,
    )


def _matrix(granted: set[str]) -> list[dict[str, Any]]:
    """Stores by sites, ticked where granted."""
    rows = []
    for store in Store.objects.select_related("client").prefetch_related("sites").order_by("name"):
        codes = sorted(site.marketplace_id for site in store.sites.all() if site.active)
        sites = [
            {
                "value": f"{store.pk}:{code}",
                "code": code,
                "on": f"{store.pk}:{code}" in granted,
            }
            for code in codes
        ]
        rows.append(
            {
                "store": store,
                "value": str(store.pk),
                "on": str(store.pk) in granted,
                "sites": sites,
            }
        )
    return rows


# -- invitations


@require_safe
@requires(Permission.SETTINGS_VIEW)
def invitations(request: MemberRequest) -> HttpResponse:
    """Who is invited, and who has not come yet?"""
    return _invitations_page(request, InviteForm())


@require_POST
@requires(Permission.MEMBERS_EDIT)
@fresh("settings-invitations")
def invite(request: MemberRequest) -> HttpResponse:
    form, grants = InviteForm(request.POST), GrantsForm(request.POST)
    if not form.is_valid():
        return _invitations_page(request, form, grants=set(grants.sent), status=422)
    try:
        made, token = inviting.invite(
            form.cleaned_data["email"],
            form.offer(grants.grants()),
            by=request.member,
            at=timezone.now(),
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _invitations_page(request, form, grants=set(grants.sent), status=422)
    return _sent(request, made, token)


@require_POST
@requires(Permission.MEMBERS_EDIT)
@fresh("settings-invitations")
def resend_invitation(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    made = get_object_or_404(Invitation.objects, pk=pk)
    try:
        token = inviting.resend(made, by=request.member, at=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("settings-invitations", agency=request.agency.slug)
    made.refresh_from_db()
    return _sent(request, made, token)


@require_POST
@requires(Permission.MEMBERS_EDIT)
def revoke_invitation(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    made = get_object_or_404(Invitation.objects, pk=pk)
    said = _("The invitation to %(who)s is void.") % {"who": made.email}
    return settle(
        request,
        lambda: inviting.revoke(made, by=request.member, at=timezone.now()),
        "settings-invitations",
        said=said,
    )


def _invitations_page(
    request: MemberRequest,
    form: InviteForm,
    *,
    grants: set[str] = frozenset(),
    status: int = 200,  # type: ignore[assignment]
) -> HttpResponse:
    now = timezone.now()
    context = {
        "invitations": all_invitations()[:200],
        "form": form,
        "matrix": _matrix(set(grants)),
        "now": now,
    }
    return settings_page(request, "settings-invitations", context, status=status)


def _sent(request: MemberRequest, made: Invitation, token: str) -> HttpResponse:
    """Mail the link; if the mail server refuses, the invitation stands and can be sent again."""
    try:
        mail_invitation(made, token)
        messages.success(request, _("Invitation sent to %(who)s.") % {"who": made.email})
    except OSError:
        text = _("The mail to %(who)s could not be sent. Try “Send again” once the mail server answers.")
        messages.error(request, text % {"who": made.email})
    return redirect("settings-invitations", agency=request.agency.slug)
