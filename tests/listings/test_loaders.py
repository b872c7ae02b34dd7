"""Listings and products: gone is a state, people's words stay."""

from datetime import date

from apps.core.permissions import Role
from apps.listings.actions import edit_product
from apps.listings.models import Listing, Product
from apps.sync.rows import LISTING, PRODUCT
from tests.sales.rows import load
from tests.world import NOW

DAY = (date(2026, 3, 2), date(2026, 3, 2))


def listing(sku: str = "A", **values):
    return {"marketplace": "US", "sku": sku, "asin": f"B0{sku}", "title": f"Lamp {sku}", "status": "active"} | values


def test_listings_become_products(acme):
    with acme:
        loaded = load(
            acme, LISTING, listing(), listing("B", price=1999, currency="USD"), days=DAY, markets=("US", "CA")
        )
        assert (loaded.new, loaded.changed, loaded.gone) == (2, 0, 0)
        assert {(p.sku, p.asin, p.title, p.active) for p in Product.objects.all()} == {
            ("A", "B0A", "Lamp A", True),
            ("B", "B0B", "Lamp B", True),
        }


def test_a_listing_a_whole_report_leaves_out_is_gone_and_comes_back(acme):
    with acme:
        load(acme, LISTING, listing(), listing("B"), as_of=1, days=DAY)
        assert load(acme, LISTING, listing(), as_of=2, days=DAY).gone == 1
        assert Listing.objects.get(sku="B").status == "gone"
        assert not Product.objects.get(sku="B").active
        load(acme, LISTING, listing(), listing("B"), as_of=3, days=DAY)
        assert Listing.objects.get(sku="B").status == "active"


def test_a_listing_of_another_site_is_not_gone(acme):
    with acme:
        load(acme, LISTING, listing(marketplace="CA"), markets=("CA",), as_of=1, days=DAY)
        assert load(acme, LISTING, listing(), markets=("US",), as_of=2, days=DAY).gone == 0


def test_an_older_whole_report_that_arrives_later_changes_nothing(acme):
    with acme:
        load(acme, LISTING, listing(title="New"), as_of=2, days=DAY)
        loaded = load(acme, LISTING, listing(title="Old"), listing("B"), as_of=1, days=DAY)
        assert (loaded.new, loaded.changed, loaded.gone) == (0, 0, 0)
        assert [(row.sku, row.title) for row in Listing.objects.all()] == [("A", "New")]


def test_the_title_of_a_product_is_that_of_its_first_site_on_sale(acme):
    with acme:
        rows = listing(title="Lampe", marketplace="CA"), listing(title="Lamp")
        load(acme, LISTING, *rows, markets=("CA", "US"), as_of=1, days=DAY)
        assert Product.objects.get().title == "Lamp"
        load(acme, LISTING, rows[0], markets=("CA", "US"), as_of=2, days=DAY)
        assert Product.objects.get().title == "Lampe"


def test_what_a_person_says_outlives_older_files_and_yields_to_later_ones(acme):
    with acme:
        load(acme, PRODUCT, {"sku": "A", "supplier": "North Mill", "carton_units": 10}, as_of=-2)
        edit_product(Product.objects.get(), {"supplier": "East Mill"}, by=acme.seats[Role.OWNER], at=NOW)
        load(acme, PRODUCT, {"sku": "A", "supplier": "West Mill", "carton_units": 12}, as_of=-1)
        product = Product.objects.get()
        assert (product.supplier, product.carton_units) == ("East Mill", 12)
        load(acme, PRODUCT, {"sku": "A", "supplier": "South Mill"}, as_of=1)
        assert Product.objects.get().supplier == "South Mill"


def test_a_title_from_an_erp_is_kept_when_listings_come(acme):
    with acme:
        load(acme, PRODUCT, {"sku": "A", "title": "台灯"})
        load(acme, LISTING, listing(), days=DAY)
        product = Product.objects.get()
        assert (product.title, product.asin) == ("台灯", "B0A")


def test_masters_of_two_files_meet_column_by_column_in_either_order(acme, zeta):
    files = [({"sku": "A", "supplier": "North Mill", "moq": 5}, 1), ({"sku": "A", "moq": 6, "brand": "Lumo"}, 2)]
    for world, order in ((acme, files), (zeta, files[::-1])):
        with world:
            for row, as_of in order:
                load(world, PRODUCT, row, as_of=as_of)
            assert load(world, PRODUCT, files[1][0], as_of=2).changed == 0
            product = Product.objects.get()
            assert (product.supplier, product.moq, product.brand) == ("North Mill", 6, "Lumo")
