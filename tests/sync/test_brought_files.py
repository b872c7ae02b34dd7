"""Files alone, without any connection: what they mean for the stream and the numbers, and what happens to a bad one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.inventory.actions import recompute_store
from apps.inventory.models import Replenishment
from apps.sales.models import Cost
from apps.sync import actions
from apps.sync.actions import uploads
from apps.sync.models import Run, StoredDocument, Stream
from tests.inventory.stock import listed, stocked

pytestmark = pytest.mark.django_db(transaction=True)
HEADER = (
    "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\tsales-channel\tproduct-name"
    "\tsku\tasin\titem-status\tquantity\tcurrency\titem-price\n"
)


@pytest.fixture
def acme(transactional_db):
    from tests.world import World

    return World("acme")


def bring(acme, path) -> Run:
    with acme:
        run = uploads.bring(acme.store, path, name=path.name, kind="", by=acme.seats["owner"], at=timezone.now())
    actions.run(run.pk, agency_id=acme.agency.pk)
    return run


def test_sales_of_a_store_that_only_has_files_count_from_its_first_to_its_last_sale(acme, tmp_path):
    now, path = timezone.now(), tmp_path / "orders.txt"
    days = [(now - timedelta(days=back)).strftime("%Y-%m-%dT20:00:00+00:00") for back in range(20, 60)]
    path.write_text(
        HEADER
        + "".join(
            f"1-{n}\t{day}\t{day}\tShipped\tAmazon\tAmazon.com\tLamp\tA\tB0\tShipped\t10\tUSD\t100.00\n"
            for n, day in enumerate(days)
        )
    )
    bring(acme, path)
    with acme:
        stream = Stream.objects.get(dataset="orders", connection__kind="upload")
        assert (stream.reached, stream.backfilled_to) == (None, None), "a file says nothing of the days it leaves out"
        assert stream.fresh_at is not None
        listed(acme.store, "A", price=4000)
        stocked(acme.store, "A", 100)
        recompute_store(acme.store.pk, at=timezone.now())
        line = Replenishment.objects.get(sku="A", pool="US")
        assert (line.velocity, line.in_stock_days) == (10_000, 40)


def test_a_value_the_tables_cannot_hold_quarantines_the_file(acme, tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text("sku,unit-cost,currency\nGOOD,5,USD\n" + "S" * 90 + ",5,USD\n")
    run = bring(acme, path)
    with acme:
        run.refresh_from_db()
        assert (run.state, run.error_kind, run.crashes) == (Run.State.QUARANTINED, "unreadable", 0)
        assert "does not fit" in StoredDocument.objects.get(run=run).quarantine
        assert not Cost.objects.exists()
