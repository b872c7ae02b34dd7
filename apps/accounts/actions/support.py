"""Access of platform staff to one agency: asked for with a reason, at most an hour, in the agency's ledger."""

from datetime import datetime, timedelta
from typing import Any

from apps.accounts.models import Member, SupportGrant, User
from apps.core import audit
from apps.core.models import Entry
from apps.core.permissions import Role

LONGEST = 60  # minutes
OPENED = "support.open"


def grant_support(*, user: User, reason: str, minutes: int, at: datetime) -> SupportGrant:
    """Give a platform user a reading seat in the acting agency for some minutes.

    Raises ValueError if the user is not platform staff, gives no reason or asks for too long.
    """
    if not user.is_staff or not reason.strip() or not 0 < minutes <= LONGEST:
        raise ValueError("support access needs platform staff, a reason and at most an hour")
    member, _new = Member.objects.get_or_create(user=user, defaults={"role": Role.ANALYST, "active": False})
    grant = SupportGrant.objects.create(
        user=user,
        reason=reason.strip(),
        granted_at=at,
        expires_at=at + timedelta(minutes=minutes),
        member=member,
    )
    after = {"who": user.email, "until": grant.expires_at}
    audit.record(
        "support.grant",
        grant,
        by=member,
        at=at,
        after=after,
        reason=grant.reason,
        title=user.email,
    )
    return grant


def note_opened(grant: SupportGrant, what: str, *, by: Member, at: datetime) -> bool:
    """Write into the ledger what a visitor has opened, once a visit; False: it stood there already."""
    opened = Entry.objects.filter(kind=SupportGrant._meta.label_lower, target=str(grant.pk), verb=OPENED)
    if opened.filter(title=what[:200]).exists():
        return False
    audit.record(OPENED, grant, by=by, at=at, title=what, reason=grant.reason)
    return True


def end_support(pk: Any, *, at: datetime) -> None:
    """Close the seat now."""
    grant = SupportGrant.objects.select_related("user", "member").get(pk=pk)
    if grant.ended_at is not None:
        return
    grant.ended_at = at
    grant.save(update_fields=["ended_at"])
    audit.record("support.end", grant, by=grant.member, at=at, title=grant.user.email)
