"""The ledger says in words what it keeps in codes, and a client is not told who looks after what."""

from datetime import date

import pytest
from django.utils import timezone, translation

from apps.accounts.models import Member, Store
from apps.core import audit
from apps.core.findings import KINDS
from apps.core.tenancy import tenant
from apps.listings.actions.products import edit_products
from apps.listings.models import Product
from apps.sales.actions.costs import CostLine, set_costs
from apps.sync.models import file_title
from apps.team.queries.wording import SHOWN, differences, titled


@pytest.fixture
def shop(acme):
    with tenant(acme.agency.pk):
        store = Store.objects.get(slug="north")
        for n in range(SHOWN + 2):
            Product.objects.create(store=store, sku=f"VNX/W-{n}", title=f"Webcam {n}", updated_at=timezone.now())
        yield store, Member.objects.get(user=acme.user("owner"))


def record(store, by, verb, title="", **change):
    return audit.record(verb, store, by=by, at=timezone.now(), store=store, title=title, **change)


def said(entry, **how):
    return differences([entry], **how)[entry.number]


def test_a_bulk_edit_is_told_by_product(shop):
    _store, owner = shop
    (entry,) = edit_products(Product.objects.order_by("sku"), {"moq": 50}, by=owner, at=timezone.now())
    rows = said(entry)
    assert rows[0] == ("VNX/W-0 · Minimum order", None, 50)
    assert rows[-1] == ("…", None, "2 more")
    assert len(rows) == SHOWN + 1
    assert titled(entry).endswith(" +2")


def test_people_are_named_to_staff_and_kept_from_clients(shop):
    _store, owner = shop
    (entry,) = edit_products(Product.objects.all()[:1], {"owner_id": owner.pk}, by=owner, at=timezone.now())
    assert said(entry) == [("VNX/W-0 · Owner", None, str(owner))]
    assert said(entry, staff=False) == []


def test_a_cost_is_money(shop):
    store, owner = shop
    line = CostLine("VNX/W-0", date(2026, 1, 1), 1250, "USD", 75)
    assert said(set_costs(store, [line], by=owner, at=timezone.now())) == [
        ("VNX/W-0 2026-01-01", None, "$12.50 + $0.75")
    ]


def test_lines_of_replenishment_lose_their_keys(shop):
    entry = record(
        *shop,
        "replenishment.mode",
        "US/VNX/W-0",
        before={"lines": {"US/VNX/W-0": ""}},
        after={"lines": {"US/VNX/W-0": "air+sea"}},
    )
    assert said(entry) == [("VNX/W-0 US", None, "Air + sea")]
    assert titled(entry) == "VNX/W-0 US"


@pytest.mark.parametrize(
    ("verb", "title", "words"),
    [
        ("connection.connect", "North: sp_api", "North: Amazon Selling Partner API"),
        ("limit.change", "plan.approve · senior", "Approve plans, up to the role's limit · Senior operator"),
        ("sync.pull", "fba_stock US", "FBA stock US"),
        ("inbox.dismiss", "restock-urgent VNX/W-0", "Stock-out ahead VNX/W-0"),
        ("key.create", "erp_nightly", "erp_nightly"),
    ],
)
def test_titles_are_said(shop, verb, title, words):
    entry = record(*shop, verb, title)
    assert titled(entry) == words
    with translation.override("zh-hans"):
        assert ": " not in titled(entry)


def test_what_was_and_is_nothing_is_left_out(shop):
    after = {"name": "North", "note": "", "expires_at": "2027-01-05T23:30:00+00:00", "stores": 0}
    with timezone.override("Asia/Shanghai"):
        assert said(record(*shop, "key.create", after=after)) == [
            ("Name", None, "North"),
            ("Valid until", None, "2027-01-06 07:30"),
        ]


def test_limits_are_money(shop):
    entry = record(*shop, "limit.change", after={"role": "senior", "action": "plan.approve", "most": 1_000_000})
    words = [new for _name, _old, new in said(entry, currency="USD")]
    assert (words[0], words[2]) == ("Senior operator", "$10,000")


def test_pushed_files_are_named_by_what_they_hold():
    with timezone.override("Asia/Shanghai"):
        assert file_title("own_stock 2026-11-26 23:30:08") == "Own warehouses 2026-11-27 07:30"
    assert file_title("orders 2026.csv") == "orders 2026.csv"


def test_lists_of_codes_are_words(shop):
    entry = record(*shop, "key.create", after={"scopes": ["orders:read", "stock:write"], "sites": ["US", "DE"]})
    assert [new for _name, _old, new in said(entry)] == ["Read orders, Write stock of own warehouses", "US, DE"]
    with translation.override("zh-hans"):
        assert said(entry)[1][2] == "US、DE"


def test_stock_that_is_out_is_out_now():
    """No "out in 0 days": nothing left is now, less than a day's worth is today."""
    detail = {"sku": "S", "title": "Lamp", "units": 40, "cover": 0, "available": 0}
    for key, tail in (("restock-urgent", "order 40"), ("restock-hurry", "before")):
        kind = KINDS[key]
        assert str(kind.says(detail)).startswith("Out now, ")
        assert str(kind.says(detail | {"available": 3})).startswith("Out today, ")
        assert str(kind.says(detail | {"available": 30, "cover": 2})).startswith("Out in {cover} d")
        assert tail in str(kind.says(detail)).format_map(detail | {"inbound": 5})
