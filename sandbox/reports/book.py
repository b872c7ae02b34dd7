"""The book of reports: asked for, waiting, made, kept in the state folder so that a restart forgets none."""

import gzip
import itertools
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.clock import iso
from sandbox.reports import feedback, health, listings, orders, planning, returns, stock, traffic
from sandbox.reports.text import File, NoData, Refused
from sandbox.world.hashing import digest
from sandbox.world.marketplaces import BY_CODE
from sandbox.world.partners import BY_ID, Authorisation

if TYPE_CHECKING:
    from sandbox.service import Sandbox

Maker = Callable[["Sandbox", "Report", int], File]
TYPES: dict[str, Maker] = {
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL": orders.by_last_update,
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL": orders.by_order_date,
    "GET_MERCHANT_LISTINGS_ALL_DATA": listings.make,
    "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA": stock.make,
    "GET_FBA_INVENTORY_PLANNING_DATA": planning.make,
    "GET_SALES_AND_TRAFFIC_REPORT": traffic.make,
    "GET_V2_SELLER_PERFORMANCE_REPORT": health.make,
    "GET_SELLER_FEEDBACK_DATA": feedback.make,
    "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA": returns.to_amazon,
    "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE": returns.to_merchants,
}
QUEUE_SECONDS, WORK_SECONDS = 1.5, 2.0
FAST_QUEUE_SECONDS, FAST_WORK_SECONDS = 0.1, 0.1
FINAL = ("DONE", "CANCELLED", "FATAL")


@dataclass
class Report:
    """One report. Times are epoch seconds of the sandbox clock; ``window`` may hold None."""

    id: str
    account: str
    type: str
    codes: list[str]
    window: tuple[int | None, int | None]
    options: dict[str, str]
    created: int
    status: str = "IN_QUEUE"
    started: int | None = None
    ended: int | None = None
    document: str | None = None
    media: str = "text/plain; charset=UTF-8"
    rows: int = 0
    problem: str = ""

    @property
    def auth(self) -> Authorisation:
        """The account the report is about."""
        return BY_ID[self.account]

    def shown(self) -> dict:
        """The report in Amazon's shape."""
        answer: dict = {
            "reportId": self.id,
            "reportType": self.type,
            "processingStatus": self.status,
            "marketplaceIds": [BY_CODE[c].id for c in self.codes],
            "createdTime": iso(self.created),
        }
        moments = (
            ("dataStartTime", self.window[0]),
            ("dataEndTime", self.window[1]),
            ("processingStartTime", self.started),
            ("processingEndTime", self.ended),
        )
        answer |= {name: iso(moment) for name, moment in moments if moment is not None}
        return answer | ({"reportDocumentId": self.document} if self.document else {})


class Book:
    """All reports of this sandbox."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._folder: Path = sandbox.folder / "reports"
        self._folder.mkdir(exist_ok=True)
        self._lock = threading.Lock()
        self._reports = {r.id: r for r in map(self._read, sorted(self._folder.glob("*.json")))}
        self._numbers = itertools.count(max((int(i[6:-5]) for i in self._reports), default=20_000) + 1)
        self._pool = ThreadPoolExecutor(2, "reports")
        for report in self._reports.values():
            if report.status not in FINAL:
                self._begin(report)

    @staticmethod
    def _read(path: Path) -> Report:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Report(**kept | {"window": tuple(kept["window"])})

    def _write(self, report: Report) -> None:
        path = self._folder / f"{report.id}.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(report)), encoding="utf-8")
        temporary.replace(path)

    def get(self, identity: str) -> Report | None:
        """A report by id."""
        return self._reports.get(identity)

    def by_document(self, document: str) -> Report | None:
        """A report by the id of its document."""
        return self._reports.get(document.rpartition(".")[2]) if document.startswith("amzn1.spdoc.") else None

    def of(self, account: str) -> list[Report]:
        """Reports of an account, newest first."""
        return [r for r in reversed(list(self._reports.values())) if r.account == account]

    def path(self, report: Report) -> Path:
        """Where the document lies."""
        return self._folder / f"{report.id}.gz"

    def ask(
        self, auth: Authorisation, kind: str, codes: list[str], window: tuple[int | None, int | None], options: dict
    ) -> Report:
        """Put a report into the queue."""
        with self._lock:
            number = next(self._numbers)
            texts = {str(k): str(v) for k, v in options.items()}
            identity = f"500000{number:06d}20782"
            report = Report(identity, auth.id, kind, codes, window, texts, self._sandbox.now())
            self._reports[report.id] = report
        self._write(report)
        self._begin(report)
        return report

    def cancel(self, report: Report) -> bool:
        """Cancel while it is in the queue."""
        with self._lock:
            if report.status != "IN_QUEUE":
                return False
            report.status, report.ended = "CANCELLED", self._sandbox.now()
        self._write(report)
        return True

    def _begin(self, report: Report) -> None:
        fast = self._sandbox.options.fast
        wait = FAST_QUEUE_SECONDS if fast else QUEUE_SECONDS
        timer = threading.Timer(wait, lambda: self._pool.submit(self._work, report, not fast))
        timer.daemon = True
        timer.start()

    def _work(self, report: Report, slowly: bool) -> None:
        with self._lock:
            if report.status in FINAL:
                return
            report.status, report.started = "IN_PROGRESS", self._sandbox.now()
        time.sleep(WORK_SECONDS if slowly else FAST_WORK_SECONDS)
        try:
            status = self._make(report)
        except Exception as error:  # Whatever went wrong, a report that hangs for ever would be worse.
            report.problem, status = repr(error), "FATAL"
        report.ended = self._sandbox.now()
        report.status = status
        self._write(report)

    def _make(self, report: Report) -> str:
        faults = self._sandbox.faults
        if faults.strike(("cancelled_report",), report.type, report.account):
            return "CANCELLED"
        try:
            if faults.strike(("fatal_report",), report.type, report.account):
                raise Refused("The report could not be generated because of an internal error.")
            file = TYPES[report.type](self._sandbox, report, self._sandbox.now())
        except NoData:
            return "CANCELLED"
        except Refused as refusal:
            self._keep(report, File(json.dumps({"errorDetails": str(refusal)}).encode(), "application/json"))
            return "FATAL"
        self._keep(report, file)
        return "DONE"

    def _keep(self, report: Report, file: File) -> None:
        self.path(report).write_bytes(gzip.compress(file.body, 1))
        report.media, report.rows = file.media, file.rows
        report.document = f"amzn1.spdoc.1.4.{report.auth.region.lower()}.{digest(report.id)[:8]}.{report.id}"
