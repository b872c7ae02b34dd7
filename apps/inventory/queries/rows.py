"""One line as the page shows it: dates in words, stock in days. Templates do no arithmetic."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256

from apps.inventory.models import Replenishment

NOW, LATE, WITHIN = "now", "late", "within"


@dataclass(frozen=True)
class Row:
    """A line, and what the page says about it beyond its own columns."""

    line: Replenishment
    key: str
    dom: str
    units: int | None
    edited: bool
    cartons: int | None
    loose: bool  # the units are not whole cartons
    value: int | None  # minor units of the line's cost currency
    days: int | None  # by the line's transport, from order to sellable
    when: str  # now, late, within, ""
    when_days: int
    inbound_days: Decimal | None
    own_days: Decimal | None
    velocity: Decimal | None
    snoozed: bool
    resting_until: date | None


def row_of(line: Replenishment, *, today: date) -> Row:
    """`line` must carry `units` (`queries.lines.priced`)."""
    units, carton = line.units, line.carton_units or 1  # type: ignore[attr-defined]
    snoozed = line.snoozed_until is not None and line.snoozed_until > today
    when, when_days = _when(line, today, units)
    key = f"{line.store_id}/{line.pool}/{line.sku}"
    return Row(
        line=line,
        key=key,
        dom=_dom(key),
        units=units,
        edited=line.edited is not None,
        cartons=-(-units // carton) if units and carton > 1 else None,
        loose=bool(units and units % carton),
        value=units * line.unit_cost if units and line.unit_cost is not None else None,
        days=_lead(line),
        when=when,
        when_days=when_days,
        inbound_days=_days(line.reserved + line.inbound, line),
        own_days=_days(line.own, line),
        velocity=None if line.velocity is None else Decimal(line.velocity) / 1000,
        snoozed=snoozed,
        resting_until=line.snoozed_until if snoozed else None,
    )


def _lead(line: Replenishment) -> int | None:
    if not line.lead or not line.mode:
        return None
    way = "air" if line.mode.startswith("air") else "sea"
    return sum(int(line.lead.get(stage) or 0) for stage in ("production", "inspection", way, "receiving"))


def _when(line: Replenishment, today: date, units: int | None) -> tuple[str, int]:
    """By when to order: at once when stock will run out whatever one does, else days late or left."""
    if not units:
        return "", 0
    if line.status == Replenishment.Status.URGENT:
        return NOW, 0
    if line.order_by is None:
        return "", 0
    left = (line.order_by - today).days
    return (WITHIN, left) if left >= 0 else (LATE, -left)


def _days(units: int, line: Replenishment) -> Decimal | None:
    """How long so many units last."""
    return Decimal(units * 1000) / line.velocity if line.velocity else None


def _dom(key: str) -> str:
    """An element's id from a key: SKUs hold signs that ids may not."""
    return f"r{sha256(key.encode()).hexdigest()[:12]}"
