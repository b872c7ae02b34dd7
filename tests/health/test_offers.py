"""What sales and listings tell health: orders by who fulfils them, offers with their sales."""

from datetime import UTC, date, datetime, timedelta

from django.db import connection

from apps.health.models import Defect, Offer, OrderDay
from apps.listings.models import Product
from apps.sales.actions.defects import place_defects
from apps.sales.actions.offers import tell_offers
from apps.sales.actions.programmes import count_all_programmes
from apps.sync.rows import LISTING, ORDER_LINE
from tests.inventory.stock import listed, sold
from tests.sales.rows import load
from tests.sales.test_orders import line
from tests.world import NOW

DAY, NEXT = date(2026, 2, 1), date(2026, 2, 2)


def bought(order: str, day: int = 1, hour: int = 12, **values):
    """An order line of a UTC moment in February; local days are a test's own."""
    return line(order, purchased_at=datetime(2026, 2, day, hour, tzinfo=UTC), **values)


def told() -> list[tuple]:
    days = OrderDay.objects.order_by("date", "programme")
    return [(day.marketplace_id, day.programme, day.date, day.orders) for day in days]


def test_orders_of_a_day_are_counted_by_programme_without_the_cancelled(acme, zeta):
    with zeta:
        load(zeta, ORDER_LINE, line("z"))
    with acme:
        load(
            acme,
            ORDER_LINE,
            bought("o1"),
            bought("o1", sku="B"),
            bought("o2", fulfilment="FBM"),
            bought("o3", status="Cancelled"),
        )
        assert told() == [("US", "afn", DAY, 1), ("US", "mfn", DAY, 1)]


def test_an_order_that_moves_changes_programme_or_is_cancelled_is_counted_anew(acme):
    with acme:
        load(acme, ORDER_LINE, bought("o1"), bought("o2"), bought("o3"))
        load(acme, ORDER_LINE, bought("o1", 2, 5), bought("o2", fulfilment="FBM"), as_of=1)
        assert told() == [("US", "afn", DAY, 1), ("US", "mfn", DAY, 1), ("US", "afn", NEXT, 1)]
        load(acme, ORDER_LINE, bought("o2", fulfilment="FBM", status="Cancelled"), as_of=2)
        assert told() == [("US", "afn", DAY, 1), ("US", "afn", NEXT, 1)]


def test_days_counted_at_once_are_those_counted_by_loads(acme):
    with acme:
        load(acme, ORDER_LINE, bought("o1"), bought("o2", fulfilment="FBM"), bought("o3", 2, 5))
        by_loads = told()
        assert not count_all_programmes(acme.store.pk), "counted already"
        OrderDay.objects.all().delete()
        assert count_all_programmes(acme.store.pk)
        assert told() == by_loads


def test_offers_carry_30_days_of_sales_and_who_owns_the_sku(acme):
    owner = next(iter(acme.seats.values()))
    with acme:
        listed(acme.store, "A", "US", "CA", owner=owner, brand="Lumen")
        listed(acme.store, "B", "US")
        sold(acme.store, "A", 2, days=40, until=0)
        load(acme, ORDER_LINE, line("x", purchased_on=NOW.date() - timedelta(days=3)))
        assert tell_offers(acme.store.pk, at=NOW).new == 3
        a, b, ca = sorted(Offer.objects.all(), key=lambda offer: (offer.marketplace_id == "CA", offer.sku))
        assert (a.sku, a.units_30d, a.sales_30d, a.currency, a.owner_id, a.brand) == (
            "A", 60, 30 * 3800 - 3800 + 1900, "USD", owner.pk, "Lumen",
        )  # fmt: skip
        assert (b.sku, b.units_30d, b.sales_30d, b.active) == ("B", 0, 0, True)
        assert (ca.marketplace_id, ca.units_30d, ca.sales_30d) == ("CA", None, None), "no day of CA is known"


def test_offers_told_again_are_not_written_and_those_gone_go(acme):
    with acme:
        listed(acme.store, "A", "US")
        listed(acme.store, "B", "US")
        listed(acme.other_store, "A", "DE")
        tell_offers(acme.other_store.pk, at=NOW)
        tell_offers(acme.store.pk, at=NOW)
        again = tell_offers(acme.store.pk, at=NOW + timedelta(hours=1))
        assert (again.new, again.changed) == (0, 0)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM listings_listing WHERE sku = 'B'")
        Product.objects.filter(sku="A", store=acme.store).update(brand="New")
        assert tell_offers(acme.store.pk, at=NOW).changed == 1
        assert sorted(Offer.objects.values_list("store_id", "sku", "brand")) == [
            (acme.store.pk, "A", "New"),
            (acme.other_store.pk, "A", ""),
        ]


def test_listings_ring_the_bell(acme, monkeypatch, django_capture_on_commit_callbacks):
    rung = []
    monkeypatch.setattr("apps.sales.tasks.tell_store.apply_async", lambda *a, **k: rung.append((a, k)))
    with django_capture_on_commit_callbacks(execute=True), acme:
        load(acme, LISTING, {"marketplace": "US", "sku": "A", "status": "active", "fulfilment": "FBA"})
        from apps.sync.actions.documents import tell
        from apps.sync.loading import Loaded

        tell(LISTING.name, store_id=acme.store.pk, loaded=Loaded(1, 1))
    assert rung[0][0] == ([acme.store.pk], {"agency_id": acme.agency.pk})


def test_defects_learn_day_programme_and_sku_from_our_orders_and_keep_what_they_know(acme):
    def defect(order: str, **values) -> None:
        about = {"kind": "feedback", "marketplace_id": "US", "as_of": NOW} | values
        Defect.objects.create(store=acme.store, order_id=order, **about)

    with acme:
        load(
            acme,
            ORDER_LINE,
            bought("o1", 1, 23),
            bought("o2", fulfilment="FBM"),
            bought("o2", sku="B", fulfilment="FBM"),
        )
        defect("o1")
        defect("o2", ordered_on=DAY - timedelta(days=9))
        defect("o3")
        assert place_defects(acme.store.pk) == 2
        told = Defect.objects.order_by("order_id").values_list("order_id", "ordered_on", "programme", "sku")
        assert list(told) == [
            ("o1", DAY, "afn", "A"),
            ("o2", DAY - timedelta(days=9), "mfn", ""),
            ("o3", None, "", ""),
        ]
        assert place_defects(acme.store.pk) == 0, "nothing more to tell"
