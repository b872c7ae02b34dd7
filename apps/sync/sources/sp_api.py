"""Amazon's Selling Partner API: reports are asked for, waited for, fetched and read.

A report takes minutes. A worker waits for it only a moment; then it gives the run back with the report's id as
cursor, and whoever takes the run up again goes on there instead of asking anew.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import polars as pl

from apps.sync import rows
from apps.sync.http import AuthExpired, Download, Http, NotFound, Request
from apps.sync.limits import Limiter
from apps.sync.reading import health, health_files, kinds, reports, traffic
from apps.sync.reading.table import TextTable
from apps.sync.reading.text import encoding_of
from apps.sync.reading.unpack import gunzip, packed
from apps.sync.source import Document, Market, SourceError, Task, TryLater, Unreadable
from apps.sync.sources import merchant_orders
from apps.sync.sources.calling import Account, Caller, iso
from apps.sync.tokens import TokenStore

REPORTS = "/reports/2021-06-30"
# A worker looks this often, this far apart (seconds), before it gives the run back.
LOOKS, PAUSE, COME_BACK = 6, 0.5, 30.0
# A report that Amazon could not make, or whose bytes arrive broken, is asked for once more after this many seconds.
SECOND_TRY = 60.0
LONGEST_WINDOW = timedelta(days=30)
LONGEST_OF_EVENTS = timedelta(days=60)  # of returns; of feedback Amazon names none
TYPES: dict[str, tuple[str, reports.Report]] = {
    "orders": ("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL", reports.ORDERS),
    "listings": ("GET_MERCHANT_LISTINGS_ALL_DATA", reports.LISTINGS),
    "fba_stock": ("GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA", reports.FBA_STOCK),
    "fba_planning": ("GET_FBA_INVENTORY_PLANNING_DATA", reports.FBA_PLANNING),
    "traffic": (traffic.NAME, kinds.TRAFFIC),
    "health": (health.NAME, kinds.HEALTH),
    "feedback": ("GET_SELLER_FEEDBACK_DATA", health_files.FEEDBACK),
    "fba_returns": ("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", health_files.FBA_RETURNS),
    "merchant_returns": ("GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE", health_files.MERCHANT_RETURNS),
}
# Asked for site by site and window by window.
BY_WINDOW = frozenset({"feedback", "fba_returns", "merchant_returns"})
# What there is now, whole: such a report restates the local day on which Amazon made it.
SNAPSHOTS = frozenset({"listings", "fba_stock", "fba_planning"})
# A report of ours in one of these states need not be asked for again.
GOOD = "IN_QUEUE,IN_PROGRESS,DONE,CANCELLED"


@dataclass(frozen=True)
class Participation:
    """One marketplace of a seller. `code` is our code (UK, not GB); `suspended`: Amazon has closed listings there."""

    id: str
    code: str
    currency: str
    active: bool
    suspended: bool
    store_name: str


@dataclass(frozen=True)
class Ask:
    """One report to ask for."""

    type: str
    markets: tuple[Market, ...]
    since: datetime | None
    until: datetime | None
    options: dict[str, str]


@dataclass(frozen=True)
class Where:
    """How far a run is: which of its reports is next, the one already asked for, and whether it failed before.

    Written `"<ask>:<report id>:<failures>"`, for example `"0:ID323:0"`.
    """

    ask: int = 0
    report: str = ""
    failures: int = 0

    @classmethod
    def of(cls, cursor: str) -> "Where":
        ask, report, failures = (cursor or "0::0").split(":")
        return cls(int(ask), report, int(failures))

    def __str__(self) -> str:
        return f"{self.ask}:{self.report}:{self.failures}"

    @property
    def again(self) -> str:
        """The cursor that asks for this report anew, knowing that it failed."""
        return str(replace(self, report="", failures=self.failures + 1))


class SpApi:
    """See `sync.source.Source`."""

    kind: ClassVar[str] = "sp_api"
    datasets: ClassVar[dict[str, rows.RowType]] = {
        "orders": rows.ORDER_LINE,
        "listings": rows.LISTING,
        "fba_stock": rows.FBA_STOCK,
        "fba_planning": rows.FBA_PLANNING,
        "traffic": rows.TRAFFIC,
        "health": rows.HEALTH,
        "feedback": rows.FEEDBACK,
        "fba_returns": rows.RETURN,
        "merchant_returns": rows.RETURN,
        "shipments": rows.SHIPMENT,
    }

    def __init__(
        self,
        account: Account,
        http: Http,
        tokens: TokenStore,
        limiter: Limiter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.account, self.http, self.sleep = account, http, sleep
        self.caller = Caller(account, http, tokens, limiter)

    # -- fetching

    def fetch(self, task: Task) -> Iterator[Document]:
        """Documents of the task, one report after the other; `Document.cursor` resumes behind it.

        Every TryLater carries the cursor at which to go on: a report that was asked for is never asked for twice.
        """
        if task.dataset == merchant_orders.DATASET:
            windows = list(_windows(task.since, task.until - merchant_orders.SETTLED))
            yield from merchant_orders.fetch(self._call, task, windows, self.account.folder)
            return
        start = Where.of(task.cursor)
        asks = asks_of(task)
        for index in range(start.ask, len(asks)):
            where = start if index == start.ask else Where(index)
            try:
                if not where.report:
                    where = replace(where, report=self._begun(task, asks[index], where) or self._create(asks[index]))
                yield from self._report(task, asks[index], where)
            except TryLater as error:
                error.cursor = error.cursor or str(where)
                raise

    def participations(self) -> list[Participation]:
        """Marketplaces this consent covers."""
        found = self._call("getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations")["payload"]
        return [
            Participation(
                marketplace["id"],
                # Amazon writes GB where everybody in the trade, and Amazon itself elsewhere, says UK.
                {"GB": "UK"}.get(marketplace["countryCode"], marketplace["countryCode"]),
                marketplace["defaultCurrencyCode"],
                entry["participation"]["isParticipating"],
                entry["participation"]["hasSuspendedListings"],
                entry.get("storeName", ""),
            )
            for entry in found
            for marketplace in (entry["marketplace"],)
        ]

    def _begun(self, task: Task, ask: Ask, where: Where) -> str:
        """The report that a worker asked for before it broke down, or "". Looked for only then: Amazon counts looks."""
        if task.begun is None or where.failures:
            return ""
        query = {
            "reportTypes": ask.type,
            "marketplaceIds": ",".join(market.amazon_id for market in ask.markets),
            "processingStatuses": GOOD,
            "createdSince": iso(task.begun),
            "pageSize": "100",
        }
        found = self._call("getReports", "GET", f"{REPORTS}/reports?{urlencode(query)}")["reports"]
        return next((str(report["reportId"]) for report in found if _answers(report, ask)), "")

    def _create(self, ask: Ask) -> str:
        body: dict[str, Any] = {"reportType": ask.type, "marketplaceIds": [m.amazon_id for m in ask.markets]}
        if ask.since and ask.until:
            body |= {"dataStartTime": iso(ask.since), "dataEndTime": iso(ask.until)}
        if ask.options:
            body["reportOptions"] = ask.options
        return str(self._call("createReport", "POST", f"{REPORTS}/reports", body)["reportId"])

    def _report(self, task: Task, ask: Ask, where: Where) -> Iterator[Document]:
        state = self._finished(where)
        if state["processingStatus"] == "CANCELLED":  # Amazon's word for "no data in this window"
            return
        if state["processingStatus"] == "FATAL":
            raise self._failed(f"{ask.type}: Amazon could not make this report", where)
        download, path = self._bytes(ask, where, str(state["reportDocumentId"]))
        as_of = _moment(state.get("processingEndTime") or state["createdTime"])
        first, last = _window(task.dataset, ask, as_of)
        yield Document(
            name=f"{ask.type}-{where.report}",
            row=self.datasets[task.dataset],
            path=path,
            as_of=as_of,
            markets=ask.markets,
            cursor=str(Where(where.ask + 1)),
            first=first,
            last=last,
            encoding=download.charset,
            media_type=download.media_type,
            facts={"dataset": task.dataset},
        )

    @staticmethod
    def _failed(message: str, where: Where) -> SourceError:
        """Once may be chance: try anew. Twice is not: it waits for a person."""
        return Unreadable(message) if where.failures else TryLater(message, SECOND_TRY, where.again)

    def _finished(self, where: Where) -> dict[str, Any]:
        """The report once it is made. Raises TryLater with the cursor to come back to."""
        for look in range(LOOKS):
            if look:
                self.sleep(PAUSE)
            try:
                state = self._call("getReport", "GET", f"{REPORTS}/reports/{where.report}")
            except NotFound:
                raise TryLater("the report is gone: it is asked for again", 1, str(Where(where.ask))) from None
            if state["processingStatus"] in {"DONE", "CANCELLED", "FATAL"}:
                return state
        raise TryLater("Amazon is still making the report", COME_BACK, str(where))

    def _bytes(self, ask: Ask, where: Where, document: str) -> tuple[Download, Path]:
        """The report's bytes as they came, and the file they unpack to. Nothing is left behind on failure.

        A packed file that is broken for the second time stays as it is: it is kept, and `parse` says what is wrong.
        """
        about = self._call("getReportDocument", "GET", f"{REPORTS}/documents/{document}")
        try:
            with self.caller.watch("download"):
                download = self.http.download(Request("download", "GET", about["url"]), folder=self.account.folder)
        except (AuthExpired, NotFound) as error:
            # The address is signed for five minutes: refusing it says nothing about the seller's consent.
            raise TryLater("the report's address has expired: a new one is asked for", 5, str(where)) from error
        if about.get("compressionAlgorithm") != "GZIP":
            return download, download.path
        try:
            plain = gunzip(download.path, self.account.folder)
        except Unreadable as error:
            if where.failures:
                return replace(download, media_type="application/gzip"), download.path
            download.path.unlink()
            raise TryLater(f"{ask.type}: {error}", SECOND_TRY, where.again) from None
        download.path.unlink()
        return download, plain

    def _call(self, operation: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        return self.caller.call(operation, method, path, body)

    # -- reading

    def parse(self, document: Document) -> Iterator[pl.DataFrame]:
        """Typed batches of a document. Raises Unreadable."""
        return parse(document)


def parse(document: Document) -> Iterator[pl.DataFrame]:
    """Typed batches of a report's file, wherever it came from."""
    report = kinds.BY_KEY[document.facts["dataset"]]
    if packed(document.path):
        document = replace(document, path=gunzip(document.path, document.path.parent))
    if report is kinds.TRAFFIC:
        if document.first is None:
            raise Unreadable("a Sales and Traffic report needs its day")
        yield from traffic.read(document.path, document.markets[0], document.first)
        return
    context = reports.Context(document.markets, document.as_of)
    if json := kinds.JSONS.get(report.key):
        yield from json.read(document.path, context)
        return
    language = document.markets[0].language[:2] if document.markets else ""
    table = TextTable(document.path, encoding_of(document.path, document.encoding, language))
    yield from reports.read(report, table, context)


def asks_of(task: Task) -> list[Ask]:
    """The reports that bring a task: orders and account health over all sites at once, the rest site by site,
    traffic day by day."""
    type_ = TYPES[task.dataset][0]
    longest = LONGEST_OF_EVENTS if task.dataset in BY_WINDOW else LONGEST_WINDOW
    windows = list(_windows(task.since, task.until, longest))
    if task.dataset == "orders":
        return [Ask(type_, task.markets, since, until, {}) for since, until in windows]
    if task.dataset == "health":
        return [Ask(type_, task.markets, None, None, {})]
    if task.dataset in BY_WINDOW:
        return [Ask(type_, (market,), since, until, {}) for market in task.markets for since, until in windows]
    if task.dataset != "traffic":
        return [Ask(type_, (market,), None, None, {}) for market in task.markets]
    return [_traffic_ask(type_, market, day) for market in task.markets for day in _days(task, market)]


def _windows(
    since: datetime, until: datetime, longest: timedelta = LONGEST_WINDOW
) -> Iterator[tuple[datetime, datetime]]:
    """Pieces of a window that Amazon accepts, oldest first."""
    while since < until:
        end = min(until, since + longest)
        yield since, end
        since = end


def _days(task: Task, market: Market) -> list[date]:
    """Whole local days of the window, newest first; today is not over."""
    zone = ZoneInfo(market.time_zone)
    first, last = task.since.astimezone(zone).date(), task.until.astimezone(zone).date() - timedelta(days=1)
    return [last - timedelta(days=n) for n in range((last - first).days + 1)]


def _traffic_ask(type_: str, market: Market, day: date) -> Ask:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Ask(type_, (market,), at, at, {"dateGranularity": "DAY", "asinGranularity": "SKU"})


def _window(dataset: str, ask: Ask, as_of: datetime) -> tuple[date | None, date | None]:
    """The local days a report tells whole; none for events."""
    if dataset == "traffic" and ask.since and ask.until:
        return ask.since.date(), ask.until.date()
    if dataset == "feedback" and ask.since and ask.until:  # removed feedback is not in it any more
        zone = ZoneInfo(ask.markets[0].time_zone)
        first, last = (at.astimezone(zone).date() + timedelta(days=n) for at, n in ((ask.since, 1), (ask.until, -1)))
        return (first, last) if first <= last else (None, None)
    if dataset in SNAPSHOTS:
        day = as_of.astimezone(ZoneInfo(ask.markets[0].time_zone)).date()
        return day, day
    return None, None


def _answers(report: dict[str, Any], ask: Ask) -> bool:
    """Is this what `ask` would bring? Amazon tells moments to the second."""
    if report["reportType"] != ask.type or set(report["marketplaceIds"]) != {m.amazon_id for m in ask.markets}:
        return False
    if ask.since is None or ask.until is None:
        return True
    told = (report.get("dataStartTime"), report.get("dataEndTime"))
    return all(told) and tuple(map(_moment, told)) == (_whole(ask.since), _whole(ask.until))  # type: ignore[arg-type]


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
