"""Ledger entries about stock, in words."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.models import Entry
from apps.inventory.models import Plan

SHOWN = 5
VERBS = {
    "replenishment.edited": gettext_lazy("changed the quantity"),
    "replenishment.mode": gettext_lazy("set the transport"),
    "replenishment.assigned": gettext_lazy("changed the owner"),
    "replenishment.snoozed": gettext_lazy("changed the rest"),
    "policy.saved": gettext_lazy("changed the policy"),
    "plan.created": gettext_lazy("made a plan"),
    "plan.edited": gettext_lazy("changed quantities"),
    "plan.described": gettext_lazy("changed name or note"),
    "plan.received": gettext_lazy("entered received units"),
    "plan.submit": gettext_lazy("submitted the plan for approval"),
    "plan.ask_client": gettext_lazy("asked the client"),
    "plan.approve": gettext_lazy("approved the plan"),
    "plan.send_back": gettext_lazy("sent the plan back"),
    "plan.client_approve": gettext_lazy("approved the plan as the client"),
    "plan.client_decline": gettext_lazy("declined the plan as the client"),
    "plan.order": gettext_lazy("ordered the plan"),
    "plan.ship": gettext_lazy("shipped the plan"),
    "plan.receive": gettext_lazy("closed the plan as received"),
    "plan.cancel": gettext_lazy("cancelled the plan"),
    "plan.reopen": gettext_lazy("reopened the plan"),
}


def in_words(entries: Iterable[Entry], *, key: str = "") -> list[dict[str, Any]]:
    """Entries with what happened; `key` ("pool/SKU") picks one line's own change out of a bulk decision."""
    return [{"entry": entry, "said": _said(entry, key)} for entry in entries]


def _said(entry: Entry, key: str) -> str:
    verb = str(VERBS.get(entry.verb, entry.verb))
    change = _change(entry, key)
    return f"{verb}{_(': ')}{change}" if change else verb


def _change(entry: Entry, key: str) -> str:
    if entry.verb == "policy.saved":
        names = [name for name in entry.after if name != "sku"]
        return ", ".join(f"{name} {_shown(entry.before.get(name))} → {_shown(entry.after[name])}" for name in names)
    if "state" in entry.before and "state" in entry.after:
        labels = {key: str(label) for key, label in Plan.State.choices}
        return f"{labels[entry.before['state']]} → {labels[entry.after['state']]}"
    for part in ("lines", "units", "received"):
        if isinstance(entry.after.get(part), dict):
            return _of_lines(entry.before.get(part) or {}, entry.after[part], key)
    return ""


def _of_lines(before: dict[str, Any], after: dict[str, Any], key: str) -> str:
    wanted = [key] if key in after else [k for k in after if after[k] != before.get(k)]
    names = {k: "" if k == key else f"{k.partition('/')[2]} " for k in wanted}
    said = [names[k] + (f"{_shown(before[k])} → " if k in before else "") + _shown(after[k]) for k in wanted[:SHOWN]]
    return ", ".join([*said, f"+{len(wanted) - SHOWN}"] if len(wanted) > SHOWN else said)


def _shown(value: Any) -> str:
    return "–" if value in (None, "") else str(value)
