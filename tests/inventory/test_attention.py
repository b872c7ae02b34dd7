"""Findings about stock, and the bells that keep the lines fresh."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from apps.accounts.models import FxRate
from apps.core.models import Finding
from apps.inventory import jobs, tasks
from apps.inventory.actions import recompute_store, refresh_findings
from apps.inventory.models import Calculation, Replenishment
from apps.sync.actions.documents import tell
from apps.sync.loading import Loaded
from apps.sync.models import Run, Stream
from apps.sync.rows import FBA_STOCK, ORDER_LINE
from tests.inventory.stock import TODAY, aged, listed, sold, stocked
from tests.world import NOW


@pytest.fixture
def store(acme):
    FxRate.objects.get_or_create(currency="CAD", valid_from=TODAY, defaults={"per_usd": "1.25"})
    with acme:
        yield acme.store


def refresh(store, at=NOW):
    recompute_store(store.pk, at=at)
    refresh_findings(store, at=at)


def kinds(state="open"):
    return sorted(Finding.objects.filter(state=state).values_list("kind", "subject", "marketplace"))


def test_urgent_lines_become_findings_ranked_in_the_agencys_money(store):
    listed(store, "A", "CA", price=1000)
    sold(store, "A", 10, site="CA")
    stocked(store, "A", 20, site="CA")
    refresh(store)
    finding = Finding.objects.get(kind="restock-urgent")
    line = Replenishment.objects.get()
    assert (finding.at_stake, finding.currency) == (line.gap_days * 10 * 1000, "CAD")
    assert finding.rank == finding.at_stake * 100 // 125
    assert finding.detail["units"] == line.suggested


def test_a_gap_with_nothing_to_order_asks_to_hurry_what_is_on_the_way(store):
    listed(store, "A")
    sold(store, "A", 10)
    stocked(store, "A", 5)
    refresh(store)
    Replenishment.objects.update(edited=0, inbound=900)
    refresh_findings(store, at=NOW)
    assert kinds() == [("restock-hurry", "A", "US")]
    assert Finding.objects.get(kind="restock-hurry").detail["inbound"] == 900
    assert kinds("recovered") == [("restock-urgent", "A", "US")]


def test_a_finding_recovers_when_stock_is_back_and_rests_while_snoozed(store):
    listed(store, "A")
    sold(store, "A", 10)
    stocked(store, "A", 5)
    refresh(store)
    assert kinds() == [("restock-urgent", "A", "US")]
    Replenishment.objects.update(snoozed_until=TODAY + timedelta(days=14))
    refresh(store)
    assert kinds() == []
    assert kinds("recovered") == [("restock-urgent", "A", "US")]


def test_aged_excess_and_stale_stock_are_found(store):
    listed(store, "A")
    sold(store, "A", 1)
    stocked(store, "A", 3000, back=2)
    aged(store, "A", 400, 76_600)
    refresh(store)
    assert kinds() == [("excess-aged", "A", "US"), ("stock-stale", "stock", "")]
    assert Finding.objects.get(kind="stock-stale").detail == {"hours": 49}


def test_stale_stock_of_one_pool_is_found_while_others_are_fresh(store):
    for pool, hours in (("US", 2), ("CA", 50)):
        Replenishment.objects.create(
            store=store, pool=pool, sku="A", marketplaces=[pool], status="healthy", priority=3,
            stock_as_of=NOW - timedelta(hours=hours), computed_at=NOW,
        )  # fmt: skip
    refresh_findings(store, at=NOW)
    found = Finding.objects.get(kind="stock-stale")
    assert (found.marketplace, found.detail) == ("CA", {"hours": 50, "sites": ["CA"]})


def test_many_documents_ring_once(acme, monkeypatch):
    rung = []
    monkeypatch.setattr(tasks.refresh_store, "apply_async", lambda *a, **k: rung.append((a, k)))
    for _ in range(5):
        tasks.refresh_soon(agency_id=acme.agency.pk, store_id=acme.store.pk)
    tasks.refresh_soon(agency_id=acme.agency.pk, store_id=acme.other_store.pk)
    assert [a[0] for a, _ in rung] == [[acme.store.pk], [acme.other_store.pk]]


def test_documents_ring_until_the_bell_is_answered_and_then_anew(acme, monkeypatch):
    """A long queue must not fill with the same store's bells."""
    rung = []
    monkeypatch.setattr(tasks.refresh_store, "apply_async", lambda *a, **k: rung.append(a))
    ring = partial(tasks.refresh_soon, agency_id=acme.agency.pk, store_id=acme.store.pk)
    ring()
    monkeypatch.setattr(tasks, "SETTLES_IN", 0)  # long over, and still nobody has come
    ring()
    assert len(rung) == 1
    tasks.refresh_store(acme.store.pk, agency_id=acme.agency.pk)
    ring()
    ring()
    assert len(rung) == 2


def test_while_history_comes_in_a_store_is_calculated_now_and_then(acme, monkeypatch):
    rung = []
    monkeypatch.setattr(tasks.refresh_store, "apply_async", lambda *a, **k: rung.append(a))
    refresh_store = partial(tasks.refresh_store, acme.store.pk, agency_id=acme.agency.pk)
    with acme:
        listed(acme.store, "A")
        stream = Stream.objects.create(
            connection=acme.connection, store=acme.store, dataset="orders", every=900, promise=3600
        )
        times = dict.fromkeys(("since", "until", "due_at"), timezone.now())
        run = Run.objects.create(stream=stream, store=acme.store, slot="backfill:2026-01-01", **times)
    assert refresh_store() == 1  # the first lines are shown at once
    assert (refresh_store(), len(rung)) == (0, 1)  # not now, but soon
    with acme:
        Calculation.objects.update(checked_at=timezone.now() - timedelta(minutes=2))
    assert refresh_store() == 1
    with acme:
        Run.objects.filter(pk=run.pk).update(state=Run.State.DONE)
    assert refresh_store() == 1


def test_a_document_that_told_nothing_new_rings_for_nobody(acme, monkeypatch, django_capture_on_commit_callbacks):
    rung = []
    monkeypatch.setattr(jobs, "refresh_soon", lambda **about: rung.append(about["store_id"]))
    with acme:
        for loaded in (Loaded(rows=9), Loaded(rows=9, new=1), Loaded(rows=9, gone=1)):
            with django_capture_on_commit_callbacks(execute=True):
                tell(ORDER_LINE.name, store_id=acme.store.pk, loaded=loaded)
        with django_capture_on_commit_callbacks(execute=True):
            tell(FBA_STOCK.name, store_id=acme.store.pk, loaded=Loaded())
    assert len(rung) == 3


def test_every_active_store_of_every_agency_is_refreshed(acme, zeta, monkeypatch):
    rung = []
    monkeypatch.setattr(
        tasks.refresh_store, "apply_async", lambda args, kwargs, queue: rung.append((*args, *kwargs.values()))
    )
    assert tasks.refresh_all() == 4
    assert sorted(rung) == sorted((s.pk, w.agency.pk) for w in (acme, zeta) for s in (w.store, w.other_store))


def test_the_task_runs_inside_its_agency(acme):
    with acme:
        listed(acme.store, "A")
    assert tasks.refresh_store(acme.store.pk, agency_id=acme.agency.pk) == 1
    with acme:
        assert Replenishment.objects.count() == 1
