"""Account health at the sandbox's own desk: the truth about defects, and the report of any day."""

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl

from sandbox.api.reading import bad
from sandbox.clock import iso
from sandbox.http import Request, Response
from sandbox.reports import health as performance
from sandbox.service import Sandbox
from sandbox.world import exactly, policy, view
from sandbox.world.exactly import Wish
from sandbox.world.marketplaces import BY_CODE, INDEX, MARKETPLACES
from sandbox.world.orders import DAY, NEVER
from sandbox.world.outcomes import DEFECTS, KINDS, SITES, Shock
from sandbox.world.partners import AUTHORISATIONS, Authorisation
from sandbox.world.partners import BY_ID as ACCOUNTS

EPOCH = dt.date(1970, 1, 1)


def accounts(sandbox: Sandbox, request: Request) -> list[Authorisation]:
    """Those of ``account`` (or ``partner``): ``partner:REGION``, a partner, or all."""
    found = sandbox.accounts(request.first("account") or request.first("partner"))
    if not found:
        raise bad("unknown account")
    return found


def standing(sandbox: Sandbox, request: Request) -> dict:
    """``truth/health?account=&on=YYYY-MM-DD``: the report as it is (or was) on that UTC day, default today.

    Beside it, what the report has no place for, by marketplace id: late shipments over ten days, and Seller Fulfilled
    Prime.
    """
    day, world = on_day(sandbox, request.first("on")), sandbox.world
    reports = {}
    for auth in accounts(sandbox, request):
        short = {BY_CODE[code].id: performance.late_short(world, auth, code, day) for code in auth.marketplaces}
        prime = {BY_CODE[code].id: performance.prime(world, auth, code, day) for code in auth.marketplaces}
        reports[auth.id] = {
            "report": performance.content(world, auth, day),
            "late_shipment_10_days": short,
            "seller_fulfilled_prime": prime,
        }
    return {"on": str(EPOCH + dt.timedelta(days=day)), "accounts": reports}


def on_day(sandbox: Sandbox, text: str) -> int:
    """Days since 1970 of a date within the history; 400 for any other."""
    today = sandbox.now() // DAY
    try:
        day = (dt.date.fromisoformat(text) - EPOCH).days if text else today
    except ValueError as error:
        raise bad("on is a date") from error
    if not sandbox.world.start < day <= today:
        raise bad(f"on must be after {EPOCH + dt.timedelta(days=sandbox.world.start)} and not after today")
    return day


def defects(sandbox: Sandbox, request: Request) -> dict:
    """``truth/defects?account=&marketplace=``: every order defect reported so far, withdrawn ones included."""
    codes, now = set(request.many("marketplace")), sandbox.now()
    table = defect_table(sandbox, accounts(sandbox, request), now)
    if codes:
        table = table.filter(pl.col("marketplace").is_in(codes))
    moments = [_moment(name).alias(f"{name}_at") for name in ("ordered", "reported", "withdrawn")]
    return {"rows": table.with_columns(moments).drop("ordered", "reported", "withdrawn").to_dicts()}


def _moment(name: str) -> pl.Expr:
    return pl.from_epoch(name).dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def defect_table(sandbox: Sandbox, auths: list[Authorisation], now: int) -> pl.DataFrame:
    """account, order_id, marketplace, fulfilment, kind; ordered, reported and withdrawn (or null) in epoch seconds."""
    world = sandbox.world
    with world.lock:
        what, rows = world.health()[0], world.table()
    mine = np.isin(what.site, [a.index * SITES + INDEX[code] for a in auths for code in a.marketplaces])
    parts = []
    for kind, (reported, withdrawn) in zip(DEFECTS, what.defects, strict=True):
        index = np.flatnonzero(mine & (reported <= now))
        place = what.site[index] % SITES
        gone = withdrawn[index]
        part = pl.DataFrame(
            {
                "account": view.picked([a.id for a in AUTHORISATIONS], what.site[index] // SITES),
                "order_id": view.order_ids(rows, what.line[index], place),
                "marketplace": view.picked([m.code for m in MARKETPLACES], place),
                "fulfilment": view.picked(["FBA", "FBM"], what.merchant[index].astype(int)),
                "kind": [kind] * len(index),
                "ordered": what.purchased[index],
                "reported": reported[index],
                "withdrawn": np.where(gone <= now, gone, NEVER),
            },
            schema_overrides={"kind": pl.String},
        )
        parts.append(part)
    never = pl.when(pl.col("withdrawn") < int(NEVER)).then(pl.col("withdrawn")).alias("withdrawn")
    return pl.concat(parts).sort("reported", "order_id", "kind").with_columns(never)


# ---- Seller Central's download ------------------------------------------------------------------------------------

TYPES = {"negative_feedback": "Negative feedback", "claim": "A-to-z claim", "chargeback": "Chargeback"}


def seller_central(sandbox: Sandbox, request: Request) -> Response:
    """``GET /_sandbox/seller_central/defects.csv?account=``: what a person downloads there, for Amazon has no API.

    Comma-separated UTF-8: Order ID, Marketplace (Amazon.de), Fulfilment (FBA, FBM), Order date, Defect type (Negative
    feedback, A-to-z claim, Chargeback), Reported date, Withdrawn date (empty while it stands). Dates are UTC days.
    """
    table = defect_table(sandbox, accounts(sandbox, request), sandbox.now())

    def date(name: str) -> pl.Expr:
        return pl.from_epoch(name).dt.strftime("%Y-%m-%d")

    cells = {
        "Order ID": pl.col("order_id"),
        "Marketplace": pl.col("marketplace").replace_strict({m.code: m.channel for m in MARKETPLACES}),
        "Fulfilment": pl.col("fulfilment"),
        "Order date": date("ordered"),
        "Defect type": pl.col("kind").replace_strict(TYPES),
        "Reported date": date("reported"),
        "Withdrawn date": date("withdrawn"),
    }
    body = table.select(cell.alias(name) for name, cell in cells.items()).write_csv(line_terminator="\r\n")
    return Response(200, body.encode(), "text/csv; charset=utf-8")


def deliveries(sandbox: Sandbox, request: Request) -> Response:
    """``GET /_sandbox/carrier/deliveries.csv?account=``: what carriers know of tracked packages, for Amazon tells no
    moment of delivery.

    Comma-separated UTF-8: Order ID, Delivered at (an instant, UTC). Packages on their way have no line.
    """
    world, now = sandbox.world, sandbox.now()
    with world.lock:
        what, rows = world.health()[0], world.table()
    mine = [a.index * SITES + INDEX[code] for a in accounts(sandbox, request) for code in a.marketplaces]
    index = np.flatnonzero(np.isin(what.site, mine) & what.tracked & (what.delivered <= now))
    table = pl.DataFrame(
        {
            "Order ID": view.order_ids(rows, what.line[index], what.site[index] % SITES),
            "Delivered at": pl.from_epoch(pl.Series(what.delivered[index])).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )
    return Response(200, table.write_csv(line_terminator="\r\n").encode(), "text/csv; charset=utf-8")


# ---- injecting trouble --------------------------------------------------------------------------------------------

PROGRAMME = {"afn": False, "mfn": True, "both": None}
FIELDS = {"account", "marketplace", "programme", "kind", "share", "from", "days", "count", "metric", "at"}


def inject(sandbox: Sandbox, request: Request) -> Response:
    """``POST /_sandbox/health``: more trouble from a day on, or a metric exactly on its limit today.

    * ``{"account": "voltnest:NA", "marketplace": "US", "programme": "mfn", "kind": "late_shipment", "share": 0.2,
      "from": "2026-03-01", "days": 14}``: a shock. Programme afn, mfn (default) or both; ``from`` defaults to today
      and may lie in the past, ``days`` to 14. Kinds: ``sandbox.world.outcomes.KINDS``; ``cancellation`` cancels so
      large a share of the paid orders.
    * the same with a kind of ``sandbox.world.policy.KINDS`` and ``count``: so many violations opened as that
      day begins, without ``from`` now.
    * ``{"account": …, "marketplace": …, "programme": "mfn", "metric": "orderDefectRate", "at": "limit"}``: today's
      report says exactly 1.00 % (for every metric: its target, which is a breach); ``"at": "below"``: one bad one
      fewer; ``"count": 3``: so many bad ones. Surplus orders of the window are cancelled by their buyers, so that the
      share can be exact; everything touched is told again as updated now.

    Answers what was done, and today's page of the report for the site.
    """
    body = request.json()
    if unknown := set(body) - FIELDS:
        raise bad(f"unknown: {', '.join(sorted(unknown))}")
    auth, code = _place(body)
    if str(body.get("programme", "mfn")) not in PROGRAMME:
        raise bad("programme is afn, mfn or both")
    site = auth.index * SITES + INDEX[code]
    try:
        if "metric" in body:
            done = _set(sandbox, body, site)
        elif body.get("kind") in policy.KINDS:
            done = _outbreak(sandbox, body, site)
        else:
            done = _shock(sandbox, body, site)
    except (TypeError, ValueError) as error:
        raise bad(str(error)) from error
    now = sandbox.now()
    sandbox.changed({"at": iso(now), "kind": "health", **body})
    page = performance.content(sandbox.world, auth, now // DAY)
    shown = next(each for each in page["performanceMetrics"] if each["marketplaceId"] == BY_CODE[code].id)
    return Response.json(done | {"metrics": shown})


def _place(body: dict) -> tuple[Authorisation, str]:
    auth, code = ACCOUNTS.get(str(body.get("account"))), str(body.get("marketplace"))
    if auth is None or code not in auth.marketplaces:
        raise bad("account is partner:REGION, marketplace one of its codes")
    return auth, code


def _from(sandbox: Sandbox, body: dict) -> int:
    if "from" not in body:
        return sandbox.now() // DAY
    return (dt.date.fromisoformat(str(body["from"])) - EPOCH).days


def _shock(sandbox: Sandbox, body: dict, site: int) -> dict:
    if body.get("kind") not in KINDS:
        raise ValueError(f"kind is one of {', '.join((*KINDS, *policy.KINDS))}")
    share, days = float(body.get("share", 0)), int(body.get("days", 14))
    if not 0 < share <= 1 or days < 1:
        raise ValueError("share is above 0 and at most 1, days at least 1")
    merchant = PROGRAMME[str(body.get("programme", "mfn"))]
    number = len(sandbox.world.trouble.shocks) + 1
    shock = Shock(number, site, merchant, str(body["kind"]), share, _from(sandbox, body), days)
    return {"struck_so_far": sandbox.world.strike(shock, sandbox.now())}


def _outbreak(sandbox: Sandbox, body: dict, site: int) -> dict:
    count = int(body.get("count", 1))
    if not 1 <= count <= 1000:
        raise ValueError("count is between 1 and 1000")
    number = len(sandbox.world.trouble.outbreaks) + 1
    moment = _from(sandbox, body) * DAY if "from" in body else sandbox.now()
    sandbox.world.break_out(policy.Outbreak(number, site, str(body["kind"]), moment, count))
    return {"violations": count}


def _set(sandbox: Sandbox, body: dict, site: int) -> dict:
    metric, at, merchant = body["metric"], body.get("at", "limit"), PROGRAMME[str(body.get("programme", "mfn"))]
    if metric not in exactly.KINDS or at not in ("limit", "below") or merchant is None:
        raise ValueError(f"metric is one of {', '.join(exactly.KINDS)}, at is limit or below, programme afn or mfn")
    if not merchant and metric != "orderDefectRate":
        raise ValueError("only the order defect rate is told for afn")
    now, world = sandbox.now(), sandbox.world
    wish = Wish(metric, site, merchant, now // DAY, at)
    if "count" in body:
        wish = replace(wish, count=int(body["count"]))
    with world.lock:
        choice = exactly.choose(world.health()[0], wish)
        world.fix(choice.fixed, choice.dropped, choice.sold, now)
    return {"cancelled_by_buyers": len(choice.dropped)}
