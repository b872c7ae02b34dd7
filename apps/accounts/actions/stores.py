"""Clients and their stores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import ProtectedError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Client, Marketplace, Member, Store, StoreMarketplace
from apps.core import audit

CLIENT_FIELDS = ("name", "contract", "monthly_fee", "fee_currency", "since", "note")
STORE_FIELDS = ("name", "seller_id", "owner", "client")


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
    )
    _write_sites(store, dict.fromkeys(new.sites, ""))
    after = {
        **_fields(store, STORE_FIELDS),
        "slug": store.slug,
        "region": store.region,
        "sites": sorted(new.sites),
    }
    audit.record("store.create", store, by=by, at=at, store=store, after=after)
    return store


def edit_store(store: Store, values: Mapping[str, Any], *, by: Member, at: datetime) -> Store:
    """Change a store's name, seller id, owner or client; its address stays."""
    store = Store.objects.select_for_update().get(pk=store.pk)
    before = _fields(store, STORE_FIELDS)
    for name in STORE_FIELDS:
        setattr(store, name, values.get(name, getattr(store, name)))
    store.save()
    _record_changes(
        "store.edit",
        store,
        before,
        _fields(store, STORE_FIELDS),
        by=by,
        at=at,
        store=store,
    )
    return store


def set_sites(store: Store, sites: Mapping[str, str], *, by: Member, at: datetime) -> None:
    """The sites a store sells on, each with the name of the stock pool it shares ("": its own).

    A site left out is switched off, not deleted: its history stays. Raises Refused for sites of another region.
    """
    store = Store.objects.select_for_update().get(pk=store.pk)
    before = _pools(store)
    _write_sites(store, sites)
    _record_changes("store.sites", store, before, _pools(store), by=by, at=at, store=store)


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
    taken = set(Store.objects.filter(slug__startswith=stem).values_list("slug", flat=True)) | {"new"}
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


def _pools(store: Store) -> dict[str, str]:
    return dict(StoreMarketplace.objects.filter(store=store, active=True).values_list("marketplace", "pool"))


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
