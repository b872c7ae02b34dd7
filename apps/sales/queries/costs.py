"""The list of SKUs with and without a unit cost, and what the missing ones are worth."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import (
    Case,
    Count,
    DecimalField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member, Store
from apps.accounts.queries import site_filter, stores_for
from apps.core.lists import ListColumn, ListQuery, dom_id, ordered
from apps.core.money import WHOLE_UNITS, convert
from apps.listings.models import Product
from apps.listings.queries.products import owned
from apps.sales.models import Cost, SalesDay

DEFAULT_SORT = "-sales"
STATUSES = ("missing", "known", "coming")
DAYS = 30  # of sales that show what a missing cost is worth
MOST_STRANGERS = 6
_RATE = DecimalField(max_digits=30, decimal_places=10)

COLUMNS = (
    ListColumn("product", _("Product"), order="sku", fixed=True),
    ListColumn("sales", _("Sales, 30 days"), order="sold", numeric=True, fixed=True),
    ListColumn("cost", _("Unit cost"), numeric=True, fixed=True),
    ListColumn("freight", _("Freight to FBA"), numeric=True),
    ListColumn("landed", _("Landed"), numeric=True),
    ListColumn("since", _("Valid from"), order="since"),
    ListColumn("coming", _("Next cost")),
    ListColumn("units", _("Units, 30 days"), order="units", numeric=True),
    ListColumn("supplier", _("Supplier"), order="supplier"),
    ListColumn("owner", _("Owner"), order="owner__user__name", shown=False),
    ListColumn("note", _("Note"), shown=False),
)


@dataclass(frozen=True)
class Scope:
    """Whose page it is: the day, the money mixed sums are shown in, and what a unit of each currency is worth in it."""

    member: Member
    today: date
    currency: str
    rates: Mapping[str, Decimal]

    @property
    def days(self) -> tuple[date, date]:
        """Whole days up to yesterday: today is not over."""
        return self.today - timedelta(days=DAYS), self.today - timedelta(days=1)

    def worth(self, minor: int | None, currency: str) -> int | None:
        """Minor units of the page's money; None for a currency without a rate."""
        if minor is None or currency == self.currency:
            return minor
        rate = self.rates.get(currency)
        return None if rate is None else convert(minor, source=currency, target=self.currency, rate=rate)


@dataclass
class Row:
    """A SKU with the cost that holds today, the next one, and what it sold."""

    product: Product
    cost: Cost | None = None
    coming: Cost | None = None
    count: int = 0
    units: int = 0
    sales: int = 0  # minor units of the page's currency
    partly: bool = False  # some sales are in a currency without a rate

    @property
    def key(self) -> str:
        return f"{self.product.store_id}/{self.product.sku}"

    @property
    def dom(self) -> str:
        return dom_id(self.key)

    @property
    def landed(self) -> int | None:
        """Unit cost and freight; freight that nobody told adds nothing."""
        return None if self.cost is None else self.cost.unit_cost + (self.cost.freight or 0)


def _begun(today: date) -> QuerySet[Cost]:
    return Cost.objects.filter(store=OuterRef("store"), sku=OuterRef("sku"), valid_from__lte=today)


def _coming(today: date) -> QuerySet[Cost]:
    return Cost.objects.filter(store=OuterRef("store"), sku=OuterRef("sku"), valid_from__gt=today)


def status_filter(status: str, today: date) -> Q:
    """missing: no cost holds today; known: one does; coming: another one begins later."""
    known = Q(Exists(_begun(today)))
    return {"missing": ~known, "known": known, "coming": Q(Exists(_coming(today)))}.get(status, Q())


def chosen(products: QuerySet[Product], query: ListQuery, member: Member) -> QuerySet[Product]:
    """The SKUs a page's query asks for, its status apart."""
    wanted = Q()
    if query.q:
        wanted &= Q(sku__icontains=query.q) | Q(asin__iexact=query.q) | Q(title__icontains=query.q)
    if query.get("store"):
        wanted &= Q(store__slug=query.get("store"))
    if query.get("supplier"):
        wanted &= Q(supplier=query.get("supplier"))
    return products.filter(wanted, owned(query.owner, member))


def sorted_by(products: QuerySet[Product], query: ListQuery, scope: Scope) -> QuerySet[Product]:
    """What is sorted by is worked out by the database only when it is sorted by."""
    if query.sort == "since":
        begun = _begun(scope.today).order_by("-valid_from").values("valid_from")[:1]
        products = products.annotate(since=Subquery(begun))
    if query.sort in {"sales", "units"}:
        value = F("units") if query.sort == "units" else F("revenue") * _rate(scope)
        mine = _sales(scope).filter(store=OuterRef("store"), sku=OuterRef("sku"), marketplace__in=_codes(scope))
        total = mine.order_by().values("sku").annotate(total=Sum(value)).values("total")
        products = products.annotate(**{"units" if query.sort == "units" else "sold": Subquery(total)})
    return ordered(products, query, "store", "sku").select_related("store", "owner__user")


def _sales(scope: Scope) -> QuerySet[SalesDay]:
    return SalesDay.objects.filter(site_filter(scope.member), date__range=scope.days)


def _codes(scope: Scope) -> list[str]:
    """Sites named, so that the key of a day (store, site, SKU, day) can be looked up."""
    return list(stores_for(scope.member).values_list("marketplaces", flat=True).distinct())


def _rate(scope: Scope) -> Case:
    """The worth of a minor unit of a row's currency, for sorting."""
    worth = {code: rate * 100 if code in WHOLE_UNITS else rate for code, rate in sorted(scope.rates.items())}
    whens = [When(currency=code, then=Value(rate)) for code, rate in worth.items()]
    return Case(*whens, default=None, output_field=_RATE)


def rows_of(products: Iterable[Product], scope: Scope) -> list[Row]:
    """SKUs with their costs and sales, in two queries."""
    rows = {(each.store_id, each.sku): Row(each) for each in products}
    some = Q(store__in={store for store, _sku in rows}, sku__in=[sku for _store, sku in rows])
    for cost in Cost.objects.filter(some).order_by("valid_from"):
        if row := rows.get((cost.store_id, cost.sku)):
            _take(row, cost, scope.today)
    sold = _sales(scope).filter(some).order_by().values("store", "sku", "currency")
    for each in sold.annotate(u=Sum("units"), r=Sum("revenue")):
        if row := rows.get((each["store"], each["sku"])):
            worth = scope.worth(each["r"], each["currency"])
            row.units += each["u"]
            row.sales += worth or 0
            row.partly = row.partly or worth is None
    return list(rows.values())


def _take(row: Row, cost: Cost, today: date) -> None:
    row.count += 1
    if cost.valid_from <= today:
        row.cost = cost
    elif row.coming is None:
        row.coming = cost


def all_rows(products: QuerySet[Product], scope: Scope, *, at_once: int = 2000) -> Iterator[Row]:
    """The same for any number of SKUs, some at a time."""
    found = products.iterator(chunk_size=at_once)
    while some := list(islice(found, at_once)):
        yield from rows_of(some, scope)


# -- what is missing


@dataclass
class Summary:
    """How many SKUs have a cost, and what those without sold; money in the page's currency."""

    counts: dict[str, int]
    total: int
    sales: int = 0
    at_stake: int = 0
    skus_at_stake: int = 0
    partly: bool = False
    strangers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def share(self) -> Decimal | None:
        """Of the sales, those whose cost is known."""
        return Decimal(self.sales - self.at_stake) / self.sales if self.sales else None


def summary(products: QuerySet[Product], scope: Scope, *, store: str, narrowed: bool) -> Summary:
    """Counts of the SKUs in one query, the sales of the last days with and without a cost in another.

    `narrowed`: only sales of these products count; else also those of SKUs that are no product (yet).
    """
    counts = {name: Count("sku", filter=status_filter(name, scope.today)) for name in STATUSES}
    found = products.order_by().aggregate(total=Count("sku"), **counts)
    made = Summary({name: found[name] for name in STATUSES}, found["total"])
    sales = _sales(scope).filter(store__slug=store) if store else _sales(scope)
    if narrowed:
        sales = sales.filter(Exists(products.filter(store=OuterRef("store"), sku=OuterRef("sku"))))
    missing = status_filter("missing", scope.today)
    groups = sales.order_by().values("currency").annotate(r=Sum("revenue"), lost=Sum("revenue", filter=missing))
    for group in groups:
        worth = scope.worth(group["r"], group["currency"])
        made.partly = made.partly or worth is None
        made.sales += worth or 0
        made.at_stake += scope.worth(group["lost"], group["currency"]) or 0
    made.skus_at_stake = sales.filter(missing, revenue__gt=0).order_by().values("store", "sku").distinct().count()
    if not narrowed:
        made.strangers = _strangers(sales.filter(missing), scope)
    return made


def _strangers(sales: QuerySet[SalesDay], scope: Scope) -> list[dict[str, Any]]:
    """SKUs that sold, have no cost and are no product: the largest."""
    product = Product.objects.filter(store=OuterRef("store"), sku=OuterRef("sku"))
    found = (
        sales.filter(~Exists(product))
        .order_by()
        .values("store", "sku")
        .annotate(worth=Sum(F("revenue") * _rate(scope)))
    )
    largest = list(found.order_by(F("worth").desc(nulls_last=True), "store", "sku")[:MOST_STRANGERS])
    stores = Store.objects.in_bulk({each["store"] for each in largest})
    return [{"store": stores[each["store"]], "sku": each["sku"]} for each in largest]
