"""Account health at the sandbox's own desk: the truth about defects, and the report of any day."""

import datetime as dt

import numpy as np
import polars as pl

from sandbox.api.reading import bad
from sandbox.http import Request
from sandbox.reports import health as performance
from sandbox.service import Sandbox
from sandbox.world import view
from sandbox.world.marketplaces import BY_CODE, INDEX, MARKETPLACES
from sandbox.world.orders import DAY, NEVER
from sandbox.world.outcomes import DEFECTS, SITES
from sandbox.world.partners import AUTHORISATIONS, Authorisation

EPOCH = dt.date(1970, 1, 1)


def accounts(sandbox: Sandbox, request: Request) -> list[Authorisation]:
    """Those of ``account`` (or ``partner``): ``partner:REGION``, a partner, or all."""
    found = sandbox.accounts(request.first("account") or request.first("partner"))
    if not found:
        raise bad("unknown account")
    return found


def standing(sandbox: Sandbox, request: Request) -> dict:
    """``truth/health?account=&on=YYYY-MM-DD``: the report as it is (or was) on that UTC day, default today.

    Beside it, what the report has no place for: late shipments over ten days, by marketplace id.
    """
    day, world = on_day(sandbox, request.first("on")), sandbox.world
    reports = {}
    for auth in accounts(sandbox, request):
        short = {BY_CODE[code].id: performance.late_short(world, auth, code, day) for code in auth.marketplaces}
        reports[auth.id] = {"report": performance.content(world, auth, day), "late_shipment_10_days": short}
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
