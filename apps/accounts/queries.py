"""Who is here, and which stores they may see."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from apps.accounts.models import Agency, FxRate, Member, Store, StoreGrant
from apps.core.permissions import Permission, Role
from apps.core.tenancy import at_the_door, tenant


@dataclass(frozen=True)
class Seat:
    """A member in an agency; `store_ids` is set for clients: the portal's wall."""

    agency: Agency
    member: Member
    store_ids: tuple[int, ...] | None


def seat_of(request: HttpRequest, slug: str, portal: bool) -> Seat | None:
    """The seat of the signed-in person in the agency of the address, or None.

    Clients sit in the portal only and staff outside it only: the other side does not exist for them.
    """
    with at_the_door(user_id=request.user.pk):
        member = (
            Member._base_manager.select_related("agency")
            .filter(
                user=request.user.pk,
                agency__slug=slug,
                agency__active=True,
                active=True,
            )
            .first()
        )
    if member is None or (member.role == Role.CLIENT) is not portal:
        return None
    member.user = request.user
    return Seat(member.agency, member, granted_store_ids(member) if portal else None)


def seats_of(user_id: int) -> list[Member]:
    """All active seats of a person, for the agency chooser."""
    with at_the_door(user_id=user_id):
        seats = Member._base_manager.select_related("agency").filter(user=user_id, active=True, agency__active=True)
        return list(seats.order_by("agency__name"))


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


def rates(target: str, on: date) -> dict[str, Decimal]:
    """{currency: units of `target` for one unit of it} by the newest reference rates not after `on`."""
    newest = FxRate.objects.filter(valid_from__lte=on).order_by("currency", "-valid_from").distinct("currency")
    per_usd = {rate.currency: rate.per_usd for rate in newest} | {"USD": Decimal(1)}
    if target not in per_usd:
        raise KeyError(f"no exchange rate for {target} on {on}")
    return {currency: per_usd[target] / rate for currency, rate in per_usd.items()}
