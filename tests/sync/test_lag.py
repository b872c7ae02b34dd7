"""How old a dataset was: the time since its last success, the worst of its streams."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.permissions import Role
from apps.sync.models import Connection, Run, Stream
from apps.sync.queries.lag import POINTS, lags

HOUR = timedelta(hours=1)


@pytest.fixture
def at():
    return timezone.now()


@pytest.fixture
def stream(acme):
    with acme:
        yield made(acme)


def made(world, dataset="orders", site="", store=None, every=3600):
    door, _new = Connection.objects.get_or_create(store=store or world.store, kind="sp_api")
    return Stream.objects.create(
        connection=door, store=door.store, dataset=dataset, marketplace=site, every=every, promise=4 * 3600
    )


def succeed(stream, moment, state=Run.State.DONE):
    run = Run.objects.create(
        stream=stream, store=stream.store, slot=f"pull:{Run.objects.count()}:x:x", state=state, since=moment,
        until=moment, due_at=moment, finished_at=moment,
    )  # fmt: skip
    Run.objects.filter(pk=run.pk).update(created_at=moment)


def test_age_grows_until_the_next_success(acme, stream, at):
    for hours in (100, 30, 3):
        succeed(stream, at - hours * HOUR)
    succeed(stream, at - HOUR, state=Run.State.DEAD)  # a failure makes nothing younger
    (lag,) = lags(acme.seats[Role.OWNER], at=at)
    assert len(lag.hours) == POINTS
    assert lag.hours[-1] == lag.now == pytest.approx(3)
    assert lag.hours[-2] == pytest.approx(1)  # two hours ago it was an hour old
    assert lag.hours[-3] == pytest.approx(26)
    assert lag.worst == pytest.approx(70, abs=2)
    assert lag.hours[0] is None  # a hundred hours ago came the first
    known = [each for each in lag.hours if each is not None]
    assert lag.kept == sum(each <= 4 for each in known) / len(known) < 0.2


def test_the_worst_stream_tells_and_what_was_brought_before_the_week_counts(acme, stream, at):
    other = made(acme, site="CA")
    succeed(stream, at - HOUR)
    succeed(other, at - timedelta(days=8))
    (lag,) = lags(acme.seats[Role.OWNER], at=at)
    assert lag.now == pytest.approx(192)
    assert lag.hours[0] == pytest.approx(24)


def test_files_that_people_bring_and_other_stores_are_not_told(acme, stream, at):
    made(acme, "listings", every=0)
    made(acme, "traffic", store=acme.other_store)
    assert [lag.dataset for lag in lags(acme.seats[Role.SENIOR], at=at)] == ["orders"]
    assert {lag.dataset for lag in lags(acme.seats[Role.OWNER], at=at)} == {"orders", "traffic"}


def test_the_page_draws_it_in_as_many_queries_for_more_runs(acme, client, at):
    with acme:
        orders = made(acme)
        succeed(orders, at - HOUR)
    client.force_login(acme.user(Role.OWNER))
    page = client.get(acme.url("sync/")).content.decode()
    assert 'class="lag"' in page
    assert "Promise kept 100% of the time known" in page
    assert "of 2 h known" in page
    with CaptureQueriesContext(connection) as few:
        client.get(acme.url("sync/"))
    with acme:
        for hours in range(2, 40):
            succeed(orders, at - hours * HOUR)
    with CaptureQueriesContext(connection) as many:
        client.get(acme.url("sync/"))
    assert len(few) == len(many)
