"""The product list: what each role sees, filters, edits, takes back and takes away."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import StoreGrant
from apps.core.jobs import run
from apps.core.models import Entry, Job
from apps.core.permissions import STAFF_ROLES, Role
from apps.core.storage import documents
from apps.listings.models import Listing, Product
from tests.listed import of_table, page_named, seated
from tests.world import NOW

at = page_named("products")
shown = of_table(r"[A-Z]-P\d+")

HTMX = {"HX-Request": "true", "HX-Target": "div#rows"}
DRAWER = {"HX-Request": "true", "HX-Target": "div#drawer-content"}


def fill(store, count, *, site="US", currency="USD", prefix=""):
    """`count` products: on sale, off sale, not listed any more, and round again."""
    prefix = prefix or store.slug[0].upper()
    kinds = (Listing.Status.ACTIVE, Listing.Status.INACTIVE, Listing.Status.GONE)
    skus = [f"{prefix}-P{n}" for n in range(count)]
    Product.objects.bulk_create(
        Product(
            store=store, sku=sku, asin=f"B0{sku}", fnsku=f"X0{sku}", title=f"Title of {sku}", updated_at=NOW,
            supplier=f"Mill {n % 2}" if n % 4 else "", moq=100 if n % 2 else None,
        )
        for n, sku in enumerate(skus)
    )  # fmt: skip
    Listing.objects.bulk_create(
        Listing(
            store=store, marketplace_id=site, sku=sku, asin=f"B0{sku}", title=f"Title of {sku}", price=1999 + n,
            currency=currency, fulfilment="FBA", status=kinds[n % 3], as_of=NOW,
        )
        for n, sku in enumerate(skus)
    )  # fmt: skip


@pytest.fixture
def acme(acme):
    with acme:
        fill(acme.store, 6)
        fill(acme.other_store, 2, site="DE", currency="EUR")
    return acme


def product(sku="N-P0"):
    return Product.objects.get(sku=sku)


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_every_staff_role_sees_the_products_of_its_stores(client, acme, role):
    page = seated(client, acme, role).get(at(acme)).content.decode()
    assert "Title of N-P0" in page
    assert "$19.99" in page
    assert ("Title of E-P0" in page) is (role not in {Role.SENIOR, Role.JUNIOR})
    may_edit = role in {Role.OWNER, Role.MANAGER, Role.SENIOR}
    assert ('id="bulk"' in page) is may_edit
    assert ("data-edit" in page) is may_edit


def test_clients_and_strangers_find_nothing_here(client, acme, zeta):
    assert seated(client, acme, Role.CLIENT).get(at(acme)).status_code == 404
    assert seated(client, zeta, Role.OWNER).get(at(acme)).status_code == 404
    url = at(acme, "product", store="europe", sku="E-P0")
    assert seated(client, acme, Role.SENIOR).get(url).status_code == 404


def test_a_grant_for_one_site_shows_what_is_listed_there_and_only_its_price(client, acme):
    with acme:
        Listing.objects.create(
            store=acme.store, marketplace_id="CA", sku="N-P1", price=4242, currency="CAD", fulfilment="FBA",
            status="active", as_of=NOW,
        )  # fmt: skip
        StoreGrant.objects.filter(member=acme.seats[Role.JUNIOR]).update(marketplace="CA")
    page = seated(client, acme, Role.JUNIOR).get(at(acme)).content.decode()
    assert shown(page) == ["N-P1"]
    assert "42.42" in page
    assert "20.00" not in page
    assert "On sale" in page.split("<tbody>")[1]
    assert client.get(at(acme, "product", store="north", sku="N-P0")).status_code == 404


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("status=selling", ["N-P0", "N-P3"]),
        ("status=stopped", ["N-P1", "N-P4"]),
        ("status=unlisted", ["N-P2", "N-P5"]),
        ("q=p3", ["N-P3"]),
        ("q=B0N-P4", ["N-P4"]),
        ("q=X0N-P5", ["N-P5"]),
        ("mp=US", ["N-P0", "N-P1", "N-P3", "N-P4"]),
        ("mp=CA", []),
        ("missing=supplier", ["N-P0", "N-P4"]),
        ("missing=moq&status=selling", ["N-P0"]),
        ("supplier=Mill+1", ["N-P1", "N-P3", "N-P5"]),
        ("owner=me", []),
        ("owner=nonsense&q=p3", ["N-P3"]),
        ("status=nonsense&q=p3", ["N-P3"]),
        ("sort=-product", [f"N-P{n}" for n in (5, 4, 3, 2, 1, 0)]),
        ("sort=-moq&missing=supplier", ["N-P0", "N-P4"]),
    ],
)
def test_filters_and_order_are_in_the_address(client, acme, query, skus):
    page = seated(client, acme, Role.SENIOR).get(f"{at(acme)}?{query}").content.decode()
    assert shown(page) == skus


def test_an_empty_list_says_why(client, acme, zeta):
    assert "No rows match" in seated(client, acme, Role.OWNER).get(f"{at(acme)}?q=zzz").content.decode()
    assert "No products yet" in seated(client, zeta, Role.OWNER).get(at(zeta)).content.decode()


def test_swapping_the_rows_brings_what_depends_on_the_filter(client, acme):
    part = seated(client, acme, Role.OWNER).get(f"{at(acme)}?q=N-P0&status=selling", headers=HTMX).content.decode()
    assert "<html" not in part
    for target in ("segments", "kept", "list-tools", "tiles"):
        assert f'hx-target="#{target}"' in part, target
    assert 'name="query" value="q=N-P0&amp;status=selling"' in part


@pytest.mark.parametrize("role", [Role.OWNER, Role.SENIOR])
def test_ten_or_two_hundred_rows_take_the_same_queries(client, acme, role):
    seated(client, acme, role)
    client.get(f"{at(acme)}?per=200")
    with CaptureQueriesContext(connection) as few:
        client.get(f"{at(acme)}?per=200")
    with acme:
        fill(acme.store, 220, prefix="M")
    with CaptureQueriesContext(connection) as many:
        assert client.get(f"{at(acme)}?per=500").content.decode().count("data-row>") == 200
    assert len(many) == len(few)


def test_a_field_is_edited_in_its_cell_and_can_be_undone(client, acme):
    seated(client, acme, Role.SENIOR)
    url = at(acme, "product-cell", store="north", field="moq", sku="N-P0")
    assert "data-editing" in client.get(url).content.decode()
    answer = client.post(url, {"moq": "250"}, headers={"HX-Request": "true"})
    assert ">250<" in answer.content.decode()
    with acme:
        assert product().moq == 250
        assert "moq" in product().edited
        entry = Entry.objects.get(verb="products.edit")
        assert entry.before == {"products": {"N-P0": {"moq": None}}}
        assert entry.after == {"products": {"N-P0": {"moq": 250}}}
    assert f"numbers={entry.number}" in answer.headers["HX-Trigger"]
    assert 'hx-target="#tiles"' not in answer.content.decode()  # the cell stood on no list
    client.post(at(acme, "changes-undo") + f"?numbers={entry.number}")
    with acme:
        assert product().moq is None


def test_a_saved_cell_brings_the_tiles_of_the_list_it_stands_on(client, acme):
    """Of all stores or of its own, as filtered; of nowhere else."""
    seated(client, acme, Role.SENIOR)
    url = at(acme, "product-cell", store="north", field="moq", sku="N-P0")
    for where, words in (("products", "?q=N-P0"), ("products", "")):
        before = client.get(at(acme, where) + words).context["totals"].missing["moq"]
        shown = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{at(acme, where)}{words}"}
        answer = client.post(url, {"moq": "250"}, headers=shown)
        assert answer.context["totals"].missing["moq"] == before - 1
        assert '<hx-partial hx-target="#tiles"' in answer.content.decode()
        client.post(url, {"moq": ""}, headers=shown)
    far = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{at(acme, 'orders')}"}
    assert "#tiles" not in client.post(url, {"moq": "9"}, headers=far).content.decode()


@pytest.mark.parametrize("wrong", ["0", "-1", "many", "99999999999"])
def test_nonsense_is_refused_with_the_form(client, acme, wrong):
    url = at(acme, "product-cell", store="north", field="moq", sku="N-P1")
    answer = seated(client, acme, Role.SENIOR).post(url, {"moq": wrong}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    with acme:
        assert product("N-P1").moq == 100


def test_what_comes_from_the_marketplace_cannot_be_edited(client, acme):
    seated(client, acme, Role.OWNER)
    assert client.post(at(acme, "product-cell", store="north", field="title", sku="N-P0")).status_code == 404
    client.post(at(acme, "product-edit", store="north", sku="N-P0"), {"title": "Mine", "brand": "Ours"})
    with acme:
        assert (product().title, product().brand) == ("Title of N-P0", "Ours")


def bulk(client, world, action, skus, **more):
    keys = [f"{world.store.pk}/{sku}" for sku in skus]
    return client.post(at(world, "products-act"), {"action": action, "keys": keys, **more}, headers=HTMX)


def test_many_are_edited_at_once_with_one_entry_and_one_undo(client, acme):
    seated(client, acme, Role.SENIOR)
    junior = acme.seats[Role.JUNIOR]
    bulk(client, acme, "owner", ["N-P0", "N-P1"], owner=str(junior.pk))
    answer = bulk(client, acme, "supplier", ["N-P0", "N-P1", "N-P2"], supplier="Mill 1")
    assert "2 products changed" in answer.headers["HX-Trigger"]  # one was as said already
    with acme:
        rows = Product.objects.filter(sku__in=["N-P0", "N-P1", "N-P2"]).order_by("sku")
        assert [(r.supplier, r.owner_id) for r in rows] == [("Mill 1", junior.pk)] * 2 + [("Mill 1", None)]
        numbers = list(Entry.objects.order_by("-number").values_list("number", flat=True))
    assert len(numbers) == 2
    client.post(at(acme, "changes-undo") + f"?numbers={','.join(map(str, numbers))}")
    with acme:
        rows = Product.objects.filter(sku__in=["N-P0", "N-P1", "N-P2"]).order_by("sku")
        assert [(r.supplier, r.owner_id) for r in rows] == [("", None), ("Mill 1", None), ("Mill 0", None)]


def test_what_changed_since_is_not_undone(client, acme):
    seated(client, acme, Role.OWNER)
    bulk(client, acme, "moq", ["N-P0"], moq="5")
    with acme:
        number = Entry.objects.get().number
    bulk(client, acme, "moq", ["N-P0"], moq="6")
    answer = client.post(at(acme, "changes-undo") + f"?numbers={number}")
    assert "changed since" in answer.headers["HX-Trigger"]
    with acme:
        assert product().moq == 6


def test_all_of_a_filter_is_recounted_by_the_server(client, acme):
    seated(client, acme, Role.OWNER)
    values = {"action": "carton_units", "carton_units": "12", "scope": "all", "query": "status=selling&q=N-P"}
    url = at(acme, "products-act")
    assert client.post(url, values | {"count": 3}, headers=HTMX).status_code == 422
    assert client.post(url, values | {"count": 2}, headers=HTMX).status_code == 200
    with acme:
        assert set(Product.objects.filter(carton_units=12).values_list("sku", flat=True)) == {"N-P0", "N-P3"}


def test_products_of_stores_one_may_not_see_cannot_be_chosen(client, acme):
    seated(client, acme, Role.SENIOR)
    keys = [f"{acme.other_store.pk}/E-P0"]
    answer = client.post(at(acme, "products-act"), {"action": "moq", "moq": "3", "keys": keys}, headers=HTMX)
    assert answer.status_code == 422
    with acme:
        assert not Product.objects.filter(moq=3).exists()


@pytest.mark.parametrize("role", [Role.JUNIOR, Role.FINANCE, Role.ANALYST])
def test_readers_change_nothing(client, acme, role):
    seated(client, acme, role)
    assert bulk(client, acme, "moq", ["N-P0"], moq="3").status_code == 403
    url = at(acme, "product-edit", store="north", sku="N-P0")
    assert client.post(url, {"moq": "3"}).status_code == 403
    drawer = client.get(at(acme, "product", store="north", sku="N-P0"), headers=DRAWER).content.decode()
    assert "<form" not in drawer


def test_a_client_cannot_look_after_products(client, acme):
    owner = str(acme.seats[Role.CLIENT].pk)
    answer = bulk(seated(client, acme, Role.OWNER), acme, "owner", ["N-P0"], owner=owner)
    assert answer.status_code == 422
    with acme:
        assert product().owner_id is None


def test_the_drawer_shows_listings_and_who_changed_what(client, acme):
    seated(client, acme, Role.SENIOR)
    junior = acme.seats[Role.JUNIOR]
    bulk(client, acme, "owner", ["N-P0"], owner=str(junior.pk))
    url = at(acme, "product", store="north", sku="N-P0")
    part = client.get(url, headers=DRAWER).content.decode()
    assert "<html" not in part
    for words in ("$19.99", "X0N-P0", "Master data", f"<span>{junior}</span>"):
        assert words in part, words


def test_skus_with_odd_signs_work(client, acme):
    with acme:
        fill(acme.store, 1, prefix="A/B é%")
    seated(client, acme, Role.OWNER)
    for name, more in (("product", {}), ("product-cell", {"field": "supplier"})):
        assert client.get(at(acme, name, store="north", sku="A/B é%-P0", **more)).status_code == 200


@pytest.mark.parametrize(("role", "skus"), [(Role.OWNER, ["E-P0", "N-P0", "N-P3"]), (Role.SENIOR, ["N-P0", "N-P3"])])
def test_the_export_holds_what_is_filtered_and_visible(client, acme, role, skus):
    seated(client, acme, role)
    assert client.post(at(acme, "products-export"), {"format": "exe"}).status_code == 422
    client.post(at(acme, "products-export"), {"format": "csv", "query": "status=selling"})
    with acme:
        job = Job.objects.get(kind="products.export")
    run(job.pk, agency_id=acme.agency.pk)
    with acme:
        job.refresh_from_db()
        assert (job.state, job.done) == ("done", len(skus))
        with documents().open(job.file) as file:
            lines = file.read().decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Store,SKU,ASIN,FNSKU,Title,Status,Sites and prices")
    assert sorted(line.split(",")[1] for line in lines[1:]) == skus
    assert "US active 19.99 USD" in next(line for line in lines if "N-P0" in line)


def test_products_are_found_in_the_palette(client, acme):
    seated(client, acme, Role.SENIOR)
    page = client.get(at(acme, "palette") + "?q=P3").content.decode()
    assert at(acme, "product", store="north", sku="N-P3") in page
    assert "/products/" not in client.get(at(acme, "palette") + "?q=E-P0").content.decode()
