"""API keys: made, rotated with an overlap, revoked. The secret is shown once and never kept."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.domain.secrets import KEY_PREFIX, digest_of
from apps.accounts.models import ApiKey, Member, Store, StoreGrant
from apps.core import audit
from apps.core.permissions import SCOPES

OVERLAP = timedelta(hours=24)  # how long the old secret works after a rotation
LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class KeyTerms:
    """What a key may do: scopes of core.permissions, stores (with "stores:all" none are needed), from where, how long."""

    name: str
    scopes: tuple[str, ...]
    stores: tuple[int, ...] = ()
    networks: tuple[str, ...] = ()
    days: int = 90
    per_minute: int = 300


def create_key(terms: KeyTerms, *, by: Member, at: datetime) -> tuple[ApiKey, str]:
    """Make a key; returns it with its secret `swk_<prefix>_<secret>`. Raises Refused for unknown scopes or no stores."""
    if not terms.scopes or not set(terms.scopes) <= set(SCOPES):
        raise Refused(_("Choose at least one scope."))
    stores = set(Store.objects.filter(pk__in=terms.stores).values_list("pk", flat=True))
    if "stores:all" not in terms.scopes and not stores:
        raise Refused(_("Choose the stores this key may see, or give it all of them."))
    member = Member.objects.create(user=None, name=terms.name, scopes=sorted(terms.scopes))
    StoreGrant.objects.bulk_create(StoreGrant(member=member, store_id=pk) for pk in sorted(stores))
    lifetime = min(timedelta(days=terms.days), LONGEST)
    key, secret = _mint(member, terms.networks, terms.per_minute, by=by, at=at, expires_at=at + lifetime)
    after = {
        "scopes": member.scopes,
        "stores": len(stores),
        "expires_at": key.expires_at,
        "prefix": key.prefix,
    }
    audit.record("key.create", key, by=by, at=at, after=after, title=terms.name)
    return key, secret


def rotate_key(key: ApiKey, *, by: Member, at: datetime) -> tuple[ApiKey, str]:
    """A new secret for the same member; the old one works for 24 hours more, so that programs can change over."""
    key = _living(key, at)
    fresh, secret = _mint(
        key.member,
        key.networks,
        key.per_minute,
        by=by,
        at=at,
        expires_at=at + (key.expires_at - key.created_at),
    )
    key.expires_at = min(key.expires_at, at + OVERLAP)
    key.save(update_fields=["expires_at"])
    before, after = (
        {"prefix": key.prefix, "until": key.expires_at},
        {"prefix": fresh.prefix, "until": fresh.expires_at},
    )
    audit.record(
        "key.rotate",
        fresh,
        by=by,
        at=at,
        before=before,
        after=after,
        title=key.member.name,
    )
    return fresh, secret


def revoke_key(key: ApiKey, *, by: Member, at: datetime) -> None:
    """End a key now. Its seat closes with its last key. Raises Refused if it is dead already."""
    key = _living(key, at)
    key.revoked_at = at
    key.save(update_fields=["revoked_at"])
    if not ApiKey.objects.filter(member=key.member, revoked_at=None, expires_at__gt=at).exists():
        Member.objects.filter(pk=key.member_id).update(active=False)
    audit.record(
        "key.revoke",
        key,
        by=by,
        at=at,
        before={"prefix": key.prefix},
        title=key.member.name,
    )


def _mint(
    member: Member,
    networks: Collection[str],
    per_minute: int,
    *,
    by: Member,
    at: datetime,
    expires_at: datetime,
) -> tuple[ApiKey, str]:
    prefix = secrets.token_hex(6)
    secret = f"{KEY_PREFIX}{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        member=member,
        prefix=prefix,
        digest=digest_of(secret),
        networks=list(networks),
        per_minute=per_minute,
        created_by=by,
        created_at=at,
        expires_at=expires_at,
    )
    return key, secret


def _living(key: ApiKey, at: datetime) -> ApiKey:
    key = ApiKey.objects.select_for_update(of=("self",)).select_related("member").get(pk=key.pk)
    if key.revoked_at is not None or key.expires_at <= at:
        raise Refused(_("This key has ended already."))
    return key
