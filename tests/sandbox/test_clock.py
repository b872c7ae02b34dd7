"""Time in the sandbox runs, stands and jumps; the world that it unrolls depends on the seed alone."""

import time
from datetime import datetime, timedelta

import numpy as np
import pytest

from sandbox.world.orders import DAY
from sandbox.world.world import World
from tests.boxes import NOW, Box, call, copied


@pytest.fixture
def own(world_folder, tmp_path):
    with Box(copied(world_folder, tmp_path / "world"), ("--fast",)) as box:
        yield box


def now(box: Box) -> datetime:
    return datetime.fromisoformat(box.desk("clock")["now"])


def test_the_clock_stands_runs_and_jumps_but_never_goes_back(own):
    assert now(own) == NOW
    time.sleep(1.1)
    assert now(own) == NOW
    own.desk("clock", {"speed": 3600})
    time.sleep(0.5)
    ran = now(own) - NOW
    assert timedelta(minutes=29) < ran < timedelta(hours=2)
    own.desk("clock", {"speed": 0})
    stood = now(own)
    own.desk("clock", {"advance_days": 2, "advance_seconds": 30})
    assert now(own) == stood + timedelta(days=2, seconds=30)
    own.desk("clock", {"now": "2026-03-09T00:00:00Z"})
    assert now(own) == datetime.fromisoformat("2026-03-09T00:00:00Z")
    for back in (b'{"now": "2026-03-08T00:00:00Z"}', b'{"advance_days": -1}', b'{"speed": -1}', b'{"hours": 1}'):
        assert call("POST", f"{own.address}/_sandbox/clock", back).status == 400
    assert now(own) == datetime.fromisoformat("2026-03-09T00:00:00Z")


def test_orders_live_on_as_time_passes(own):
    before = {(line["order_id"], line["sku"], line["ordinal"]): line for line in own.lines(since="2026-02-20")}
    own.desk("clock", {"advance_days": 3})
    after = {(line["order_id"], line["sku"], line["ordinal"]): line for line in own.lines(since="2026-02-20")}
    assert before.keys() < after.keys(), "what was told stays, new orders come"
    moved = [key for key in before if before[key]["status"] != after[key]["status"]]
    assert len(moved) > 50
    for key in moved:
        assert before[key]["status"] in ("Pending", "Unshipped")
        assert after[key]["updated_at"] > before[key]["updated_at"]


def test_the_same_seed_tells_the_same_ledger_whatever_way_the_clock_came(world_folder, tmp_path):
    """Two processes: one jumps, one runs day by day and is restarted in between. A third has another seed."""
    later = NOW + timedelta(days=3)
    with Box(copied(world_folder, tmp_path / "jumps")) as jumps:
        jumps.desk("clock", {"now": later.isoformat()})
        one = jumps.desk("truth/orders?from=2026-02-20"), jumps.desk("truth/stock")
    with Box(copied(world_folder, tmp_path / "walks")) as walks:
        walks.desk("clock", {"advance_days": 1})
        walks.lines(since="2026-03-01")
    with Box(tmp_path / "walks") as walks:
        assert now(walks) == NOW + timedelta(days=1), "a restart goes on where it was"
        walks.desk("clock", {"advance_days": 2})
        two = walks.desk("truth/orders?from=2026-02-20"), walks.desk("truth/stock")
    assert one == two
    assert len(one[0]["lines"]) > 1000


@pytest.fixture(scope="module")
def worlds() -> dict[int, World]:
    """Four months of two seeds, one of them twice, without a process."""
    start = int(NOW.timestamp()) // DAY - 120
    made = {}
    for name, seed in ((7, 7), (70, 7), (8, 8)):
        made[name] = World(seed, 1.0, start)
        made[name].advance(int(NOW.timestamp()))
    return made


def test_another_seed_is_another_world(worlds):
    first, again, other = (worlds[name].table() for name in (7, 70, 8))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert len(first["units"]) != len(other["units"]) or not np.array_equal(first["units"], other["units"])


def test_stock_outs_censor_sales(worlds):
    """Where a pool opens a day empty, shoppers wanted something and nothing was sold; nothing is sold twice."""
    world = worlds[7]
    rows, pool_of = world.table(), world.catalog.listing_pool
    pools = len(world.catalog.pool_sku)
    wanted = sold = 0.0
    empty_days = wanted_open = sold_open = 0.0
    for day in range(world.start, world.next_day):
        today = rows["purchased"] // DAY == day
        units = np.bincount(pool_of[rows["listing"][today]], rows["units"][today], pools)
        lines = np.bincount(pool_of[rows["listing"][today]], minlength=pools)
        rates = np.bincount(pool_of, world.rates(day), pools)
        empty = ~world.opened(day)
        empty_days += int(empty.sum())
        wanted, sold = wanted + rates[empty].sum(), sold + units[empty].sum()
        wanted_open, sold_open = wanted_open + rates[~empty].sum(), sold_open + lines[~empty].sum()
    assert sold == 0
    assert empty_days > 500 and wanted > 200, "demand that nobody sees"
    assert 0.85 < sold_open / wanted_open < 1.12, "with stock, shoppers get what they want"
    assert (world.stock.level["available"] >= 0).all()


def test_a_stock_out_ends_with_a_receipt(worlds):
    """Pools that ran out sell again once goods arrive."""
    world = worlds[7]
    opened = np.array([world.opened(day) for day in range(world.start, world.next_day)])
    back = (~opened[:-1] & opened[1:]).sum()
    gone = (opened[:-1] & ~opened[1:]).sum()
    assert back > 50 and gone > 50
