"""Order lines by purchase, one page at a time: found by where the last one ended, in each store's own index of days."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import BigIntegerField, Case, DecimalField, ExpressionWrapper, F, Q, Value, When
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.accounts.models import Marketplace, Member, Store
from apps.accounts.queries import rates, site_filter, whole_filter
from apps.core.lists import ListColumn, ListQuery, dom_id
from apps.core.metrics import Period
from apps.core.money import digits
from apps.listings.models import WAYS as WAY_WORDS
from apps.listings.models import Product
from apps.sales.models import UNUSUAL, OrderLine
from apps.sync.models import StoredDocument
from apps.sync.rows import ORDER_LINE

DEFAULT_SORT = "-purchased"
STATES = ("pending", "unshipped", "shipped", "cancelled")
WAYS = ("FBA", "FBM")
_MONEY = DecimalField(max_digits=40, decimal_places=12)
KEY = ("purchased_on", "purchased_at", "store_id", "order_id", "sku", "ordinal")

COLUMNS = (
    ListColumn("purchased", _("Purchased"), order="purchased_at", fixed=True, help=_("By the clock of the site")),
    ListColumn("order", pgettext_lazy("of a customer", "Order"), fixed=True),
    ListColumn("product", _("Product"), fixed=True),
    ListColumn("site", _("Site")),
    ListColumn("status", _("Status"), order="rank", fixed=True),
    ListColumn("units", _("Units"), order="rank", numeric=True),
    ListColumn(
        "sales",
        _("Sales"),
        order="rank",
        numeric=True,
        fixed=True,
        help=_("Item price minus promotion, without tax and shipping"),
    ),
    ListColumn("promotion", _("Promotion"), numeric=True),
    ListColumn("tax", _("Tax"), numeric=True),
    ListColumn("shipping", _("Shipping"), numeric=True),
    ListColumn("fulfilment", _("Fulfilment")),
    ListColumn("country", _("Ship to")),
    ListColumn("price", _("Item price"), numeric=True, shown=False),
    ListColumn("business", _("Business"), shown=False),
    ListColumn("updated", _("Updated"), shown=False),
)

VOID = Q(status__startswith="Cancel") | Q(item_status__startswith="Cancel")
OF_STATE = {
    "cancelled": VOID,
    "pending": Q(status__startswith="Pending") & ~VOID,
    "shipped": Q(status__startswith="Shipped") & ~VOID,
    "unshipped": ~Q(status__startswith="Pending") & ~Q(status__startswith="Shipped") & ~VOID,
}


def state_of(line: OrderLine) -> str:
    """A line's state in our four words; Amazon's own is shown beside it."""
    if line.status.startswith("Cancel") or line.item_status.startswith("Cancel"):
        return "cancelled"
    return next((each for each in ("pending", "shipped") if line.status.startswith(each.title())), "unshipped")


def sales_of(line: OrderLine) -> int | None:
    """Item price minus promotion, as the metric "Sales" adds it up; unknown while the order is pending."""
    return None if line.price is None else line.price - (line.promotion or 0)


# -- which lines


@dataclass(frozen=True)
class Wanted:
    """What a page's query asks for. `exact`: it names one order, of whatever day."""

    stores: tuple[Store, ...]
    sites: Q
    period: Period
    today: date
    state: str = ""
    way: str = ""
    markets: tuple[str, ...] = ()
    q: str = ""
    exact: bool = False
    ascending: bool = False
    rank: str = ""  # units, status or sales: what comes before the moment of purchase

    @property
    def keys(self) -> tuple[str, ...]:
        return ("rank", *KEY) if self.rank else KEY

    @property
    def narrowed(self) -> bool:
        """It asks for more than stores, sites and days: the daily roll-up cannot answer."""
        return bool(self.state or self.way or self.q)

    @property
    def places(self) -> Q:
        return self.sites & Q(marketplace__in=self.markets) if self.markets else self.sites

    def days(self, name: str) -> Q:
        """The period, open towards today: where the sun rises it is tomorrow already."""
        first = Q(**{f"{name}__gte": self.period.first})
        return first if self.period.last >= self.today else first & Q(**{f"{name}__lte": self.period.last})

    def filter(self, *, state: bool = True) -> Q:
        """The lines, of any store; without their state if so wanted."""
        wanted = self.places & (Q() if self.exact else self.days("purchased_on"))
        if self.q:
            named = Q(sku__icontains=self.q) | Q(asin__iexact=self.q)
            wanted &= Q(order_id=self.q) if self.exact else named
        if self.way:
            wanted &= Q(fulfilment=self.way)
        if state and self.state:
            wanted &= OF_STATE[self.state]
        unusual = self.way == "FBM" or (state and self.state not in {"", "shipped"})
        return wanted & UNUSUAL if unusual else wanted  # says nothing new, but names the index of few lines


def wanted_of(query: ListQuery, member: Member, stores: Collection[Store], *, today: date) -> Wanted:
    """A page's query as what to read; today counts as well, unless days are named."""
    named = query.get("from") and query.get("to")
    slug, way = query.get("store"), query.get("way")
    shops = tuple(store for store in stores if slug in {"", store.slug})
    sites = site_filter(member)
    return Wanted(
        stores=shops,
        sites=sites,
        period=query.period if named else replace(query.period, last=today),
        today=today,
        state=query.status if query.status in STATES else "",
        way=way if way in WAYS else "",
        markets=query.markets,
        q=query.q,
        exact=bool(query.q) and OrderLine.objects.filter(sites, store__in=shops, order_id=query.q).exists(),
        ascending=not query.descending,
        rank=query.sort if query.sort in {"units", "status", "sales"} else "",
    )


def _rank(wanted: Wanted) -> Any:
    """A whole number to sort lines by; unknown sales are below all known ones."""
    if wanted.rank == "status":
        return Case(*(When(OF_STATE[state], then=n) for n, state in enumerate(STATES)), default=len(STATES))
    if wanted.rank == "units":
        return F("quantity")
    worth = rates("USD", wanted.today)
    factors = (When(currency=code, then=Value(_per_minor(code, rate))) for code, rate in sorted(worth.items()))
    earned = F("price") - Coalesce("promotion", 0)
    known = ExpressionWrapper(earned * Case(*factors, default=None, output_field=_MONEY), output_field=_MONEY)
    return Coalesce(Cast(known, BigIntegerField()), -(2**53))


def _per_minor(code: str, rate: Decimal) -> Decimal:
    """Hundred-thousandths of a US dollar for one minor unit: fine enough to tell lines apart."""
    return rate.scaleb(5 - digits(code))


# -- one page


@dataclass
class Row:
    """A line with what we call it and its product."""

    line: OrderLine
    store: Store
    zone: str = ""  # of the site
    title: str = ""

    @property
    def key(self) -> str:
        return f"{self.line.store_id}/{self.line.order_id}"

    @property
    def dom(self) -> str:
        return dom_id(f"{self.key}/{self.line.sku}/{self.line.ordinal}")

    @property
    def state(self) -> str:
        return state_of(self.line)

    @property
    def told(self) -> str:
        """What Amazon says of the order and of this line."""
        return " / ".join(dict.fromkeys(filter(None, (self.line.status, self.line.item_status))))

    @property
    def way(self) -> str:
        """Who ships, in words."""
        return str(WAY_WORDS.get(self.line.fulfilment, self.line.fulfilment))

    @property
    def sales(self) -> int | None:
        return sales_of(self.line)


@dataclass
class Page:
    """Rows, and the marks of the pages around them ("": there is none)."""

    rows: list[Row] = field(default_factory=list)
    before: str = ""
    after: str = ""


def page_of(
    wanted: Wanted, *, size: int, before: str = "", after: str = "", days: Sequence[date] | None = None
) -> Page:
    """The page behind the mark `after`, or the one that ends at `before`; the first one without either.

    `days`, where known, are those with such lines: only as many are read as the page may need. Ranked pages need all.
    """
    if days is not None and not days:
        return Page()
    mark = _read(after or before, ranked=bool(wanted.rank))
    back = bool(mark and before and not after)
    falling = wanted.ascending == back  # the newest first, unless turned; a page back is read from its end
    beyond = _beyond(wanted.keys, mark, falling=falling) if mark else Q()
    if days is not None and not wanted.rank:
        beyond &= Q(purchased_on__in=_nearest(days, mark, size + 2, falling=falling))
    found = _lines(wanted, beyond, size + 1, falling=falling)
    more, found = len(found) > size, found[:size]
    if back:
        found.reverse()
    if not found:
        return Page()
    has_before, has_after = (more, True) if back else (mark is not None, more)
    marks = (_mark(each, wanted.keys) for each in (found[0], found[-1]))
    before, after = (mark if there else "" for mark, there in zip(marks, (has_before, has_after), strict=True))
    return Page(rows_of(found, wanted.stores), before, after)


def _nearest(days: Sequence[date], mark: Sequence[Any] | None, count: int, *, falling: bool) -> list[date]:
    """The first days from the mark's on. Each holds a line, but for the mark's own, which may lie before it."""
    beyond = [day for day in days if not mark or (day <= mark[0] if falling else day >= mark[0])]
    return sorted(beyond, reverse=falling)[:count]


def _lines(wanted: Wanted, beyond: Q, count: int, *, falling: bool) -> list[OrderLine]:
    """The first lines of each store by its own index, then the first of all those. Ranked ones are few: one read."""
    order = [f"-{name}" if falling else name for name in wanted.keys]
    if wanted.rank:
        lines = OrderLine.objects.filter(wanted.filter(), store__in=[store.pk for store in wanted.stores])
        return list(lines.annotate(rank=_rank(wanted)).filter(beyond).order_by(*order)[:count])
    where = wanted.filter() & beyond
    parts = [OrderLine.objects.filter(where, store=store).order_by(*order)[:count] for store in wanted.stores]
    if len(parts) < 2:
        return list(parts[0]) if parts else []
    return list(parts[0].union(*parts[1:], all=True).order_by(*order)[:count])


def _beyond(keys: Sequence[str], values: Sequence[Any], *, falling: bool) -> Q:
    """Lines behind `values`, as one lexicographic comparison."""
    sign = "lt" if falling else "gt"
    behind = Q(**{f"{keys[-1]}__{sign}": values[-1]})
    for name, value in zip(keys[-2::-1], values[-2::-1], strict=True):
        behind = Q(**{f"{name}__{sign}": value}) | (Q(**{name: value}) & behind)
    return Q(**{f"{keys[0]}__{sign}e": values[0]}) & behind


def _mark(line: OrderLine, keys: Sequence[str]) -> str:
    values = [getattr(line, name) for name in keys]
    plain = [value.isoformat() if isinstance(value, date) else value for value in values]
    return urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _read(mark: str, *, ranked: bool) -> list[Any] | None:
    """The values of a mark; what is none leads to the first page, never to an error."""
    try:
        told = json.loads(urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
        rank = [int(told.pop(0))] if ranked else []
        day, moment, store, order, sku, ordinal = told
        values = [
            date.fromisoformat(day),
            datetime.fromisoformat(moment),
            int(store),
            str(order),
            str(sku),
            int(ordinal),
        ]
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
        return None
    sound = values[1].tzinfo is not None and "\x00" not in values[3] + values[4]
    sound &= all(abs(each) < 2**63 for each in (values[2], *rank)) and abs(values[5]) < 2**15
    return [*rank, *values] if sound else None


def rows_of(lines: Iterable[OrderLine], stores: Iterable[Store]) -> list[Row]:
    """Lines with their sites' time zones and their products' titles, in two queries."""
    shops = {store.pk: store for store in stores}
    zones = dict(Marketplace.objects.values_list("code", "time_zone"))
    rows = [Row(line, shops[line.store_id], zones.get(line.marketplace_id, "")) for line in lines]
    skus = {row.line.sku for row in rows}
    products = Product.objects.filter(store__in={row.line.store_id for row in rows}, sku__in=skus)
    titles = {(store, sku): title for store, sku, title in products.values_list("store", "sku", "title")}
    for row in rows:
        row.title = titles.get((row.line.store_id, row.line.sku), "")
    return rows


def all_rows(wanted: Wanted, *, most: int, at_once: int = 2000) -> Iterator[Row]:
    """The lines of all pages, store by store, at most so many."""
    left = most
    for store in wanted.stores:
        order = [name if wanted.ascending else f"-{name}" for name in KEY]
        found = (
            OrderLine.objects.filter(wanted.filter(), store=store).order_by(*order)[:left].iterator(chunk_size=at_once)
        )
        while some := list(islice(found, at_once)):
            left -= len(some)
            yield from rows_of(some, [store])


# -- one order


def order_of(member: Member, store: Store, number: str) -> list[OrderLine]:
    """All lines of one order that the member may see."""
    lines = OrderLine.objects.filter(site_filter(member), store=store, order_id=number)
    return list(lines.select_related("marketplace").order_by("sku", "ordinal"))


def documents_of(member: Member, store: Store, lines: Iterable[OrderLine]) -> list[StoredDocument]:
    """The documents that told these lines as they are (each line keeps its document's as-of) and the member may open."""
    told = {line.as_of for line in lines}
    found = StoredDocument.objects.filter(whole_filter(member), store=store, row=ORDER_LINE.name, as_of__in=told)
    found = found.filter(applied_at__isnull=False)
    return list(found.select_related("connection").order_by("-as_of"))
