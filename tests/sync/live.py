"""The product as it runs: sandbox, worker and clock as processes of their own, a Valkey of their own, the tests'
database. What is compared at the end is the ledger of the sandbox with the rows in PostgreSQL, by nobody's help."""

import contextlib
import os
import shutil
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection
from django.db.models import Min
from django.utils import timezone

from apps.accounts.models import Store, StoreMarketplace
from apps.core.tenancy import tenant
from apps.sales.models import OrderLine, SalesDay, StoreDay
from apps.sync import actions
from apps.sync.models import Run, Stream
from config.celery import app as celery
from stack import valkey
from stack.place import ROOT, Place
from stack.process import Child
from tests.boxes import Box
from tests.world import World

OVER = (Run.State.DONE, Run.State.EMPTY)
UNDONE = (Run.State.DUE, Run.State.RUNNING)
VALUES = ("marketplace", "asin", "status", "item_status", "fulfilment", "quantity", "currency", "price", "tax")
MORE_VALUES = ("shipping", "promotion", "purchased_on", "purchased_at", "updated_at")
Key = tuple[str, str, int]
MOST_RESTARTS = 3


@dataclass
class Live:
    """The processes, and one store that syncs through them."""

    box: Box
    place: Place
    folder: Path
    account: str
    lease: int = 60
    datasets: Mapping[str, int] = field(default_factory=dict)  # only these, with so many days of their past
    sites: Collection[str] = ()  # only these of the account's
    furnish: Callable[[World], None] = lambda world: None  # done before the store is connected
    more: Mapping[str, str] = field(default_factory=dict)  # of the environment
    restarts: int = 0
    children: dict[str, Child] = field(default_factory=dict)
    world: World = field(init=False)
    store: Store = field(init=False)

    @property
    def environment(self) -> dict[str, str]:
        """As `stack` tells it to the product's programs; the login is the tests' own, which serves and no more."""
        ours = connection.settings_dict
        host = ours["HOST"] or ours["OPTIONS"].get("host", "")
        password = f":{quote(ours['PASSWORD'])}" if ours["PASSWORD"] else ""
        server, query = ("", f"?host={host}") if host.startswith("/") else (f"{host}:{ours['PORT'] or 5432}", "")
        database = f"postgres://{quote(ours['USER'])}{password}@{server}/{ours['NAME']}{query}"
        left_out = ("DJANGO_ROLE", "DJANGO_TEST", "DATABASE_OWNER_URL", "DATABASE_PLATFORM_URL")
        return {
            **{name: value for name, value in os.environ.items() if name not in left_out},
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database,
            "REDIS_URL": valkey.url(self.place),
            "DOCUMENTS_URL": (self.folder / "documents").as_uri(),
            "SANDBOX_URL": self.box.address,
            "LWA_URL": f"{self.box.address}/auth/o2/token",
            **{f"SP_API_{region}_URL": f"{self.box.address}/{region.lower()}" for region in ("NA", "EU", "FE")},
            "ALLOW_HTTP_OUTSIDE": "1",
            "SYNC_LEASE_SECONDS": str(self.lease),
            **self.more,
        }

    # -- processes

    def start_valkey(self) -> None:
        self.children["valkey"] = valkey.start(self.place)

    def start_worker(self) -> None:
        words = ["worker", "--without-gossip", "--without-mingle", "-Q", "command,interactive,sync,bulk", "-c", "2"]
        self._celery("worker", [*words, "-n", "live@%h"])

    def start_beat(self) -> None:
        self._celery("beat", ["beat", "--schedule", str(self.folder / "beat"), "--pidfile", ""])

    def _celery(self, name: str, words: list[str]) -> None:
        command = [Path(sys.executable).parent / "celery", "-A", "config", *words, "--loglevel", "INFO"]
        log = self.place.logs / f"{name}.log"
        self.children[name] = Child.start(name, command, log, env=self.environment, cwd=ROOT)

    def kill(self, name: str) -> None:
        """kill -9, of all its processes at once: nobody can say goodbye."""
        child = self.children.pop(name)
        os.killpg(child.popen.pid, signal.SIGKILL)
        child.popen.wait(20)

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Meanwhile it stands still, and goes on afterwards: time for it has not passed."""
        group = self.children[name].popen.pid
        os.killpg(group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(group, signal.SIGCONT)

    def stop(self) -> None:
        for child in reversed(list(self.children.values())):
            child.ask()
        for child in reversed(list(self.children.values())):
            child.finish(time.monotonic() + 5)

    def now(self) -> datetime:
        """The sandbox's."""
        return datetime.fromisoformat(self.box.desk("clock")["now"])

    # -- the store

    def connect(self) -> None:
        """A store with the sandbox's consent: from here on all is up to the processes."""
        partner = self.box.partner(self.account)
        self.world = World("acme")
        with self.world:
            self.world.connection.delete()
            self.store = self.world.store
            StoreMarketplace.objects.filter(store=self.store).delete()
            for code in self.sites or partner["marketplaces"]:
                StoreMarketplace.objects.create(store=self.store, marketplace_id=code)
            keys = {name: partner[name] for name in ("refresh_token", "client_id", "client_secret")}
            self.furnish(self.world)
            actions.connect(self.store, "sp_api", keys, by=self.world.seats["owner"], at=timezone.now())
            if self.datasets:
                Stream.objects.exclude(dataset__in=self.datasets).delete()
            for dataset, days in self.datasets.items():
                past = Run.objects.filter(stream__dataset=dataset, slot__startswith="backfill:")
                past.filter(until__lt=timezone.now() - timedelta(days=days)).delete()

    def ring(self, task: str, *, queue: str, times: int = 1, **kwargs: Any) -> None:
        """As the bell and the clock do, so many times at once: by the broker, for whichever worker is free."""
        with celery.connection_for_write(valkey.url(self.place).replace("unix:", "redis+socket:")) as broker:
            for _time in range(times):
                celery.send_task(task, kwargs=kwargs, queue=queue, connection=broker)

    def succeeded(self, task: str) -> int:
        """How often a worker has done it, by its log."""
        said = (self.place.logs / "worker.log").read_text(errors="replace")
        return sum(f"Task {task}[" in line and "] succeeded in" in line for line in said.splitlines())

    def states(self) -> Counter[str]:
        with tenant(self.world.agency.pk):
            return Counter(Run.objects.values_list("state", flat=True))

    def wait(self, ready: Callable[[], bool], seconds: float) -> None:
        """Until `ready()`; fails with what the runs and the logs say."""
        end = time.monotonic() + seconds
        while not ready():
            self._supervise()
            if time.monotonic() > end:
                raise AssertionError(f"not ready after {seconds} s: {self.states()}\n{self.tails()}")
            time.sleep(0.1)

    def _supervise(self) -> None:
        """As Compose and `make up` do: a Celery process whose broker vanished at a bad moment may end; start it again."""
        starts = {"worker": self.start_worker, "beat": self.start_beat}
        gone = [name for name, child in self.children.items() if child.popen.poll() is not None]
        for name in gone:
            self.restarts += 1
            assert name in starts and self.restarts <= MOST_RESTARTS, f"{gone} ended by themselves\n{self.tails()}"
            starts[name]()

    def wait_for_runs(self, number: int, seconds: float = 60) -> None:
        """Until so many runs have ended well."""
        self.wait(lambda: sum(self.states()[state] for state in OVER) >= number, seconds)

    def wait_until_settled(self, seconds: float = 90) -> None:
        """Until nothing is left to do."""
        self.wait(lambda: not any(self.states()[state] for state in UNDONE), seconds)
        assert set(self.states()) <= {str(state) for state in OVER}, f"{self.states()}\n{self.tails()}"

    def tails(self) -> str:
        logs = sorted(self.place.logs.glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs)

    # -- truth

    def truth(self) -> dict[Key, dict[str, Any]]:
        """Lines that the product promised to bring: last changed within the history that it asks for."""
        with tenant(self.world.agency.pk):
            runs = Run.objects.filter(store=self.store, stream__dataset="orders")
            since = runs.aggregate(first=Min("since"))["first"].astimezone(UTC)
        lines = [line for line in self.box.lines(self.account) if datetime.fromisoformat(line["updated_at"]) >= since]
        return {(line["order_id"], line["sku"], line["ordinal"]): line for line in lines}

    def facts(self) -> list[dict[str, Any]]:
        """Order lines in PostgreSQL, spelled as the ledger spells them."""
        with tenant(self.world.agency.pk):
            rows = OrderLine.objects.filter(store=self.store).values(
                "order_id",
                "sku",
                "ordinal",
                "marketplace_id",
                *(name for name in (*VALUES, *MORE_VALUES) if name != "marketplace"),
            )
            return [_spelled(row) for row in rows]


def _spelled(row: dict[str, Any]) -> dict[str, Any]:
    row["marketplace"] = row.pop("marketplace_id")
    for name in ("purchased_at", "updated_at"):
        row[name] = row[name].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    row["purchased_on"] = row["purchased_on"].isoformat()
    return row


@dataclass(frozen=True)
class Verdict:
    """How facts and truth differ; all empty: not at all."""

    lines: int
    missing: list[Key]
    doubled: list[Key]
    invented: list[Key]
    different: dict[Key, dict[str, tuple[Any, Any]]]
    days: dict[tuple[str, ...], tuple[Any, Any]]

    @property
    def clean(self) -> bool:
        return not (self.missing or self.doubled or self.invented or self.different or self.days)

    def __str__(self) -> str:
        some = list(self.different.items())[:3], list(self.days.items())[:3]
        return (
            f"{self.lines} lines: {len(self.missing)} missing, {len(self.doubled)} doubled, {len(self.invented)} "
            f"invented, {len(self.different)} different, {len(self.days)} days wrong; for example {some}"
        )


def compare(live: Live) -> Verdict:
    """Every order line with every value, and the sums per day in both tables."""
    truth, facts = live.truth(), live.facts()
    keys = [(row["order_id"], row["sku"], row["ordinal"]) for row in facts]
    ours = dict(zip(keys, facts, strict=True))
    different = {}
    for key in truth.keys() & ours.keys():
        pairs = {name: (ours[key][name], _money(truth[key], name)) for name in (*VALUES, *MORE_VALUES)}
        wrong = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        different |= {key: wrong} if wrong else {}
    sold = expected_days(truth.values())
    there = _days(live)
    days = {
        key: (there.get(key), sold.get(key)) for key in sold.keys() | there.keys() if sold.get(key) != there.get(key)
    }
    return Verdict(
        len(truth),
        sorted(truth.keys() - ours.keys()),
        [key for key, times in Counter(keys).items() if times > 1],
        sorted(ours.keys() - truth.keys()),
        different,
        days,
    )


def _money(line: dict[str, Any], name: str) -> Any:
    """Amazon leaves the currency of an unpriced line empty."""
    return "" if name == "currency" and line["price"] is None else line[name]


def expected_days(lines: Any) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Sums that follow from the ledger: (marketplace, sku, day) → units, orders, revenue, tax, promotion, cancelled
    units; and (marketplace, day) → units, orders, revenue."""
    sums: dict[tuple[str, ...], list[int]] = {}
    orders: dict[tuple[str, ...], set[str]] = {}
    for line in lines:
        place, day = line["marketplace"], line["purchased_on"]
        by_sku, by_store = (place, line["sku"], day), (place, day)
        sku = sums.setdefault(by_sku, [0] * 5)
        store = sums.setdefault(by_store, [0] * 2)
        if "Cancelled" in (line["status"], line["item_status"]):
            sku[4] += line["quantity"]
            continue
        price, promotion = line["price"] or 0, line["promotion"] or 0
        revenue = price - promotion
        for total, parts in (
            (sku, (line["quantity"], revenue, line["tax"] or 0, promotion)),
            (store, (line["quantity"], revenue)),
        ):
            for place_in, part in enumerate(parts):
                total[place_in] += part
        for key in (by_sku, by_store):
            orders.setdefault(key, set()).add(line["order_id"])
    return {key: (total[0], len(orders.get(key, ())), *total[1:]) for key, total in sums.items()}


def _days(live: Live) -> dict[tuple[str, ...], tuple[int, ...]]:
    with tenant(live.world.agency.pk):
        by_sku = SalesDay.objects.filter(store=live.store).values_list(
            "marketplace_id", "sku", "date", "units", "orders", "revenue", "tax", "promotion", "cancelled"
        )
        by_store = StoreDay.objects.filter(store=live.store).values_list(
            "marketplace_id", "date", "units", "orders", "revenue"
        )
        found = {(row[0], row[1], row[2].isoformat()): tuple(row[3:]) for row in by_sku}
        return found | {(row[0], row[1].isoformat()): tuple(row[2:]) for row in by_store}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    folder: Path,
    account: str,
    *,
    lease: int = 60,
    scale: float = 0.1,
    behind: timedelta = timedelta(0),
    calm: Callable[[Box], None] = lambda box: None,
    **more: Any,
) -> Iterator[Live]:
    """Everything up, the store connected, the sync under way.

    `behind`: how far the sandbox's clock is behind, for tests that move it. `calm`: done at its desk before anybody
    connects. `more`: of Live.
    """
    now = datetime.now(UTC).replace(microsecond=0) - behind
    place = Place("test", folder)
    box = Box(folder / "sandbox", ("--fast",), now=now, scale=scale, port=_free_port())
    box.address = f"http://127.0.0.1:{box.port}"
    live = Live(box, place, folder, account, lease, **more)
    box.start()
    try:
        live.start_valkey()
        live.start_worker()  # while the sandbox makes its world
        live.start_beat()
        box.wait()
        box.desk("throttle", {"factor": 1000})  # the product's buckets are the narrow ones
        calm(box)
        live.connect()
        yield live
    finally:
        live.stop()
        box.stop()
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(place.sockets)
