"""The demo: two plainly fictional agencies, every role, and what their sellers' ERPs would have told us."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from apps.accounts.actions.keys import KeyTerms, create_key
from apps.accounts.actions.rates import YARDSTICK
from apps.accounts.actions.settings import set_limits
from apps.accounts.actions.stores import NewStore, create_client, create_store, end_set_up
from apps.accounts.models import (
    Agency,
    AgencySettings,
    Client,
    FxRate,
    Member,
    Store,
    StoreGrant,
    StoreMarketplace,
    User,
)
from apps.accounts.queries import RATE_DAYS
from apps.core.permissions import SCOPES, Role
from apps.listings.models import Listing, Product
from apps.sync.actions import connect, destinations, uploads
from apps.sync.actions.pushing import push
from apps.sync.models import Connection
from apps.sync.rows import COST, OWN_STOCK, PRODUCT
from apps.team.management.demo_papers import category_of

READ = tuple(scope for scope in SCOPES if not scope.endswith(":write"))


@dataclass(frozen=True)
class House:
    """One agency of the demo: its name in both languages' spelling, and which partners of the sandbox it serves."""

    slug: str
    name: str
    partners: tuple[str, ...]
    currency: str


HOUSES = (
    House("polaris", "北辰跨境 Polaris", ("lumora", "voltnest", "kidobay"), "USD"),
    House("harbour", "海港品牌 Harbour", ("sorano",), "CNY"),
)
PEOPLE = {  # what they are, not who: nobody is invented
    Role.OWNER: ("负责人", "zh-hans"),
    Role.MANAGER: ("运营主管", "zh-hans"),
    Role.SENIOR: ("Senior operator", "en"),
    Role.JUNIOR: ("初级运营", "zh-hans"),
    Role.FINANCE: ("财务", "zh-hans"),
    Role.ANALYST: ("Analyst", "en"),
    Role.CLIENT: ("客户", "zh-hans"),
}
# Thirteen months of these come in behind everything else: nobody waits for them.
LATER = ("shipments", "feedback", "fba_returns", "merchant_returns")
NEWS_KEY = "Amazon notifications"
NEWS = destinations.Addresses("arn:aws:sqs:us-east-1:000000000000:storewright-demo", "000000000000", "us-east-1")
SUPPLIERS = ("Demo Textile Works", "Demo Electric", "Demo Toys", "Demo Housewares")


def freshen_rates(told: Mapping[str, str], today: date) -> list[FxRate]:
    """Reference rates of today where the newest are too old: `told` (units for one US dollar), else what they were."""
    begun = FxRate.objects.filter(valid_from__lte=today).exclude(currency=YARDSTICK)
    newest = begun.order_by("currency", "-valid_from").distinct("currency")
    old = [each for each in newest if (today - each.valid_from).days > RATE_DAYS]
    return FxRate.objects.bulk_create(
        FxRate(
            currency=each.currency, valid_from=today, per_usd=Decimal(told.get(each.currency, each.per_usd)), source="demo"
        )
        for each in old
    )  # fmt: skip


def open_house(house: House) -> tuple[Agency, bool]:
    """The agency, and whether it is new."""
    agency, new = Agency.objects.get_or_create(slug=house.slug, defaults={"name": house.name})
    return agency, new


def furnish(agency: Agency, house: House, password: str, at: datetime) -> dict[Role, Member]:
    """Settings, a seat per role, and how much each role may approve. Needs an acting agency."""
    AgencySettings.objects.get_or_create(agency=agency, defaults={"currency": house.currency})
    seats = {role: _seat(agency, role, password) for role in Role if role is not Role.CLIENT}
    owner = seats[Role.OWNER]
    set_limits("plan.approve", {Role.MANAGER: 5_000_000, Role.SENIOR: 1_000_000}, by=owner, at=at)
    return seats


def _seat(agency: Agency, role: Role, password: str, client: Client | None = None) -> Member:
    name, language = PEOPLE[role]
    email = f"{role}@{agency.slug}.example"
    user, _new = User.objects.get_or_create(email=email, defaults={"name": name, "language": language})
    user.set_password(password)
    user.save(update_fields=["password"])
    member, _new = Member.objects.get_or_create(user=user, defaults={"role": role, "client": client})
    return member


def add_stores(house: House, partners: list[dict[str, Any]], seats: dict[Role, Member], at: datetime) -> list[Store]:
    """A client per partner, a store per region, and the door to the sandbox, which begins to sync at once."""
    owner, stores = seats[Role.OWNER], []
    clients: dict[str, Client] = {}
    for partner in (p for p in partners if p["partner"] in house.partners):
        name = partner["name"]
        if name not in clients:
            clients[name] = create_client({"name": name, "since": date(2025, 9, 1)}, by=owner, at=at)
        stores.append(_store(clients[name], partner, seats, at))
    return stores


def _store(client: Client, partner: dict[str, Any], seats: dict[Role, Member], at: datetime) -> Store:
    owner = seats[Role.OWNER]
    new = NewStore(
        name=f"{partner['name']} {partner['region']}",
        region=partner["region"],
        seller_id=partner["seller_id"],
        sites=tuple(partner["marketplaces"]),
        owner=seats[Role.SENIOR],
    )
    store = create_store(client, new, by=owner, at=at)
    end_set_up(store, by=owner, at=at)
    for pool, codes in partner["pools"].items():
        if len(codes) > 1:
            StoreMarketplace.objects.filter(store=store, marketplace__in=codes).update(pool=pool)
    for role in (Role.SENIOR, Role.JUNIOR):
        StoreGrant.objects.get_or_create(member=seats[role], store=store, marketplace=None)
    secrets = {name: partner[name] for name in ("refresh_token", "client_id", "client_secret")}
    connect(store, "sp_api", secrets, by=owner, at=at)
    return store


def invite_client(agency: Agency, stores: list[Store], password: str) -> Member:
    """A login for the first store's client, to the portal."""
    member = _seat(agency, Role.CLIENT, password, stores[0].client)
    for store in stores:
        if store.client_id == stores[0].client_id:
            StoreGrant.objects.get_or_create(member=member, store=store, marketplace=None)
    return member


def make_keys(seats: dict[Role, Member], at: datetime) -> list[tuple[str, str, list[str]]]:
    """(name, secret, scopes) of one key that reads and writes, and one that only reads."""
    made = []
    for name, scopes in (("ERP read-write", tuple(SCOPES)), ("BI read-only", READ)):
        terms = KeyTerms(name, scopes, days=365, per_minute=100_000)
        _key, secret = create_key(terms, by=seats[Role.OWNER], at=at)
        made.append((name, secret, list(scopes)))
    return made


def make_news_key(owner: Member, at: datetime) -> tuple[str, str, list[str]]:
    """(name, secret, scopes) of the key with which Amazon's notifications come in."""
    terms = KeyTerms(NEWS_KEY, ("stores:all", "health:write"), days=365, per_minute=100_000)
    _key, secret = create_key(terms, by=owner, at=at)
    return terms.name, secret, list(terms.scopes)


def subscribe_stores(owner: Member, at: datetime) -> int:
    """Every store's notifications go to made-up addresses at AWS, which the sandbox forwards; how many stores."""
    doors = list(Connection.objects.filter(kind="sp_api", state=Connection.State.ACTIVE).select_related("store"))
    for door in doors:
        destinations.subscribe(door, NEWS, by=owner, at=at)
    return len(doors)


def tell_like_an_erp(store: Store, by: Member, at: datetime) -> int:
    """Costs, cartons, suppliers and warehouse stock of a store's products, derived from their names; how many SKUs."""
    skus = list(Product.objects.filter(store=store).order_by("sku").values_list("sku", flat=True))
    prices = {
        sku: (price, currency)
        for sku, price, currency in Listing.objects.filter(store=store, price__gt=0).values_list(
            "sku", "price", "currency"
        )
    }
    if not skus:
        return 0
    frames = {
        COST: [_cost(sku, *prices.get(sku, (None, ""))) for sku in skus if sku in prices],
        OWN_STOCK: [_own(sku, at.date()) for sku in skus],
        PRODUCT: [_product(sku) for sku in skus],
    }
    for row, values in frames.items():
        frame = pl.DataFrame(values, schema=row.schema, orient="row")
        push(store, row, frame, frame.write_ndjson().encode(), by=by, at=at)
    return len(skus)


def upload_like_a_person(store: Store, by: Member, file: bytes, name: str, at: datetime) -> None:
    """A file through the upload door: kept, looked at, loaded."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        path = Path(folder) / name
        path.write_bytes(file)
        uploads.bring(store, path, name=name, kind="", by=by, at=at)


def _draw(sku: str, what: str, most: int) -> int:
    """A number from 0 to `most` - 1 that always is the same for a SKU."""
    return int(hashlib.sha256(f"{what}:{sku}".encode()).hexdigest()[:8], 16) % most


def _cost(sku: str, price: int | None, currency: str) -> tuple[Any, ...]:
    """Bought for 18 to 32 % of the price."""
    unit = (price or 0) * (18 + _draw(sku, "cost", 15)) // 100
    return sku, date(2025, 9, 1), unit, currency, unit // 6, None


def _own(sku: str, today: date) -> tuple[Any, ...]:
    kept = _draw(sku, "own", 10)
    return "深圳仓", sku, today, 0 if kept < 6 else _draw(sku, "units", 240), 0, 0


def _product(sku: str) -> tuple[Any, ...]:
    values: dict[str, Any] = dict.fromkeys(PRODUCT.schema)
    values |= {
        "sku": sku,
        "category": category_of(sku),
        "supplier": SUPPLIERS[_draw(sku, "supplier", len(SUPPLIERS))],
        "carton_units": (6, 12, 20, 24, 40)[_draw(sku, "carton", 5)],
        "moq": (50, 100, 200)[_draw(sku, "moq", 3)],
        "production_days": 10 + _draw(sku, "production", 12),
        "transit_days": 28 + _draw(sku, "transit", 10),
    }
    return tuple(values.values())
