"""Who is here, and which stores they may see."""

import functools
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db.models import Case, CharField, Count, Exists, IntegerField, OuterRef, Prefetch, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.models import (
    Agency,
    ApiKey,
    Client,
    FxRate,
    Invitation,
    Member,
    OwnRate,
    Store,
    StoreGrant,
    SupportGrant,
)
from apps.core.findings import KINDS
from apps.core.models import Entry, Finding, Job, SavedView
from apps.core.money import Rates
from apps.core.permissions import ROLES, Permission, Role
from apps.core.tenancy import acting_agency, acting_scope, at_the_door, tenant
from apps.core.undo import VERB

COSTS = "costs."
RATE_DAYS = 35  # a quotation older than this makes what is converted by it doubtful: rates are set once a month
FINDING = Finding._meta.label_lower

SUPPORT = ROLES[Role.ANALYST] - {Permission.EXPORT}  # what a visit of platform staff may do: read, take nothing along
SEEN_EVERY = 300  # seconds between two notes of a member's visit
# Recovery codes alone are no second factor.
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True)
class Seat:
    """A member in an agency; `store_ids` is set for clients: the portal's wall."""

    agency: Agency
    member: Member
    store_ids: tuple[int, ...] | None


def seat_of(request: HttpRequest, slug: str, portal: bool) -> Seat | None:
    """The seat of the signed-in person in the agency of the address, or None.

    Clients sit in the portal only and staff outside it only: the other side does not exist for them. Platform staff
    without a seat of their own get a reading one while a support grant lives. `member.has_mfa` says whether the
    person has a second factor, `member.seats` are all living seats of the person, as `seats_of` has them.
    """
    with at_the_door(user_id=request.user.pk):
        seats = list(_seats().filter(user=request.user.pk))
    member = next((seat for seat in seats if seat.agency.slug == slug), None)
    if member is not None and not member.active:
        member = supported(member) if request.user.is_staff else None
    if member is None or (member.role == Role.CLIENT) is not portal:
        return None
    member.user = request.user
    member.seats = [seat for seat in seats if seat.active]  # type: ignore[attr-defined]
    _note_visit(member)
    return Seat(member.agency, member, granted_store_ids(member) if portal else None)


@functools.cache
def _seats() -> QuerySet[Member]:
    """Everybody's seats in living agencies: asked with every request, put together once."""
    factors = Authenticator.objects.filter(user=OuterRef("user"), type__in=SECOND_FACTORS)
    mine = Member._base_manager.select_related("agency").annotate(has_mfa=Exists(factors))
    return mine.filter(agency__active=True).order_by("agency__name")


def supported(member: Member) -> Member | None:
    """A closed seat of platform staff as its living support grant opens it: reading, in memory only."""
    with tenant(member.agency_id):
        living = SupportGrant.objects.filter(member=member, ended_at=None, expires_at__gt=timezone.now())
        grant = living.order_by("-expires_at").first()
    if grant is None:
        return None
    member.active, member.role, member.support = True, Role.ANALYST, grant  # type: ignore[attr-defined]
    member.permissions = SUPPORT
    return member


def _note_visit(member: Member) -> None:
    """`last_seen`, for the access review; at most once in five minutes, before the request's own transaction."""
    if cache.add(f"seen:{member.pk}", 1, SEEN_EVERY):
        with tenant(member.agency_id):
            Member.objects.filter(pk=member.pk).update(last_seen=timezone.now())


def seats_of(user_id: int, *, support: bool = False) -> list[Member]:
    """All living seats of a person, for the agency chooser; with `support` also those a support grant opens."""
    with at_the_door(user_id=user_id):
        seats = Member._base_manager.select_related("agency").filter(user=user_id, agency__active=True)
        found = list(seats.order_by("agency__name") if support else seats.filter(active=True).order_by("agency__name"))
    return [seat for seat in found if seat.active or supported(seat)]


def granted_store_ids(member: Member) -> tuple[int, ...]:
    """Stores a client may see. Opens its own transaction: called before the portal's begins."""
    with tenant(member.agency_id):
        return tuple(StoreGrant.objects.filter(member=member).values_list("store_id", flat=True).distinct())


def stores_for(member: Member) -> QuerySet[Store]:
    """The stores this member may see. Every page, API and report starts here. Nobody sees one by default."""
    if member.can(Permission.ALL_STORES):
        return Store.objects.all()
    return Store.objects.filter(pk__in=StoreGrant.objects.filter(member=member).values("store"))


def marketplaces_for(member: Member, store: Store) -> frozenset[str] | None:
    """Sites of the store the member may see; None: all of them."""
    if member.can(Permission.ALL_STORES):
        return None
    granted = set(StoreGrant.objects.filter(member=member, store=store).values_list("marketplace", flat=True))
    return None if None in granted else frozenset(granted)


def site_filter(member: Member, *, store: str = "store", marketplace: str = "marketplace") -> Q:
    """A filter for rows that carry a store and a marketplace code: only sites the member was granted."""
    if member.can(Permission.ALL_STORES):
        return Q()
    allowed = Q(pk__in=[])
    for store_id, code in StoreGrant.objects.filter(member=member).values_list("store", "marketplace"):
        allowed |= Q(**{store: store_id}) if code is None else Q(**{store: store_id, marketplace: code})
    return allowed


def granted_sites(member: Member) -> dict[int, frozenset[str]]:
    """{store: sites} of a member who was granted single sites; a store granted as a whole is not named."""
    found: dict[int, set[str | None]] = {}
    for store, code in StoreGrant.objects.filter(member=member).values_list("store", "marketplace"):
        found.setdefault(store, set()).add(code)
    return {store: frozenset(code for code in codes if code) for store, codes in found.items() if None not in codes}


def whole_filter(member: Member, *, sites: str = "marketplaces") -> Q:
    """A filter for rows that cover several sites at once (a list; empty: the whole store): all of them were granted."""
    allowed = Q(store__in=stores_for(member))
    if member.can(Permission.ALL_STORES):
        return allowed
    for store, codes in granted_sites(member).items():
        allowed &= ~Q(store=store) | (Q(**{f"{sites}__contained_by": sorted(codes)}) & ~Q(**{sites: []}))
    return allowed


def finding_filter(member: Member) -> Q:
    """A filter for findings: of the granted sites, of pools that stock one of them, of granted stores as a whole, and of
    the agency itself for who manages what they are about.

    A finding without a marketplace is about the whole store; one about a pool of sites names them in `detail["sites"]`.
    """
    allowed = of_agency(member)
    if member.can(Permission.ALL_STORES):
        return allowed | Q(store__isnull=False)
    for store, code in StoreGrant.objects.filter(member=member).values_list("store", "marketplace"):
        site = Q(marketplace__in=["", code]) | Q(detail__sites__contains=[code])
        allowed |= Q(store=store) if code is None else Q(store=store) & site
    return allowed


def of_agency(member: Member) -> Q:
    """A filter for findings about the agency itself, of kinds the member may see."""
    return Q(store=None, kind__in=[kind.key for kind in KINDS.values() if kind.agency and member.can(kind.needs)])


def owned(owner: str, member: Member) -> Q:
    """Rows by who looks after them: a member's id, "me", "none", or "" for everybody's."""
    if owner in {"me", "none"}:
        return Q(owner=member if owner == "me" else None)
    try:
        return Q(owner=UUID(owner)) if owner else Q()
    except ValueError:
        return Q()


@dataclass(frozen=True)
class Quote:
    """What a US dollar costs in a currency, since when; `own`: as the agency set it."""

    currency: str
    per_usd: Decimal
    valid_from: date
    source: str
    own: bool

    def is_old(self, on: date) -> bool:
        return (on - self.valid_from).days > RATE_DAYS


def quotes(on: date) -> dict[str, Quote]:
    """The quotation of each currency that counts on a day, one query: the agency's own, else the reference.

    Before the first one of a currency that one has to do: a period long past is told by it, not refused.
    """
    begun = Case(When(valid_from__lte=on, then="valid_from"))
    kinds: list[QuerySet[Any]] = []
    for model, own in ((FxRate, 0), (OwnRate, 1)):
        newest = model.objects.order_by("currency", begun.desc(nulls_last=True), "valid_from").distinct("currency")
        told = newest.annotate(own=Value(own, IntegerField()))
        kinds.append(told.values_list("currency", "per_usd", "valid_from", "source", "own"))
    reference, ours = {}, {}
    for row in kinds[0].union(kinds[1], all=True):
        (ours if row[4] else reference)[row[0]] = Quote(*row[:4], own=bool(row[4]))
    counting = {code: each for code, each in ours.items() if each.valid_from <= on or code not in reference}
    return reference | counting


def rates(target: str, on: date) -> Rates:
    """{currency: units of `target` for one unit of it} by the quotations that count on a day (`quotes`)."""
    found = quotes(on)
    per_usd = {code: each.per_usd for code, each in found.items()} | {"USD": Decimal(1)}
    if target not in per_usd:
        raise KeyError(f"no exchange rate for {target} on {on}")
    since = {code: each.valid_from for code, each in found.items() if code != "USD"}
    return Rates(target, {currency: per_usd[target] / rate for currency, rate in per_usd.items()}, since)


def currency_codes() -> list[str]:
    """Currencies there is a rate for, and the dollar that rates are told in. Without an agency the reference's."""
    codes = set(FxRate.objects.values_list("currency", flat=True)) | {"USD"}
    if acting_scope() is not None:
        codes |= set(OwnRate.objects.values_list("currency", flat=True))
    return sorted(codes)


def own_rates() -> QuerySet[OwnRate]:
    """All quotations the agency has set, newest first."""
    return OwnRate.objects.order_by("-valid_from", "currency")


# -- settings pages


@dataclass(frozen=True)
class SeatRow:
    """A seat with what it may see: `stores` pairs a store's name with its sites (none: all of them)."""

    member: Member
    everything: bool
    stores: list[tuple[str, list[str]]] = field(default_factory=list)
    has_mfa: bool = False


def people() -> QuerySet[Member]:
    """The agency's seats of people, the active first; `has_mfa` says who has a second factor."""
    factors = Authenticator.objects.filter(user=OuterRef("user"), type__in=SECOND_FACTORS)
    grants = Prefetch(
        "grants",
        StoreGrant.objects.select_related("store").order_by("store__name", "marketplace"),
    )
    seats = Member.objects.filter(user__isnull=False, role__gt="").exclude(pk__in=_support_only())
    seats = seats.select_related("user", "client").prefetch_related(grants).annotate(has_mfa=Exists(factors))
    return seats.order_by("-active", "role", "user__email")


def colleagues() -> QuerySet[Member]:
    """The agency's own active people, by name: who may be given something to look after."""
    staff = Member.objects.filter(active=True, user__isnull=False).exclude(role=Role.CLIENT)
    return staff.select_related("user").order_by("user__name")


def _support_only() -> QuerySet[SupportGrant]:
    """Closed seats that platform staff had for a while: not the agency's people."""
    return SupportGrant.objects.filter(member__active=False).values("member")


def seat_rows() -> list[SeatRow]:
    """Who can see what: two queries for any number of people."""
    rows = []
    for member in people():
        stores: dict[int, tuple[str, list[str]]] = {}
        for grant in member.grants.all():
            sites = stores.setdefault(grant.store_id, (grant.store.name, []))[1]
            sites.extend([grant.marketplace_id] if grant.marketplace_id else [])
        rows.append(
            SeatRow(
                member,
                Permission.ALL_STORES in ROLES[Role(member.role)],
                list(stores.values()),
                member.has_mfa,
            )
        )
    return rows


def owners_left(*, without: Member) -> int:
    """Active owners other than this one."""
    return Member.objects.filter(role=Role.OWNER, active=True).exclude(pk=without.pk).count()


def invitations() -> QuerySet[Invitation]:
    """Newest first, with the names the list shows."""
    return Invitation.objects.select_related("client", "invited_by__user").order_by("-created_at")


def invitation_of(digest: str) -> Invitation | None:
    """The invitation of a link, before any agency acts."""
    with at_the_door(invite_digest=digest):
        return Invitation._base_manager.select_related("agency").filter(digest=digest, agency__active=True).first()


def clients() -> QuerySet[Client]:
    """Clients with `n_stores` and `n_people`."""
    stores = Count("stores", filter=Q(stores__active=True), distinct=True)
    return Client.objects.annotate(n_stores=stores, n_people=Count("people", distinct=True)).order_by("name")


def api_keys() -> QuerySet[ApiKey]:
    """The living first, then the newest; with their seats and stores."""
    grants = Prefetch(
        "member__grants",
        StoreGrant.objects.select_related("store").order_by("store__name"),
    )
    keys = ApiKey.objects.select_related("member", "created_by__user").prefetch_related(grants)
    return keys.order_by("revoked_at", "-created_at")


def idle_seconds(user_id: int) -> int:
    """How long a person may give no sign before being signed out: shorter for clients, who sit at desks not ours."""
    with at_the_door(user_id=user_id):
        seats = Member._base_manager.filter(user=user_id, active=True, role=Role.CLIENT)
        return settings.SESSION_IDLE_CLIENTS if seats.exists() else settings.SESSION_IDLE


def sessions_of(user_id: int) -> QuerySet[UserSession]:
    """Where a person is signed in: sessions that have not ended."""
    living = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return UserSession.objects.filter(user_id=user_id, session_key__in=living)


def support_grants() -> QuerySet[SupportGrant]:
    """Visits of platform staff, newest first."""
    return SupportGrant.objects.select_related("user").order_by("-granted_at")


def jobs_of(member: Member) -> QuerySet[Job]:
    """A member's own jobs, newest first; owners and managers see everybody's."""
    jobs = Job.objects.select_related("by__user").order_by("-created_at")
    return jobs if member.can(Permission.MEMBERS_EDIT) else jobs.filter(by=member)


def saved_views(member: Member, page: str) -> QuerySet[SavedView]:
    """Views of a list page: one's own, then what others share."""
    views = SavedView.objects.filter(Q(member=member) | Q(shared=True), page=page)
    return views.select_related("member__user").order_by("shared", "name")


def discreet(rows: QuerySet[Entry], member: Member) -> QuerySet[Entry]:
    """Entries less those that tell what is hidden from the member, and those that took one of them back."""
    hidden = _hidden(member)
    if not hidden:
        return rows
    taken_back = Q(verb=VERB, target__in=Entry.objects.filter(hidden).annotate(name=_entry_name()).values("name"))
    return rows.exclude(hidden).exclude(taken_back)


def _hidden(member: Member) -> Q:
    hidden = Q() if member.can(Permission.COST_VIEW) else Q(verb__startswith=COSTS)
    if member.can(Permission.ALL_STORES):
        if all(member.can(kind.needs) for kind in KINDS.values() if kind.agency):
            return hidden
        about, seen = Q(kind=FINDING, store=None), of_agency(member)
    else:
        about, seen = Q(kind=FINDING), finding_filter(member)
    names = Finding.objects.filter(seen).annotate(name=Cast("pk", CharField())).values("name")
    return hidden | (about & ~Q(target__in=names))


def _entry_name() -> Concat:
    """An entry as the target of another one."""
    number = Cast("number", CharField())
    return Concat(Value(f"({acting_agency()}, "), number, Value(")"), output_field=CharField())
