"""What people do about defect orders and notices: who looks after them, how far they are, what they say."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import Member, Store
from apps.core import audit
from apps.core.models import Entry
from apps.core.undo import CannotUndo, undoes
from apps.health.actions.due_findings import refresh_due
from apps.health.models import Defect, Notice

VERBS: dict[type[Model], str] = {Defect: "defect.work", Notice: "notice.work"}
FIELDS = {Defect: ("owner_id", "state", "note"), Notice: ("kind", "owner_id", "state", "due", "case_id", "answer")}
TELLING = {"kind", "owner_id", "state", "due"}  # what a finding about a notice says
_LINES = {Defect: ("order_id", "kind"), Notice: ("id",)}


def work_on(rows: Iterable[Any], changes: dict[str, Any], *, by: Member, at: datetime) -> list[Entry]:
    """Set the same fields of several defects or notices; one ledger entry for each that really changed.

    `changes`: any of FIELDS of the rows' kind; `owner` may be given as a member. Raises KeyError for another field.
    """
    entries: list[Entry] = []
    stale: dict[int, Store] = {}
    for row in rows:
        kind = type(row)
        wanted = {("owner_id" if name == "owner" else name): _value(value) for name, value in changes.items()}
        if unknown := set(wanted) - set(FIELDS[kind]):
            raise KeyError(", ".join(sorted(unknown)))
        before = {name: getattr(row, name) for name in wanted if getattr(row, name) != wanted[name]}
        if not before:
            continue
        after = {name: wanted[name] for name in before}
        _set(row, after, at)
        if kind is Notice and TELLING & set(after):
            stale[row.store_id] = row.store
        title = row.order_id if kind is Defect else row.subject
        entries.append(
            audit.record(VERBS[kind], row, by=by, at=at, store=row.store, before=before, after=after, title=title)
        )
    for store in stale.values():
        refresh_due(store, at=at)
    return entries


def _value(value: Any) -> Any:
    return value.pk if isinstance(value, Member) else value


def _set(row: Any, values: dict[str, Any], at: datetime) -> None:
    kind = type(row)
    mine = kind.objects.filter(store=row.store_id, **{name: getattr(row, name) for name in _LINES[kind]})
    mine.update(**values, changed_at=at)
    for name, value in values.items():
        setattr(row, name, value)


@undoes(*VERBS.values())
def _undo(entry: Entry) -> None:
    row = _row_of(entry)
    if row is None or audit.plain({name: getattr(row, name) for name in entry.after}) != entry.after:
        raise CannotUndo(_("It has changed since."))
    at = timezone.now()
    _set(row, {name: _read(name, value) for name, value in entry.before.items()}, at)
    if isinstance(row, Notice):
        refresh_due(row.store, at=at)


def _row_of(entry: Entry) -> Any:
    """The defect or notice an entry is about; None if it is gone."""
    if entry.verb == VERBS[Notice]:
        return Notice.objects.filter(pk=UUID(entry.target)).first()
    orders = Defect.objects.filter(store=entry.store_id, order_id=entry.title)
    return next((each for each in orders if str(each.pk) == entry.target), None)


def _read(name: str, value: Any) -> Any:
    """A value as the ledger keeps it, as the column wants it."""
    if name == "owner_id" and value:
        return UUID(value)
    return date.fromisoformat(value) if name == "due" and value else value
