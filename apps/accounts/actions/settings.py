"""What an agency decides for itself: limits, thresholds, money, brand, rules."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.accounts.models import AgencySettings, Member, RoleLimit, Threshold
from apps.accounts.queries import rates
from apps.core import audit
from apps.core.findings import tell_in


def change_settings(*, by: Member, at: datetime, **values: Any) -> AgencySettings:
    """Keep some of the agency's own settings; the ledger gets what really changed."""
    settings, _new = AgencySettings.objects.select_for_update().get_or_create(agency_id=by.agency_id)
    before = {name: getattr(settings, name) for name in values}
    changed = {name: value for name, value in values.items() if before[name] != value}
    if not changed:
        return settings
    for name, value in changed.items():
        setattr(settings, name, value)
    settings.save(update_fields=list(changed))
    old = {name: before[name] for name in changed}
    audit.record(
        "settings.change",
        settings,
        by=by,
        at=at,
        before=old,
        after=changed,
        title=by.agency.name,
    )
    return settings


# What else is kept in the agency's currency, told in the transaction that changes it: `follower(source, target, rate)`.
MONEY_KEPT: list[Callable[[str, str, Decimal], Any]] = [tell_in]


def change_money(*, by: Member, at: datetime, **values: Any) -> AgencySettings:
    """`change_settings`; where the currency changes, what is kept in it is told in the new one at once.

    Limits keep their amounts: they are decisions, not measurements. Raises KeyError for a currency without a rate.
    """
    before = AgencySettings.objects.filter(pk=by.agency_id).values_list("currency", flat=True).first() or "USD"
    after = values.get("currency", before)
    settings = change_settings(by=by, at=at, **values)
    if after != before:
        rate = rates(after, at.date())[before]
        for follower in MONEY_KEPT:
            follower(before, after, rate)
    return settings


def rename_agency(name: str, *, by: Member, at: datetime) -> None:
    """The agency's name as people read it; its address stays."""
    agency = by.agency
    before, agency.name = agency.name, name
    if before != name:
        agency.save(update_fields=["name"])
        audit.record(
            "agency.rename",
            agency,
            by=by,
            at=at,
            before={"name": before},
            after={"name": name},
        )


def set_limits(action: str, limits: Mapping[str, int | None], *, by: Member | None, at: datetime) -> None:
    """How much each role may do alone, in minor units of the agency's currency; None: no limit."""
    had = dict(RoleLimit.objects.filter(action=action).values_list("role", "most"))
    changed = {role: most for role, most in limits.items() if role not in had or had[role] != most}
    for role, most in changed.items():
        limit, _new = RoleLimit.objects.update_or_create(role=role, action=action, defaults={"most": most})
        before = {"most": had[role]} if role in had else {}
        after = {"role": role, "action": action, "most": most}
        audit.record(
            "limit.change",
            limit,
            by=by,
            at=at,
            before=before,
            after=after,
            title=f"{action} · {role}",
        )


def set_threshold(
    metric: str,
    value: Decimal,
    *,
    marketplace: str,
    programme: str,
    by: Member,
    at: datetime,
) -> Threshold:
    """The agency's own value for a metric's limit; `marketplace` and `programme` empty: everywhere."""
    key = {"metric": metric, "marketplace": marketplace, "programme": programme}
    old = Threshold.objects.filter(**key).values_list("value", flat=True).first()
    threshold, _new = Threshold.objects.update_or_create(**key, defaults={"value": value})
    if old != value:
        before = {} if old is None else {"value": old}
        audit.record(
            "threshold.change",
            threshold,
            by=by,
            at=at,
            before=before,
            after={**key, "value": value},
            title=metric,
        )
    return threshold


def drop_threshold(threshold: Threshold, *, by: Member, at: datetime) -> None:
    """Back to the default."""
    before = {
        "marketplace": threshold.marketplace,
        "programme": threshold.programme,
        "value": threshold.value,
    }
    audit.record("threshold.drop", threshold, by=by, at=at, before=before, title=threshold.metric)
    threshold.delete()
