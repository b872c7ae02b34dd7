"""Listings Items 2021-08-01: read, search, and change price and quantity of the world."""

from decimal import Decimal, InvalidOperation

from sandbox.api.reading import bad, marketplaces, money, seal, unseal, whole
from sandbox.clock import iso
from sandbox.http import ApiError, Request, Response
from sandbox.service import Sandbox
from sandbox.world import policy, view
from sandbox.world.hashing import digest
from sandbox.world.marketplaces import BY_CODE
from sandbox.world.orders import DAY

AREAS = {"NA": "AMAZON_NA", "EU": "AMAZON_EU", "FE": "AMAZON_JP"}
LEAST_SHARE, MOST_SHARE = Decimal("0.2"), Decimal("5")


def _check_seller(sandbox: Sandbox, request: Request) -> None:
    if request.params["seller"] != sandbox.login.seller_id(request.auth):
        raise ApiError(403, "Unauthorized", "Access to requested resource is denied.")


def _codes(request: Request) -> list[str]:
    ids = request.many("marketplaceIds")
    if not ids:
        raise bad("marketplaceIds is required.")
    return marketplaces(request, ids)


def _listings(sandbox: Sandbox, request: Request, sku: str, codes: list[str]) -> dict[str, int]:
    """Listing number by marketplace code; 404 when the SKU is in none of them."""
    catalog = sandbox.world.catalog
    every = {view.MARKETPLACES[int(catalog.listing_marketplace[i])].code: i for i in catalog.find(request.auth, sku)}
    found = {c: every[c] for c in codes if c in every}
    if not found:
        raise ApiError(404, "NOT_FOUND", f"SKU '{sku}' not found in marketplace {', '.join(codes)}.")
    return found


def one(sandbox: Sandbox, request: Request) -> Response:
    """``getListingsItem``."""
    _check_seller(sandbox, request)
    sku = request.params["sku"]
    found = _listings(sandbox, request, sku, _codes(request))
    return Response.json(_item(sandbox, sku, found, set(request.many("includedData")) or {"summaries"}))


def search(sandbox: Sandbox, request: Request) -> Response:
    """``searchListingsItems``: up to 20 a page; by SKU or ASIN, or all."""
    _check_seller(sandbox, request)
    codes = _codes(request)
    size = whole(request.first("pageSize", "10"), "pageSize", 1, 20)
    first = int(unseal(request.first("pageToken")).get("offset", 0)) if request.first("pageToken") else 0
    catalog = sandbox.world.catalog
    names, kind = set(request.many("identifiers")), request.first("identifiersType")
    if bool(names) != bool(kind):
        raise bad("identifiers and identifiersType belong together.")
    groups: dict[str, dict[str, int]] = {}
    for code in codes:
        for i in view.listed(sandbox.world, sandbox.now(), request.auth, code).tolist():
            sku = catalog.skus[catalog.listing_sku[i]]
            if not names or (sku.asin if kind == "ASIN" else sku.code) in names:
                groups.setdefault(sku.code, {})[code] = i
    included = set(request.many("includedData")) or {"summaries"}
    shown = sorted(groups)[first : first + size]
    answer: dict = {"numberOfResults": len(groups), "items": [_item(sandbox, s, groups[s], included) for s in shown]}
    if len(groups) > first + size:
        answer["pagination"] = {"nextToken": seal({"offset": first + size})}
    return Response.json(answer)


def _item(sandbox: Sandbox, sku: str, found: dict[str, int], included: set[str]) -> dict:
    parts = {
        "summaries": _summaries,
        "attributes": _attributes,
        "offers": _offers,
        "fulfillmentAvailability": _availability,
        "issues": _issues,
        "productTypes": _types,
    }
    return {"sku": sku} | {name: make(sandbox, found) for name, make in parts.items() if name in included}


def _summaries(sandbox: Sandbox, found: dict[str, int]) -> list[dict]:
    world, catalog, summaries = sandbox.world, sandbox.world.catalog, []
    for code, i in found.items():
        sku = catalog.skus[catalog.listing_sku[i]]
        created = (world.start + int(catalog.listing_launch[i]) - 21) * DAY
        summary = {
            "marketplaceId": BY_CODE[code].id,
            "asin": sku.asin,
            "productType": sku.family,
            "conditionType": "new_new",
            "status": ["BUYABLE", "DISCOVERABLE"] if catalog.listing_active[i] else [],
            "itemName": catalog.listing_title[i],
            "createdDate": iso(created),
            "lastUpdatedDate": iso(max(created, int(world.touched[i]))),
        }
        if not catalog.listing_merchant[i]:
            summary["fnSku"] = catalog.pool_fnsku[catalog.listing_pool[i]]
        summaries.append(summary)
    return summaries


def _issues(sandbox: Sandbox, found: dict[str, int]) -> list[dict]:
    """What is wrong with the listing now: open violations of policies."""
    now, violations = sandbox.now(), sandbox.world.health()[1]
    return [
        {
            "code": f"{18_000 + kind}",
            "message": policy.ISSUES[policy.KINDS[kind]],
            "severity": "ERROR",
            "attributeNames": [],
            "categories": ["QUALIFICATION_REQUIRED"],
            "enforcements": {"actions": [{"action": "SEARCH_SUPPRESSED"}], "exemption": {"status": "NOT_EXEMPT"}},
            "marketplaceIds": [BY_CODE[code].id],
        }
        for code, listing in found.items()
        for kind in policy.issues(violations, listing, now)
    ]


def _price(sandbox: Sandbox, code: str, i: int) -> str:
    return money(int(sandbox.world.price[i]), BY_CODE[code].decimals)


def _attributes(sandbox: Sandbox, found: dict[str, int]) -> dict:
    names, offers = [], []
    for code, i in found.items():
        place = BY_CODE[code]
        names.append(
            {
                "value": sandbox.world.catalog.listing_title[i],
                "language_tag": place.language,
                "marketplace_id": place.id,
            }
        )
        schedule = [{"schedule": [{"value_with_tax": float(_price(sandbox, code, i))}]}]
        offers.append(
            {"marketplace_id": place.id, "currency": place.currency, "audience": "ALL", "our_price": schedule}
        )
    return {"item_name": names, "purchasable_offer": offers}


def _offers(sandbox: Sandbox, found: dict[str, int]) -> list[dict]:
    return [
        {
            "marketplaceId": BY_CODE[code].id,
            "offerType": "B2C",
            "price": {"currencyCode": BY_CODE[code].currency, "amount": _price(sandbox, code, i)},
        }
        for code, i in found.items()
    ]


def _availability(sandbox: Sandbox, found: dict[str, int]) -> list[dict]:
    catalog, (code, i) = sandbox.world.catalog, next(iter(found.items()))
    if not catalog.listing_merchant[i]:
        return [{"fulfillmentChannelCode": AREAS[BY_CODE[code].region]}]
    units = int(sandbox.world.available(sandbox.now())[catalog.listing_pool[i]])
    return [{"fulfillmentChannelCode": "DEFAULT", "quantity": max(units, 0)}]


def _types(sandbox: Sandbox, found: dict[str, int]) -> list[dict]:
    catalog = sandbox.world.catalog
    return [
        {"marketplaceId": BY_CODE[code].id, "productType": catalog.skus[catalog.listing_sku[i]].family}
        for code, i in found.items()
    ]


# ---- changes ------------------------------------------------------------------------------------------------------


def patch(sandbox: Sandbox, request: Request) -> Response:
    """``patchListingsItem``: purchasable_offer and fulfillment_availability change the world; a preview does not."""
    _check_seller(sandbox, request)
    sku, body = request.params["sku"], request.json()
    found = _listings(sandbox, request, sku, _codes(request))
    patches = body.get("patches")
    if not body.get("productType") or not isinstance(patches, list) or not patches:
        raise bad("productType and patches are required.")
    preview = request.first("mode") == "VALIDATION_PREVIEW"
    changes: list[tuple[str, int, int]] = []
    issues: list[dict] = []
    for item in patches:
        _read_patch(sandbox, item, found, changes, issues)
    if not issues and not preview:
        _apply(sandbox, request, sku, changes)
    status = "INVALID" if issues else "VALID" if preview else "ACCEPTED"
    number = digest(sku, status, sandbox.now(), len(sandbox.changes))[:32]
    return Response.json({"sku": sku, "status": status, "submissionId": number, "issues": issues})


def _issue(code: str, message: str, name: str, category: str) -> dict:
    return {"code": code, "message": message, "severity": "ERROR", "attributeNames": [name], "categories": [category]}


def _read_patch(sandbox: Sandbox, item: object, found: dict[str, int], changes: list, issues: list) -> None:
    readers = {"/attributes/purchasable_offer": _read_price, "/attributes/fulfillment_availability": _read_quantity}
    if not isinstance(item, dict) or item.get("op") not in ("add", "replace", "merge", "delete"):
        raise bad("op must be add, replace, merge or delete.")
    path = str(item.get("path"))
    if not path.startswith("/attributes/") or path.count("/") != 2:
        raise bad("path must name one attribute: /attributes/name.")
    if path not in readers or item["op"] == "delete":
        name = path.rpartition("/")[2]
        issues.append(_issue("90244", "The sandbox cannot change this attribute.", name, "INVALID_ATTRIBUTE"))
        return
    for value in item.get("value") or []:
        readers[path](sandbox, value, found, changes, issues)


def _read_price(sandbox: Sandbox, value: dict, found: dict[str, int], changes: list, issues: list) -> None:
    for code, i in found.items():
        place = BY_CODE[code]
        if value.get("marketplace_id", place.id) != place.id:
            continue
        try:
            price = Decimal(str(value["our_price"][0]["schedule"][0]["value_with_tax"]))
            minor = price * 10**place.decimals
            if minor != int(minor) or not minor.is_finite() or value.get("currency", place.currency) != place.currency:
                raise ValueError
        except (KeyError, IndexError, TypeError, ValueError, InvalidOperation, OverflowError):
            issues.append(_issue("4000001", "The price is not valid.", "purchasable_offer", "INVALID_PRICE"))
            continue
        usual = Decimal(int(sandbox.world.catalog.listing_price[i]))
        if not usual * LEAST_SHARE <= minor <= usual * MOST_SHARE:
            issues.append(
                _issue("18115", "The price is far outside of its usual range.", "purchasable_offer", "INVALID_PRICE")
            )
            continue
        changes.append(("price", i, int(minor)))


def _read_quantity(sandbox: Sandbox, value: dict, found: dict[str, int], changes: list, issues: list) -> None:
    units = value.get("quantity")
    own = [i for i in found.values() if sandbox.world.catalog.listing_merchant[i]]
    bad_units = isinstance(units, bool) or not isinstance(units, int) or not 0 <= units <= 1_000_000
    if value.get("fulfillment_channel_code") != "DEFAULT" or bad_units or not own:
        issues.append(
            _issue(
                "90220", "The quantity of this offer cannot be set so.", "fulfillment_availability", "INVALID_ATTRIBUTE"
            )
        )
        return
    changes.extend(("quantity", i, units) for i in own)


def _apply(sandbox: Sandbox, request: Request, sku: str, changes: list[tuple[str, int, int]]) -> None:
    now = sandbox.now()
    for kind, i, value in changes:
        change = sandbox.world.set_price if kind == "price" else sandbox.world.set_shelf
        change(i, value, now)
        place = view.MARKETPLACES[int(sandbox.world.catalog.listing_marketplace[i])]
        sandbox.changed(
            {
                "at": iso(now),
                "kind": kind,
                "account": request.auth.id,
                "marketplace": place.code,
                "sku": sku,
                "value": value,
            }
        )
