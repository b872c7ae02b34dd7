"""Ledger entries about stock, in words."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.models import Entry
from apps.inventory.models import MODES, Plan

SHOWN = 5


class Verb(NamedTuple):
    """What an entry is called in a list, and what it says behind a person's name."""

    label: Promise
    deed: Promise


VERBS = {
    "plan.created": Verb(gettext_lazy("Plan made"), gettext_lazy("made a plan")),
    "plan.edited": Verb(gettext_lazy("Plan edited"), gettext_lazy("changed quantities")),
    "plan.split": Verb(gettext_lazy("Line split over shipments"), gettext_lazy("split a line over shipments")),
    "plan.described": Verb(gettext_lazy("Plan described"), gettext_lazy("changed name or note")),
    "plan.submit": Verb(gettext_lazy("Plan submitted"), gettext_lazy("submitted the plan for approval")),
    "plan.ask_client": Verb(gettext_lazy("Client asked"), gettext_lazy("asked the client")),
    "plan.approve": Verb(gettext_lazy("Plan approved"), gettext_lazy("approved the plan")),
    "plan.send_back": Verb(gettext_lazy("Plan sent back"), gettext_lazy("sent the plan back")),
    "plan.client_approve": Verb(
        gettext_lazy("Plan approved by the client"), gettext_lazy("approved the plan as the client")
    ),
    "plan.client_decline": Verb(
        gettext_lazy("Plan declined by the client"), gettext_lazy("declined the plan as the client")
    ),
    "plan.order": Verb(gettext_lazy("Plan ordered"), gettext_lazy("ordered the plan")),
    "plan.ship": Verb(gettext_lazy("Plan shipped"), gettext_lazy("shipped the plan")),
    "plan.receive": Verb(gettext_lazy("Plan received"), gettext_lazy("closed the plan as received")),
    "plan.received": Verb(gettext_lazy("Receipt counted"), gettext_lazy("entered received units")),
    "plan.cancel": Verb(gettext_lazy("Plan cancelled"), gettext_lazy("cancelled the plan")),
    "plan.reopen": Verb(gettext_lazy("Plan reopened"), gettext_lazy("reopened the plan")),
    "policy.saved": Verb(gettext_lazy("Replenishment policy saved"), gettext_lazy("changed the policy")),
    "replenishment.edited": Verb(gettext_lazy("Quantity edited"), gettext_lazy("changed the quantity")),
    "replenishment.mode": Verb(gettext_lazy("Transport chosen"), gettext_lazy("set the transport")),
    "replenishment.assigned": Verb(gettext_lazy("Line assigned"), gettext_lazy("changed the owner")),
    "replenishment.snoozed": Verb(gettext_lazy("Line snoozed"), gettext_lazy("changed the rest")),
}


def in_words(entries: Iterable[Entry], *, key: str = "") -> list[dict[str, Any]]:
    """Entries with what happened; `key` ("pool/SKU") picks one line's own change out of a bulk decision."""
    return [{"entry": entry, "said": _said(entry, key)} for entry in entries]


def _said(entry: Entry, key: str) -> str:
    verb = str(VERBS[entry.verb].deed) if entry.verb in VERBS else entry.verb
    change = _change(entry, key)
    return f"{verb}{_(': ')}{change}" if change else verb


def _change(entry: Entry, key: str) -> str:
    if entry.verb == "policy.saved":
        names = [name for name in entry.after if name != "sku"]
        return ", ".join(f"{name} {_shown(entry.before.get(name))} → {_shown(entry.after[name])}" for name in names)
    if "state" in entry.before and "state" in entry.after:
        labels = {key: str(label) for key, label in Plan.State.choices}
        return f"{labels[entry.before['state']]} → {labels[entry.after['state']]}"
    for part in ("lines", "units", "received", "parts"):
        if isinstance(entry.after.get(part), dict):
            return _of_lines(entry.before.get(part) or {}, entry.after[part], key)
    return ""


def _of_lines(before: dict[str, Any], after: dict[str, Any], key: str) -> str:
    wanted = [key] if key in after else [k for k in after if after[k] != before.get(k)]
    names = {k: "" if k == key else f"{k.partition('/')[2]} " for k in wanted}
    said = [names[k] + (f"{_shown(before[k])} → " if k in before else "") + _shown(after[k]) for k in wanted[:SHOWN]]
    return ", ".join([*said, f"+{len(wanted) - SHOWN}"] if len(wanted) > SHOWN else said)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return " + ".join(shipment(each) for each in value) or "–"
    return "–" if value in (None, "") else str(value)


def shipment(told: str) -> str:
    """One part of a line as the ledger keeps it ("air 96 2026-12-10"), in words."""
    mode, units, day = told.split()
    return f"{MODES.get(mode, mode)} {units} ({day})"
