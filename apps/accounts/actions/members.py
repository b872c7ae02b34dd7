"""Seats: role, grants, coming back and going."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import ApiKey, Client, Member, Store, StoreGrant
from apps.accounts.queries import owners_left
from apps.core import audit
from apps.core.permissions import ROLES, Permission, Role

# A store and one of its sites; None: all its sites.
Grant = tuple[int, str | None]


def change_role(member: Member, *, role: Role, client: Client | None, by: Member, at: datetime) -> None:
    """Give a seat another role. A client seat belongs to a client, all others to none.

    Raises Refused for the last owner, for a client seat without a client, and when staff and portal are swapped.
    """
    member = _locked(member)
    _check_role(member, role, client)
    if member.role == Role.OWNER and role is not Role.OWNER:
        _keep_an_owner(member)
    before = {"role": member.role, "client": member.client_id}
    member.role, member.client = role, client if role is Role.CLIENT else None
    member.save(update_fields=["role", "client"])
    after = {"role": member.role, "client": member.client_id}
    if before != after:
        audit.record("member.role", member, by=by, at=at, before=before, after=after)


def set_grants(member: Member, grants: Iterable[Grant], *, by: Member, at: datetime) -> None:
    """Replace what stores and sites a seat may see. Unknown stores are ignored: they are not ours to name."""
    member = _locked(member)
    wanted = _known(grants)
    had = {(g.store_id, g.marketplace_id): g.pk for g in StoreGrant.objects.filter(member=member)}
    gone = [pk for key, pk in had.items() if key not in wanted]
    StoreGrant.objects.filter(pk__in=gone).delete()
    StoreGrant.objects.bulk_create(
        StoreGrant(member=member, store_id=store, marketplace_id=site)
        for store, site in sorted(wanted - set(had), key=str)
    )
    if set(had) != wanted:
        names = dict(Store.objects.values_list("pk", "slug"))
        before, after = ({"stores": grant_names(keys, names)} for keys in (had, wanted))
        audit.record("member.grants", member, by=by, at=at, before=before, after=after)


def deactivate(member: Member, *, by: Member, at: datetime) -> None:
    """Close a seat. Its person is out with the next request. Raises Refused for the last owner."""
    member = _locked(member)
    if not member.active:
        return
    if member.role == Role.OWNER:
        _keep_an_owner(member)
    member.active = False
    member.save(update_fields=["active"])
    audit.record(
        "member.deactivate",
        member,
        by=by,
        at=at,
        before={"active": True},
        after={"active": False},
    )


def reactivate(member: Member, *, by: Member, at: datetime) -> None:
    """Open a closed seat again with the role and grants it had."""
    member = _locked(member)
    if member.active:
        return
    member.active = True
    member.save(update_fields=["active"])
    audit.record(
        "member.reactivate",
        member,
        by=by,
        at=at,
        before={"active": False},
        after={"active": True},
    )


def sign_off_access(*, note: str, by: Member, at: datetime) -> None:
    """Record that somebody has looked through who can see what: the quarterly access review."""
    seats, keys = reviewed(at)
    audit.record(
        "access.reviewed",
        by.agency,
        by=by,
        at=at,
        after={"seats": seats, "keys": keys},
        reason=note,
        title=_("Access review"),
    )


def reviewed(at: datetime) -> tuple[dict[str, str], dict[str, str]]:
    """The list as it is now, in words that stay true: {address: role and stores}, {key: scopes and stores}."""
    slugs = dict(Store.objects.values_list("pk", "slug"))
    granted: dict[Any, list[Grant]] = {}
    for member, store, site in StoreGrant.objects.values_list("member", "store", "marketplace"):
        granted.setdefault(member, []).append((store, site))
    seats, keys = {}, {}
    for seat in Member.objects.filter(active=True, user__isnull=False).select_related("user", "client"):
        everything = Permission.ALL_STORES in ROLES[Role(seat.role)]
        sees = ["*"] if everything else grant_names(granted.get(seat.pk, []), slugs)
        seats[seat.user.email] = f"{seat.role}: {' '.join(sees) or '–'}"  # type: ignore[union-attr]
    living = ApiKey.objects.filter(revoked_at=None, expires_at__gt=at).select_related("member")
    for key in living:
        sees = ["*"] if "stores:all" in key.member.scopes else grant_names(granted.get(key.member_id, []), slugs)
        keys[f"{key.member.name} swk_{key.prefix}"] = f"{' '.join(key.member.scopes)}: {' '.join(sees) or '–'}"
    return seats, keys


def grant_names(grants: Iterable[Grant], slugs: dict[int, str]) -> list[str]:
    """Grants as the ledger shows them: "north" or "north:US"."""
    return sorted(slugs.get(store, str(store)) + (f":{site}" if site else "") for store, site in grants)


def _locked(member: Member) -> Any:
    return Member.objects.select_for_update().get(pk=member.pk)


def _known(grants: Iterable[Grant]) -> set[Grant]:
    """Only stores of this agency; a grant for the whole store swallows those for its sites."""
    ours = set(Store.objects.values_list("pk", flat=True))
    wanted = {(store, site) for store, site in grants if store in ours}
    whole = {store for store, site in wanted if site is None}
    return {(store, site) for store, site in wanted if site is None or store not in whole}


def _check_role(member: Member, role: Role, client: Client | None) -> None:
    if member.user_id is None:
        raise Refused(_("An API key has scopes instead of a role."))
    if (role is Role.CLIENT) != (member.role == Role.CLIENT):
        raise Refused(_("A client's seat cannot become a staff seat, nor the other way round. Invite the person anew."))
    if role is Role.CLIENT and client is None:
        raise Refused(_("Choose the client this person belongs to."))


def _keep_an_owner(member: Member) -> None:
    list(Member.objects.select_for_update().filter(role=Role.OWNER, active=True).values_list("pk"))
    if not owners_left(without=member):
        raise Refused(_("This is the agency's last owner. Make somebody else an owner first."))
