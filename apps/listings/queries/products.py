"""Reading the product list: which SKUs, in what order, and what is not known of them yet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member, StoreGrant
from apps.accounts.queries import colleagues, owned, site_filter, stores_for
from apps.core.lists import ListColumn, ListQuery, dom_id, ordered
from apps.core.models import Entry
from apps.core.permissions import Permission
from apps.listings.models import Listing, Product
from apps.listings.queries.told import told_columns, told_of

DEFAULT_SORT = "product"
STATUSES = ("selling", "stopped", "unlisted")
LABELS = {"selling": _("On sale"), "stopped": _("Off sale"), "unlisted": _("Not listed")}
MASTERS = ("supplier", "owner", "moq", "carton_units")  # what one wants to know of every SKU
PICTURES = "https://m.media-amazon.com/"  # pictures from elsewhere are not shown
_UNKNOWN = {
    "supplier": Q(supplier=""),
    "owner": Q(owner=None),
    "moq": Q(moq=None),
    "carton_units": Q(carton_units=None),
}

COLUMNS = (
    ListColumn("product", _("Product"), order="sku", fixed=True),
    ListColumn("status", _("Status"), fixed=True),
    ListColumn("sites", _("Sites and prices")),
    ListColumn("supplier", _("Supplier"), order="supplier"),
    ListColumn("owner", _("Owner"), order="owner__user__name"),
    ListColumn("moq", _("Minimum order"), order="moq", numeric=True),
    ListColumn("carton_units", _("Units per carton"), order="carton_units", numeric=True),
    ListColumn("fnsku", _("FNSKU"), order="fnsku", shown=False),
    ListColumn("brand", _("Brand"), order="brand", shown=False),
    ListColumn("category", _("Category"), order="category", shown=False),
    ListColumn("updated", _("Changed"), order="updated_at", shown=False),
)


def columns() -> tuple[ListColumn, ...]:
    """Our own, and after the sites those that other apps tell."""
    place = next(n for n, column in enumerate(COLUMNS) if column.key == "supplier")
    return (*COLUMNS[:place], *told_columns(), *COLUMNS[place:])


@dataclass(frozen=True)
class Row:
    """A product with its visible listings, in the order of the sites."""

    product: Product
    listings: list[Listing] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)  # what apps above know of it, by column

    @property
    def key(self) -> str:
        return f"{self.product.store_id}/{self.product.sku}"

    @property
    def dom(self) -> str:
        return dom_id(self.key)

    @property
    def living(self) -> list[Listing]:
        return [each for each in self.listings if each.status != Listing.Status.GONE]

    @property
    def status(self) -> str:
        """selling: on sale somewhere; stopped: listed, but nowhere on sale; unlisted: on no site (any more)."""
        if any(each.status == Listing.Status.ACTIVE for each in self.listings):
            return "selling"
        return "stopped" if self.living else "unlisted"

    @property
    def picture(self) -> str:
        return self.product.image_url if self.product.image_url.startswith(PICTURES) else ""


def products_for(member: Member) -> QuerySet[Product]:
    """Products of the stores a member may see; whoever was granted single sites sees what is listed there."""
    if member.can(Permission.ALL_STORES):
        return Product.objects.all()
    whole, sites = [], Q()
    for store_id, code in StoreGrant.objects.filter(member=member).values_list("store", "marketplace"):
        if code is None:
            whole.append(store_id)
        else:
            sites |= Q(store=store_id, marketplace=code)
    seen = Q(store__in=whole)
    return Product.objects.filter(seen | _listed(sites) if sites else seen)


def _listed(wanted: Q) -> Exists:
    """There is such a listing of the product."""
    return Exists(Listing.objects.filter(wanted, store=OuterRef("store"), sku=OuterRef("sku")))


def status_filter(status: str, member: Member) -> Q:
    """Products of one status, by the listings that the member may see."""
    seen = site_filter(member)
    selling = Q(_listed(seen & Q(status=Listing.Status.ACTIVE)))
    living = Q(_listed(seen & ~Q(status=Listing.Status.GONE)))
    return {"selling": selling, "stopped": living & ~selling, "unlisted": ~living}.get(status, Q())


def chosen(products: QuerySet[Product], query: ListQuery, member: Member) -> QuerySet[Product]:
    """The products a page's query asks for, its status and `missing` apart."""
    wanted = Q()
    if query.q:
        q = query.q
        wanted &= Q(sku__icontains=q) | Q(asin__iexact=q) | Q(fnsku__iexact=q) | Q(title__icontains=q)
    if query.markets:
        living = ~Q(status=Listing.Status.GONE)
        wanted &= Q(_listed(site_filter(member) & living & Q(marketplace__in=query.markets)))
    if query.get("store"):
        wanted &= Q(store__slug=query.get("store"))
    if query.get("supplier"):
        wanted &= Q(supplier=query.get("supplier"))
    return products.filter(wanted, owned(query.owner, member))


def narrowed(products: QuerySet[Product], query: ListQuery, member: Member) -> QuerySet[Product]:
    """Those of the query's status, and without the master data that `missing` names."""
    missing = _UNKNOWN.get(query.get("missing"), Q())
    return products.filter(status_filter(query.status, member), missing)


def sorted_by(products: QuerySet[Product], query: ListQuery) -> QuerySet[Product]:
    return ordered(products, query, "store", "sku").select_related("store", "owner__user")


@dataclass(frozen=True)
class Summary:
    """How many products there are, by status, and how many lack which master data."""

    total: int
    statuses: dict[str, int]
    missing: dict[str, int]
    newest: datetime | None


def summary(products: QuerySet[Product], member: Member) -> Summary:
    """Tiles and segments in one query."""
    counts = {name: Count("sku", filter=status_filter(name, member)) for name in STATUSES}
    lacks = {f"no_{name}": Count("sku", filter=lack) for name, lack in _UNKNOWN.items()}
    found = products.order_by().aggregate(total=Count("sku"), newest=Max("updated_at"), **counts, **lacks)
    return Summary(
        total=found["total"],
        statuses={name: found[name] for name in STATUSES},
        missing={name: found[f"no_{name}"] for name in MASTERS},
        newest=found["newest"],
    )


def rows_of(products: Iterable[Product], member: Member) -> list[Row]:
    """Products with the listings the member may see and what other apps tell: so many queries, however many rows."""
    products = list(products)
    told = told_of(member, products)
    keys = [(each.store_id, each.sku) for each in products]
    rows = {key: Row(each, told=told.get(key, {})) for key, each in zip(keys, products, strict=True)}
    found = Listing.objects.filter(
        site_filter(member), store__in={each.store_id for each in products}, sku__in=[each.sku for each in products]
    )
    for listing in found.order_by("marketplace__position", "marketplace"):
        if row := rows.get((listing.store_id, listing.sku)):
            row.listings.append(listing)
    return list(rows.values())


def all_rows(products: QuerySet[Product], member: Member, *, at_once: int = 2000) -> Iterator[Row]:
    """The same for any number of products, some at a time."""
    found = products.iterator(chunk_size=at_once)
    while some := list(islice(found, at_once)):
        yield from rows_of(some, member)


def choices(products: QuerySet[Product]) -> dict[str, list]:
    """What the filters offer: suppliers and owners that occur."""
    suppliers = products.exclude(supplier="").order_by("supplier").values_list("supplier", flat=True).distinct()
    owners = colleagues().filter(pk__in=products.order_by().values("owner"))
    return {"suppliers": list(suppliers[:200]), "owners": list(owners[:200])}


def sites_of(member: Member) -> list[str]:
    """Codes of the sites where the member's stores are listed, in their order."""
    found = stores_for(member).filter(active=True, sites__active=True)
    codes = found.order_by("sites__marketplace__position", "sites__marketplace")
    return list(dict.fromkeys(codes.values_list("sites__marketplace", flat=True)))


def picked(products: QuerySet[Product], keys: Sequence[str]) -> QuerySet[Product]:
    """The products named by a page's checkboxes: `store id/sku`. What is not understood is nobody's product."""
    skus: dict[int, list[str]] = {}
    for key in keys:
        store, _sep, sku = key.partition("/")
        if store.isdecimal() and len(store) < 19 and sku:
            skus.setdefault(int(store), []).append(sku)
    wanted = Q(sku__in=[])
    for store_id, some in skus.items():
        wanted |= Q(store=store_id, sku__in=some)
    return products.filter(wanted)


def history(product: Product, *, limit: int = 20) -> list[Entry]:
    """What people changed about one product, alone or with others; newest first."""
    alone = Q(kind="listings.product", target=str(product.pk))
    together = Q(verb="products.edit", store=product.store_id, after__products__has_key=product.sku)
    return list(Entry.objects.filter(alone | together).order_by("-number")[:limit])
