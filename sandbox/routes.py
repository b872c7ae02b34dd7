"""Which address is which operation, and what every call goes through: faults, token, throttle, log."""

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.api import (
    control,
    health,
    inventory,
    listings,
    login,
    notifications,
    orders,
    orders_v0,
    queues,
    reports,
    sellers,
    truth,
)
from sandbox.faults import SERVICE, Fault
from sandbox.http import ApiError, Request, Response
from sandbox.lwa import LoginError
from sandbox.service import Sandbox

Handler = Callable[[Sandbox, Request], Response]
PREFIX = re.compile(r"^/(na|eu|fe)(?=/)")
HANG_SECONDS, SLOW_SECONDS = 60.0, 3.0
TELLS_RATE = (200, 202, 400, 404)  # with all other answers Amazon keeps the rate to itself, with a 429 above all
SILENT = ("sendTestNotification",)
HTML_503 = b"<html><head><title>503 Service Unavailable</title></head><body><h1>Service Unavailable</h1></body></html>"


@dataclass(frozen=True)
class Route:
    """One operation. ``guard``: "token" wants a seller's access token, "grantless" the application's own.

    "open" knows only faults, "control" nothing at all.
    """

    method: str
    pattern: re.Pattern[str]
    operation: str
    handler: Handler
    guard: str


def _route(method: str, path: str, operation: str, handler: Handler, guard: str = "token") -> Route:
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
    return Route(method, re.compile(f"^{pattern}$"), operation, handler, guard)


_REPORTS, _ORDERS = "/reports/2021-06-30", "/orders/2026-01-01/orders"
_NEWS, _KIND = "/notifications/v1", "/notifications/v1/subscriptions/{type}"
_ITEMS = "/listings/2021-08-01/items/{seller}"
ROUTES = (
    _route("POST", "/auth/o2/token", "token", login.token, "open"),
    _route("GET", "/apps/authorize/consent", "consent", login.consent, "open"),
    _route("GET", "/sellers/v1/marketplaceParticipations", "getMarketplaceParticipations", sellers.participations),
    _route("POST", f"{_REPORTS}/reports", "createReport", reports.create),
    _route("GET", f"{_REPORTS}/reports", "getReports", reports.search),
    _route("GET", f"{_REPORTS}/reports/{{report}}", "getReport", reports.one),
    _route("DELETE", f"{_REPORTS}/reports/{{report}}", "cancelReport", reports.cancel),
    _route("GET", f"{_REPORTS}/documents/{{document}}", "getReportDocument", reports.document),
    _route("GET", "/_documents/{token}", "download", reports.download, "open"),
    _route("GET", _ORDERS, "searchOrders", orders.search),
    _route("GET", f"{_ORDERS}/{{order}}", "getOrder", orders.one),
    _route("GET", "/orders/v0/orders", "getOrders", orders_v0.search),
    _route("GET", "/orders/v0/orders/{order}", "getOrderV0", orders_v0.one),
    _route("GET", "/orders/v0/orders/{order}/orderItems", "getOrderItems", orders_v0.items),
    _route("GET", _ITEMS, "searchListingsItems", listings.search),
    _route("GET", f"{_ITEMS}/{{sku}}", "getListingsItem", listings.one),
    _route("PATCH", f"{_ITEMS}/{{sku}}", "patchListingsItem", listings.patch),
    _route("GET", "/fba/inventory/v1/summaries", "getInventorySummaries", inventory.summaries),
    _route("GET", f"{_NEWS}/destinations", "getDestinations", notifications.destinations, "grantless"),
    _route("POST", f"{_NEWS}/destinations", "createDestination", notifications.create_destination, "grantless"),
    _route("GET", f"{_NEWS}/destinations/{{destination}}", "getDestination", notifications.destination, "grantless"),
    _route(
        "DELETE",
        f"{_NEWS}/destinations/{{destination}}",
        "deleteDestination",
        notifications.delete_destination,
        "grantless",
    ),
    _route("GET", f"{_NEWS}/subscriptions", "getSubscriptions", notifications.subscriptions),
    _route("GET", _KIND, "getSubscription", notifications.subscription),
    _route("POST", _KIND, "createSubscription", notifications.create_subscription),
    _route("POST", f"{_KIND}/testNotification", "sendTestNotification", notifications.test, "grantless"),
    _route("GET", f"{_KIND}/{{subscription}}", "getSubscriptionById", notifications.subscription_by_id, "grantless"),
    _route(
        "DELETE", f"{_KIND}/{{subscription}}", "deleteSubscriptionById", notifications.delete_subscription, "grantless"
    ),
    _route("POST", "/_sqs(/.*)?", "queue", queues.answer, "open"),
    _route("GET", "/healthz", "healthz", control.health, "control"),
    _route("GET", "/_sandbox/partners", "partners", control.partners, "control"),
    _route("GET", "/_sandbox/rates", "rates", control.rates, "control"),
    _route("GET", "/_sandbox/clock", "clock", control.clock, "control"),
    _route("POST", "/_sandbox/clock", "clock", control.move_clock, "control"),
    _route("GET", "/_sandbox/faults", "faults", control.faults, "control"),
    _route("POST", "/_sandbox/faults", "faults", control.add_faults, "control"),
    _route("DELETE", "/_sandbox/faults", "faults", control.clear_faults, "control"),
    _route("POST", "/_sandbox/throttle", "throttle", control.throttle, "control"),
    _route("GET", "/_sandbox/notify", "notify", notifications.addresses, "control"),
    _route("POST", "/_sandbox/notify", "notify", notifications.add_address, "control"),
    _route("DELETE", "/_sandbox/notify", "notify", notifications.clear_addresses, "control"),
    _route("POST", "/_sandbox/health", "health", health.inject, "control"),
    _route("GET", "/_sandbox/seller_central/defects.csv", "defects", health.seller_central, "control"),
    _route("GET", "/_sandbox/carrier/deliveries.csv", "deliveries", health.deliveries, "control"),
    _route("GET", "/_sandbox/truth/{what}", "truth", truth.show, "control"),
)


def answer(sandbox: Sandbox, request: Request) -> Response:
    """The response to one request; never raises."""
    began = time.monotonic()
    path = PREFIX.sub("", request.path)
    found = next(((r, m) for r in ROUTES if r.method == request.method and (m := r.pattern.match(path))), None)
    if found is None:
        response = ApiError(404, "NotFound", "The specified resource does not exist.").response()
        return _dressed(response, None, sandbox)
    route, match = found
    request.params = {name: unquote(text) for name, text in match.groupdict().items()}
    try:
        response = _guarded(sandbox, route, request)
    except (ApiError, LoginError) as error:
        response = error.response()
    except Exception as error:  # A bug of the sandbox must look like a fault of the service, and say what it is.
        response = ApiError(500, "InternalFailure", "We encountered an internal error.", repr(error)).response()
    account = request.auth.id if request.auth else ""
    if route.guard != "control":
        sandbox.log(route.operation, account, response.status, time.monotonic() - began)
    return _dressed(response, route, sandbox)


def _guarded(sandbox: Sandbox, route: Route, request: Request) -> Response:
    if route.guard == "control":
        return route.handler(sandbox, request)
    if route.guard == "token":
        request.auth = _caller(sandbox, route, request)
    if route.guard == "grantless":
        sandbox.login.grantless(request.headers.get("x-amz-access-token", ""))
    account = request.auth.id if request.auth else None
    fault = sandbox.faults.strike(SERVICE, route.operation, account)
    if fault is not None and fault.kind in TROUBLE:
        return TROUBLE[fault.kind]()
    metered = route.guard in ("token", "grantless")
    if metered and not sandbox.throttle.take(sandbox.login.client_id, account or "", route.operation):
        return quota()
    response = route.handler(sandbox, request)
    return _on_the_wire(response, fault) if fault is not None else response


def _caller(sandbox: Sandbox, route: Route, request: Request):
    """The account of the access token; 403 when it is bad, withdrawn, or of another region than the address."""
    auth = sandbox.login.account(request.headers.get("x-amz-access-token", ""))
    prefix = PREFIX.match(request.path)
    if prefix and prefix.group(1).upper() != auth.region:
        raise ApiError(403, "Unauthorized", "Access to requested resource is denied.")
    fault = sandbox.token_fault(route.operation, auth.id)
    if fault is not None:
        details = "The access token you provided has expired." if fault.kind == "expired_token" else ""
        raise ApiError(403, "Unauthorized", "Access to requested resource is denied.", details)
    return auth


def quota() -> Response:
    """429 as Amazon says it: an error type, no Retry-After, no rate."""
    error = ApiError(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
    response = error.response()
    response.headers["x-amzn-ErrorType"] = "TooManyRequestsException"
    return response


TROUBLE: dict[str, Callable[[], Response]] = {
    "429_storm": quota,
    "500": lambda: ApiError(500, "InternalFailure", "We encountered an internal error. Please try again.").response(),
    "503_html": lambda: Response(503, HTML_503, "text/html"),
}


def _on_the_wire(response: Response, fault: Fault) -> Response:
    if fault.kind == "reset":
        response.reset = True
    else:
        response.delay = fault.seconds or (HANG_SECONDS if fault.kind == "hang" else SLOW_SECONDS)
    return response


def _dressed(response: Response, route: Route | None, sandbox: Sandbox) -> Response:
    response.headers.setdefault("x-amzn-RequestId", secrets.token_hex(16))
    metered = route and route.guard in ("token", "grantless") and route.operation not in SILENT
    if route and metered and response.status in TELLS_RATE:
        response.headers["x-amzn-RateLimit-Limit"] = f"{sandbox.throttle.rate(route.operation):g}"
    return response
