"""Seller Fulfilled Prime and on-time delivery, counted from our own orders, are the sandbox's truth to four digits.

Merchant orders come by the Orders API, delivery scans by the file that carriers give: the real doors.
"""

import json
from collections import Counter
from datetime import timedelta

import pytest

from apps.core.permissions import Role
from apps.health.actions.counting import count_figures
from apps.health.actions.outlooks import look_ahead
from apps.health.domain.performance import Counted, rounded
from apps.health.models import Figure, HealthDay, Outlook, Shipment, Standard
from apps.health.queries.counted import Asked, counted
from apps.health.queries.delivery import drags
from apps.sync import rows
from apps.sync.queries.markets import markets_of
from apps.sync.source import Document
from apps.sync.sources.files import inspect, parse
from tests.boxes import NOW, Box, call
from tests.health.test_recount import _bring, _load, _reports, _source, _store

ACCOUNTS = ("voltnest:EU", "voltnest:NA", "sorano:FE")
DAYS = 40
# Our metric → what the sandbox calls it.
TRUTH = {"on_time_ship": "shipped_in_time", "cancel": "cancelled", "vtr": "valid_tracking", "otdr": "delivered_on_time"}
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("prime")]


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    with Box(tmp_path_factory.mktemp("sandbox"), ("--fast",), scale=1) as box:
        yield box


def _scans(box, account: str, store, markets, folder, at=NOW) -> None:
    path = folder / "deliveries.csv"
    path.write_bytes(call("GET", f"{box.address}/_sandbox/carrier/deliveries.csv?account={account}").body)
    preview = inspect(path, markets, at)
    assert (preview.report.key, preview.problem) == ("deliveries", "")
    document = Document("scans", rows.DELIVERY, path, at, markets, facts={"dataset": "deliveries"})
    _load(store, document, parse(document))


@pytest.fixture
def stores(acme, box, settings, tmp_path):
    found = {}
    for account in ACCOUNTS:
        partner = box.partner(account)
        with acme:
            store, markets = _store(acme, partner), markets_of(partner["marketplaces"])
        source = _source(partner, box, settings, tmp_path)
        _bring(acme, source, store, "shipments", markets, NOW - timedelta(days=DAYS + 90))
        with acme:
            _scans(box, account, store, markets, tmp_path)
        found[account] = (store, markets)
    return found


def test_what_no_report_tells_is_counted_as_the_sandbox_knows_it_and_foretold(acme, box, stores):
    _as_the_sandbox_knows_it(acme, box, stores)
    _late_over_ten_days_as_the_sandbox_knows_it(acme, box, stores)
    _over_each_countrys_own_window(acme, stores)
    _foretold_like_others(acme, stores)


def _as_the_sandbox_knows_it(acme, box, stores):
    compared, rated, unrated, wrong = Counter(), Counter(), 0, []
    for account, (store, _markets) in stores.items():
        partner = box.partner(account)
        ids = dict(zip(partner["marketplaces"], partner["marketplace_ids"], strict=True))
        with acme:
            count_figures(store, at=NOW)
            ours = {
                (each.marketplace_id, each.metric, each.date): each
                for each in Figure.objects.filter(store=store, programme="sfp", origin="counted")
            }
        for back in range(DAYS):
            day = NOW.date() - timedelta(days=back)
            told = box.desk(f"truth/health?account={account}&on={day}")["accounts"][account]["seller_fulfilled_prime"]
            for code in ids:
                for metric, name in TRUTH.items():
                    truth, mine = told[ids[code]][name], ours.get((code, metric, day))
                    if mine is None:
                        assert truth["total"] == 0, (account, code, metric, day)
                        continue
                    if mine.unknown:  # packages on their way, of which no carrier has told: the newest days
                        assert metric == "otdr" and back < 4 and mine.total + mine.unknown == truth["total"]
                        continue
                    compared[metric] += 1
                    if (mine.total, mine.count) != (truth["total"], truth["count"]):
                        wrong.append((code, metric, day, truth, mine.total, mine.count))
                    if truth["rated"]:
                        rated[metric] += 1
                        assert mine.rate == rounded(round(truth["rate"] * 1_000_000)), (code, metric, day)
                    else:  # too few: not rated, which is not 0 %
                        unrated += 1
                        assert (mine.rate, mine.status) == (None, "none")
    assert not wrong, wrong[:5]
    assert set(rated) == set(TRUTH) and min(rated.values()) > 100, rated
    assert unrated > 50


def _late_over_ten_days_as_the_sandbox_knows_it(acme, box, stores):
    compared = 0
    for account, (store, _markets) in stores.items():
        partner = box.partner(account)
        ids = dict(zip(partner["marketplaces"], partner["marketplace_ids"], strict=True))
        with acme:
            ours = {
                (each.marketplace_id, each.date): each for each in Figure.objects.filter(store=store, programme="10d")
            }
        for back in range(0, DAYS, 7):
            day = NOW.date() - timedelta(days=back)
            told = box.desk(f"truth/health?account={account}&on={day}")["accounts"][account]["late_shipment_10_days"]
            for code in ids:
                truth, mine = told[ids[code]], ours.get((code, day))
                if mine is None:
                    assert truth["orderCount"] == 0, (account, code, day)
                    continue
                compared += 1
                assert (mine.total, mine.count) == (truth["orderCount"], truth["lateShipmentCount"]), (code, day)
                assert (mine.window_last - mine.window_first, mine.metric) == (timedelta(days=9), "lsr")
    assert compared > 30


def _over_each_countrys_own_window(acme, stores):
    store, _markets = stores["voltnest:EU"]
    with acme:
        count_figures(store, at=NOW)
        found = {
            (each.marketplace_id, each.metric): each
            for each in Figure.objects.filter(store=store, programme="sfp", date=NOW.date())
        }
        week, month, delay = timedelta(days=6), timedelta(days=29), timedelta(days=13)
        spans = {key: each.window_last - each.window_first for key, each in found.items()}
        assert spans["FR", "vtr"] == week and spans["DE", "vtr"] == month
        assert spans["DE", "otdr"] == week and spans["IT", "otdr"] == delay
        before = found["DE", "on_time_ship"]
        Standard.objects.filter(metric="on_time_ship", programme="sfp").update(window_days=30)
        count_figures(store, at=NOW)
        after = Figure.objects.get(store=store, marketplace="DE", metric="on_time_ship", date=NOW.date())
        assert after.total > before.total and after.window_last - after.window_first == month


def _foretold_like_others(acme, stores):
    store, _markets = stores["voltnest:NA"]
    with acme:
        count_figures(store, at=NOW)
        look_ahead(store, at=NOW)
        made = set(Outlook.objects.filter(store=store, programme="sfp").values_list("marketplace", "metric"))
        assert made == {("US", metric) for metric in TRUTH}


def test_on_time_delivery_is_amazons_where_every_delivery_is_known(acme, box, stores, tmp_path):
    _as_amazon_has_it(acme, box, stores, tmp_path)
    _listings_are_named_with_their_counts(acme, stores)
    _unknown_without_a_scan(acme, stores)


def _as_amazon_has_it(acme, box, stores, tmp_path):
    days = [NOW.date() - timedelta(days=back) for back in range(30)]
    with acme:
        _reports(box, days, stores, tmp_path)
        rows_of = list(HealthDay.objects.filter(metric__in=["otdr", "unit_otdr"], total__gt=0))
        ours = {
            row.pk: counted(
                [Asked(row.store_id, row.marketplace_id, row.metric, "", row.date, row.window_first, row.window_last)]
            )
            for row in rows_of
        }
        compared = 0
        for row in rows_of:
            (mine,) = ours[row.pk].values()
            assert not mine.unknown and (mine.total, mine.count) == (row.total, row.count), row.pk
            assert row.rate is None or mine.rate == rounded(row.rate)
            compared += row.rate is not None
    assert compared > 200


def _unknown_without_a_scan(acme, stores):
    store, _markets = stores["voltnest:NA"]
    with acme:
        day = NOW.date()
        asked = Asked(store.pk, "US", "otdr", "", day, day - timedelta(days=21), day - timedelta(days=8))
        whole = counted([asked])[asked]
        known = Shipment.objects.filter(store=store, marketplace="US", delivered_at__isnull=False).order_by("order_id")
        in_window = known.filter(shipped_at__date__range=(asked.window_first, asked.window_last), valid_packages__gt=0)
        lost = list(in_window.values_list("order_id", flat=True)[:3])
        late = sum(each.delivered_at > each.deliver_by for each in known.filter(order_id__in=lost))
        Shipment.objects.filter(store=store, order_id__in=lost).update(delivered_at=None)
        part = counted([asked])[asked]
        assert part == Counted(whole.total - 3, whole.count - 3 + late, 3)
        Shipment.objects.filter(store=store).update(delivered_at=None)
        nothing = counted([asked])[asked]
        assert (nothing.total, nothing.count, nothing.rate, nothing.unknown) == (0, 0, None, whole.total)


def _listings_are_named_with_their_counts(acme, stores):
    store, _markets = stores["voltnest:NA"]
    with acme:
        day = NOW.date()
        found = drags(acme.seats[Role.OWNER], store, today=day)
        assert found and [each.late for each in found] == sorted((each.late for each in found), reverse=True)
        shown = found[0]
        first, last = day - timedelta(days=21), day - timedelta(days=8)
        orders = [
            (json.loads(each.skus), each.delivered_at > each.deliver_by)
            for each in Shipment.objects.filter(
                store=store, marketplace=shown.site, shipped_at__date__range=(first, last), delivered_at__isnull=False
            )
            if each.valid_packages == each.packages
        ]
        assert shown.total == sum(skus.get(shown.sku, 0) for skus, _late in orders)
        assert shown.late == sum(skus.get(shown.sku, 0) for skus, late in orders if late)
