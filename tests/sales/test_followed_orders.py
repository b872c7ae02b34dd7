"""A program that follows order lines, runs and documents by `updated_since` or cursor hears of everything once stored."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from apps.core.permissions import SCOPES
from apps.core.tenancy import tenant
from apps.sales.models import OrderLine
from apps.sync.models import Run, StoredDocument, Stream
from apps.sync.rows import ORDER_LINE
from tests.core.test_rest import Api, key_for
from tests.sales.rows import load
from tests.sales.test_orders import at, line
from tests.world import World


@pytest.fixture
def api(acme):
    return Api(key_for(acme, *SCOPES))


def heard(api: Api, what: str = "orders", name: str = "order_id", **query) -> list:
    answer = api.get(f"/api/v1/{what}", query)
    assert answer.status_code == 200, answer.content
    return [row[name] for row in answer.json()["items"]]


def newest(api: Api, what: str = "orders") -> str:
    return api.get(f"/api/v1/{what}").json()["items"][-1]["changed_at"]


def later(moment: str) -> str:
    return (datetime.fromisoformat(moment) + timedelta(microseconds=1)).isoformat()


def test_history_brought_later_is_told_to_who_follows(acme, api):
    with acme:
        load(acme, ORDER_LINE, line("new", updated_at=at(5)))
    since = later(newest(api))
    assert heard(api, updated_since=since) == []
    with acme:
        load(acme, ORDER_LINE, line("old", updated_at=at(1)))
    assert heard(api, updated_since=since) == ["old"]


def test_only_what_really_changed_is_news(acme, api):
    rows = [line(order, updated_at=at(1)) for order in ("a", "b", "c")]
    with acme:
        load(acme, ORDER_LINE, *rows)
        before = dict(OrderLine.objects.values_list("order_id", "changed_at"))
    since = later(newest(api))
    with acme:
        load(acme, ORDER_LINE, rows[0], line("b", updated_at=at(2), quantity=7), rows[2], as_of=3)
        after = dict(OrderLine.objects.values_list("order_id", "changed_at"))
    assert heard(api, updated_since=since) == ["b"]
    assert [order for order in "abc" if before[order] != after[order]] == ["b"]


def test_pages_stay_right_while_lines_are_loaded_and_change(acme, api):
    with acme:
        load(acme, ORDER_LINE, *(line(f"o{n:02}", updated_at=at(1)) for n in range(20)))
    seen, cursor, extra = [], None, 0
    while True:
        page = api.get("/api/v1/orders", {"limit": 6} | ({"cursor": cursor} if cursor else {})).json()
        seen += [row["order_id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        if extra < 2:
            with acme:
                load(acme, ORDER_LINE, line(f"extra{extra}", updated_at=at(0)), line("o00", updated_at=at(2 + extra)))
            extra += 1
    assert {*seen} == {f"o{n:02}" for n in range(20)} | {"extra0", "extra1"}
    assert [order for order in {*seen} if seen.count(order) > 1] == ["o00"]  # it changed while we read


def test_a_runs_steps_are_news_and_its_heartbeat_is_not(acme, api):
    with acme:
        stream = Stream.objects.create(
            connection=acme.connection, store=acme.store, dataset="orders", every=900, promise=3600
        )
        moment = datetime(2026, 3, 1, tzinfo=UTC)
        values = {"store": acme.store, "stream": stream, "since": moment, "until": moment, "due_at": moment}
        first, second = (Run.objects.create(slot=f"s{n}", **values) for n in range(2))
    since = later(newest(api, "runs"))
    with acme:
        Run.objects.filter(pk=second.pk).update(lease_until=timezone.now())
        second.save()
    assert heard(api, "runs", "slot", updated_since=since) == []
    with acme:
        Run.objects.filter(pk=first.pk).update(state=Run.State.DONE, rows=7)
    assert heard(api, "runs", "slot", updated_since=since) == ["s0"]
    assert heard(api, "runs", "slot") == ["s1", "s0"]


def test_a_document_that_is_loaded_at_last_is_news(acme, api):
    with acme:
        load(acme, ORDER_LINE, line())
    since = later(newest(api, "documents"))
    assert heard(api, "documents", "name", updated_since=since) == []
    with acme:
        StoredDocument.objects.update(quarantine="broken")
    assert heard(api, "documents", "name", updated_since=since) == ["test"]


@pytest.mark.django_db(transaction=True)
def test_what_is_still_being_written_is_not_overtaken(transactional_db):
    """A long load stamps its lines, and commits after a shorter one that began later."""
    world = World("acme")
    api = Api(key_for(world, *SCOPES))
    stamped, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        try:
            with tenant(world.agency.pk):
                load(world, ORDER_LINE, line("slow"))
                stamped.set()
                go_on.wait(20)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slowly)
    thread.start()
    assert stamped.wait(20)
    with world:
        OrderLine.objects.create(
            **{k: v for k, v in line("quick").items() if k != "marketplace"}, marketplace_id="US",
            store=world.other_store, purchased_at=at(1), updated_at=at(1), as_of=at(1),
        )  # fmt: skip
    assert heard(api) == []  # a program that took "quick" now would never ask for "slow"
    go_on.set()
    thread.join(20)
    assert heard(api) == ["slow", "quick"]
