"""What alerts say: rules, signs and incidents in the reader's language."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.core.metrics import REGISTRY, Unit
from apps.core.money import to_decimal
from apps.core.permissions import Role
from apps.core.templatetags.figures import decimal, money_text, number, percent
from apps.health.domain.bots import Message
from apps.health.models import AlertRule, Incident, Severity, Signal, names
from apps.health.models.facts import Notice, Operator
from apps.health.models.names import METRICS, SILENT
from apps.health.queries.wording import few_text

EVERY_POLICY = gettext_lazy("Policy violations of any kind")
WITHOUT_REPORT = gettext_lazy("Days without a health report")
MOST_LINES = 30  # of a digest; the list has the rest
EVENTS: dict[str, str | Promise] = {
    "opened": gettext_lazy("New incident"),
    "raised": gettext_lazy("Worse: over the limit"),
    "eased": gettext_lazy("Better: near the limit only"),
    "escalated": gettext_lazy("Nobody has taken it yet"),
    "resolved": gettext_lazy("Recovered by itself"),
    "test": gettext_lazy("A test"),
    "digest": gettext_lazy("Several messages at once"),
}
TONES = {"critical": "danger", "high": "danger", "warning": "warning", "info": "neutral"}
BANDS: dict[int, str | Promise] = {1: gettext_lazy("Amber"), 2: gettext_lazy("Red")}


def metric_name(metric: str, programme: str = "") -> str:
    """A metric as people call it: of account health, of the registry, or a kind of notice."""
    if metric in {"policy_*", SILENT}:
        return str(WITHOUT_REPORT if metric == SILENT else EVERY_POLICY)
    if metric in REGISTRY and metric not in METRICS:
        return str(REGISTRY[metric].label)
    if metric in Notice.Kind.values:
        return str(Notice.Kind(metric).label)
    return names.metric_name(metric, programme)


def metric_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """What a rule may look at, by fact: keys are "fact:metric"."""
    health = [(f"health:{key}", str(label)) for key, label in METRICS.items()]
    notices = [(f"notice:{key}", str(label)) for key, label in Notice.Kind.choices]
    return [
        (
            str(AlertRule.Fact.HEALTH.label),
            [*health, ("health:policy_*", str(EVERY_POLICY)), (f"health:{SILENT}", str(WITHOUT_REPORT))],
        ),
        (str(AlertRule.Fact.METRIC.label), [(f"metric:{key}", str(m.label)) for key, m in REGISTRY.items()]),
        (str(AlertRule.Fact.NOTICE.label), notices),
    ]


def is_share(fact: str, metric: str) -> bool:
    """Is the metric a rate, said in percent?"""
    if fact == AlertRule.Fact.HEALTH:
        return not metric.startswith(("policy", "ahr", "account", SILENT))
    return fact == AlertRule.Fact.METRIC and metric in REGISTRY and REGISTRY[metric].unit == Unit.PERCENT


def is_money(fact: str, metric: str) -> bool:
    return fact == AlertRule.Fact.METRIC and metric in REGISTRY and REGISTRY[metric].unit == Unit.MONEY


def value_text(fact: str, metric: str, value: Decimal | str | None, currency: str = "") -> str:
    """A value with its unit; a dash for what is not known."""
    if value is None or value == "":
        return "–"
    amount = Decimal(value)
    if is_share(fact, metric):
        return str(percent(amount, 2))
    if is_money(fact, metric):
        return money_text(to_decimal(int(amount), currency), currency) if currency else str(number(amount))
    return str(number(amount) if amount == amount.to_integral_value() else decimal(amount, 1))


def sign_text(sign: Mapping[str, Any], currency: str = "") -> str:
    """One sign in one sentence. `sign` as `telling` puts it into a message."""
    fact, metric = sign.get("fact", ""), sign["metric"]
    value, limit = (value_text(fact, metric, sign.get(name), currency) for name in ("value", "limit"))
    name = " · ".join(filter(None, (metric_name(metric, sign.get("programme", "")), sign.get("sku"))))
    if value == limit and sign.get("value") != sign.get("limit"):  # rounded onto its limit: say what it really is
        value = str(percent(Decimal(sign["value"]), 3)) if is_share(fact, metric) else value
    if sign.get("total") is not None:  # of few orders the counts lead
        told = few_text(sign["bad"], sign["total"], sign["room"])
        value = _("%(counts)s (%(rate)s)") % {"counts": told, "rate": value}
    words = {"name": name, "value": value, "limit": limit}
    match sign.get("condition"):
        case "forecast":
            return _("%(name)s: %(chance)s%% likely to break its limit of %(limit)s within 14 days, now %(value)s") % {
                **words,
                "chance": sign.get("chance") or 0,
            }
        case "anomaly":
            return _("%(name)s: %(value)s a day, where %(limit)s are usual") % words
        case "band" if sign.get("value") is None:
            return _("%(name)s has changed") % words
    return _("%(name)s: %(value)s, limit %(limit)s") % words


def signal_text(signal: Signal, currency: str = "") -> str:
    """The same of a row."""
    names = ("metric", "programme", "sku", "value", "limit", "chance", "bad", "total", "room")
    rule = {"fact": signal.rule.fact, "condition": signal.rule.condition}
    return sign_text({name: getattr(signal, name) for name in names} | rule, currency)


def title(payload: Mapping[str, Any]) -> str:
    """A message's first line: what happened, to what, where."""
    if payload["event"] == "test":
        return _("Storewright: this channel works")
    where = " ".join(filter(None, (payload["store_name"], payload["marketplace"], payload.get("sku"))))
    return f"{EVENTS[payload['event']]}: {Incident.Cause(payload['cause']).label} · {where} · #{payload['number']}"


def _digest(payload: Mapping[str, Any]) -> Message:
    """Many messages in one, the greatest money first."""
    parts = sorted(payload["parts"], key=lambda part: -(part.get("at_stake") or 0))
    lines = [_line(part) for part in parts[:MOST_LINES]]
    if more := len(parts) - len(lines):
        lines.append(ngettext("%(n)d more", "%(n)d more", more) % {"n": more})
    said = ngettext("%(n)d message meanwhile", "%(n)d messages meanwhile", len(parts)) % {"n": len(parts)}
    bad = any(part["severity"] in {"critical", "high"} and part["event"] not in {"resolved", "eased"} for part in parts)
    return Message(said, tuple(lines), payload["url"], _("Open the list"), "danger" if bad else "warning")


def _line(part: Mapping[str, Any]) -> str:
    """One message of a digest."""
    signs = "; ".join(sign_text(each, part.get("currency", "")) for each in part["signs"][:3])
    return f"{title(part)} – {signs}" if signs else title(part)


def message(payload: Mapping[str, Any]) -> Message:
    """A message in the language that is active."""
    event = payload["event"]
    if event == "digest":
        return _digest(payload)
    if event == "test":
        return Message(
            title(payload),
            (_("Nothing has happened. Somebody tried the channel."),),
            payload["url"],
            _("See the alerts"),
        )
    lines = [sign_text(each, payload.get("currency", "")) for each in payload["signs"]]
    lines.append(_("Severity: %s") % Severity(payload["severity"]).label)
    if payload.get("at_stake") is not None and payload.get("currency"):
        amount = money_text(to_decimal(payload["at_stake"], payload["currency"]), payload["currency"])
        lines.append(_("At stake: %s") % amount)
    if payload.get("sku"):
        lines.append(_("Product: %s") % payload["sku"])
    if payload.get("owner"):
        lines.append(_("Owner: %s") % payload["owner"])
    tone = "good" if event in {"resolved", "eased"} else TONES[payload["severity"]]
    tone = "note" if tone == "neutral" else tone
    return Message(title(payload), tuple(lines), payload["url"], _("Open the incident"), tone)


def rule_text(rule: AlertRule, currency: str = "") -> str:
    """A rule as one sentence."""
    words: dict[str, Any] = {
        "name": metric_name(rule.metric, rule.programme),
        "amber": rule.amber,
        "chance": rule.chance,
    }
    match rule.condition:
        case AlertRule.Condition.BAND:
            said = _("When %(name)s has used %(amber)s%% of its room, or breaks its limit")
        case AlertRule.Condition.FORECAST:
            said = _("When %(name)s is at least %(chance)s%% likely to break its limit within 14 days")
        case AlertRule.Condition.ANOMALY:
            said = (
                _("When %(name)s falls out of its habit") if rule.falling else _("When %(name)s rises out of its habit")
            )
        case _:
            words |= {"operator": Operator(rule.operator).label}
            words |= {"value": value_text(rule.fact, rule.metric, rule.value, currency), "days": rule.days}
            said = _passing(rule)
    return said % words


def _passing(rule: AlertRule) -> str:
    """One day needs no words of days in either language: not a plural, which Chinese has none of."""
    if rule.grain == AlertRule.Grain.SKU:
        if rule.days == 1:
            return _("When %(name)s of a product is %(operator)s %(value)s")
        return _("When %(name)s of a product is %(operator)s %(value)s for %(days)s days")
    if rule.days == 1:
        return _("When %(name)s is %(operator)s %(value)s")
    return _("When %(name)s is %(operator)s %(value)s for %(days)s days")


def scope_text(rule: AlertRule, called: Mapping[Any, str]) -> str:
    """Where a rule looks: names of stores and clients by id; those the reader may not see have none."""
    named = [called[each] for each in (*rule.stores, *rule.clients) if each in called]
    hidden = len(rule.stores) + len(rule.clients) - len(named)
    parts = named + ([_("others")] if hidden else []) + list(rule.sites)
    if rule.owner_id:
        parts.append(_("stores of %s") % rule.owner)
    return ", ".join(parts) or _("all stores and sites")


def step_text(minutes: int, whom: str) -> str:
    """One step of escalation."""
    who = _("the store's owner") if whom == "store" else Role(whom).label
    hours, rest = divmod(minutes, 60)
    after = _("%(n)s h") % {"n": hours} if not rest else _("%(n)s min") % {"n": minutes}
    return f"{after}: {who}"
