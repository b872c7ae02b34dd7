"""The list of stores: whom we serve, on what terms, and is everything connected? A constant number of queries."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Client, Member, Store, StoreGrant
from apps.accounts.queries import owned, stores_for
from apps.core.lists import ListColumn, ListQuery
from apps.core.money import to_decimal
from apps.core.permissions import Role
from apps.sync.models import Connection
from apps.sync.queries.boards import age, gravity, named
from apps.sync.queries.freshness import BROKEN, LATE, NEVER, Freshness, freshness
from apps.sync.queries.told import SALES_USD, SKUS, told_columns, told_of

DEFAULT_SORT = "client"
FIT_SALES, FIT_SKUS = Decimal(50_000), 50  # US dollars a month, and SKUs: whom an agency can serve well
OWN_APP_MOST = 10  # sellers of an application for oneself
SEGMENTS = ("needing", "late", "fresh", "off")
_OURS = (
    ListColumn("client", _("Client"), order="client"),
    ListColumn("store", _("Store"), order="store", fixed=True),
    ListColumn("channel", _("Channel"), order="channel"),
    ListColumn("sites", _("Sites")),
    ListColumn("contract", _("Contract"), order="contract"),
    ListColumn("fee", _("Monthly fee"), order="fee", numeric=True),
    ListColumn("owner", _("Owner"), order="owner"),
    ListColumn("team", _("Team")),
    ListColumn("doors", _("Connections")),
    ListColumn("authorised", _("Authorised"), order="authorised"),
    ListColumn("data", _("Data"), order="data"),
    ListColumn("app", _("Application used"), help=_("Sellers connected by it, and how many Amazon allows.")),
    ListColumn(
        "fit", _("Client fit"), order="fit", help=_("More than 50,000 US dollars a month and more than 50 SKUs.")
    ),
    ListColumn("since", _("Since"), order="since"),
)


@dataclass
class Line:
    """One store. `grave`: how near the end of a consent or secret is, 0 to 3; `fit` None: not known."""

    store: Store
    doors: list[Connection] = field(default_factory=list)
    cell: Freshness | None = None
    team: list[Member] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)
    app: tuple[int, int, bool] | None = None  # used, most (0: no limit), the agency's own
    fit: bool | None = None

    @property
    def word(self) -> str:
        return self.cell.word if self.cell else ""

    @property
    def grave(self) -> int:
        return max((door.grave for door in self.doors), default=0)  # type: ignore[attr-defined]

    @property
    def needing(self) -> bool:
        broken = any(door.state == Connection.State.NEEDS_OWNER for door in self.doors)
        return self.store.active and (broken or self.word == BROKEN or self.grave > 1)

    @property
    def segment(self) -> str:
        if not self.store.active:
            return "off"
        return "needing" if self.needing else "late" if self.word in (LATE, NEVER) else "fresh"

    @property
    def sites(self) -> list[str]:
        return sorted(site.marketplace_id for site in self.store.sites.all() if site.active)

    @property
    def fee(self) -> Decimal | None:
        client = self.store.client
        return None if client.monthly_fee is None else to_decimal(client.monthly_fee, client.fee_currency or "USD")

    @property
    def authorised(self) -> datetime | None:
        return next((door.authorised_at for door in self.doors if door.authorised_at), None)


def columns() -> tuple[ListColumn, ...]:
    """Ours, and what apps above tell of stores."""
    return (*_OURS[:-2], *told_columns(), *_OURS[-2:])


def lines(member: Member, query: ListQuery, *, at: datetime | None = None) -> list[Line]:
    """The stores a page's query asks for, in its order; the segment apart."""
    at = at or timezone.now()
    stores = list(_chosen(member, query))
    found = {store.pk: Line(store) for store in stores}
    _connect(found, at)
    for each in freshness(stores, at=at):
        line = found[each.store_id]
        if line.cell is None or gravity(each) < gravity(line.cell):
            line.cell = each
    _staff(found)
    _weigh(found, member)
    return _sorted(found.values(), query)


def _chosen(member: Member, query: ListQuery) -> QuerySet[Store]:
    wanted = Q()
    if query.q:
        wanted &= Q(name__icontains=query.q) | Q(client__name__icontains=query.q) | Q(slug__icontains=query.q)
    if query.get("region"):
        wanted &= Q(region=query.get("region") if query.get("region") != "none" else "")
    if query.get("client"):
        known = Client.objects.filter(name=query.get("client")).values("pk")
        wanted &= Q(client__in=known)
    if query.markets:
        wanted &= Q(sites__marketplace__in=query.markets, sites__active=True)
    rows = stores_for(member).filter(wanted, owned(query.owner, member)).distinct()
    return rows.select_related("client", "owner__user").prefetch_related("sites").order_by("name")


def _connect(found: dict[int, Line], at: datetime) -> None:
    """Doors, and how many sellers each application serves: of the whole agency, whatever the filter."""
    living = Connection.objects.exclude(state=Connection.State.REVOKED).order_by("kind")
    doors = [door for door in living if door.kind == "sp_api" or door.store_id in found]
    used = Counter(door.application for door in doors if door.kind == "sp_api")
    for door in doors:
        if (line := found.get(door.store_id)) is None:
            continue
        door.kind_label = named(door)  # type: ignore[attr-defined]
        age(door, at)
        line.doors.append(door)
        if door.kind == "sp_api":
            own = bool(door.application)
            most = OWN_APP_MOST if own else settings.SP_API_SELLERS_MOST
            line.app = (used[door.application], most, own)


def _staff(found: dict[int, Line]) -> None:
    """Who works for a store: the people it was granted to."""
    seats = Prefetch("member", Member.objects.select_related("user"))
    grants = StoreGrant.objects.filter(store__in=list(found), member__active=True, member__user__isnull=False)
    for grant in grants.exclude(member__role=Role.CLIENT).prefetch_related(seats).order_by("pk"):
        team = found[grant.store_id].team
        if grant.member not in team:
            team.append(grant.member)


def _weigh(found: dict[int, Line], member: Member) -> None:
    """What apps above tell, and whether a client is worth the work: by all stores of the client the member sees."""
    clients = {line.store.client_id for line in found.values()}
    theirs = list(stores_for(member).filter(client__in=clients, active=True))
    told = told_of(member, [*theirs, *(line.store for line in found.values() if not line.store.active)])
    sums: dict[Any, dict[str, list[Any]]] = defaultdict(lambda: {SKUS: [], SALES_USD: []})
    for store in theirs:
        for name, values in sums[store.client_id].items():
            values.append(told.get(store.pk, {}).get(name))
    for pk, line in found.items():
        line.told = told.get(pk, {})
        line.fit = _fit(sums[line.store.client_id])


def _fit(values: dict[str, list[Any]]) -> bool | None:
    """None where some store tells nothing and the rest is not enough: unknown is not zero."""
    enough = [_more(values[SALES_USD], FIT_SALES), _more(values[SKUS], FIT_SKUS)]
    return None if None in enough and False not in enough else all(enough)


def _more(values: Collection[Any], least: Decimal | int) -> bool | None:
    known = [each for each in values if each is not None]
    if known and sum(known) > least:
        return True
    return None if not known or len(known) < len(values) else False


_WORDS = (BROKEN, NEVER, LATE, "backfilling", "fresh", "")
_KEYS: dict[str, Callable[[Line], Any]] = {
    "client": lambda line: line.store.client.name.casefold(),
    "store": lambda line: line.store.name.casefold(),
    "channel": lambda line: (line.store.channel, line.store.region),
    "contract": lambda line: line.store.client.contract or None,
    "fee": lambda line: line.fee,
    "owner": lambda line: str(line.store.owner) if line.store.owner else None,
    "authorised": lambda line: line.authorised,
    "data": lambda line: _WORDS.index(line.word),
    "fit": lambda line: line.fit,
    "since": lambda line: line.store.created_at,
}


def _sorted(found: Iterable[Line], query: ListQuery) -> list[Line]:
    """Those we serve first; by the chosen column, unknown values last, then by name."""
    key = _KEYS.get(query.sort) or (lambda line: line.told.get(query.sort))
    rows = sorted(found, key=lambda line: line.store.name.casefold())
    known = sorted((line for line in rows if key(line) is not None), key=key, reverse=query.descending)
    ranked = [*known, *(line for line in rows if key(line) is None)]
    return sorted(ranked, key=lambda line: not line.store.active)
