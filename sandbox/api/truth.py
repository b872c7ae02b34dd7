"""The ledger of truth: what a client that missed nothing and doubled nothing must hold now."""

import datetime as dt
from collections.abc import Callable

import polars as pl

from sandbox.api import health
from sandbox.api.reading import bad
from sandbox.clock import iso
from sandbox.http import ApiError, Request, Response
from sandbox.reports import stock as stocks
from sandbox.reports import traffic as visits
from sandbox.service import Sandbox
from sandbox.world import view
from sandbox.world.marketplaces import BY_CODE, MARKETPLACES

FIELDS = (
    "order_id",
    "sku",
    "ordinal",
    "marketplace",
    "asin",
    "quantity",
    "ordered",
    "price",
    "tax",
    "shipping",
    "promotion",
    "currency",
    "status",
    "item_status",
    "fulfilment",
    "purchased_at",
    "purchased_on",
    "updated_at",
    "account",
)


def show(sandbox: Sandbox, request: Request) -> Response:
    """``GET /_sandbox/truth/{orders,stock,listings,traffic,calls,defects,health}?partner=&marketplace=&from=&to=``."""
    pages: dict[str, Callable[[Sandbox, Request], dict]] = {
        "orders": orders,
        "stock": stock,
        "listings": listings,
        "traffic": traffic,
        "calls": calls,
        "defects": health.defects,
        "health": health.standing,
    }
    what = request.params["what"]
    if what not in pages:
        raise ApiError(404, "NotFound", f"one of {', '.join(pages)}")
    now = sandbox.now()
    return Response.json({"now": iso(now)} | pages[what](sandbox, request))


def _scope(sandbox: Sandbox, request: Request) -> list[tuple]:
    """(account, marketplace code) pairs the query names."""
    codes = request.many("marketplace")
    if set(codes) - set(BY_CODE):
        raise bad("unknown marketplace")
    accounts = sandbox.accounts(request.first("partner"))
    if not accounts:
        raise bad("unknown partner")
    return [(a, c) for a in accounts for c in a.marketplaces if not codes or c in codes]


def _days(request: Request) -> tuple[dt.date | None, dt.date | None]:
    try:
        first, last = (dt.date.fromisoformat(t) if (t := request.first(n)) else None for n in ("from", "to"))
    except ValueError as error:
        raise bad("from and to are dates") from error
    return first, last


def orders(sandbox: Sandbox, request: Request) -> dict:
    """Every order line, and totals per marketplace. ``summary=1`` leaves the lines out."""
    scope, (first, last) = _scope(sandbox, request), _days(request)
    now, world, parts = sandbox.now(), sandbox.world, []
    for account in dict.fromkeys(a for a, _ in scope):
        with world.lock:
            index = view.visible(world, now, [account], [c for a, c in scope if a is account])
            parts.append(view.frame(world, index, now).with_columns(pl.lit(account.id).alias("account")))
    table = pl.concat(parts)
    if first:
        table = table.filter(pl.col("purchased_on") >= first)
    if last:
        table = table.filter(pl.col("purchased_on") <= last)
    moment = {f"{n}_at": pl.from_epoch(n).dt.strftime("%Y-%m-%dT%H:%M:%SZ") for n in ("purchased", "updated")}
    table = table.with_columns(
        pl.when("merchant").then(pl.lit("FBM")).otherwise(pl.lit("FBA")).alias("fulfilment"),
        pl.col("purchased_on").cast(pl.String),
        *(cell.alias(name) for name, cell in moment.items()),
    )
    answer = {"totals": _totals(table, ["marketplace"]), "accounts": _totals(table, ["account"])}
    return answer if request.first("summary") else answer | {"lines": table.select(FIELDS).to_dicts()}


def _totals(table: pl.DataFrame, keys: list[str]) -> dict[str, dict[str, int]]:
    """{key: {lines, orders, units, cents}}; minor units of several currencies are only added per marketplace."""
    sums = [
        pl.len().alias("lines"),
        pl.col("order_id").n_unique().alias("orders"),
        pl.col("quantity").sum().alias("units"),
    ]
    if keys == ["marketplace"]:
        sums.append(pl.col("price").sum().alias("cents"))
    return {row.pop(keys[0]): row for row in table.group_by(keys).agg(sums).sort(keys).to_dicts()}


def stock(sandbox: Sandbox, request: Request) -> dict:
    """FBA units per account, marketplace and SKU now. Marketplaces of one pool show the same units."""
    now, rows = sandbox.now(), []
    names = [
        "sku",
        "fnsku",
        "asin",
        "available",
        "customer",
        "transfer",
        "processing",
        "reserved",
        "unfulfillable",
        "working",
        "shipped",
        "receiving",
        "inbound",
    ]
    for account, code in _scope(sandbox, request):
        table = stocks.figures(sandbox, account, code, now).select("pool_name", *names).rename({"pool_name": "pool"})
        rows += [{"account": account.id, "marketplace": code} | row for row in table.to_dicts()]
    return {"rows": rows}


def listings(sandbox: Sandbox, request: Request) -> dict:
    """Listings per account and marketplace now, with price in minor units; merchant quantity or null."""
    now, world, rows = sandbox.now(), sandbox.world, []
    catalog = world.catalog
    with world.lock:
        available, price = world.available(now), world.price
    for account, code in _scope(sandbox, request):
        for i in view.listed(world, now, account, code).tolist():
            sku, merchant = catalog.skus[catalog.listing_sku[i]], bool(catalog.listing_merchant[i])
            rows.append(
                {
                    "account": account.id,
                    "marketplace": code,
                    "sku": sku.code,
                    "asin": sku.asin,
                    "title": catalog.listing_title[i],
                    "price": int(price[i]),
                    "currency": BY_CODE[code].currency,
                    "status": "active" if catalog.listing_active[i] else "inactive",
                    "fulfilment": "FBM" if merchant else "FBA",
                    "quantity": max(int(available[catalog.listing_pool[i]]), 0) if merchant else None,
                }
            )
    return {"rows": rows, "changes": sandbox.changes}


def traffic(sandbox: Sandbox, request: Request) -> dict:
    """Sessions, page views and ordered sales per account, marketplace, SKU and local day; default: yesterday."""
    (first, last), now, rows = _days(request), sandbox.now(), []
    yesterday = dt.datetime.fromtimestamp(now, dt.UTC).date() - dt.timedelta(days=1)
    last = last or first or yesterday
    first = first or last
    if not 0 <= (last - first).days <= visits.LONGEST_DAYS:
        raise bad("from must not be after to, nor more than two years before")
    for account, code in _scope(sandbox, request):
        table = visits.daily(sandbox, account, code, first, last, now).select(
            "sku",
            "asin",
            pl.col("date").cast(pl.String),
            "sessions",
            pl.col("views").alias("page_views"),
            (pl.col("box") * 100).round().cast(pl.Int64).alias("buy_box_basis"),
            pl.col("units").alias("units_ordered"),
            pl.col("minor").alias("ordered_sales"),
        )
        rows += [{"account": account.id, "marketplace": code} | row for row in table.to_dicts()]
    return {"rows": rows, "currencies": {m.code: m.currency for m in MARKETPLACES}}


def calls(sandbox: Sandbox, request: Request) -> dict:
    """How often each operation was called, by account and status, and the last calls one by one."""
    wanted = {a.id for a in sandbox.accounts(request.first("partner"))} | {""}
    counted = [
        {"operation": o, "account": a, "status": s, "count": n}
        for (o, a, s), n in sorted(sandbox.calls.items())
        if a in wanted
    ]
    return {
        "rows": counted,
        "recent": [c for c in list(sandbox.recent) if c["account"] in wanted],
        "throttled": dict(sandbox.throttle.refused),
        "served": dict(sandbox.throttle.served),
    }
