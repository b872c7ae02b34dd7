"""Opening and closing doors to the outside, each with its entry in the ledger."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.actions.stores import (
    NewStore,
    create_store,
    edit_store,
    pools,
    put_sites_back,
    put_switch_back,
    set_sites,
)
from apps.accounts.actions.stores import off_board as leave
from apps.accounts.actions.stores import take_back as come_back
from apps.accounts.models import Client, Store
from apps.accounts.models.stores import Channel
from apps.core import audit
from apps.core.crypto import Sealed
from apps.core.models import Entry
from apps.core.undo import undoes
from apps.sync.actions import destinations
from apps.sync.actions.bell import ring
from apps.sync.actions.credentials import opened, seal_into
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
    store: Store,
    kind: str,
    credentials: dict[str, Any],
    *,
    by: Any,
    at: datetime,
    label: str = "",
) -> Connection:
    """Open a door, or give a living one new credentials; its streams begin at once. Raises KeyError for no such kind.

    `credentials`: for "sp_api" {"refresh_token": ...} and, for an application of the agency's own, "client_id" and
    "client_secret"; for "upload" and "push" nothing. "secret_since" (a day, ISO) says since
    when that secret is valid; without it since now, if it is another one than before.
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
    credentials = dict(credentials)
    told, own = credentials.pop("secret_since", ""), credentials.get("client_id", "")
    same = own == door.application and _secret_of(door) == credentials.get("client_secret", "")
    told = date.fromisoformat(told) if told else door.secret_since if same else at.date()
    door.secret_since = told if own else None
    door.application = own[:200]
    seal_into(door, credentials)
    door.save()
    audit.record(
        verb, door, by=by, at=at, store=store, after={"kind": kind}, title=f"{store.name}: {door.label or kind}"
    )
    follow_sites(door, at=at)
    _awaken(door, at=at)
    destinations.renew(door, at=at)
    return door


def keep_to(store: Store, open_sites: Collection[str], *, by: Any, at: datetime) -> list[str]:
    """Take a store out of the sites that its account does not sell on: one of them would stop the whole connection.

    `open_sites`: those of the account, as the source told; none told is no news. Returns the sites it left. Raises
    Refused if no site were left: then it is another account.
    """
    sites = pools(store)
    strange = sorted(set(sites) - set(open_sites)) if open_sites else []
    if strange and len(strange) == len(sites):
        said = _("This account sells on %(open)s and not on %(sites)s. Edit the store, or choose another account.")
        raise Refused(said % {"open": ", ".join(sorted(open_sites)), "sites": ", ".join(strange)})
    if strange:
        set_sites(store, {site: pool for site, pool in sites.items() if site in open_sites}, by=by, at=at)
    return strange


def follow_sites(door: Connection, *, at: datetime) -> None:
    """One stream per dataset (and site, where the source tells site by site), with its history.

    Streams of a site the store has left rest, and what waited for them is dropped; coming back they go on where they were.
    """
    sites = [market.code for market in sites_of(door.store_id)]
    wanted = [
        (plan, site) for plan in SOURCES[door.kind].datasets.values() for site in (sites if plan.per_site else [""])
    ]
    Stream.objects.filter(connection=door).exclude(marketplace__in=["", *sites]).update(active=False)
    Run.objects.filter(stream__connection=door, stream__active=False, state=Run.State.DUE).delete()
    Stream.objects.filter(connection=door, marketplace__in=sites).update(active=True)
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
    for stream in Stream.objects.filter(connection=door, reached=None, active=True).select_related("connection"):
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
    erased = _names_of(door)
    door.credentials, door.application, door.secret_since = "", "", None
    door.save(update_fields=["credentials", "application", "secret_since"])
    _turn(door, Connection.State.REVOKED, "connection.disconnect", by=by, at=at, reason=reason, erased=erased)
    Stream.objects.filter(connection=door).update(active=False)
    Run.objects.filter(stream__connection=door, state=Run.State.DUE).delete()


def change_store(store: Store, values: Mapping[str, Any], sites: Mapping[str, str], *, by: Any, at: datetime) -> Store:
    """What a store is called, whose it is and where it sells; what is brought for it follows its sites.

    `sites`: {site: name of the stock pool it shares, "" for its own}. Raises Refused for sites of another region, and
    for another seller id while the account it names is connected.
    """
    connected = Connection.objects.filter(store=store, kind="sp_api").exclude(state=Connection.State.REVOKED)
    moved = store.seller_id and values.get("seller_id", store.seller_id) != store.seller_id
    if moved and connected.exists():
        raise Refused(_("The account %s is connected. Disconnect it before you name another one.") % store.seller_id)
    store = edit_store(store, values, by=by, at=at)
    if store.channel == Channel.AMAZON:
        set_sites(store, sites, by=by, at=at)
        _follow(store, at=at)
    return store


def _follow(store: Store, *, at: datetime) -> None:
    for door in Connection.objects.filter(store=store).exclude(state=Connection.State.REVOKED):
        follow_sites(door, at=at)


@undoes("store.sites")
def _sites_back(entry: Entry) -> None:
    _follow(put_sites_back(entry), at=timezone.now())


def take_back(store: Store, *, by: Any, at: datetime) -> None:
    """Work for an off-boarded store again: it is in the lists, files can be brought. Other doors are opened anew by hand."""
    come_back(store, by=by, at=at)
    _open_for_files(store, by=by, at=at)


@undoes("store.off_board")
def _off_boarding_back(entry: Entry) -> None:
    _open_for_files(put_switch_back(entry), by=None, at=timezone.now())


def _open_for_files(store: Store, *, by: Any, at: datetime) -> None:
    if not Connection.objects.filter(store=store, kind=UPLOAD).exclude(state=Connection.State.REVOKED).exists():
        connect(store, UPLOAD, {}, by=by, at=at)


def off_board(store: Store, *, by: Any, at: datetime, reason: str = "") -> None:
    """The agency does not serve this store any more: every door is closed, the store leaves all lists."""
    for door in Connection.objects.filter(store=store).exclude(state=Connection.State.REVOKED):
        disconnect(door, by=by, at=at, reason=reason)
    leave(store, reason=reason, by=by, at=at)


def _secret_of(door: Connection) -> str:
    try:
        return str(opened(door).get("client_secret", ""))
    except Sealed:
        return ""


def _names_of(door: Connection) -> list[str]:
    """Which secrets a door holds, by name. Sealed with a key that is gone they can still be erased."""
    try:
        return sorted(opened(door))
    except Sealed:
        return ["credentials"] if door.credentials else []


def _turn(door: Connection, state: str, verb: str, *, by: Any, at: datetime, reason: str = "", **more: Any) -> None:
    before, door.state = {"state": door.state}, state
    door.problem = door.problem if state != Connection.State.ACTIVE else ""
    door.save(update_fields=["state", "problem"])
    after = {"state": state, **more}
    audit.record(verb, door, by=by, at=at, store=door.store, before=before, after=after, reason=reason)


def _awaken(door: Connection, *, at: datetime) -> None:
    """Runs that stopped because the owner was needed are due again."""
    sites = [market.code for market in sites_of(door.store_id)]
    Stream.objects.filter(connection=door, marketplace__in=["", *sites]).update(active=True, failures=0)
    stopped = Run.objects.filter(stream__connection=door, state=Run.State.NEEDS_OWNER)
    for run_id, priority in stopped.values_list("pk", "priority"):
        ring(run_id, priority=priority)
    stopped.update(state=Run.State.DUE, due_at=at, error="", error_kind="", finished_at=None)
    door.failures = 0
    waiting = Run.objects.filter(stream__connection=door, state__in=UNFINISHED).order_by("priority")
    for run_id, priority in waiting.values_list("pk", "priority")[:3]:
        ring(run_id, priority=priority)
