"""Rules: the set every agency begins with, and what people make of it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop as _

from apps.accounts.models import Member
from apps.core import audit, copying
from apps.health.models import AlertChannel, AlertRule, GivenRule, Incident, Signal
from apps.health.models.names import SILENT

FIELDS = (
    "name", "active", "fact", "metric", "programme", "condition", "grain", "operator", "value", "days", "amber", "chance",
    "falling", "stores", "clients", "sites", "owner_id", "stake_amber", "stake_red", "notable", "high", "critical",
    "role", "channels", "steps",
)  # fmt: skip
STEPS = [[120, "store"], [480, "manager"], [1440, "owner"]]
CHANNELS = {"email": _("E-mail to whom it falls"), "webhook": _("Our webhooks")}
# What an agency is told of before it has decided anything; all of it may be changed or switched off.
DEFAULTS: dict[str, dict[str, Any]] = {
    "account": {"name": _("Account status at risk"), "metric": "account_status", "stake_amber": 100},
    "odr": {"name": _("Order defect rate near its limit"), "metric": "odr"},
    "odr-ahead": {"name": _("Order defect rate about to break its limit"), "metric": "odr", "condition": "forecast"},
    "lsr": {"name": _("Late shipments near the limit"), "metric": "lsr"},
    "cancel": {"name": _("Cancellations near the limit"), "metric": "cancel"},
    "vtr": {"name": _("Tracking near the limit"), "metric": "vtr"},
    "otdr": {"name": _("On-time delivery near the limit"), "metric": "otdr"},
    "prime": {"name": _("Prime shipments near the limit"), "metric": "on_time_ship", "programme": "sfp"},
    "ahr": {"name": _("Account health rating below its limit"), "metric": "ahr"},
    "policy": {"name": _("Policy violation"), "metric": "policy_*"},
    "listing": {
        "name": _("Listing issue"), "fact": "notice", "metric": "listing_issue", "condition": "threshold",
        "operator": "ge", "value": Decimal(1),
    },
    "performance-notice": {
        "name": _("Performance notice to answer"), "fact": "notice", "metric": "performance", "condition": "threshold",
        "operator": "ge", "value": Decimal(1), "stake_red": 25,
    },
    "policy-notice": {
        "name": _("Policy notice to answer"), "fact": "notice", "metric": "policy", "condition": "threshold",
        "operator": "ge", "value": Decimal(1), "stake_red": 25,
    },
    "documents-notice": {
        "name": _("Documents requested"), "fact": "notice", "metric": "documents", "condition": "threshold",
        "operator": "ge", "value": Decimal(1), "stake_red": 25,
    },
    "silent": {
        "name": _("No health report for three days"), "metric": SILENT, "condition": "threshold", "operator": "ge",
        "value": Decimal(3), "stake_red": 25,
    },
    "orders": {"name": _("Orders fall out of their habit"), "fact": "metric", "metric": "orders", "condition": "anomaly"},
    "sessions": {
        "name": _("Sessions fall out of their habit"), "fact": "metric", "metric": "sessions", "condition": "anomaly",
    },
    "stock": {
        "name": _("Nothing left to sell at FBA"), "fact": "metric", "metric": "stock_available",
        "condition": "threshold", "grain": "sku", "operator": "le", "value": Decimal(0),
    },
}  # fmt: skip


def ensure_defaults() -> int:
    """Give an agency what it was never given of the set; returns how many rules were made. Safe to call at any time.

    Each is given once: one that was removed or switched off stays so. Who began with rules of their own did without
    the set, and is given only what comes to it later.
    """
    if not _lacking():
        return 0
    copying.lock("alerts")
    lacking = _lacking()
    began = GivenRule.objects.exists()
    if not began and (AlertRule.objects.exists() or AlertChannel.objects.exists()):
        wanted = []
    else:
        wanted = _made(lacking, _channels(fresh=not began))
    GivenRule.objects.bulk_create((GivenRule(default=key) for key in lacking), ignore_conflicts=True)
    return len(AlertRule.objects.bulk_create(wanted))


def _lacking() -> list[str]:
    """Keys of the set that the agency was never given."""
    given = set(GivenRule.objects.values_list("default", flat=True))
    return [key for key in DEFAULTS if key not in given]


def _channels(*, fresh: bool) -> list[str]:
    """Ids of the set's channels; made for an agency that begins, else those that are still there."""
    if not fresh:
        return [str(pk) for pk in AlertChannel.objects.filter(default__in=CHANNELS).values_list("pk", flat=True)]
    made = [AlertChannel(kind=kind, name=name, default=kind) for kind, name in CHANNELS.items()]
    return [str(each.pk) for each in AlertChannel.objects.bulk_create(made)]


def _made(keys: list[str], channels: list[str]) -> list[AlertRule]:
    common = {"fact": "health", "condition": "band", "steps": STEPS, "channels": channels}
    return [AlertRule(default=key, **common | DEFAULTS[key]) for key in keys]


def save(rule: AlertRule, values: dict[str, Any], *, by: Member, at: datetime) -> AlertRule:
    """Make or change a rule; the ledger gets what really changed."""
    fresh = rule._state.adding
    before = {name: getattr(rule, name) for name in FIELDS}
    for name, value in values.items():
        setattr(rule, name, value)
    changed = [name for name in FIELDS if fresh or getattr(rule, name) != before[name]]
    if not changed:
        return rule
    rule.save()
    after = {name: getattr(rule, name) for name in changed}
    audit.record(
        "alert-rule.add" if fresh else "alert-rule.change", rule, by=by, at=at,
        before={} if fresh else {name: before[name] for name in changed}, after=after, title=rule.name,
    )  # fmt: skip
    return rule


def remove(rule: AlertRule, *, by: Member, at: datetime) -> None:
    """Forget a rule. Its incidents stay in the story, their signals end."""
    before = {name: getattr(rule, name) for name in FIELDS}
    audit.record("alert-rule.remove", rule, by=by, at=at, before=before, title=rule.name)
    Signal.objects.filter(rule=rule).delete()
    Incident.objects.filter(rule=rule).update(rule=None)
    rule.delete()
