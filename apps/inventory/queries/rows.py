"""One line as the page shows it: dates in words, bars in per cent. Templates do no arithmetic."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.inventory.models import Replenishment
from apps.inventory.queries.lines import COVER_SCALE, FEE_LINE

NOW, LATE, WITHIN = "now", "late", "within"


@dataclass(frozen=True)
class Bar:
    """The cover bar on a scale of 0 to 120 days: widths and marks in per cent."""

    fba: int
    inbound: int
    own: int
    cycle: int
    fee: int
    over: bool


@dataclass(frozen=True)
class Row:
    """A line, and what the page says about it beyond its own columns."""

    line: Replenishment
    key: str
    units: int | None
    edited: bool
    cartons: int | None
    loose: bool  # the units are not whole cartons
    value: int | None  # minor units of the line's cost currency
    days: int | None  # by the line's transport, from order to sellable
    when: str  # now, late, within, ""
    when_days: int
    bar: Bar | None
    velocity: Decimal | None
    snoozed: bool
    resting_until: date | None


def row_of(line: Replenishment, *, today: date) -> Row:
    """`line` must carry `units` (`queries.lines.priced`)."""
    units, carton = line.units, line.carton_units or 1  # type: ignore[attr-defined]
    snoozed = line.snoozed_until is not None and line.snoozed_until > today
    when, when_days = _when(line, today, units)
    return Row(
        line=line,
        key=f"{line.store_id}/{line.pool}/{line.sku}",
        units=units,
        edited=line.edited is not None,
        cartons=-(-units // carton) if units and carton > 1 else None,
        loose=bool(units and units % carton),
        value=units * line.unit_cost if units and line.unit_cost is not None else None,
        days=_lead(line),
        when=when,
        when_days=when_days,
        bar=_bar(line),
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


def _bar(line: Replenishment) -> Bar | None:
    if not line.velocity:
        return None
    fba = _percent(line.available, line.velocity)
    both = _percent(line.available + line.reserved + line.inbound, line.velocity)
    whole = _percent(line.available + line.reserved + line.inbound + line.own, line.velocity)
    return Bar(
        fba=fba,
        inbound=both - fba,
        own=whole - both,
        cycle=min(100, 100 * (line.cycle_days or 0) // COVER_SCALE),
        fee=100 * FEE_LINE // COVER_SCALE,
        over=(line.cover_fba_days or 0) > COVER_SCALE,
    )


def _percent(units: int, velocity: int) -> int:
    return min(100, round(Decimal(units * 1000 * 100) / (velocity * COVER_SCALE)))
