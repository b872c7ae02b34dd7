"""Opening and closing doors to the outside, each with its entry in the ledger."""

from datetime import datetime
from typing import Any

from apps.accounts.actions.stores import NewStore, create_store
from apps.accounts.actions.stores import off_board as leave
from apps.accounts.models import Client, Store
from apps.core import audit
from apps.sync.actions import destinations
from apps.sync.actions.bell import ring
from apps.sync.actions.credentials import seal_into
from apps.sync.actions.slots import open_history, open_slots, plan_of
from apps.sync.actions.telling import UNFINISHED
from apps.sync.models import Connection, Run, Stream
from apps.sync.queries.markets import sites_of
from apps.sync.sources import SOURCES

UPLOAD = "upload"


def open_store(client: Client, new: NewStore, *, by: Any, at: datetime) -> Store:
    """A new store, with the door for files open from the start. Raises Refused."""
    store = create_store(client, new, by=by, at=at)
    connect(store, UPLOAD, {}, by=by, at=at)
    return store


def connect(
    store: Store, kind: str, credentials: dict[str, Any], *, by: Any, at: datetime, label: str = ""
) -> Connection:
    """Open a door, or give a living one new credentials; its streams begin at once. Raises KeyError for no such kind.

    `credentials`: for "sp_api" {"refresh_token": ...} and, for an application of the agency's own, "client_id" and
    "client_secret"; for "upload" and "push" nothing.
    """
    source = SOURCES[kind]
    door = Connection.objects.filter(store=store, kind=kind).exclude(state=Connection.State.REVOKED).first()
    verb = "connection.reconnect" if door else "connection.connect"
    if door:
        destinations.part(door, at=at, for_good=False)
    door = door or Connection(store=store, kind=kind)
    door.label = label or door.label
    door.state, door.problem, door.failures = Connection.State.ACTIVE, "", 0
    door.authorised_at = at if source.pulls else None
    seal_into(door, credentials)
    door.save()
    audit.record(
        verb, door, by=by, at=at, store=store, after={"kind": kind}, title=f"{store.name}: {door.label or kind}"
    )
    follow_sites(door, at=at)
    _awaken(door, at=at)
    destinations.renew(door, at=at)
    return door


def follow_sites(door: Connection, *, at: datetime) -> None:
    """One stream per dataset (and site, where the source tells site by site), with its history."""
    sites = [market.code for market in sites_of(door.store_id)]
    wanted = [
        (plan, site) for plan in SOURCES[door.kind].datasets.values() for site in (sites if plan.per_site else [""])
    ]
    Stream.objects.bulk_create(
        (
            Stream(
                connection=door,
                store_id=door.store_id,
                dataset=plan.key,
                marketplace=site,
                every=plan.every,
                promise=plan.promise,
            )
            for plan, site in wanted
        ),
        ignore_conflicts=True,
    )
    for stream in Stream.objects.filter(connection=door, reached=None).select_related("connection"):
        if plan_of(stream).history:
            open_history(stream, at=at)
    if SOURCES[door.kind].pulls:
        open_slots(at=at)


def pause(door: Connection, *, by: Any, at: datetime) -> None:
    """Nothing is asked any more until `resume`. What runs, ends."""
    _turn(door, Connection.State.PAUSED, "connection.pause", by=by, at=at)


def resume(door: Connection, *, by: Any, at: datetime) -> None:
    """Go on, after a pause or once the owner has put things right."""
    _turn(door, Connection.State.ACTIVE, "connection.resume", by=by, at=at)
    _awaken(door, at=at)
    destinations.renew(door, at=at)


def disconnect(door: Connection, *, by: Any, at: datetime, reason: str = "") -> None:
    """Close a door for good: its credentials are erased here, its waiting work is dropped. Facts stay.

    What its account is subscribed to at Amazon is deleted by a worker; until then the keys of an application of the
    agency's own are kept, and nothing of the seller's.
    """
    destinations.part(door, at=at)
    door.credentials = ""
    door.save(update_fields=["credentials"])
    _turn(door, Connection.State.REVOKED, "connection.disconnect", by=by, at=at, reason=reason)
    Stream.objects.filter(connection=door).update(active=False)
    Run.objects.filter(stream__connection=door, state=Run.State.DUE).delete()


def off_board(store: Store, *, by: Any, at: datetime, reason: str = "") -> None:
    """The agency does not serve this store any more: every door is closed, the store leaves all lists."""
    for door in Connection.objects.filter(store=store).exclude(state=Connection.State.REVOKED):
        disconnect(door, by=by, at=at, reason=reason)
    leave(store, reason=reason, by=by, at=at)


def _turn(door: Connection, state: str, verb: str, *, by: Any, at: datetime, reason: str = "") -> None:
    before, door.state = door.state, state
    door.problem = door.problem if state != Connection.State.ACTIVE else ""
    door.save(update_fields=["state", "problem"])
    audit.record(
        verb, door, by=by, at=at, store=door.store, before={"state": before}, after={"state": state}, reason=reason
    )


def _awaken(door: Connection, *, at: datetime) -> None:
    """Runs that stopped because the owner was needed are due again."""
    Stream.objects.filter(connection=door).update(active=True, failures=0)
    stopped = Run.objects.filter(stream__connection=door, state=Run.State.NEEDS_OWNER)
    for run_id, priority in stopped.values_list("pk", "priority"):
        ring(run_id, priority=priority)
    stopped.update(state=Run.State.DUE, due_at=at, error="", error_kind="", finished_at=None)
    door.failures = 0
    waiting = Run.objects.filter(stream__connection=door, state__in=UNFINISHED).order_by("priority")
    for run_id, priority in waiting.values_list("pk", "priority")[:3]:
        ring(run_id, priority=priority)
