"""What documents say of account health, written in the document's own transaction."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any

import polars as pl

from apps.core import copying
from apps.core.copying import Facts
from apps.core.tenancy import acting_agency
from apps.sync.actions.taking import Taken, stage_rows, take_in, withdraw
from apps.sync.loading import Intake, Loaded
from apps.sync.rows import DEFECT, DELIVERY, FEEDBACK, HEALTH, SHIPMENT

_MINE = "t.agency_id = %(agency)s AND t.store_id = %(store)s"
# A report tells its day of a site whole. What an older one has to add to a day that a newer one told is dropped;
# what a newer one does not name any more goes.
_OVERRULED = f"""DELETE FROM {{stage}} s USING health_healthday t
    WHERE {_MINE} AND t.date = s.date AND t.marketplace_id = s.marketplace_id AND t.as_of > %(as_of)s"""
_UNNAMED = f"""DELETE FROM health_healthday t
    USING (SELECT DISTINCT marketplace_id, date FROM {{stage}}) d
    WHERE {_MINE} AND t.date BETWEEN %(first)s AND %(last)s AND t.date = d.date
        AND t.marketplace_id = d.marketplace_id AND t.as_of <= %(as_of)s
        AND NOT EXISTS (SELECT FROM {{stage}} s WHERE s.marketplace_id = t.marketplace_id AND s.metric = t.metric
                        AND s.programme = t.programme AND s.date = t.date)"""


def load_health(intake: Intake, frames: Iterator[pl.DataFrame], facts: Facts) -> Loaded:
    """Write the report of a day; returns what it changed."""
    copying.lock(intake.store_id, HEALTH.name)
    stage = stage_rows(HEALTH, intake, frames, facts)
    values = _values(intake) | {"first": stage.first, "last": stage.last}
    copying.run(_OVERRULED, values=values, stage=stage.table)
    merged = copying.merge(stage, facts, store_id=intake.store_id, whole=False)
    gone = copying.run(_UNNAMED, values=values, stage=stage.table) if stage.rows else 0
    return Taken(stage, merged, [], gone).loaded


# A document that leaves out the SKU, programme or day of an order does not unsay what is known.
_KEPT = f"""
    UPDATE {{stage}} s SET sku = coalesce(nullif(s.sku, ''), t.sku),
        programme = coalesce(nullif(s.programme, ''), t.programme), ordered_on = coalesce(s.ordered_on, t.ordered_on)
    FROM health_defect t WHERE {_MINE} AND t.order_id = s.order_id AND t.kind = s.kind"""


def load_defects(intake: Intake, frames: Iterator[pl.DataFrame], facts: Facts) -> Loaded:
    """Write order defects. What people say of them is theirs and stays."""
    copying.lock(intake.store_id, DEFECT.name)
    stage = stage_rows(DEFECT, intake, frames, facts)
    copying.run(_KEPT, values=_values(intake), stage=stage.table)
    merged = copying.merge(stage, facts, store_id=intake.store_id, whole=False)
    return Taken(stage, merged, []).loaded


_NEGATIVE = f"""
    INSERT INTO health_defect (agency_id, store_id, order_id, kind, marketplace_id, programme, sku, reported_on, as_of)
    SELECT t.agency_id, t.store_id, t.order_id, 'feedback', t.marketplace_id, '', '', t.rated_on, t.as_of
    FROM health_feedback t JOIN {{stage}} s ON s.order_id = t.order_id
    WHERE {_MINE} AND t.rating <= 2
    ON CONFLICT DO NOTHING"""
# Feedback that its own window does not tell any more was removed, and so does not count any more.
_REMOVED = f"""
    UPDATE health_defect t SET withdrawn_on = %(day)s
    WHERE {_MINE} AND t.kind = 'feedback' AND t.withdrawn_on IS NULL AND t.marketplace_id = ANY(%(markets)s)
        AND t.reported_on BETWEEN %(from)s AND %(until)s AND t.as_of <= %(as_of)s
        AND NOT EXISTS (SELECT FROM health_feedback f WHERE f.agency_id = t.agency_id AND f.store_id = t.store_id
                        AND f.order_id = t.order_id AND f.rating <= 2)"""


def load_feedback(intake: Intake, frames: Iterator[pl.DataFrame], facts: Facts) -> Loaded:
    """Write feedback and the order defects behind negative one; feedback removed since takes its defect back."""
    day = replace(facts, day="rated_on")
    taken = withdraw(take_in(FEEDBACK, intake, frames, day), intake, day)
    values = _values(intake)
    copying.lock(intake.store_id, DEFECT.name)
    copying.run(_NEGATIVE, values=values, stage=taken.stage.table)
    if intake.first is not None:
        window = {"from": intake.first, "until": intake.last, "markets": list(intake.markets)}
        copying.run(_REMOVED, values=values | window | {"day": intake.as_of.astimezone(UTC).date()})
    return taken.loaded


# What an order does wrong, by its own facts: kind, the condition on a shipment `t`, the UTC day from which it counts.
_SHIPPED = "(t.shipped_at AT TIME ZONE 'UTC')::date"
WRONGS: Mapping[str, tuple[str, str]] = {
    "late": ("t.shipped_at > t.ship_by", _SHIPPED),
    "untracked": ("t.valid_packages < t.packages", _SHIPPED),
    "undelivered": ("t.delivered_at > t.deliver_by", "(t.delivered_at AT TIME ZONE 'UTC')::date"),
    "cancelled": ("t.cancelled_by = 'seller'", "(t.cancelled_at AT TIME ZONE 'UTC')::date"),
}
_WRONG = f"""
    INSERT INTO health_defect AS d (agency_id, store_id, order_id, kind, marketplace_id, programme, sku, ordered_on,
        reported_on, as_of)
    SELECT t.agency_id, t.store_id, t.order_id, w.kind, t.marketplace_id, 'mfn', '', t.ordered_on, w.reported_on,
        t.as_of
    FROM health_shipment t JOIN {{stage}} s ON s.order_id = t.order_id
    CROSS JOIN LATERAL (VALUES {", ".join(f"('{kind}', {cond}, {day})" for kind, (cond, day) in WRONGS.items())})
        AS w (kind, wrong, reported_on)
    WHERE {_MINE} AND w.wrong
    ON CONFLICT (agency_id, store_id, order_id, kind) DO UPDATE SET withdrawn_on = NULL
    WHERE d.withdrawn_on IS NOT NULL"""
_RIGHTED = f"""
    UPDATE health_defect d SET withdrawn_on = (t.updated_at AT TIME ZONE 'UTC')::date
    FROM health_shipment t JOIN {{stage}} s ON s.order_id = t.order_id
    WHERE {_MINE} AND d.agency_id = t.agency_id AND d.store_id = t.store_id AND d.order_id = t.order_id
        AND d.withdrawn_on IS NULL
        AND CASE d.kind {" ".join(f"WHEN '{kind}' THEN NOT coalesce({cond}, false)" for kind, (cond, _) in WRONGS.items())}
            ELSE false END"""


# Amazon tells the moment of a cancellation by the order's last change only: the earliest telling is nearest. Nor does
# it tell of deliveries: what carriers said stands, whether it came before the order or after it.
_REMEMBERED = f"""
    UPDATE {{stage}} s SET delivered_at = coalesce(s.delivered_at, t.delivered_at),
        cancelled_at = CASE WHEN s.cancelled_at IS NOT NULL THEN least(s.cancelled_at, t.cancelled_at) END
    FROM health_shipment t WHERE {_MINE} AND t.order_id = s.order_id"""
_SCANNED = f"""
    UPDATE {{stage}} s SET delivered_at = t.delivered_at FROM health_delivery t
    WHERE {_MINE} AND t.order_id = s.order_id"""
_ARRIVED = f"""
    UPDATE health_shipment t SET delivered_at = d.delivered_at
    FROM health_delivery d JOIN {{stage}} s ON s.order_id = d.order_id
    WHERE {_MINE} AND d.agency_id = t.agency_id AND d.store_id = t.store_id AND d.order_id = t.order_id
        AND t.delivered_at IS DISTINCT FROM d.delivered_at"""
_NOT_LAST = """
    DELETE FROM {stage} s WHERE ctid <> (
        SELECT o.ctid FROM {stage} o WHERE o.order_id = s.order_id ORDER BY o.delivered_at DESC, o.ctid DESC LIMIT 1)"""
_FIRST = f"""
    UPDATE health_shipment t SET cancelled_at = s.cancelled_at FROM {{stage}} s
    WHERE {_MINE} AND t.order_id = s.order_id AND s.cancelled_at < t.cancelled_at"""


def load_shipments(intake: Intake, frames: Iterator[pl.DataFrame], facts: Facts) -> Loaded:
    """Write merchant orders as last updated, and the defects that they are by themselves."""
    copying.lock(intake.store_id, SHIPMENT.name)
    stage = stage_rows(SHIPMENT, intake, frames, facts, flags=("business",))
    for step in (_REMEMBERED, _SCANNED):
        copying.run(step, values=_values(intake), stage=stage.table)
    merged = copying.merge(stage, facts, store_id=intake.store_id, whole=False)
    copying.run(_FIRST, values=_values(intake), stage=stage.table)
    taken = Taken(stage, merged, [])
    if not taken.quiet:
        _judge(intake, stage.table)
    return taken.loaded


def load_deliveries(intake: Intake, frames: Iterator[pl.DataFrame], facts: Facts) -> Loaded:
    """Write when orders arrived, of whichever of them are known here or will be, and the defects that follow."""
    copying.lock(intake.store_id, SHIPMENT.name)
    taken = take_in(DELIVERY, intake, frames, facts)
    if not taken.quiet:
        copying.run(_ARRIVED, values=_values(intake), stage=taken.stage.table)
        _judge(intake, taken.stage.table)
    return taken.loaded


def keep_last_delivery(stage: str) -> None:
    """Of an order's packages in the staging table the one that arrived last."""
    copying.run(f"CREATE INDEX ON {{stage}} (order_id); {_NOT_LAST}", stage=stage)


def _judge(intake: Intake, staged: str) -> None:
    """The defects that the staged orders are by themselves, and those they are no more."""
    copying.lock(intake.store_id, DEFECT.name)
    for step in (_WRONG, _RIGHTED):
        copying.run(step, values=_values(intake), stage=staged)


def _values(intake: Intake) -> dict[str, Any]:
    return {"agency": acting_agency(), "store": intake.store_id, "as_of": intake.as_of}
