"""Amazon's account health report (V2 seller performance): JSON, one day, all marketplaces of an account.

Real files differ from the published schema, and its own example from itself. So names are looked up without case,
known by several aliases, and what nobody here knows is kept as it came under Amazon's name. A metric that is not in
the file has no row: unknown, which is neither 0 nor good.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from apps.sync import rows
from apps.sync.reading.jsons import MISSHAPEN, content_of
from apps.sync.reading.reports import Context, normal
from apps.sync.source import Unreadable

NAME = "GET_V2_SELLER_PERFORMANCE_REPORT"
MOST_RAW = 2000
MILLION = 1_000_000
# Amazon's name → our metric, where its denominator and what it counts are.
RATES = {
    "lateshipmentrate": ("lsr", "ordercount", "lateshipmentcount"),
    "prefulfillmentcancellationrate": ("cancel", "ordercount", "cancellationcount"),
    "prefulfillmentcancelrate": ("cancel", "ordercount", "cancellationcount"),
    "validtrackingrate": ("vtr", "shipmentcount", "validtrackingcount"),
    "ontimedeliveryrate": ("otdr", "shipmentcountwithvalidtracking", "ontimedeliverycount"),
    "unitontimedeliveryrate": ("unit_otdr", "totalunitcount", "unitontimedeliverycount"),
    "invoicedefectrate": ("invoice", "ordercount", "invoicedefect"),
}
# Counts beside a rate: Amazon's name → our metric, under the rate's own denominator.
PARTS = {
    "claims": "odr_claims",
    "chargebacks": "odr_chargebacks",
    "negativefeedback": "odr_feedback",
    "missinginvoice": "invoice_missing",
    "lateinvoice": "invoice_late",
}
POLICIES = {
    "listingpolicyviolations": "policy_listing",
    "productauthenticitycustomercomplaints": "policy_authenticity",
    "productconditioncustomercomplaints": "policy_condition",
    "productsafetycustomercomplaints": "policy_safety",
    "receivedintellectualpropertycomplaints": "policy_ip_received",
    "suspectedintellectualpropertyviolations": "policy_ip_suspected",
    "restrictedproductpolicyviolations": "policy_restricted",
    "foodandproductsafetyissues": "policy_food",
    "otherpolicyviolations": "policy_other",
    "documentrequests": "policy_documents",
    "documentrequest": "policy_documents",
    "policyviolationwarnings": "policy_warnings",
    "customerproductreviewspolicyviolations": "policy_reviews",
}
COUNTED = ("defectscount", "defectcount", "warningscount", "count")
OPERATORS = {
    "LESS_THAN": "lt",
    "LESS_THAN_OR_EQUALS": "le",
    "GREATER_THAN": "gt",
    "GREATER_THAN_OR_EQUALS": "ge",
    "EQUALS": "eq",
}
ACCOUNT = {"SUSPENDED": "deactivated"}  # the schema's own example has a word that the schema has not

Entry = dict[str, Any]


def is_health(head: bytes) -> bool:
    """Does a file that begins like this hold the report?"""
    return b"accountStatuses" in head or b"performanceMetrics" in head


def read(path: Path, context: Context) -> Iterator[pl.DataFrame]:
    """One batch of HEALTH rows of the store's own sites. Raises Unreadable."""
    try:
        found = _rows(content_of(path), context)
        frame = pl.DataFrame(found, schema=rows.HEALTH.schema)
    except MISSHAPEN as error:
        raise Unreadable(
            gettext("The report has another shape than account health: %(why)s") % {"why": repr(error)[:200]}
        ) from None
    if not frame.height:
        raise Unreadable(_("The file is about a marketplace that this store does not sell in."))
    yield frame


def _rows(content: Entry, context: Context) -> list[Entry]:
    sites = {market.amazon_id: market.code for market in context.markets}
    pages = [page for page in content.get("performanceMetrics", []) if page["marketplaceId"] in sites]
    made = _day(pages) or context.as_of.date()
    found = []
    for page in pages:
        about = {"marketplace": sites[page["marketplaceId"]], "date": made}
        found += [_full(about | row) for row in _metrics(page)]
    for account in content.get("accountStatuses", []):
        if account["marketplaceId"] in sites:
            status = ACCOUNT.get(account["status"], account["status"].lower())
            about = {"marketplace": sites[account["marketplaceId"]], "date": made}
            found.append(_full(about | {"metric": "account_status", "status": status}))
    return found


def _full(row: Entry) -> Entry:
    return dict.fromkeys(rows.HEALTH.schema) | {"programme": ""} | row


def _day(pages: list[Entry]) -> date | None:
    """The report's day: its latest windows end the day before. None where no window is named."""
    ends = [last for page in pages for _name, value in _flat(page) for last in (_window(value)[1],) if last]
    return max(ends) + timedelta(days=1) if ends else None


def _flat(page: Entry) -> Iterator[tuple[str, Entry]]:
    """(name, metric) of all metrics that are objects; order defects by their programme."""
    for name, value in page.items():
        if not isinstance(value, dict):
            continue
        if normal(name) == "orderdefectrate" and not any(normal(key) == "ordercount" for key in value):
            yield from ((f"{name}.{programme}", part) for programme, part in value.items())
        else:
            yield name, value


def _metrics(page: Entry) -> Iterator[Entry]:
    for name, value in _flat(page):
        yield from _metric(name, value)
    for name, value in page.items():
        if normal(name) in {"warningstates", "warningstate"} and isinstance(value, list):
            yield from (
                {"metric": f"warning_{each['warningType']}"[:60], "status": each["status"].lower()} for each in value
            )


def _metric(name: str, value: Entry) -> Iterator[Entry]:
    key, fields = normal(name.partition(".")[0]), {normal(each): each for each in value}
    lowered = {normal(each): part for each, part in value.items()}
    if key == "orderdefectrate":
        programme = name.partition(".")[2] or str(lowered.get("fulfillmenttype", ""))
        yield from _rate("odr", "ordercount", "orderwithdefects", lowered, programme.lower())
    elif key in RATES:
        yield from _rate(*RATES[key], lowered)
    elif key in POLICIES:
        count = next((lowered[each] for each in COUNTED if each in lowered), None)
        yield {"metric": POLICIES[key], "count": _whole(count)} | _judged(lowered, scale=1)
    elif key == "accounthealthrating":
        status = lowered.get("accounthealthratingstatus") or lowered.get("ahrstatus") or ""
        yield {"metric": "ahr", "count": _whole(lowered.get("ahrscore"))} | _judged(
            lowered | {"status": status}, scale=1
        )
    else:
        raw = json.dumps(value, ensure_ascii=False, default=str)[:MOST_RAW]
        yield {"metric": name[:60], "raw": raw} | _judged(lowered if fields else {}, scale=MILLION)


def _rate(metric: str, total: str, count: str, value: Mapping[str, Any], programme: str = "") -> Iterator[Entry]:
    counted = value.get(count)
    counted = counted.get("count") if isinstance(counted, dict) else counted
    row = {"programme": programme, "total": _whole(value.get(total))}
    judged = _judged(value, scale=MILLION)
    # With too few orders Amazon says NONE, and 0 only because its schema wants a number there.
    rate = None if judged["status"] in {"none", ""} else _scaled(value.get("rate"), MILLION)
    yield row | judged | {"metric": metric, "count": _whole(counted), "rate": rate}
    window = {name: judged[name] for name in ("window_first", "window_last")}
    for name, part in PARTS.items():
        if isinstance(told := value.get(name), dict):
            status = str(told.get("status", "")).lower()
            yield row | window | {"metric": part, "count": _whole(told.get("count")), "status": status}


def _judged(value: Mapping[str, Any], *, scale: int) -> Entry:
    """Target, condition, verdict and window, where they are told."""
    first, last = _window(value)
    return {
        "target": _scaled(value.get("targetvalue"), scale),
        "operator": OPERATORS.get(str(value.get("targetcondition", "")), ""),
        "status": str(value.get("status") or "").lower()[:30],
        "window_first": first,
        "window_last": last,
    }


def _window(value: Mapping[str, Any]) -> tuple[date | None, date | None]:
    told = next((part for name, part in value.items() if normal(name) == "reportingdaterange"), None)
    if not isinstance(told, dict):
        return None, None
    return _date(told.get("reportingDateFrom")), _date(told.get("reportingDateTo"))


def _date(text: Any) -> date | None:
    return date.fromisoformat(str(text)[:10]) if text else None


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _scaled(value: Any, scale: int) -> int | None:
    return None if value is None else int((Decimal(str(value)) * scale).to_integral_value())
