"""The whole journey against the real sandbox process: what we read is its truth, to the line and the cent."""

import json
import subprocess
import sys
import time
import urllib.request
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import redis

from apps.sync.http import ConnectionRevoked
from apps.sync.source import Market, Task, TryLater, Unreadable
from apps.sync.sources import SOURCES
from sandbox.world.marketplaces import BY_CODE

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
DAYS = 10
pytestmark = pytest.mark.xdist_group("sources")  # one sandbox for all


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """Its address; the clock stands still, so that the truth does not move while it is compared."""
    state = tmp_path_factory.mktemp("sandbox")
    words = ["--port", "0", "--state", str(state), "--now", NOW.isoformat(), "--speed", "0", "--fast"]
    process = subprocess.Popen([sys.executable, "-m", "sandbox", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(20)


def told(address: str, path: str, body: dict | None = None, method: str = "") -> dict | list:
    """An answer of the sandbox's own desk."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"content-type": "application/json"}, method=method or None)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Desk:
    """A source for one partner's consent, and what the sandbox knows about it."""

    def __init__(self, address: str, partner: str, settings, folder: Path) -> None:
        self.address, self.partner, self.folder = address, partner, folder
        known = next(each for each in told(address, "/_sandbox/partners") if each["id"] == partner)
        region = known["region"]
        settings.ALLOW_HTTP_OUTSIDE, settings.SANDBOX_URL = True, address
        settings.LWA_URL = known["token_url"]
        settings.SP_API_URLS = {region: known["endpoint"]}
        self.markets = tuple(
            Market(code, BY_CODE[code].id, BY_CODE[code].zone, BY_CODE[code].currency, BY_CODE[code].language)
            for code in known["marketplaces"]
        )
        self.credentials = {name: known[name] for name in ("refresh_token", "client_id", "client_secret", "seller_id")}
        self.where = {"name": f"7:{uuid.uuid4()}", "region": region, "folder": folder}
        self.source = SOURCES["sp_api"].build(self.credentials, **self.where)

    def truth(self, what: str) -> dict:
        return told(self.address, f"/_sandbox/truth/{what}?partner={self.partner}")

    def bring(self, dataset: str, days: int = DAYS) -> tuple[pl.DataFrame, list]:
        """Everything of a dataset, as a worker does it: come back with the cursor whenever told to."""
        cursor, frames, documents = "", [], []
        for _attempt in range(60):
            task = Task(dataset, self.markets, NOW - timedelta(days=days), NOW, cursor)
            try:
                for document in self.source.fetch(task):
                    frames += self.source.parse(document)
                    documents.append(document)
                    cursor = document.cursor
                return pl.concat(frames), documents
            except TryLater as later:
                cursor = later.cursor
                time.sleep(min(later.seconds or 1, 5))
        raise AssertionError(f"{dataset}: never done")


@pytest.fixture(params=["lumora:NA", "sorano:FE", "kidobay:EU"])
def desk(request, sandbox, settings, tmp_path):
    return Desk(sandbox, request.param, settings, tmp_path)


@pytest.fixture
def one(sandbox, settings, tmp_path):
    told(sandbox, "/_sandbox/faults", method="DELETE")
    yield Desk(sandbox, "lumora:NA", settings, tmp_path)
    told(sandbox, "/_sandbox/faults", method="DELETE")


def test_orders_are_the_truth_line_by_line(desk):
    frame, _documents = desk.bring("orders")
    since = (NOW - timedelta(days=DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [line for line in desk.truth("orders")["lines"] if line["updated_at"] >= since]
    assert frame.height == len(lines) > 100
    key = ("order_id", "sku", "ordinal")
    ours = {tuple(row[name] for name in key): row for row in frame.to_dicts()}
    assert len(ours) == frame.height, "no line twice"
    same = ("marketplace", "asin", "quantity", "price", "status", "item_status", "fulfilment")
    for line in lines:
        row = ours[tuple(line[name] for name in key)]
        assert {name: row[name] for name in same} == {name: line[name] for name in same}
        assert row["purchased_on"] == date.fromisoformat(line["purchased_on"])
        assert row["updated_at"] == datetime.fromisoformat(line["updated_at"])


def test_listings_are_the_truth(desk):
    frame, documents = desk.bring("listings")
    assert len(documents) == len(desk.markets)
    names = ("marketplace", "sku", "asin", "title", "price", "currency", "status", "fulfilment", "quantity")
    ours = sorted(frame.select(names).rows(), key=str)
    assert ours == sorted((tuple(row[name] for name in names) for row in desk.truth("listings")["rows"]), key=str)
    assert frame["opened_at"].null_count() == 0


def test_stock_is_the_truth(desk):
    frame, _documents = desk.bring("fba_stock")
    truth = {(row["marketplace"], row["sku"]): row for row in desk.truth("stock")["rows"]}
    assert {(row["marketplace"], row["sku"]) for row in frame.to_dicts()} == set(truth)
    for row in frame.to_dicts():
        there = truth[row["marketplace"], row["sku"]]
        ours = [row[name] for name in ("available", "unsellable", "inbound_working", "inbound_shipped")]
        assert ours == [there[name] for name in ("available", "unfulfillable", "working", "shipped")]


def test_planning_covers_what_stock_covers(desk):
    planning, _documents = desk.bring("fba_planning")
    assert planning.height > 0
    assert planning["available"].null_count() == 0
    ages = planning.select(pl.sum_horizontal(pl.col(r"^age_.*$")).alias("aged"), "available", "sku")
    assert (ages["aged"] >= 0).all()


def test_traffic_is_the_truth_day_by_day(one):
    frame, documents = one.bring("traffic", days=3)
    for document in documents:
        assert document.first == document.last
        assert document.first < NOW.astimezone(ZoneInfo(document.markets[0].time_zone)).date()
    day = min(document.first for document in documents)
    theirs = told(one.address, f"/_sandbox/truth/traffic?partner={one.partner}&from={day}&to={day}")["rows"]
    names = ("marketplace", "sku", "sessions", "page_views", "units_ordered", "ordered_sales")
    ours = frame.filter(date=day).select(names).rows()
    assert sorted(ours) == sorted(tuple(row[name] for name in names) for row in theirs)


def test_credentials_are_verified_by_asking(desk):
    found = SOURCES["sp_api"].verify(desk.credentials, **desk.where)
    assert set(found.open_sites) == {market.code for market in desk.markets}
    assert found.seller_id == desk.credentials["seller_id"]
    with pytest.raises(ConnectionRevoked):
        SOURCES["sp_api"].verify(desk.credentials | {"refresh_token": "Atzr|gone"}, **desk.where)


def test_the_sandbox_never_had_to_stop_us(one):
    before = one.truth("calls")["throttled"]
    one.bring("listings")
    assert one.truth("calls")["throttled"] == before


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "429_storm", "operation": "createReport", "times": 1},
        {"kind": "503_html", "operation": "getReport", "times": 1},
        {"kind": "500", "operation": "getReportDocument", "times": 1},
        {"kind": "reset", "operation": "download", "times": 1},
        {"kind": "expired_token", "times": 1},
        {"kind": "truncated_gzip", "times": 1},
        {"kind": "bad_crc", "times": 1},
        {"kind": "fatal_report", "times": 1},
    ],
    ids=lambda fault: fault["kind"],
)
def test_one_fault_on_the_way_loses_nothing(one, monkeypatch, fault):
    whole, _documents = one.bring("fba_stock")
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(one.source.caller.limiter, "acquire", lambda _bucket, **_options: None)
    told(one.address, "/_sandbox/faults", fault)
    faulty, _documents = one.bring("fba_stock")
    assert told(one.address, "/_sandbox/faults")["faults"][0]["hits"] == 1, "the fault did strike"
    assert faulty.sort("marketplace", "sku").drop("date").equals(whole.sort("marketplace", "sku").drop("date"))


def test_a_snapshot_tells_its_day_whole(one):
    frame, documents = one.bring("fba_stock")
    assert {(d.first, d.last) for d in documents} == {(day, day) for day in frame["date"].unique()}


def _asked(one) -> int:
    return sum(row["count"] for row in one.truth("calls")["rows"] if row["operation"] == "createReport")


@pytest.mark.parametrize("dataset", ["orders", "fba_stock"])
def test_after_a_crash_no_second_report_is_asked_for(one, dataset):
    task = Task(dataset, one.markets[:1], NOW - timedelta(days=DAYS), NOW)
    done = next(one.source.fetch(task))  # and then its worker dies: no cursor was kept
    before = _asked(one)
    (found,) = one.source.fetch(replace(task, begun=NOW - timedelta(minutes=1)))
    assert (found.name, found.path.read_bytes()) == (done.name, done.path.read_bytes())
    assert _asked(one) == before


def test_a_file_that_arrives_broken_twice_is_kept_as_it_came(one):
    told(one.address, "/_sandbox/faults", {"kind": "truncated_gzip", "times": 2})
    task = Task("fba_stock", one.markets[:1], NOW - timedelta(days=DAYS), NOW)
    with pytest.raises(TryLater) as later:
        list(one.source.fetch(task))
    (document,) = one.source.fetch(replace(task, cursor=later.value.cursor))
    assert document.path.read_bytes().startswith(b"\x1f\x8b")
    with pytest.raises(Unreadable, match="cut off"):
        list(one.source.parse(document))


def test_a_revoked_consent_needs_the_owner(one):
    told(one.address, "/_sandbox/faults", {"kind": "revoked_token"})
    with pytest.raises(ConnectionRevoked):
        one.bring("fba_stock")


def test_our_tokens_lie_encrypted(one, settings):
    one.source.participations()
    valkey = redis.Redis.from_url(settings.RATES_URL)
    kept = [valkey.get(key) for key in valkey.keys(f"lwa:{one.where['name']}:*")]
    assert kept
    assert not any(b"Atza" in value for value in kept)
