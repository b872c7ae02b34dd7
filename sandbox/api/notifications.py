"""Notifications v1: destinations and subscriptions, and the addresses the sandbox brings notifications to."""

from urllib.parse import urlsplit

from sandbox.api.reading import bad, seal, unseal, whole
from sandbox.http import ApiError, Request, Response
from sandbox.post import ISSUES_CHANGED, STATUS_CHANGED, TYPES, Address, Subscription
from sandbox.service import Sandbox

NEEDS = {"sqs": {"arn"}, "eventBridge": {"accountId", "region"}}


def _missing(what: str) -> ApiError:
    return ApiError(404, "NotFound", f"The {what} does not exist.")


# ---- destinations (grantless) ------------------------------------------------------------------------------------


def create_destination(sandbox: Sandbox, request: Request) -> Response:
    """``createDestination``: a queue or an event bus."""
    body, post = request.json(), sandbox.post
    name, wanted = body.get("name"), body.get("resourceSpecification")
    if not name or not isinstance(name, str):
        raise bad("name is required.")
    if not isinstance(wanted, dict) or len(wanted) != 1 or next(iter(wanted)) not in NEEDS:
        raise bad("resourceSpecification must hold either sqs or eventBridge.")
    ((kind, resource),) = wanted.items()
    if not isinstance(resource, dict) or set(resource) != NEEDS[kind]:
        raise bad(f"{kind} needs {' and '.join(sorted(NEEDS[kind]))}.")
    if kind == "eventBridge":
        source = f"aws.partner/sellingpartnerapi.amazon.com/{resource['accountId']}/{sandbox.login.application_id}"
        resource = resource | {"name": source}
    with post.lock:
        if any(each["resource"] == {kind: resource} for each in post.destinations.values()):
            raise ApiError(409, "Conflict", "A destination with this resource exists already.")
        identity = post.number("destination")
        post.destinations[identity] = {"name": name, "destinationId": identity, "resource": {kind: resource}}
        post.keep()
    return Response.json({"payload": post.destinations[identity]})


def destinations(sandbox: Sandbox, request: Request) -> Response:
    """``getDestinations``."""
    return Response.json({"payload": list(sandbox.post.destinations.values())})


def destination(sandbox: Sandbox, request: Request) -> Response:
    """``getDestination``."""
    return Response.json({"payload": _destination(sandbox, request.params["destination"])})


def _destination(sandbox: Sandbox, identity: object) -> dict:
    found = sandbox.post.destinations.get(str(identity))
    if found is None:
        raise _missing("destination")
    return found


def delete_destination(sandbox: Sandbox, request: Request) -> Response:
    """``deleteDestination``: not while it is subscribed to."""
    post, identity = sandbox.post, request.params["destination"]
    with post.lock:
        _destination(sandbox, identity)
        if any(each.destination == identity for each in post.subscriptions.values()):
            raise ApiError(409, "Conflict", "The destination still has subscriptions.")
        del post.destinations[identity]
        post.keep()
    return Response.json({})


# ---- subscriptions -----------------------------------------------------------------------------------------------


def create_subscription(sandbox: Sandbox, request: Request) -> Response:
    """``createSubscription``: one per seller, type and payload version."""
    body, post, kind = request.json(), sandbox.post, _type(request)
    versions, way = TYPES[kind]
    version = body.get("payloadVersion")
    if version not in versions:
        raise bad(f"payloadVersion must be one of {', '.join(versions)}.")
    if not body.get("destinationId"):
        raise bad("destinationId is required.")
    directive = body.get("processingDirective")
    if directive is not None and not isinstance(directive, dict):
        raise bad("processingDirective must be an object.")
    with post.lock:
        target = _destination(sandbox, body["destinationId"])
        if way not in target["resource"]:
            raise bad(f"{kind} is delivered to a destination of the kind {way} only.")
        if _of(sandbox, request, kind, version):
            raise ApiError(409, "Conflict", "A subscription of this type and version exists already.")
        identity = post.number(request.auth.id, kind, version)
        made = Subscription(identity, request.auth.id, kind, version, target["destinationId"], directive)
        post.subscribe(made)
    return Response.json({"payload": _shown(made)})


def _type(request: Request) -> str:
    kind = request.params["type"]
    if kind not in TYPES:
        raise bad(f"The notification type {kind} is not supported.")
    return kind


def _of(sandbox: Sandbox, request: Request, kind: str, version: str = "") -> list[Subscription]:
    """The caller's subscriptions of a type, newest payload version first."""
    every = sandbox.post.subscriptions.values()
    found = [each for each in every if (each.account, each.type) == (request.auth.id, kind)]
    return sorted(
        (each for each in found if version in ("", each.version)), key=lambda each: TYPES[kind][0].index(each.version)
    )


def _shown(subscription: Subscription) -> dict:
    shown = {
        "subscriptionId": subscription.id,
        "payloadVersion": subscription.version,
        "destinationId": subscription.destination,
    }
    return shown | ({"processingDirective": subscription.directive} if subscription.directive else {})


def subscriptions(sandbox: Sandbox, request: Request) -> Response:
    """``getSubscriptions`` of given types."""
    query = unseal(token) if (token := request.first("nextToken")) else {"offset": 0}
    kinds, size = request.many("notificationTypes"), whole(request.first("pageSize", "10"), "pageSize", 1, 100)
    if not kinds or set(kinds) - set(TYPES):
        raise bad("notificationTypes must name types that are supported.")
    with sandbox.post.lock:
        found = [each for kind in kinds for each in _of(sandbox, request, kind, request.first("payloadVersion"))]
    first = int(query.get("offset", 0))
    payload: dict = {"subscriptions": [_shown(each) for each in found[first : first + size]]}
    if len(found) > first + size:
        payload["nextToken"] = seal({"offset": first + size})
    return Response.json({"payload": payload})


def subscription(sandbox: Sandbox, request: Request) -> Response:
    """``getSubscription``: of the newest payload version, or the one asked for."""
    with sandbox.post.lock:
        found = _of(sandbox, request, _type(request), request.first("payloadVersion"))
    if not found:
        raise _missing("subscription")
    return Response.json({"payload": _shown(found[0])})


def _by_id(sandbox: Sandbox, request: Request) -> Subscription:
    found = sandbox.post.subscriptions.get(request.params["subscription"])
    if found is None or found.type != _type(request):
        raise _missing("subscription")
    return found


def subscription_by_id(sandbox: Sandbox, request: Request) -> Response:
    """``getSubscriptionById`` (grantless)."""
    return Response.json({"payload": _shown(_by_id(sandbox, request))})


def delete_subscription(sandbox: Sandbox, request: Request) -> Response:
    """``deleteSubscriptionById`` (grantless)."""
    post = sandbox.post
    with post.lock:
        del post.subscriptions[_by_id(sandbox, request).id]
        post.keep()
    return Response.json({})


def test(sandbox: Sandbox, request: Request) -> Response:
    """``sendTestNotification`` (grantless): a made-up notification of the type, at once."""
    kind, body, post = _type(request), request.json(), sandbox.post
    wanted = body.get("testNotification")
    if not isinstance(wanted, dict) or wanted.get("payloadVersion") not in TYPES[kind][0]:
        raise bad(f"testNotification.payloadVersion must be one of {', '.join(TYPES[kind][0])}.")
    target = _destination(sandbox, body.get("destinationId"))
    sample = Subscription(post.number("test"), "", kind, wanted["payloadVersion"], target["destinationId"])
    payload = {
        STATUS_CHANGED: {
            "accountStatusChangeNotification": {
                "previousAccountStatus": "NORMAL",
                "currentAccountStatus": "AT_RISK",
            }
        },
        ISSUES_CHANGED: {
            "SellerId": "ATESTSELLER",
            "MarketplaceId": "ATVPDKIKX0DER",
            "Asin": "B0TESTASIN",
            "Sku": "TEST-SKU",
            "Severities": ["ERROR"],
            "EnforcementActions": ["SEARCH_SUPPRESSED"],
        },
    }[kind]
    post.send(post.envelope(sample, payload, sandbox.now(), post.number("test letter")), sample)
    return Response.json({"payload": {}})


# ---- the sandbox's own desk --------------------------------------------------------------------------------------


def addresses(sandbox: Sandbox, request: Request) -> Response:
    """``GET /_sandbox/notify``: addresses, what was delivered lately, how much still waits."""
    post = sandbox.post
    with post.lock:
        shown = [{"url": each.url, "header": each.header, "account": each.account} for each in post.addresses]
        told = {"addresses": shown, "delivered": post.delivered, "waiting": post.waiting()}
        told["queues"] = {arn: len(queue) for arn, queue in post.queues.items()}
        told["queue_key"] = {"key_id": sandbox.login.queue_key_id, "secret": sandbox.login.queue_secret}
    return Response.json(told)


def add_address(sandbox: Sandbox, request: Request) -> Response:
    """``POST /_sandbox/notify {"url", "header": "x-api-key", "secret", "account"}``; the same url again changes it."""
    body = request.json()
    if unknown := set(body) - {"url", "header", "secret", "account"}:
        raise bad(f"unknown: {', '.join(sorted(unknown))}")
    address = Address(**{name: str(value) for name, value in ({"url": ""} | body).items()})
    if urlsplit(address.url).scheme not in ("http", "https"):
        raise bad("url must begin with http:// or https://")
    if address.account and not sandbox.accounts(address.account):
        raise bad("unknown account")
    sandbox.post.add(address)
    return addresses(sandbox, request)


def clear_addresses(sandbox: Sandbox, request: Request) -> Response:
    """``DELETE /_sandbox/notify``: none any more."""
    with sandbox.post.lock:
        sandbox.post.addresses = []
        sandbox.post.keep()
    return addresses(sandbox, request)
