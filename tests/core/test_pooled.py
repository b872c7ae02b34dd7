"""Two agencies in many threads on a few connections: a connection remembers nobody."""

import random
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.db.utils import DataError, ProgrammingError

from apps.accounts.models import Client, Store
from apps.core.permissions import Role
from apps.core.tenancy import acting_scope, at_the_door, tenant
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

THREADS, ROUNDS, CONNECTIONS = 12, 60, 3
LOUD = (DataError, ProgrammingError)


class Broke(Exception):
    """Thrown in the middle of a transaction."""


class Stress:
    """What the threads do, and what they found wrong."""

    def __init__(self, worlds: list[World]) -> None:
        self.worlds = worlds
        self.served: dict[int, set[int]] = defaultdict(set)  # agencies by backend
        self.done: dict[str, int] = defaultdict(int)
        self.made: dict[int, set[str]] = defaultdict(set)
        self.lock = threading.Lock()

    def __call__(self, number: int, *, pooled: bool) -> None:
        chance = random.Random(number)
        try:
            for turn in range(ROUNDS):
                mine, other = chance.sample(self.worlds, 2)
                work = chance.choice((self.read, self.write, self.reach, self.fail, self.portal, self.door))
                work(mine, other, f"{number}-{turn}")
                with self.lock:
                    self.done[work.__name__] += 1
                self.forgotten()
                if pooled:
                    connection.close()  # back into the pool: the next turn gets whichever is free
        finally:
            connections.close_all()

    def note(self, agency: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (backend,) = cursor.fetchone()
        with self.lock:
            self.served[backend].add(agency)

    # -- the works

    def read(self, mine: World, other: World, name: str) -> None:
        with tenant(mine.agency.pk):
            self.note(mine.agency.pk)
            with connection.cursor() as cursor:
                for table in ("accounts_store", "accounts_client", "accounts_member", "sync_connection"):
                    cursor.execute(f"SELECT DISTINCT agency_id FROM {table}")
                    assert cursor.fetchall() == [(mine.agency.pk,)], table
            assert {store.pk for store in Store.objects.all()} == {mine.store.pk, mine.other_store.pk}

    def write(self, mine: World, other: World, name: str) -> None:
        with tenant(mine.agency.pk):
            self.note(mine.agency.pk)
            assert Client.objects.create(name=name).agency_id == mine.agency.pk
            Client._base_manager.filter(name=name).update(note=name)
        with self.lock:
            self.made[mine.agency.pk].add(name)

    def reach(self, mine: World, other: World, name: str) -> None:
        """For the other agency's rows, in every way there is."""
        with tenant(mine.agency.pk):
            self.note(mine.agency.pk)
            theirs = Store._base_manager.filter(pk=other.store.pk)
            assert not theirs.exists()
            assert theirs.update(name="stolen") == 0
            assert theirs.delete()[0] == 0
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                Client.objects.create(name="gift", agency_id=other.agency.pk)
            assert not Client._base_manager.filter(name="gift").exists()

    def fail(self, mine: World, other: World, name: str) -> None:
        """A transaction that breaks, in Python or in PostgreSQL, leaves nothing either."""
        with pytest.raises(Broke), tenant(mine.agency.pk):
            self.note(mine.agency.pk)
            Client.objects.create(name=f"broken {name}")
            raise Broke
        with pytest.raises(DataError), tenant(mine.agency.pk), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    def portal(self, mine: World, other: World, name: str) -> None:
        with tenant(mine.agency.pk, stores=[mine.store.pk, other.store.pk]):
            self.note(mine.agency.pk)
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_user, (SELECT array_agg(id) FROM accounts_store)")
                assert cursor.fetchone() == ("storewright_portal", [mine.store.pk])

    def door(self, mine: World, other: World, name: str) -> None:
        user = mine.user(Role.OWNER)
        with at_the_door(user_id=user.pk), connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT user_id FROM accounts_member")
            assert cursor.fetchall() == [(user.pk,)]

    def forgotten(self) -> None:
        """Nothing is set, we are the app again, and data without a tenant is an error."""
        assert acting_scope() is None
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(current_setting('app.agency_id', true), ''),"
                " coalesce(current_setting('app.store_ids', true), ''),"
                " coalesce(current_setting('app.user_id', true), ''), current_user, session_user"
            )
            assert cursor.fetchone() == ("", "", "", "storewright_app", "storewright_app")
        with pytest.raises(LOUD), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM accounts_store")


@pytest.fixture
def pool():
    """Django's own pool, as web processes have it, only smaller."""
    settings = connection.settings_dict
    before = settings["OPTIONS"], settings["CONN_MAX_AGE"]
    connection.close()
    settings["OPTIONS"] = settings["OPTIONS"] | {"pool": {"min_size": 1, "max_size": CONNECTIONS, "timeout": 60}}
    settings["CONN_MAX_AGE"] = 0
    yield
    connection.close()
    connection.close_pool()
    settings["OPTIONS"], settings["CONN_MAX_AGE"] = before


def all_of(stress: Stress, *, threads: int, pooled: bool) -> None:
    with ThreadPoolExecutor(threads) as executor:
        for future in [executor.submit(stress, number, pooled=pooled) for number in range(threads)]:
            future.result(120)
    agencies = {world.agency.pk for world in stress.worlds}
    assert set(stress.done) == {"read", "write", "reach", "fail", "portal", "door"}
    assert sum(stress.done.values()) == threads * ROUNDS
    assert all(each == agencies for each in stress.served.values()), "every connection has served both"
    for world in stress.worlds:
        with world:
            names = set(Client.objects.exclude(name__contains="client").values_list("name", flat=True))
            assert names == stress.made[world.agency.pk]
            assert {store.name for store in Store.objects.all()} == {f"{world.name} north", f"{world.name} europe"}


def test_a_small_pool_shared_by_many_threads(pool, transactional_db):
    stress = Stress([World("acme"), World("zeta")])
    connection.close()
    all_of(stress, threads=THREADS, pooled=True)
    assert 1 < len(stress.served) <= CONNECTIONS, "they did share"


def test_persistent_connections_that_serve_both_agencies_in_turn(transactional_db):
    stress = Stress([World("acme"), World("zeta")])
    all_of(stress, threads=4, pooled=False)
    assert len(stress.served) == 4
