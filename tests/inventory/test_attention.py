"""Findings about stock, and the bells that keep the lines fresh."""

from datetime import timedelta

import pytest

from apps.accounts.models import FxRate
from apps.core.models import Finding
from apps.inventory import tasks
from apps.inventory.actions import recompute_store, refresh_findings
from apps.inventory.models import Replenishment
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


def test_many_documents_ring_once(acme, monkeypatch):
    rung = []
    monkeypatch.setattr(tasks.refresh_store, "apply_async", lambda *a, **k: rung.append((a, k)))
    for _ in range(5):
        tasks.refresh_soon(agency_id=acme.agency.pk, store_id=acme.store.pk)
    tasks.refresh_soon(agency_id=acme.agency.pk, store_id=acme.other_store.pk)
    assert [a[0] for a, _ in rung] == [[acme.store.pk], [acme.other_store.pk]]


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
