"""Reports 2021-06-30, and the storage host its documents lie on."""

from sandbox.api.reading import bad, marketplaces, moment, seal, unseal, whole
from sandbox.http import ApiError, Request, Response
from sandbox.reports.book import TYPES, Report
from sandbox.service import Sandbox

URL_SECONDS = 300
STATUSES = ("IN_QUEUE", "IN_PROGRESS", "DONE", "CANCELLED", "FATAL")
EXPIRED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>'
    b"<Message>Request has expired</Message></Error>"
)


def create(sandbox: Sandbox, request: Request) -> Response:
    """``createReport``: 202 and an id."""
    body = request.json()
    if body.get("reportType") not in TYPES:
        raise bad(f"The report type {body.get('reportType')} is not supported.")
    ids = body.get("marketplaceIds")
    if not isinstance(ids, list) or not 1 <= len(ids) <= 25:
        raise bad("marketplaceIds must hold 1 to 25 marketplaces.")
    options = body.get("reportOptions") or {}
    if not isinstance(options, dict):
        raise bad("reportOptions must be an object.")
    codes = marketplaces(request, [str(i) for i in ids])
    window = [moment(str(body[n]), n) if body.get(n) else None for n in ("dataStartTime", "dataEndTime")]
    if None not in window and window[0] > window[1]:
        raise bad("dataStartTime is after dataEndTime.")
    report = sandbox.book.ask(request.auth, body["reportType"], codes, (window[0], window[1]), options)
    return Response.json({"reportId": report.id}, 202)


def _mine(sandbox: Sandbox, request: Request) -> Report:
    report = sandbox.book.get(request.params["report"])
    if report is None or report.account != request.auth.id:
        raise ApiError(404, "NotFound", "Requested resource does not exist.")
    return report


def one(sandbox: Sandbox, request: Request) -> Response:
    """``getReport``."""
    return Response.json(_mine(sandbox, request).shown())


def cancel(sandbox: Sandbox, request: Request) -> Response:
    """``cancelReport``: only while it waits."""
    if not sandbox.book.cancel(_mine(sandbox, request)):
        raise bad("The report is already being processed.")
    return Response.json({})


def search(sandbox: Sandbox, request: Request) -> Response:
    """``getReports``, newest first."""
    if token := request.first("nextToken"):
        if len(request.query) > 1:
            raise bad("nextToken must be sent alone.")
        query = unseal(token)
    else:
        query = _query(request)
    found = [r for r in sandbox.book.of(request.auth.id) if _fits(r, query)]
    first, size = query["offset"], query["size"]
    answer = {"reports": [r.shown() for r in found[first : first + size]]}
    if len(found) > first + size:
        answer["nextToken"] = seal(query | {"offset": first + size})
    return Response.json(answer)


def _query(request: Request) -> dict:
    types, statuses = request.many("reportTypes"), request.many("processingStatuses")
    if not 1 <= len(types) <= 10:
        raise bad("reportTypes must hold 1 to 10 types.")
    if set(statuses) - set(STATUSES):
        raise bad("processingStatuses holds an unknown status.")
    since, until = request.first("createdSince"), request.first("createdUntil")
    return {
        "types": types,
        "statuses": statuses,
        "places": request.many("marketplaceIds"),
        "offset": 0,
        "size": whole(request.first("pageSize", "10"), "pageSize", 1, 100),
        "since": moment(since, "createdSince") if since else 0,
        "until": moment(until, "createdUntil") if until else 2**40,
    }


def _fits(report: Report, query: dict) -> bool:
    places = set(query["places"])
    return (
        report.type in query["types"]
        and (not query["statuses"] or report.status in query["statuses"])
        and (not places or bool(places & set(report.shown()["marketplaceIds"])))
        and query["since"] <= report.created <= query["until"]
    )


def document(sandbox: Sandbox, request: Request) -> Response:
    """``getReportDocument``: an address that is good for five minutes."""
    report = sandbox.book.by_document(request.params["document"])
    if report is None or report.account != request.auth.id:
        raise ApiError(404, "NotFound", "Requested resource does not exist.")
    token = sandbox.login.sign("document", report.id, URL_SECONDS)
    url = f"{request.base_url}/_documents/{token}?X-Amz-Expires={URL_SECONDS}"
    return Response.json({"reportDocumentId": report.document, "url": url, "compressionAlgorithm": "GZIP"})


def download(sandbox: Sandbox, request: Request) -> Response:
    """The document itself, as the storage host gives it: gzip that the headers do not mention."""
    found = sandbox.login.check("document", request.params["token"])
    report = sandbox.book.get(found[0]) if found and found[1] else None
    if report is None:
        return Response(403, EXPIRED, "application/xml")
    body = sandbox.book.path(report).read_bytes()
    if sandbox.faults.strike(("truncated_gzip",), "download", report.account):
        body = body[: len(body) // 2]
    if sandbox.faults.strike(("bad_crc",), "download", report.account):
        body = body[:-8] + bytes(byte ^ 0xFF for byte in body[-8:-4]) + body[-4:]
    return Response(200, body, report.media)
