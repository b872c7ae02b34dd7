"""Seeds of second factors at rest."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from apps.core import crypto

ABOUT = "factor"  # allauth does not say whose seed it is
SEEDS = {Authenticator.Type.TOTP: ("secret",), Authenticator.Type.RECOVERY_CODES: ("seed", "migrated_codes")}


def seal_factor(text: str) -> str:
    return crypto.seal(text.encode(), ABOUT)


def open_factor(sealed: str) -> str:
    """A seed in plain. One kept before seeds were sealed is so already. Raises crypto.Sealed."""
    return crypto.unseal(sealed, ABOUT).decode() if _is_sealed(sealed) else sealed


@transaction.atomic
def rewrap_factors() -> int:
    """Seal every person's seeds with the newest key, also those that never were; returns how many factors changed."""
    changed = 0
    for factor in Authenticator.objects.filter(type__in=SEEDS).select_for_update():
        names = SEEDS[factor.type]
        fresh = {name: _again(value) for name, value in factor.data.items() if name in names}
        if factor.data | fresh != factor.data:
            factor.data |= fresh
            factor.save(update_fields=["data"])
            changed += 1
    return changed


def _again(value: Any) -> Any:
    if isinstance(value, list):
        return [_again(each) for each in value]
    return value if _is_sealed(value) and crypto.is_current(value) else seal_factor(open_factor(value))


def _is_sealed(text: str) -> bool:
    return text.startswith(f"{crypto.VERSION}.")
