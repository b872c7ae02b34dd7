"""A new tenant: its settings, its limits, and the offer of its first seat. Before anybody of it acts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.actions.invitations import Offer, invite, resend
from apps.accounts.actions.refusal import Refused
from apps.accounts.actions.settings import set_limits
from apps.accounts.models import Agency, AgencySettings, Invitation, Member
from apps.accounts.queries import rates
from apps.core import audit
from apps.core.money import convert, to_decimal, to_minor
from apps.core.permissions import Role
from apps.core.tenancy import tenant

APPROVE = "plan.approve"
LIMITS_USD = {Role.MANAGER: 5_000_000, Role.SENIOR: 1_000_000}  # cents a role may approve alone; to be edited
ROUND_TO = 100  # whole units of the agency's currency


@dataclass(frozen=True)
class NewAgency:
    """What the platform knows of a tenant before its people come."""

    name: str
    slug: str
    owner_name: str
    owner_email: str
    language: str = "zh-hans"
    currency: str = "USD"
    time_zone: str = "Asia/Shanghai"
    plan: str = ""


def found_agency(new: NewAgency, *, who: str, at: datetime) -> tuple[Agency, Invitation, str]:
    """Make the tenant and invite its first owner; (agency, invitation, token of its link). Mail it afterwards.

    `who`: by whom of the platform, for the new ledger. Raises Refused for an address that cannot be or is taken.
    """
    agency = Agency(name=new.name, slug=new.slug, plan=new.plan)
    try:
        agency.full_clean()
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error
    with transaction.atomic():
        agency.save()
        with tenant(agency.pk):
            AgencySettings.objects.create(
                agency=agency, language=new.language, currency=new.currency, time_zone=new.time_zone
            )
            audit.record("agency.found", agency, by=None, at=at, after={"slug": new.slug, "who": who})
            set_limits(APPROVE, _limits(new.currency, at), by=None, at=at)
            invitation, token = invite(new.owner_email, Offer(Role.OWNER, name=new.owner_name), by=None, at=at)
    return agency, invitation, token


def invite_owner(email: str, *, name: str, at: datetime) -> tuple[Invitation, str]:
    """Offer the acting agency's first seat (again). Raises Refused once it has an owner: they invite people themselves."""
    if Member.objects.filter(role=Role.OWNER, active=True, user__isnull=False).exists():
        raise Refused(_("This agency has an owner, who invites people under Settings → Invitations."))
    email = email.strip().lower()
    waiting = Invitation.objects.filter(email=email, role=Role.OWNER, accepted_at=None, revoked_at=None).first()
    if waiting is not None:
        token = resend(waiting, by=None, at=at)
        waiting.refresh_from_db()
        return waiting, token
    return invite(email, Offer(Role.OWNER, name=name), by=None, at=at)


def change_tenant(agency: Agency, *, who: str, at: datetime) -> None:
    """Keep what the platform has changed of a tenant; suspension and plan stand in the agency's own ledger."""
    with transaction.atomic():
        old = Agency.objects.select_for_update().get(pk=agency.pk)
        agency.save(using=old._state.db)
        changes = [("agency.rename", "name"), ("agency.plan", "plan")]
        changes.append(("agency.resume" if agency.active else "agency.suspend", "active"))
        with tenant(agency.pk):
            for verb, name in changes:
                before, after = getattr(old, name), getattr(agency, name)
                if before != after:
                    audit.record(verb, agency, by=None, at=at, before={name: before}, after={name: after, "who": who})


def _limits(currency: str, at: datetime) -> dict[str, int | None]:
    """The starting limits in the agency's money, rounded; in dollars where there is no rate for it."""
    try:
        rate = rates(currency, at.date())["USD"]
    except KeyError:
        return dict(LIMITS_USD)
    exact = {role: convert(most, source="USD", target=currency, rate=rate) for role, most in LIMITS_USD.items()}
    return {
        role: to_minor(Decimal(round(to_decimal(most, currency) / ROUND_TO) * ROUND_TO), currency)
        for role, most in exact.items()
    }
