"""The order list: filters, pages found by where the last one ended, sums, one order's drawer, the file to take away."""

import re
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import StoreGrant
from apps.core.jobs import run
from apps.core.models import Job
from apps.core.permissions import STAFF_ROLES, Role
from apps.core.storage import documents
from apps.listings.models import Product
from apps.sales.models import OrderLine
from apps.sales.queries import order_sums
from apps.sync.models import StoredDocument
from apps.sync.rows import ORDER_LINE
from tests.listed import page_named, seated, table
from tests.sales.rows import load
from tests.world import NOW

at = page_named("orders")

HTMX = {"HX-Request": "true", "HX-Target": "div#rows"}
DRAWER = {"HX-Request": "true", "HX-Target": "div#drawer-content"}
STATES = ("Shipped", "Shipped", "Unshipped", "Pending", "Cancelled")


def line(n: int, *, site="US", currency="USD", at: datetime | None = None, **values):
    """Line n: a day older each, of the states in turn; 10.00 with a promotion of 1.00, unknown while pending."""
    status = STATES[n % 5]
    at = at or timezone.now() - timedelta(days=n)
    priced = status != "Pending"
    return {
        "order_id": f"111-0000000-{n:07}", "sku": f"S{n % 3}", "ordinal": 1, "marketplace": site, "asin": f"B{n % 3}",
        "purchased_at": at, "purchased_on": at.date(), "updated_at": at, "status": status, "item_status": "",
        "fulfilment": "FBM" if n % 4 == 3 else "FBA", "quantity": 2, "currency": currency if priced else "",
        "price": 1000 if priced else None, "promotion": 100 if priced else None, "tax": 80 if priced else None,
        "shipping": 50 if priced else None, "shipping_tax": None, "ship_country": "US", "business": 0,
    } | values  # fmt: skip


@pytest.fixture
def acme(acme):
    with acme:
        load(acme, ORDER_LINE, *(line(n) for n in range(10)))
        Product.objects.create(store=acme.store, sku="S0", title="Title of S0", updated_at=NOW)
        theirs = line(1, site="DE", currency="EUR", order_id="304-0000000-0000001")
        theirs["marketplace_id"] = theirs.pop("marketplace")
        OrderLine.objects.create(store=acme.other_store, as_of=NOW, **theirs)
    return acme


def shown(page: str) -> list[int]:
    """The numbers of the table's orders, in its order."""
    return [int(n) for n in table(page, r">111-0000000-(\d+)<")]


def tile(page: str, label: str) -> str:
    found = re.search(rf">{label}</(?:a|span)>.*?tile-value\">(.*?)</div>", page.split('id="tiles"')[1], re.DOTALL)
    return re.sub("<[^>]+>", "", found[1]).strip()


def link(page: str, rel: str) -> str:
    """The address behind an arrow; "" without one."""
    found = re.search(rf'rel="{rel}"[^>]*? href="([^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_every_staff_role_sees_the_orders_of_its_stores(client, acme, role):
    page = seated(client, acme, role).get(at(acme)).content.decode()
    assert shown(page) == list(range(10))
    assert "Title of S0" in page
    assert ("304-0000000-0000001" in page) is (role not in {Role.SENIOR, Role.JUNIOR})


def test_clients_and_strangers_find_nothing_here(client, acme, zeta):
    assert seated(client, acme, Role.CLIENT).get(at(acme)).status_code == 404
    assert seated(client, zeta, Role.OWNER).get(at(acme)).status_code == 404
    seated(client, acme, Role.SENIOR)
    assert client.get(at(acme, "order", store="europe", number="304-0000000-0000001")).status_code == 404
    assert client.get(at(acme, "order", store="north", number="304-0000000-0000001")).status_code == 404


def test_a_grant_for_one_site_shows_that_site_only(client, acme):
    with acme:
        load(acme, ORDER_LINE, line(20, site="CA", currency="CAD", at=timezone.now()), as_of=1, markets=("CA",))
        StoreGrant.objects.filter(member=acme.seats[Role.JUNIOR]).update(marketplace="CA")
    seated(client, acme, Role.JUNIOR)
    page = client.get(at(acme)).content.decode()
    assert shown(page) == [20]
    assert tile(page, "Sales") == "CA$9"
    assert client.get(at(acme, "order", store="north", number="111-0000000-0000001")).status_code == 404


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("status=cancelled", [4, 9]),
        ("status=pending", [3, 8]),
        ("status=unshipped", [2, 7]),
        ("status=shipped", [0, 1, 5, 6]),
        ("status=nonsense&way=FBM", [3, 7]),
        ("way=FBM&status=pending", [3]),
        ("q=S1", [1, 4, 7]),
        ("q=b2", [2, 5, 8]),
        ("q=111-0000000-0000006", [6]),
        ("q=111-0000000-000000", []),
        ("mp=US&status=pending", [3, 8]),
        ("mp=CA", []),
        ("store=north&last=3d", [0, 1, 2, 3]),
        ("sort=purchased&status=shipped", [6, 5, 1, 0]),
        ("last=nonsense&from=x&status=pending", [3, 8]),
    ],
)
def test_filters_and_order_are_in_the_address(client, acme, query, numbers):
    assert shown(seated(client, acme, Role.SENIOR).get(f"{at(acme)}?{query}").content.decode()) == numbers


def test_an_order_is_found_by_its_number_on_whatever_day(client, acme):
    with acme:
        load(acme, ORDER_LINE, line(30, at=timezone.now() - timedelta(days=300)), as_of=1)
    seated(client, acme, Role.SENIOR)
    assert 30 not in shown(client.get(at(acme)).content.decode())
    assert shown(client.get(f"{at(acme)}?q=111-0000000-0000030").content.decode()) == [30]


def test_days_that_are_named_end_where_they_say(client, acme):
    days = [timezone.now().date() - timedelta(days=n) for n in (4, 2)]
    page = seated(client, acme, Role.SENIOR).get(f"{at(acme)}?from={days[0]}&to={days[1]}").content.decode()
    assert shown(page) == [2, 3, 4]


@pytest.mark.parametrize(
    ("role", "sort"),
    [
        *((Role.OWNER, sort) for sort in ("-purchased", "purchased", "-sales", "units", "status")),
        (Role.SENIOR, "-purchased"),
    ],
)
def test_pages_follow_each_other_and_lead_back(client, acme, role, sort):
    """Lines of one moment included: nothing is shown twice, nothing left out."""
    with acme:
        same = timezone.now() - timedelta(hours=1)
        more = [line(n, at=same, ordinal=o) for n in (40, 41) for o in (1, 2)]
        load(acme, ORDER_LINE, *more, as_of=1)
    seated(client, acme, role)
    first = url = f"{at(acme)}?per=3&sort={sort}"
    forth: list[int] = []
    while url:
        page = client.get(url).content.decode()
        forth += shown(page)
        url = link(page, "next")
    assert sorted(forth) == [*range(10), 40, 40, 41, 41]
    back = [page]
    while url := link(back[0], "prev"):
        back.insert(0, client.get(url).content.decode())
    assert [n for page in back for n in shown(page)] == forth
    assert link(client.get(first).content.decode(), "prev") == ""


def test_lines_are_sorted_by_money_units_and_state(client, acme):
    """Money of all currencies on one scale; what is not known yet comes last."""
    with acme:
        now = timezone.now()
        load(acme, ORDER_LINE, line(50, at=now, price=900, quantity=9), line(51, at=now, price=5000), as_of=3)
        OrderLine.objects.filter(store=acme.other_store).update(price=100_000, currency="JPY")
    seated(client, acme, Role.OWNER)
    worth = [row.line for row in client.get(f"{at(acme)}?sort=-sales").context["lines"]]
    assert [each.price for each in worth[:3]] == [100_000, 5000, 1000]  # about 600, 49 and 9 dollars
    assert {each.price for each in worth[-2:]} == {None}
    units = [row.line.quantity for row in client.get(f"{at(acme)}?sort=-units").context["lines"]]
    assert units == sorted(units, reverse=True)
    assert units[0] == 9
    states = [row.state for row in client.get(f"{at(acme)}?sort=status").context["lines"]]
    assert states == sorted(states, key=["pending", "unshipped", "shipped", "cancelled"].index)


def test_too_many_lines_are_not_sorted_by_money_but_said_to_be(client, acme, monkeypatch):
    monkeypatch.setattr(order_sums, "MOST_COUNTED", 4)
    page = seated(client, acme, Role.SENIOR).get(f"{at(acme)}?sort=sales").content.decode()
    assert "Choose a shorter period" in page
    assert shown(page) == list(range(10))
    assert "Choose a shorter period" not in client.get(at(acme)).content.decode()


@pytest.mark.parametrize("mark", ["nonsense", "W10", "WzEsMiwzLDQsNSw2XQ", "eyJhIjoxfQ"])
def test_a_broken_mark_leads_to_the_first_page(client, acme, mark):
    seated(client, acme, Role.OWNER)
    for name in ("after", "before"):
        assert shown(client.get(f"{at(acme)}?per=3&{name}={mark}").content.decode())[:1] == [0]
        assert client.get(f"{at(acme)}?per=3&sort=-sales&{name}={mark}").status_code == 200


def test_sums_of_what_is_chosen(client, acme):
    seated(client, acme, Role.SENIOR)
    page = client.get(at(acme)).content.decode()
    assert tile(page, "Sales") == "$54"  # six lines of 10.00 less 1.00: two are pending, two cancelled
    assert (tile(page, "Orders"), tile(page, "Units sold"), tile(page, "Order lines")) == ("8", "16", "10")
    assert [re.search(rf"{word} <span class=\"num\">(\d+)", page)[1] for word in ("All", "Pending", "Cancelled")] == [
        "10",
        "2",
        "2",
    ]
    cancelled = client.get(f"{at(acme)}?status=cancelled").content.decode()
    assert (tile(cancelled, "Sales"), tile(cancelled, "Order lines")) == ("$0", "2")
    assert 'Cancelled <span class="num">2' in cancelled


def test_money_of_several_currencies_is_named_by_each(client, acme):
    page = seated(client, acme, Role.OWNER).get(at(acme)).content.decode()
    assert "€9" in page
    assert "$54" in page


def test_beyond_the_limit_it_says_so_and_the_roll_up_knows_the_sums(client, acme, monkeypatch):
    monkeypatch.setattr(order_sums, "MOST_COUNTED", 4)
    seated(client, acme, Role.SENIOR)
    page = client.get(at(acme)).content.decode()
    assert tile(page, "Order lines") == "4+"
    assert (tile(page, "Sales"), tile(page, "Orders"), tile(page, "Units sold")) == ("$54", "8", "16")
    assert 'Pending <span class="num">' not in page
    shipped = client.get(f"{at(acme)}?q=S").content.decode()
    assert tile(shipped, "Sales").startswith("≥")
    assert tile(client.get(f"{at(acme)}?status=pending").content.decode(), "Order lines") == "2"


def test_swapping_the_rows_brings_what_depends_on_the_filter(client, acme):
    part = seated(client, acme, Role.OWNER).get(f"{at(acme)}?q=S1&per=1", headers=HTMX).content.decode()
    assert "<html" not in part
    for target in ("segments", "kept", "list-tools", "tiles"):
        assert f'hx-target="#{target}"' in part, target
    older = link(part, "next")
    again = client.get(older, headers=HTMX).content.decode()
    assert "after=" not in again.split('id="rows"')[0] + again.split("</table>")[0]  # no sort and no view keeps a mark


@pytest.mark.parametrize("role", [Role.OWNER, Role.SENIOR])
@pytest.mark.parametrize("query", ["per=200", "per=200&status=shipped&q=S"])
def test_ten_or_two_hundred_rows_take_the_same_queries(client, acme, role, query):
    seated(client, acme, role)
    client.get(f"{at(acme)}?{query}")
    with CaptureQueriesContext(connection) as few:
        client.get(f"{at(acme)}?{query}")
    with acme:
        now = timezone.now()
        load(acme, ORDER_LINE, *(line(5 * n, at=now - timedelta(minutes=n)) for n in range(100, 400)), as_of=1)
    with CaptureQueriesContext(connection) as many:
        assert client.get(f"{at(acme)}?{query}").content.decode().count("data-row>") == 200
    assert len(many) == len(few)


def test_no_line_is_counted_one_by_one(client, acme):
    """Every read of order lines for the list ends after so many rows."""
    seated(client, acme, Role.OWNER)
    with CaptureQueriesContext(connection) as seen:
        client.get(f"{at(acme)}?status=shipped")
    reads = [q["sql"] for q in seen if "sales_orderline" in q["sql"]]
    assert len(reads) == 3
    assert all("LIMIT" in sql for sql in reads)


def test_the_drawer_shows_all_lines_their_sum_and_their_document(client, acme):
    with acme:
        two = [line(50, at=timezone.now(), sku=sku) for sku in ("S0", "S1")]
        void = line(50, at=timezone.now(), sku="S2", item_status="Cancelled", price=5000)
        load(acme, ORDER_LINE, *two, void, as_of=2)
        kept = StoredDocument.objects.latest("as_of")
    seated(client, acme, Role.JUNIOR)
    part = client.get(at(acme, "order", store="north", number="111-0000000-0000050"), headers=DRAWER).content.decode()
    assert "<html" not in part
    assert part.count('class="grid grid-cols-1 gap-1 py-2"') == 3
    total = re.sub("<[^>]+>", "", part.split('<tr class="result">')[1])
    assert "$20.60" in total  # 2 x (10.00 - 1.00 + 0.50 + 0.80)
    assert at(acme, "document-file", pk=kept.pk) in part


def test_an_order_whose_document_is_gone_says_so(client, acme):
    with acme:
        StoredDocument.objects.all().delete()
    page = seated(client, acme, Role.OWNER).get(at(acme, "order", store="north", number="111-0000000-0000001"))
    assert "is not kept any more" in page.content.decode()


@pytest.mark.parametrize(("role", "count"), [(Role.OWNER, 5), (Role.SENIOR, 4)])
def test_the_export_holds_all_pages_of_what_is_filtered(client, acme, role, count):
    seated(client, acme, role)
    client.post(at(acme, "orders-export"), {"format": "csv", "query": "status=shipped&per=2"})
    with acme:
        job = Job.objects.get(kind="orders.export")
    run(job.pk, agency_id=acme.agency.pk)
    with acme:
        job.refresh_from_db()
        assert (job.state, job.done, job.note) == ("done", count, "")
        with documents().open(job.file) as file:
            header, *lines = file.read().decode("utf-8-sig").splitlines()
    names = header.split(",")
    rows = [dict(zip(names, each.split(","), strict=True)) for each in lines]
    ours = [row for row in rows if row["Store"] == "north"]
    assert [row["Order"][-1] for row in ours] == ["0", "1", "5", "6"]
    assert (ours[0]["Sales"], ours[0]["Currency"], ours[0]["Title"]) == ("9.00", "USD", "Title of S0")
    assert date.fromisoformat(ours[0]["Day of the site"]) == timezone.now().date()


def test_a_file_has_its_limit_and_says_so(client, acme, monkeypatch):
    from apps.sales import jobs
    from apps.sales.queries import exports

    monkeypatch.setattr(exports, "MOST_LINES", 3)
    monkeypatch.setattr(jobs, "MOST_LINES", 3)
    seated(client, acme, Role.OWNER).post(at(acme, "orders-export"), {"format": "xlsx"})
    with acme:
        job = Job.objects.get(kind="orders.export")
    run(job.pk, agency_id=acme.agency.pk)
    with acme:
        job.refresh_from_db()
        assert job.done == 3
        assert "at most 3 lines" in job.note


def test_an_order_is_found_in_the_palette(client, acme):
    seated(client, acme, Role.SENIOR)
    page = client.get(at(acme, "palette") + "?q=111-0000000-0000004").content.decode()
    assert at(acme, "order", store="north", number="111-0000000-0000004") in page
    assert "/orders/304-" not in client.get(at(acme, "palette") + "?q=304-0000000-0000001").content.decode()
