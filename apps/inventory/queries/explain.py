"""The drawer of one line: the addition with its inputs and sources, the projection, what each way of transport loses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from apps.accounts.models import Store
from apps.inventory.domain.replenishment import (
    DEFAULT_SOURCES,
    DEFAULTS,
    Arrival,
    Policy,
    Position,
    Source,
    addition,
    arrivals,
    project,
    round_up,
    split,
)
from apps.inventory.models import Policy as Rule
from apps.inventory.models import Replenishment

CHART_DAYS = 70
WIDTH, HEIGHT = 420, 150
LEFT, RIGHT, TOP, BOTTOM = 40, 412, 10, 126
STAGES = ("production", "inspection", "sea", "air", "receiving", "review")
RULES = ("safety_factor", *(f"{stage}_days" for stage in STAGES), "moq", "carton_units", "excess_days")


@dataclass(frozen=True)
class Tick:
    at: int
    label: str


@dataclass(frozen=True)
class Chart:
    """Stock at FBA over the coming days, as SVG coordinates, and the same as a table."""

    without: str
    planned: str
    dry_x: int
    dry_width: int
    dry_days: int
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    table: tuple[tuple[date, int, int], ...]


@dataclass(frozen=True)
class Option:
    """One way to send the quantity: units by air and sea, when it arrives, the sales lost in the coming 70 days."""

    mode: str
    air: int
    sea: int
    days: int
    lost_units: int
    lost: int | None
    chosen: bool


def terms_of(line: Replenishment, position: Position, policy: Policy) -> list:
    """The addition of one line; empty while there is too little data."""
    return [] if line.velocity is None else addition(position, policy, line.suggested)


def chart_of(position: Position, policy: Policy, line: Replenishment, *, today: date) -> Chart:
    """Without an order, and with what the line suggests."""
    without = project(position, policy, days=CHART_DAYS)
    planned = project(position, policy, days=CHART_DAYS, air=line.air_units or 0, sea=line.sea_units or 0)
    top = _nice(max(*without, *planned, 1))
    first, length = _dry(planned)
    step = (RIGHT - LEFT) / (CHART_DAYS - 1)
    return Chart(
        without=_path(without, top),
        planned=_path(planned, top),
        dry_x=round(LEFT + first * step),
        dry_width=round(length * step),
        dry_days=length,
        across=tuple(
            Tick(round(LEFT + d * step), (today + timedelta(days=d)).strftime("%m-%d"))
            for d in range(0, CHART_DAYS, 14)
        ),
        up=tuple(Tick(_y(top * n // 4, top), f"{top * n // 4:,}") for n in range(5)),
        table=tuple((today + timedelta(days=d), without[d], planned[d]) for d in range(0, CHART_DAYS, 7)),
    )


def _path(levels: Sequence[int], top: int) -> str:
    step = (RIGHT - LEFT) / (len(levels) - 1)
    points = (f"{LEFT + n * step:.1f},{_y(level, top)}" for n, level in enumerate(levels))
    return "M" + " L".join(points)


def _y(level: int, top: int) -> int:
    return BOTTOM - (BOTTOM - TOP) * level // top


def _nice(most: int) -> int:
    """The next of 4, 8, 20, 40, 80, 200 ... so that four grid lines are whole numbers."""
    size = 4
    steps = (2, Decimal("2.5"), 2)
    for n in range(60):
        if size >= most:
            break
        size = int(size * steps[n % 3])
    return size


def _dry(levels: Sequence[int]) -> tuple[int, int]:
    """(first day, number of days) of the first time without stock."""
    first = next((n for n, level in enumerate(levels) if level == 0), None)
    if first is None:
        return 0, 0
    last = next((n for n in range(first, len(levels)) if levels[n] > 0), len(levels))
    return first, last - first


def options_of(position: Position, policy: Policy, line: Replenishment, units: int) -> list[Option]:
    """By sea, split, by air: what each would lose. Freight by mode is not known, so it is not guessed."""
    if not units or not position.velocity:
        return []
    found = []
    for wish in ("sea", "air+sea", "air"):
        air, sea, mode = split(units, line.gap_days or 0, position.velocity, policy, wish)
        if any(option.mode == mode for option in found):
            continue
        lost = _lost(position, policy, air, sea)
        value = None if position.price is None else lost * position.price
        days = policy.air_lead if air else policy.sea_lead
        found.append(Option(mode, air, sea, days, lost, value, mode == line.mode))
    return found


def _lost(position: Position, policy: Policy, air: int, sea: int) -> int:
    """Units of demand not served within the chart's days."""
    levels = project(position, policy, days=CHART_DAYS, air=air, sea=sea)
    received = _received(position, policy, air, sea)
    served = position.available + received - levels[-1]
    return max(0, round_up((position.velocity or 0) * CHART_DAYS, 1000) // 1000 - served)


def _received(position: Position, policy: Policy, air: int, sea: int) -> int:
    ordered = (Arrival(policy.air_lead, air), Arrival(policy.sea_lead, sea))
    return sum(a.units for a in (*arrivals(position, policy), *ordered) if a.day < CHART_DAYS)


@dataclass(frozen=True)
class RuleField:
    """One field of the policy form: what holds, and whether this SKU says so itself."""

    name: str
    value: Decimal | int
    own: Decimal | int | None


def rule_fields(policy: Policy, own: Rule | None) -> list[RuleField]:
    """The merged policy beside what the level itself says."""
    found = []
    for name in RULES:
        value = Decimal(policy.safety) / 100 if name == "safety_factor" else getattr(policy, name)
        found.append(RuleField(name, value, getattr(own, name, None) if own else None))
    return found


def own_rule(store_id: int | None, sku: str) -> Rule | None:
    """What one level says itself."""
    return Rule.objects.filter(store=store_id, sku=sku, marketplace="").first()


def is_briefs(name: str) -> bool:
    """Does the built-in value come from the brief? Said beside it, so that nobody takes our guess for a law."""
    return DEFAULT_SOURCES["safety" if name == "safety_factor" else name] is Source.BRIEF


def merged(store: Store | None) -> Policy:
    """The policy of a SKU that says nothing itself, on any site: agency's and store's levels over the defaults."""
    levels = [own_rule(None, "")] + ([own_rule(store.pk, "")] if store else [])
    values: dict[str, int] = {}
    for level in filter(None, levels):
        for name in (*RULES, "weight_7", "weight_30", "weight_90"):
            value = getattr(level, name)
            if value is not None:
                values[name] = value
    if "safety_factor" in values:
        values["safety"] = int(values.pop("safety_factor") * 100)
    for name in ("weight_7", "weight_30", "weight_90"):
        if name in values:
            values[name] = int(values[name] * 1000)
    return replace(DEFAULTS, **values)
