"""What is left of a store's doors after it has gone: the proof that its credentials were erased."""

from typing import Any

from apps.accounts.models import Store
from apps.core import audit
from apps.core.models import Entry
from apps.sync.models import Connection
from apps.sync.queries.boards import named

LEFT, CLOSED = "store.off_board", "connection.disconnect"


def revocations(store: Store) -> dict[str, Any]:
    """`closed`: each door that was closed with its ledger entry; `kept`: doors that still hold credentials, looked up now;
    `left`: the off-boarding; `checked`: what came of the last check of the ledger's chain, None if there was none."""
    doors = {str(door.pk): door for door in Connection.objects.filter(store=store)}
    entries = Entry.objects.filter(store=store, verb__in=[LEFT, CLOSED]).order_by("number")
    closed = [
        {"entry": entry, "door": named(doors[entry.target]), "erased": entry.after.get("erased", [])}
        for entry in entries
        if entry.verb == CLOSED and entry.target in doors
    ]
    left = [entry for entry in entries if entry.verb == LEFT]
    kept = [named(door) for door in doors.values() if door.credentials]
    return {"closed": closed, "kept": kept, "left": left[-1] if left else None, "checked": audit.last_check()}
