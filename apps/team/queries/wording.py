"""What the ledger keeps in codes, as people read it: states and kinds by name, bulk changes line by line."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import Client, Member
from apps.core.findings import KINDS
from apps.core.lists import is_id
from apps.core.metrics import REGISTRY
from apps.core.models import Entry
from apps.core.money import to_decimal
from apps.core.permissions import LABELS as PERMISSIONS
from apps.core.permissions import SCOPE_LABELS, Permission, Role
from apps.core.templatetags.figures import listed, locale, money_text
from apps.core.templatetags.shell import field_label
from apps.inventory.models import MODES
from apps.inventory.queries.ledger import shipment
from apps.sync.actions.webhooks import EVENTS
from apps.sync.models import file_title
from apps.sync.rows import DATASETS
from apps.sync.sources import SOURCES

Difference = tuple[str, Any, Any]  # what, before, after
Said = Callable[[str, Any], Any]  # a field and its value, in words

SHOWN = 5  # lines of a bulk change, and objects in a title
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:")
POOL = re.compile(r"([A-Z]{2})/(.+)")  # a line of replenishment: its pool of stock, and the SKU
PEOPLE = ("owner", "owner_id", "assigned_id", "client")
ASSIGNED = "replenishment.assigned"
UNSAID = ("given", "grants", "to")  # what an undo needs and nobody reads
CODES: dict[str, Mapping[str, Any]] = {
    "action": {"plan.approve": PERMISSIONS[Permission.PLAN_APPROVE]},
    "dataset": DATASETS,
    "kind": {key: source.label for key, source in SOURCES.items()},
    "mode": MODES,
    "metric": {key: metric.label for key, metric in REGISTRY.items()},
    "role": dict(Role.choices),
    "scopes": SCOPE_LABELS,
    "events": EVENTS,
}
NAMED = ("inbox.", "connection.", "limit.", "threshold.", "sync.pull", "run.replay")


def titled(entry: Entry) -> str:
    """What an entry is about."""
    if entry.verb.startswith("inbox."):
        kind, _space, subject = entry.title.partition(" ")
        return f"{KINDS[kind].label} {subject}".strip() if kind in KINDS else entry.title
    if entry.verb.startswith(NAMED):
        said = re.sub(r"[a-z][a-z_.-]*", lambda found: _name_of(found[0]), entry.title)
        return said.replace(": ", "：") if locale().startswith("zh") else said
    if entry.verb.startswith("import."):
        return file_title(entry.title)
    objects = [_object(each) for each in entry.title.split(", ")]
    more = len(objects) - SHOWN
    return ", ".join(objects[:SHOWN]) + (f" +{more}" if more > 0 else "")


def _name_of(code: str) -> str:
    for name in ("kind", "dataset", "action", "metric", "role"):
        if code in CODES[name]:
            return str(CODES[name][code])
    return code


def differences(entries: Iterable[Entry], *, staff: bool = True, currency: str = "") -> dict[int, list[Difference]]:
    """What each entry changed, by its number. Without `staff` who looks after what is left out."""
    entries = list(entries)
    names = _names(entries) if staff else {}
    return {each.number: _of(each, staff=staff, names=names, currency=currency) for each in entries}


def _of(entry: Entry, *, staff: bool, names: Mapping[str, str], currency: str) -> list[Difference]:
    said = partial(_said, entry, names=names, currency=currency)
    found: list[Difference] = []
    for name in {**entry.before, **entry.after}:
        if name in UNSAID:
            continue
        before, after = entry.before.get(name), entry.after.get(name)
        if isinstance(before, dict) or isinstance(after, dict):
            found += _lines(name, before or {}, after or {}, said, staff)
        elif staff or name not in PEOPLE:
            found.append((_label(name), said(name, before), said(name, after)))
    return [each for each in found if (each[1], each[2]) != (None, None)]


def _lines(name: str, before: dict[str, Any], after: dict[str, Any], said: Said, staff: bool) -> list[Difference]:
    """A bulk change: its first lines, and how many more there are."""
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    rows: list[Difference] = []
    for key in changed[:SHOWN]:
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) or isinstance(new, dict):
            rows += _fields(key, old or {}, new or {}, said, staff)
        else:
            rows.append((_object(key), said(name, old), said(name, new)))
    more = len(changed) - SHOWN
    return [*rows, ("…", None, ngettext("%d more", "%d more", more) % more)] if more > 0 else rows


def _fields(key: str, before: dict[str, Any], after: dict[str, Any], said: Said, staff: bool) -> list[Difference]:
    names = [name for name in {**before, **after} if staff or name not in PEOPLE]
    return [(f"{key} · {_label(name)}", said(name, before.get(name)), said(name, after.get(name))) for name in names]


def _object(key: str) -> str:
    found = POOL.fullmatch(key)
    return f"{found[2]} {found[1]}" if found else key


def _label(name: str) -> str:
    return field_label(name) if re.fullmatch(r"[a-z_]+", name) else name


def _said(entry: Entry, name: str, value: Any, *, names: Mapping[str, str], currency: str) -> Any:
    """One value in words; None for nothing."""
    if value in (None, "", []) or (name == "stores" and value == 0):
        return None
    if name == "most" and currency:
        return money_text(to_decimal(value, currency), currency, whole=True)
    if isinstance(value, list) and entry.verb == "plan.split":
        return " + ".join(map(shipment, value))
    if isinstance(value, list):
        return (
            _cost(value)
            if entry.verb.startswith("costs.")
            else listed(_choices(entry, name).get(each, each) for each in value)
        )
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if str(value) in names and (name in PEOPLE or entry.verb == ASSIGNED):
        return names[str(value)]
    if isinstance(value, str) and MOMENT.match(value):
        return _moment(value)
    return str(_choices(entry, name).get(value, value)) if isinstance(value, str) else value


def _choices(entry: Entry, name: str) -> Mapping[Any, Any]:
    """Names of the codes of a field: by the model it belongs to, else by what it is called."""
    if entry.verb == "replenishment.mode":
        return MODES
    try:
        choices = dict(apps.get_model(entry.kind)._meta.get_field(name).flatchoices)  # type: ignore[union-attr]
    except (LookupError, ValueError, FieldDoesNotExist, AttributeError):
        choices = {}
    return choices or CODES.get(name, {})


def _cost(said: list[Any]) -> str:
    """[minor units, currency, freight, note] of a unit cost."""
    amounts = [money_text(to_decimal(each, said[1]), said[1]) for each in (said[0], said[2]) if each is not None]
    return " ".join(filter(None, [" + ".join(amounts), said[3]]))


def _moment(text: str) -> str:
    at = datetime.fromisoformat(text)
    return timezone.localtime(at if at.tzinfo else at.replace(tzinfo=UTC)).strftime("%Y-%m-%d %H:%M")


def _names(entries: list[Entry]) -> dict[str, str]:
    """Names of the people and clients that entries mention by key."""
    keys = {key for entry in entries for half in (entry.before, entry.after) for key in _keys(entry, half)}
    if not keys:
        return {}
    members = {str(each.pk): str(each) for each in Member.objects.filter(pk__in=keys).select_related("user")}
    return members | {str(pk): name for pk, name in Client.objects.filter(pk__in=keys).values_list("pk", "name")}


def _keys(entry: Entry, half: Mapping[str, Any]) -> Iterator[str]:
    for name, value in half.items():
        if isinstance(value, dict):
            yield from _keys(entry, value)
        elif (name in PEOPLE or entry.verb == ASSIGNED) and _is_key(value):
            yield value


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and is_id(value)
