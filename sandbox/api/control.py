"""Controls of the sandbox itself: health, partners, clock, faults, throttle."""

import os

import numpy as np

from sandbox.api.reading import bad
from sandbox.clock import iso, parse
from sandbox.http import Request, Response
from sandbox.service import Sandbox
from sandbox.world import view
from sandbox.world.marketplaces import BY_CODE, LEVELS
from sandbox.world.orders import DAY
from sandbox.world.partners import AUTHORISATIONS, Authorisation


def health(sandbox: Sandbox, request: Request) -> Response:
    """``GET /healthz``."""
    return Response.json({"status": "ok", "now": iso(sandbox.clock.now()), "pid": os.getpid()})


def partners(sandbox: Sandbox, request: Request) -> Response:
    """``GET /_sandbox/partners``: everything needed to connect; one entry per authorisation (partner and region)."""
    return Response.json([_partner(sandbox, request, auth) for auth in AUTHORISATIONS])


def rates(sandbox: Sandbox, request: Request) -> Response:
    """``GET /_sandbox/rates``: ``{currency: units for one US dollar}`` as prices of this world are made."""
    return Response.json(LEVELS)


def _partner(sandbox: Sandbox, request: Request, auth: Authorisation) -> dict:
    login, catalog = sandbox.login, sandbox.world.catalog
    pools: dict[str, list[str]] = {}
    for code in auth.marketplaces:
        pools.setdefault(auth.pool_of(code), []).append(code)
    listings = catalog.listing_auth == auth.index
    return {
        "id": auth.id,
        "partner": auth.partner.id,
        "name": auth.partner.name,
        "region": auth.region,
        "marketplaces": list(auth.marketplaces),
        "marketplace_ids": [BY_CODE[c].id for c in auth.marketplaces],
        "seller_id": login.seller_id(auth),
        "application_id": login.application_id,
        "client_id": login.client_id,
        "client_secret": login.client_secret,
        "refresh_token": login.refresh_token(auth),
        "pools": pools,
        "pan_eu": auth.partner.pan_eu,
        "skus": len(np.unique(catalog.listing_sku[listings])),
        "listings": int(listings.sum()),
        "endpoint": f"{request.base_url}/{auth.region.lower()}",
        "token_url": f"{request.base_url}/auth/o2/token",
    }


def clock(sandbox: Sandbox, request: Request) -> Response:
    """``GET /_sandbox/clock``."""
    return Response.json({"now": iso(sandbox.now()), "speed": sandbox.clock.speed})


def move_clock(sandbox: Sandbox, request: Request) -> Response:
    """``POST /_sandbox/clock`` with advance_days, advance_seconds, now and/or speed; never back."""
    body = request.json()
    if unknown := set(body) - {"advance_days", "advance_seconds", "now", "speed"}:
        raise bad(f"unknown: {', '.join(sorted(unknown))}")
    try:
        now = parse(str(body["now"])) if "now" in body else None
        ahead = float(body.get("advance_days", 0)) * DAY + float(body.get("advance_seconds", 0))
        speed = float(body["speed"]) if "speed" in body else None
        if ahead < 0 or (speed is not None and speed < 0):
            raise ValueError("the sandbox clock cannot go back")
        sandbox.clock.set(now, ahead, speed)
    except ValueError as error:
        raise bad(str(error)) from error
    return clock(sandbox, request)


def faults(sandbox: Sandbox, request: Request) -> Response:
    """``GET /_sandbox/faults``."""
    return Response.json({"faults": sandbox.faults.listed()})


def clear_faults(sandbox: Sandbox, request: Request) -> Response:
    """``DELETE /_sandbox/faults``: all off."""
    sandbox.faults.clear()
    return faults(sandbox, request)


def add_faults(sandbox: Sandbox, request: Request) -> Response:
    """``POST /_sandbox/faults``: one fault, or ``{"faults": [...]}``; restating happens at once and once."""
    body = request.json()
    restated = 0
    for spec in body.get("faults", [body]):
        if not isinstance(spec, dict):
            raise bad("a fault is an object")
        if spec.get("kind") == "restated_rows":
            restated += _restate(sandbox, spec)
            continue
        try:
            sandbox.faults.add(spec)
        except ValueError as error:
            raise bad(str(error)) from error
    return Response.json({"faults": sandbox.faults.listed(), "restated": restated})


def _restate(sandbox: Sandbox, spec: dict) -> int:
    """Lower the price of a share of the lines shipped in the last ``days`` (30) days; how many lines it were."""
    now, world = sandbox.now(), sandbox.world
    auths = sandbox.accounts(str(spec.get("partner") or ""))
    with world.lock:
        rows = world.table()
        index = view.visible(world, now, auths, list(BY_CODE))
        shipped = rows["shipped"][index]
        index = index[(shipped <= now) & (shipped > now - int(spec.get("days", 30)) * DAY) & ~rows["dropped"][index]]
        chosen = index[
            np.random.default_rng([sandbox.options.seed, 91, now]).random(len(index)) < float(spec.get("rate", 1.0))
        ]
        world.restate(chosen, now)
    sandbox.changed({"at": iso(now), "kind": "restated_rows", "lines": len(chosen)})
    return len(chosen)


def throttle(sandbox: Sandbox, request: Request) -> Response:
    """``POST /_sandbox/throttle {"factor": 20}``: multiply all published rates; buckets start full."""
    try:
        factor = float(request.json().get("factor", 1))
    except (TypeError, ValueError) as error:
        raise bad("factor must be a number") from error
    if factor <= 0:
        raise bad("factor must be above 0")
    sandbox.throttle.scale(factor)
    return Response.json({"factor": factor})
