"""Taking a change back. An app says for its own verbs how; the ledger remembers both."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from apps.core import audit
from apps.core.models import Entry
from apps.core.tenancy import acting_agency

Undo = Callable[[Entry], None]
UNDO: dict[str, Undo] = {}
VERB = "undo"


class CannotUndo(Exception):
    """Says to a person why a change cannot be taken back (any more)."""


def undoes(*verbs: str) -> Callable[[Undo], Undo]:
    """Register the function that takes an entry's change back. It raises CannotUndo if the object moved on."""

    def register(undo: Undo) -> Undo:
        for verb in verbs:
            if verb in UNDO:
                raise ValueError(f"{verb!r} is undone in two ways")
            UNDO[verb] = undo
        return undo

    return register


def undone_numbers(numbers: list[int]) -> set[int]:
    """Which of these entries were taken back already: one query for a page of the ledger."""
    targets = {str((acting_agency(), number)): number for number in numbers}
    found = Entry.objects.filter(verb=VERB, kind="core.entry", target__in=targets)
    return {targets[target] for target in found.values_list("target", flat=True)}


def undo(entry: Entry, *, by: Any, at: datetime) -> Entry:
    """Take one change back. Raises CannotUndo when it cannot be, or was already."""
    if entry.verb not in UNDO:
        raise CannotUndo(_("This kind of change cannot be undone here."))
    if undone_numbers([entry.number]):
        raise CannotUndo(_("This change was undone already."))
    UNDO[entry.verb](entry)
    return audit.record(
        VERB, entry, by=by, at=at, store=entry.store, before=entry.after, after=entry.before, title=entry.title
    )
