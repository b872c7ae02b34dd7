"""Offers of a seat by e-mail: single use, 72 hours, only a digest of the link is kept."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.utils.translation import gettext as _

from apps.accounts.actions.members import Grant, grant_names
from apps.accounts.actions.refusal import Refused
from apps.accounts.domain.secrets import digest_of
from apps.accounts.models import Client, Invitation, Member, Store, StoreGrant, User
from apps.core import audit
from apps.core.permissions import Role

VALID = timedelta(hours=72)


@dataclass(frozen=True)
class Offer:
    """What is offered: a role, for clients their company, and stores (site None: all sites)."""

    role: Role
    client: Client | None = None
    stores: tuple[Grant, ...] = ()
    name: str = ""


def invite(email: str, offer: Offer, *, by: Member | None, at: datetime) -> tuple[Invitation, str]:
    """Offer a seat; returns the invitation and the token for its link, which is never seen again. `by` None: the platform.

    Raises Refused if the address has a seat or a living invitation, or a client seat names no client.
    """
    email = email.strip().lower()
    if offer.role is Role.CLIENT and offer.client is None:
        raise Refused(_("Choose the client this person belongs to."))
    if Member.objects.filter(user__email=email, active=True).exists():
        raise Refused(_("This person has a seat already."))
    living = Invitation.objects.filter(email=email, accepted_at=None, revoked_at=None, expires_at__gt=at)
    if living.exists():
        raise Refused(_("This address is invited already. Send the invitation again, or revoke it first."))
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email,
        name=offer.name[:80],
        role=offer.role,
        client=offer.client if offer.role is Role.CLIENT else None,
        stores=[list(grant) for grant in _known(offer.stores)],
        digest=digest_of(token),
        invited_by=by,
        created_at=at,
        expires_at=at + VALID,
    )
    audit.record(
        "invitation.create",
        invitation,
        by=by,
        at=at,
        after=_shown(invitation),
        title=email,
    )
    return invitation, token


def resend(invitation: Invitation, *, by: Member | None, at: datetime) -> str:
    """A fresh link for 72 more hours; the old one dies. Raises Refused if it was used or revoked."""
    invitation = _open(invitation)
    token = secrets.token_urlsafe(32)
    before = {"expires_at": invitation.expires_at}
    invitation.digest, invitation.expires_at = digest_of(token), at + VALID
    invitation.save(update_fields=["digest", "expires_at"])
    after = {"expires_at": invitation.expires_at}
    audit.record(
        "invitation.resend",
        invitation,
        by=by,
        at=at,
        before=before,
        after=after,
        title=invitation.email,
    )
    return token


def revoke(invitation: Invitation, *, by: Member, at: datetime) -> None:
    """Take the offer back. Raises Refused if it was used or revoked."""
    invitation = _open(invitation)
    invitation.revoked_at = at
    invitation.save(update_fields=["revoked_at"])
    audit.record(
        "invitation.revoke",
        invitation,
        by=by,
        at=at,
        before=_shown(invitation),
        title=invitation.email,
    )


def create_person(email: str, *, name: str, password: str, language: str) -> User:
    """A new person, whose address the invitation's link has proved."""
    user = User.objects.create_user(email=email, password=password, name=name, language=language)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def accept(invitation: Invitation, *, user: User, at: datetime) -> Member:
    """Take the seat. Once only: raises Refused if it was used, revoked, has expired, or is for somebody else."""
    invitation = _open(invitation)
    if invitation.expires_at <= at:
        raise Refused(_("This invitation has expired. Ask for a new one."))
    if user.email.lower() != invitation.email:
        raise Refused(_("This invitation is for another e-mail address."))
    seat = {"role": invitation.role, "client": invitation.client, "active": True}
    member, _new = Member.objects.update_or_create(user=user, defaults=seat)
    StoreGrant.objects.filter(member=member).delete()
    StoreGrant.objects.bulk_create(
        StoreGrant(member=member, store_id=store, marketplace_id=site) for store, site in _known(invitation.stores)
    )
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])
    audit.record(
        "invitation.accept",
        invitation,
        by=member,
        at=at,
        after=_shown(invitation),
        title=invitation.email,
    )
    return member


def _open(invitation: Invitation) -> Any:
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at:
        raise Refused(_("This invitation was used already."))
    if invitation.revoked_at:
        raise Refused(_("This invitation was taken back."))
    return invitation


def _known(grants: Iterable[Any]) -> list[Grant]:
    ours = set(Store.objects.values_list("pk", flat=True))
    return sorted({(store, site) for store, site in grants if store in ours}, key=str)


def _shown(invitation: Invitation) -> dict[str, Any]:
    slugs = dict(Store.objects.values_list("pk", "slug"))
    grants = [(store, site) for store, site in invitation.stores]
    return {
        "role": invitation.role,
        "client": invitation.client_id,
        "stores": grant_names(grants, slugs),
    }
