"""What to restock: the brief's rule with all its inputs, in whole numbers only.

    need      = daily sales x supply cycle x safety factor
    shortfall = need - (available + inbound + reserved + own warehouse + on order)

Speeds are thousandths of a unit a day ("milli-units"), factors hundredths, weights thousandths: integers, so that the
scalar functions here and the set-based SQL of `actions.arithmetic` agree to the last digit (tested by property).
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

MILLI = 1000
HORIZON_DAYS = 30  # money at stake looks this far
LEAST_DAYS = 14  # fewer days on sale say nothing
FARTHEST_DAYS = 730  # a date beyond is "not in sight"
WINDOWS = (7, 30, 90)


class Source(StrEnum):
    """Where a default comes from."""

    BRIEF = "brief"  # the figure the product was asked for
    HOUSE = "house"  # our own assumption, to be replaced by the agency's


@dataclass(frozen=True)
class Policy:
    """How to restock one SKU, all levels merged. Days are whole days; `safety` is in hundredths (150 is 1.5)."""

    safety: int = 150
    production_days: int = 15
    inspection_days: int = 2
    sea_days: int = 30
    air_days: int = 7
    receiving_days: int = 3
    review_days: int = 7
    moq: int = 1
    carton_units: int = 1
    excess_days: int = 180
    weight_7: int = 500
    weight_30: int = 300
    weight_90: int = 200

    @property
    def sea_lead(self) -> int:
        """Days from an order to sellable at FBA by sea."""
        return self.production_days + self.inspection_days + self.sea_days + self.receiving_days

    @property
    def air_lead(self) -> int:
        """Days from an order to sellable at FBA by air: the fastest a new order can be."""
        return self.production_days + self.inspection_days + self.air_days + self.receiving_days

    @property
    def cycle(self) -> int:
        """The supply cycle: the lead time by sea and the days until the next order."""
        return self.sea_lead + self.review_days


DEFAULTS = Policy()
DEFAULT_SOURCES = dict.fromkeys(Policy.__dataclass_fields__, Source.HOUSE) | {"safety": Source.BRIEF}


@dataclass(frozen=True)
class Sold:
    """Units sold on in-stock days, and how many such days there were, in the last 7, 30 and 90 days."""

    units_7: int = 0
    days_7: int = 0
    units_30: int = 0
    days_30: int = 0
    units_90: int = 0
    days_90: int = 0


@dataclass(frozen=True)
class Position:
    """What one SKU has in one stock pool. `own` is this pool's share of the seller's own warehouses."""

    velocity: int | None  # milli-units a day; None: too little data
    available: int = 0
    reserved: int = 0
    receiving: int = 0  # inbound, already at the warehouse's door
    shipped: int = 0  # inbound, on its way
    working: int = 0  # inbound, not yet shipped
    own: int = 0
    on_order: int = 0  # approved or ordered plans
    price: int | None = None  # minor units
    aged_fee: int | None = None  # minor units a month, as Amazon estimates it

    @property
    def inbound(self) -> int:
        return self.receiving + self.shipped + self.working

    @property
    def owned(self) -> int:
        return self.available + self.reserved + self.inbound + self.own + self.on_order


@dataclass(frozen=True)
class Proposal:
    """What follows. None: it cannot be said (too little data)."""

    status: str
    need: int | None = None
    shortfall: int | None = None
    suggested: int | None = None
    cover_days: int | None = None  # of everything owned; None also when nothing sells
    cover_fba_days: int | None = None
    out_on: date | None = None
    order_by: date | None = None
    gap_days: int | None = None
    at_stake: int | None = None
    air_units: int | None = None
    sea_units: int | None = None
    mode: str = ""


@dataclass(frozen=True)
class Term:
    """One line of the addition: `sign` is what the line does to the one above it."""

    key: str
    sign: str
    value: Decimal
    unit: str = ""
    total: bool = False
    parts: tuple[tuple[str, int], ...] = field(default=())


@dataclass(frozen=True)
class Arrival:
    """Units that become sellable `day` days from today."""

    day: int
    units: int


STATUS_PRIORITY = {"urgent": 1, "reorder": 2, "excess": 3, "healthy": 4, "no_data": 5}


def half_up(top: int, bottom: int) -> int:
    """top / bottom, rounded to the nearest whole number, halves up; both not negative."""
    return (2 * top + bottom) // (2 * bottom)


def round_up(units: int, step: int) -> int:
    return -(-units // step) * step


def speed(units: int, days: int) -> int | None:
    """Milli-units per in-stock day; None without such a day."""
    return half_up(units * MILLI, days) if days > 0 else None


def velocity(sold: Sold, policy: Policy) -> int | None:
    """Daily sales: the 7, 30 and 90 day speeds, weighted over those windows that have an in-stock day.

    None below 14 in-stock days of the last 90: a person must decide.
    """
    if sold.days_90 < LEAST_DAYS:
        return None
    speeds = (
        (policy.weight_7, speed(sold.units_7, sold.days_7)),
        (policy.weight_30, speed(sold.units_30, sold.days_30)),
        (policy.weight_90, speed(sold.units_90, sold.days_90)),
    )
    weight = sum(w for w, s in speeds if s is not None)
    return half_up(sum(w * s for w, s in speeds if s is not None), weight) if weight else None


def suggestion(shortfall: int, policy: Policy) -> int:
    """The shortfall, at least the minimum order, in whole cartons; 0 when nothing is short."""
    return round_up(max(shortfall, policy.moq), policy.carton_units) if shortfall > 0 else 0


def arrivals(position: Position, policy: Policy) -> tuple[Arrival, ...]:
    """When what is owned becomes sellable. Assumed where no document says: a shipment on its way is half way."""
    return (
        Arrival(policy.receiving_days, position.reserved + position.receiving),
        Arrival(policy.sea_days // 2 + policy.receiving_days, position.shipped),
        Arrival(policy.sea_days + policy.receiving_days, position.working),
        Arrival(policy.air_days + policy.receiving_days, position.own),
        Arrival(policy.sea_lead, position.on_order),
    )


def lost_milli(position: Position, policy: Policy, horizon: int) -> int:
    """Milli-units of demand within `horizon` days that no stock can serve.

    Demand that is not served is lost, so the loss is the largest lead that demand ever takes over supply.
    """
    if not position.velocity:
        return 0
    coming = arrivals(position, policy)
    lost = 0
    for moment in [horizon, *(min(a.day, horizon) for a in coming if a.units)]:
        supply = position.available + sum(a.units for a in coming if a.day < moment)
        lost = max(lost, position.velocity * moment - supply * MILLI)
    return lost


def gap_days(position: Position, policy: Policy) -> int:
    """Days out of stock before the fastest new order could arrive, whole days, at most 30."""
    if not position.velocity:
        return 0
    return -(-lost_milli(position, policy, min(HORIZON_DAYS, policy.air_lead)) // position.velocity)


def split(units: int, gap: int, position_velocity: int, policy: Policy, mode: str = "") -> tuple[int, int, str]:
    """(by air, by sea, mode). By air goes what bridges the time until the sea shipment is there, if there is a gap.

    A person's own `mode` wins.
    """
    if units <= 0:
        return 0, 0, ""
    if mode == "air":
        return units, 0, "air"
    if mode == "sea" or (not mode and gap <= 0):
        return 0, units, "sea"
    bridge = -(-position_velocity * max(0, policy.sea_days - policy.air_days) // MILLI)
    air = min(units, round_up(max(bridge, 1), policy.carton_units))
    return air, units - air, "air" if air == units else "air+sea"


def propose(position: Position, policy: Policy, *, today: date, mode: str = "", edited: int | None = None) -> Proposal:
    """Everything the page says about one SKU. `edited` is a person's own quantity, `mode` a person's own transport."""
    v = position.velocity
    if v is None:
        return Proposal("no_data")
    need = -(-v * policy.cycle * policy.safety // (MILLI * 100))
    shortfall = max(0, need - position.owned)
    suggested = suggestion(shortfall, policy)
    cover = position.owned * MILLI // v if v else None
    cover_fba = position.available * MILLI // v if v else None
    gap = gap_days(position, policy)
    state = _status(position, policy, gap=gap, shortfall=shortfall, cover=cover)
    air, sea, way = split(suggested if edited is None else edited, gap, v, policy, mode)
    return Proposal(
        status=state,
        need=need,
        shortfall=shortfall,
        suggested=suggested,
        cover_days=cover,
        cover_fba_days=cover_fba,
        out_on=_day(today, cover_fba),
        order_by=_day(today, None if cover is None else cover - policy.cycle),
        gap_days=gap,
        at_stake=_at_stake(position, state, gap),
        air_units=air,
        sea_units=sea,
        mode=way,
    )


def _status(position: Position, policy: Policy, *, gap: int, shortfall: int, cover: int | None) -> str:
    if gap > 0:
        return "urgent"
    if shortfall > 0:
        return "reorder"
    if position.owned > 0 and (cover is None or cover > policy.excess_days):
        return "excess"
    return "healthy"


def _at_stake(position: Position, status: str, gap: int) -> int | None:
    """Urgent: gap days x daily sales x price. Excess: what its age costs a month."""
    if status == "urgent" and position.price is not None:
        return half_up(gap * (position.velocity or 0) * position.price, MILLI)
    return position.aged_fee if status == "excess" else None


def _day(today: date, days: int | None) -> date | None:
    return None if days is None or days > FARTHEST_DAYS else today + timedelta(days=days)


def addition(position: Position, policy: Policy, units: int | None) -> list[Term]:
    """The rule as an addition, line by line, for a SKU with a known velocity."""
    v = position.velocity or 0
    need = -(-v * policy.cycle * policy.safety // (MILLI * 100))
    stages = ("production_days", "inspection_days", "sea_days", "receiving_days", "review_days")
    coming = (("receiving", position.receiving), ("shipped", position.shipped), ("working", position.working))
    return [
        Term("velocity", "", Decimal(v) / MILLI, "units"),
        Term("cycle", "×", Decimal(policy.cycle), "days", parts=tuple((s, getattr(policy, s)) for s in stages)),
        Term("safety", "×", Decimal(policy.safety) / 100),
        Term("need", "=", Decimal(need), "units", total=True),
        Term("available", "−", Decimal(position.available), "units"),
        Term("reserved", "−", Decimal(position.reserved), "units"),
        Term("inbound", "−", Decimal(position.inbound), "units", parts=coming),
        Term("own", "−", Decimal(position.own), "units"),
        Term("on_order", "−", Decimal(position.on_order), "units"),
        Term("shortfall", "=", Decimal(max(0, need - position.owned)), "units", total=True),
        Term("suggested", "→", Decimal(units or 0), "units", total=True),
    ]


def project(position: Position, policy: Policy, *, days: int, air: int = 0, sea: int = 0) -> list[int]:
    """Sellable units at the end of each of `days` days from today, when `air` and `sea` units are ordered today."""
    coming: dict[int, int] = {}
    ordered = (Arrival(policy.air_lead, air), Arrival(policy.sea_lead, sea))
    for arrival in (*arrivals(position, policy), *ordered):
        coming[arrival.day] = coming.get(arrival.day, 0) + arrival.units
    stock, levels = position.available * MILLI, []
    for day in range(days):
        stock = max(0, stock + coming.get(day, 0) * MILLI - (position.velocity or 0))
        levels.append(stock // MILLI)
    return levels
