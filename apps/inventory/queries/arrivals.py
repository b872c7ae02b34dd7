"""What arrives when, and at which site: the shipments of plans on a calendar of weeks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Q, QuerySet, Sum

from apps.accounts.models import Member
from apps.inventory.domain.plans import Part, to_come
from apps.inventory.models import Plan, PlanLine
from apps.inventory.queries.lines import lines_for
from apps.inventory.queries.plans import plans_for

FIRM = ("approved", "ordered", "shipped")
WISHED = ("draft", "submitted", "client")
WEEKS = 16
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Arrival:
    """Units that are to become sellable at a site on one day."""

    line: PlanLine
    mode: str
    units: int
    on: date
    late: bool


@dataclass
class Cell:
    """What arrives at one site in one week."""

    units: int = 0
    air: int = 0
    skus: set[str] = field(default_factory=set)


@dataclass
class Week:
    """One row of the calendar. `first` None: before today (`late`) or after the last week."""

    first: date | None
    late: bool = False
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def last(self) -> date | None:
        return self.first + WEEK - timedelta(days=1) if self.first else None

    @property
    def units(self) -> int:
        return sum(cell.units for cell in self.cells.values())


@dataclass(frozen=True)
class Calendar:
    """Weeks with arrivals, and the sites they go to; `undated` units have no day yet."""

    sites: list[str]
    weeks: list[Week]
    units: int
    undated: int

    @property
    def rows(self) -> list[tuple[Week, list[Cell | None]]]:
        return [(week, [week.cells.get(site) for site in self.sites]) for week in self.weeks]


def lines_to_come(member: Member, *, store: str = "", wished: bool = False) -> QuerySet[PlanLine]:
    """Lines of plans that are decided (with `wished`: or may be) and not all here; two queries with their parts."""
    states = FIRM + WISHED if wished else FIRM
    found = PlanLine.objects.filter(plan__in=plans_for(member).filter(state__in=states).values("pk"))
    if store:
        found = found.filter(store__slug=store)
    return found.select_related("plan__store").prefetch_related("parts")


def arrivals_of(lines: Iterable[PlanLine], *, today: date) -> list[Arrival]:
    """Every shipment that is still to come, the first one first."""
    found = []
    for line in lines:
        for part in to_come(parts_of(line), line.received):
            found.append(Arrival(line, part.mode, part.units, part.arrives_on, part.arrives_on < today))
    return sorted(found, key=lambda each: (each.on, each.line.pool, each.line.sku))


def parts_of(line: PlanLine) -> list[Part]:
    """A line's shipments; one that was not split is one. None without a day."""
    rows = [Part(row.mode, row.units, row.arrives_on) for row in line.parts.all()]
    if rows or line.arrives_on is None:
        return sorted(rows, key=lambda part: (part.arrives_on, part.mode))
    return [Part(line.mode, line.units, line.arrives_on)]


def calendar_of(arrivals: Sequence[Arrival], lines: Iterable[PlanLine], *, today: date) -> Calendar:
    """Arrivals by week (from Monday) and site."""
    monday = today - timedelta(days=today.weekday())
    weeks: dict[tuple[bool, date | None], Week] = {}
    for each in arrivals:
        first = each.on - timedelta(days=each.on.weekday())
        key = (True, None) if each.late else (False, first if first < monday + WEEKS * WEEK else None)
        week = weeks.setdefault(key, Week(key[1], each.late))
        cell = week.cells.setdefault(each.line.pool, Cell())
        cell.units += each.units
        cell.air += each.units if each.mode.startswith("air") else 0
        cell.skus.add(each.line.sku)
    ranked = sorted(weeks.values(), key=lambda week: (not week.late, week.first or date.max))
    undated = sum(max(0, line.units - line.received) for line in lines if not parts_of(line))
    sites = sorted({each.line.pool for each in arrivals})
    return Calendar(sites, ranked, sum(each.units for each in arrivals), undated)


def unplanned(member: Member, *, store: str = "") -> int:
    """Units Amazon says are on their way to it: no report tells their day, nor which plan they belong to."""
    found = lines_for(member).filter(Q(store__slug=store) if store else Q())
    return found.aggregate(n=Sum("inbound"))["n"] or 0


def plan_arrivals(plan: Plan, *, today: date) -> tuple[list[PlanLine], Calendar]:
    """A plan's lines with their parts, and their calendar."""
    lines = list(plan.lines.order_by("pool", "sku").prefetch_related("parts"))
    return lines, calendar_of(arrivals_of(lines, today=today), lines, today=today)
