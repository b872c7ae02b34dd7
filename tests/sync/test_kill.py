"""kill -9 in the middle of the sync, of workers and of Valkey: nothing is lost, nothing is there twice."""

import os
import signal
import time
from pathlib import Path

import pytest
from django.db import connection

from apps.core import copying
from apps.sync.models import Run, StoredDocument
from tests.sync.live import OVER, Live, compare, running

ORDERS = "GET_FLAT_FILE_ALL_ORDERS"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def done(live: Live) -> int:
    return sum(live.states()[state] for state in OVER)


def wait_for_work(live: Live) -> None:
    """Until a run is being done this moment."""

    def at_work() -> bool:
        with live.world:
            return Run.objects.filter(state=Run.State.RUNNING).exclude(step="").exists()

    live.wait(at_work, 60)


def kill_the_pool(live: Live) -> None:
    """kill -9 of the processes that do the work; their parent lives and starts new ones."""
    parent = live.children["worker"].popen.pid
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    if not listed.exists():
        pytest.skip("this kernel does not say whose child a process is")
    for word in listed.read_text().split():
        os.kill(int(word), signal.SIGKILL)


def kill_while_loading(live: Live) -> None:
    """kill -9 of the worker in the midst of a load: order lines are written, their days not yet added up.

    We hold the lock of the sums until it is dead, so the moment is not left to chance.
    """
    with live.world:
        copying.lock(live.store.pk, "sales_salesday")
        end = time.monotonic() + 60
        # Of orders only: meanwhile another process may load something else, and wait as well.
        orders = StoredDocument.objects.filter(name__startswith=ORDERS)
        while not (_somebody_waits() and orders.filter(applied_at=None).exists()):
            assert time.monotonic() < end, f"nobody loads orders\n{live.tails()}"
            time.sleep(0.02)
        applied = orders.filter(applied_at__isnull=False).count()
        live.kill("worker")
    with live.world:
        assert orders.filter(applied_at=None).exists(), "what it was loading is kept"
        assert orders.filter(applied_at__isnull=False).count() == applied, "and not in the facts"
        assert Run.objects.filter(state=Run.State.RUNNING).exists(), "its lease is still there"


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database())"
        )
        return bool(cursor.fetchone()[0])


def test_workers_and_valkey_may_be_killed_at_any_moment(tmp_path):
    with running(tmp_path, "voltnest:NA", lease=4, scale=0.3) as live:
        live.wait_for_runs(2)

        wait_for_work(live)
        kill_the_pool(live)
        live.wait_for_runs(done(live) + 3)

        kill_while_loading(live)
        live.start_worker()
        live.wait_for_runs(done(live) + 3)

        wait_for_work(live)
        live.kill("valkey")
        assert live.states()["due"], "there is work left to lose"
        live.start_valkey()

        live.wait_until_settled()
        with live.world:
            assert Run.objects.filter(attempts__gt=1).exists(), "somebody took over what the dead left"
            assert not StoredDocument.objects.filter(applied_at=None).exists()
        verdict = compare(live)
        assert verdict.clean, verdict
        assert verdict.lines > 1000
