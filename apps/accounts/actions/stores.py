"""Clients and their stores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import ProtectedError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Client, Marketplace, Member, Store, StoreGrant, StoreMarketplace
from apps.core import audit
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.core.undo import CannotUndo, undoes

CLIENT_FIELDS = ("name", "contract", "monthly_fee", "fee_currency", "currency", "since", "note")
STORE_FIELDS = ("name", "seller_id", "owner", "client")
OTHERS = ("owner", "client")  # of them those that are other rows


@dataclass(frozen=True)
class NewStore:
    """One selling account in one Amazon region (channel "amazon"), or a shop of another channel (region "")."""

    name: str
    channel: str = "amazon"
    region: str = "NA"
    seller_id: str = ""
    sites: tuple[str, ...] = ()
    owner: Member | None = None
    slug: str = ""


def create_client(values: Mapping[str, Any], *, by: Member, at: datetime) -> Client:
    """A new client. Raises Refused if another one has the name."""
    _free_name(values["name"], None)
    client = Client.objects.create(**{name: values[name] for name in CLIENT_FIELDS if name in values})
    audit.record("client.create", client, by=by, at=at, after=_fields(client, CLIENT_FIELDS))
    return client


def edit_client(client: Client, values: Mapping[str, Any], *, by: Member, at: datetime) -> Client:
    """Change a client's data. Raises Refused if another client has the name."""
    client = Client.objects.select_for_update().get(pk=client.pk)
    _free_name(values.get("name", client.name), client)
    before = _fields(client, CLIENT_FIELDS)
    for name in CLIENT_FIELDS:
        setattr(client, name, values.get(name, getattr(client, name)))
    client.save()
    _record_changes("client.edit", client, before, _fields(client, CLIENT_FIELDS), by=by, at=at)
    return client


def delete_client(client: Client, *, by: Member, at: datetime) -> None:
    """Remove a client that has neither stores nor people. Raises Refused otherwise."""
    if Store.objects.filter(client=client).exists() or Member.objects.filter(client=client).exists():
        raise Refused(_("This client has stores or people. Move or off-board them first."))
    audit.record("client.delete", client, by=by, at=at, before=_fields(client, CLIENT_FIELDS))
    try:
        client.delete()
    except ProtectedError as error:
        raise Refused(_("This client is still in use.")) from error


def create_store(client: Client, new: NewStore, *, by: Member, at: datetime) -> Store:
    """A new store under an address of its own within the agency. Raises Refused for sites of another region."""
    store = Store.objects.create(
        client=client,
        slug=free_slug(new.slug or new.name),
        name=new.name,
        channel=new.channel,
        region=new.region if new.channel == "amazon" else "",
        seller_id=new.seller_id,
        owner=new.owner,
        setting_up=True,
    )
    _write_sites(store, dict.fromkeys(new.sites, ""))
    after = {
        **_store_fields(store),
        "slug": store.slug,
        "region": store.region,
        "sites": sorted(new.sites),
    }
    audit.record("store.create", store, by=by, at=at, store=store, after=after)
    return store


def edit_store(store: Store, values: Mapping[str, Any], *, by: Member, at: datetime) -> Store:
    """Change a store's name, seller id, owner or client; its address stays.

    With another client the seats of the one before no longer see it.
    """
    store = Store.objects.select_for_update().get(pk=store.pk)
    before = _store_fields(store)
    for name in STORE_FIELDS:
        setattr(store, name, values.get(name, getattr(store, name)))
    store.save()
    after = _store_fields(store)
    if before["client"] != after["client"]:
        theirs = StoreGrant.objects.filter(store=store, member__role=Role.CLIENT).exclude(
            member__client=store.client_id
        )
        before["grants"] = sorted([str(member), site] for member, site in theirs.values_list("member", "marketplace"))
        theirs.delete()
        after["grants"] = []
    _record_changes("store.edit", store, before, after, by=by, at=at, store=store)
    return store


@undoes("store.edit")
def _undo_edit(entry: Entry) -> None:
    store = Store.objects.select_for_update().filter(pk=entry.target).first()
    changed = {name: value for name, value in entry.after.items() if name != "grants"}
    if store is None or any(_store_fields(store)[name] != value for name, value in changed.items()):
        raise CannotUndo(_("This store was changed since. Look at it before you change it again."))
    for name in changed:
        setattr(store, f"{name}_id" if name in OTHERS else name, entry.before[name])
    if not Client.objects.filter(pk=store.client_id).exists():
        raise CannotUndo(_("The client it belonged to is no longer there."))
    store.save()
    seats = Member.objects.filter(pk__in=[member for member, _site in entry.before.get("grants", [])])
    there = {str(pk) for pk in seats.values_list("pk", flat=True)}
    StoreGrant.objects.bulk_create(
        [
            StoreGrant(member_id=member, store=store, marketplace_id=site)
            for member, site in entry.before.get("grants", [])
            if member in there
        ],
        ignore_conflicts=True,
    )


def set_sites(store: Store, sites: Mapping[str, str], *, by: Member, at: datetime) -> None:
    """The sites a store sells on, each with the name of the stock pool it shares ("": its own).

    A site left out is switched off, not deleted: its history stays. Raises Refused for sites of another region.
    """
    store = Store.objects.select_for_update().get(pk=store.pk)
    before = pools(store)
    _write_sites(store, sites)
    _record_changes("store.sites", store, before, pools(store), by=by, at=at, store=store)


def put_sites_back(entry: Entry) -> Store:
    """Take an entry of `set_sites` back. Raises CannotUndo if the sites were changed since."""
    store = Store.objects.select_for_update().filter(pk=entry.target).first()
    now = pools(store) if store else {}
    if store is None or any(now.get(site) != pool for site, pool in entry.after.items()):
        raise CannotUndo(_("The sites of this store were changed since."))
    sites = now | entry.before
    _write_sites(store, {site: pool for site, pool in sites.items() if pool is not None})
    return store


def put_switch_back(entry: Entry) -> Store:
    """Take an off-boarding, or the coming back after one, back. Raises CannotUndo if it was turned since."""
    store = Store.objects.select_for_update().filter(pk=entry.target).first()
    if store is None or store.active != entry.after["active"]:
        raise CannotUndo(_("This store was changed since. Look at it before you change it again."))
    store.active = entry.before["active"]
    store.save(update_fields=["active"])
    return store


def end_set_up(store: Store, *, by: Member, at: datetime) -> None:
    """The first steps are done: the store is one like the others."""
    if Store.objects.filter(pk=store.pk, setting_up=True).update(setting_up=False):
        audit.record("store.set_up", store, by=by, at=at, store=store)


def off_board(store: Store, *, reason: str, by: Member, at: datetime) -> None:
    """Stop working for a store: it leaves the lists and its syncs end. Its facts and ledger stay."""
    _switch(store, False, "store.off_board", reason, by=by, at=at)


def take_back(store: Store, *, reason: str = "", by: Member, at: datetime) -> None:
    """Work for an off-boarded store again."""
    _switch(store, True, "store.take_back", reason, by=by, at=at)


def free_slug(name: str) -> str:
    """An address within the agency nobody has: "north", "north-2", ...; names without latin letters get "store"."""
    stem = slugify(name)[:34].strip("-")
    if len(stem) < 3 or not stem[0].isalpha():
        stem = f"store-{stem}".strip("-")
    taken = set(Store.objects.filter(slug__startswith=stem).values_list("slug", flat=True)) | {"new", "export"}
    return next(slug for n in range(1, len(taken) + 2) if (slug := stem if n == 1 else f"{stem}-{n}") not in taken)


def _switch(store: Store, active: bool, verb: str, reason: str, *, by: Member, at: datetime) -> None:
    changed = Store.objects.filter(pk=store.pk, active=not active).update(active=active)
    if changed:
        before, after = {"active": not active}, {"active": active}
        audit.record(
            verb,
            store,
            by=by,
            at=at,
            store=store,
            before=before,
            after=after,
            reason=reason,
        )


def _write_sites(store: Store, sites: Mapping[str, str]) -> None:
    allowed = (
        set(Marketplace.objects.filter(region=store.region).values_list("code", flat=True)) if store.region else set()
    )
    if store.region and not set(sites) <= allowed:
        foreign = ", ".join(sorted(set(sites) - allowed))
        raise Refused(_("These sites are not in this store's region: %(sites)s.") % {"sites": foreign})
    StoreMarketplace.objects.filter(store=store).exclude(marketplace__in=sites).update(active=False)
    for code, pool in sites.items():
        StoreMarketplace.objects.update_or_create(
            store=store, marketplace_id=code, defaults={"active": True, "pool": pool}
        )


def pools(store: Store) -> dict[str, str]:
    """The sites a store sells on, each with the name of the stock pool it shares ("": its own)."""
    return dict(StoreMarketplace.objects.filter(store=store, active=True).values_list("marketplace", "pool"))


def _store_fields(store: Store) -> dict[str, Any]:
    """As the ledger keeps them: owner and client by key, so that it can be taken back."""
    return {
        name: str(key) if name in OTHERS and (key := getattr(store, f"{name}_id")) else getattr(store, name)
        for name in STORE_FIELDS
    }


def _free_name(name: str, client: Client | None) -> None:
    others: Iterable[Any] = Client.objects.filter(name=name).exclude(pk=client.pk if client else None)
    if list(others):
        raise Refused(_("Another client has this name."))


def _fields(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: None if (value := getattr(row, name)) is None else _plain(value) for name in names}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int) else str(value)


def _record_changes(verb: str, target: Any, before: dict[str, Any], after: dict[str, Any], **who: Any) -> None:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if names:
        old = {name: before.get(name) for name in names}
        new = {name: after.get(name) for name in names}
        audit.record(verb, target, before=old, after=new, **who)
