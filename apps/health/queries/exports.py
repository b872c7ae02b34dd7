"""The matrix as a file: one line per site and rate, raw numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.core import lists
from apps.core.exports import Field, money
from apps.health.domain.headroom import WHOLE, Band
from apps.health.models import Figure
from apps.health.models.names import metric_name, programme_name
from apps.health.queries.board import COLUMNS, DEFAULT_SORT, Cell, Line, board
from apps.health.queries.figures import REPORT
from apps.health.queries.wording import BANDS, OPERATORS

ORIGINS = {REPORT: _("Report of the marketplace"), **dict(Figure.Origin.choices)}


@dataclass(frozen=True)
class Flat:
    """One rate of one line of the matrix."""

    line: Line
    cell: Cell
    currency: str

    @property
    def at_stake(self) -> int | None:
        return self.line.at_stake


def _row(name: str) -> Any:
    return lambda flat: getattr(flat.cell.reading.row, name)


def _share(value: int | None) -> float | None:
    return None if value is None else value / WHOLE


def _bad(flat: Flat) -> int | None:
    """Nothing where only a share is told, or no count of an unrated one."""
    standing = flat.cell.reading.standing
    told = standing.total > 0 and (standing.few or standing.room is not None)
    return standing.bad if told else None


def _rate(flat: Flat) -> float | None:
    """Nothing while not rated, whatever the report writes there: that is not 0 %."""
    reading = flat.cell.reading
    return None if reading.band == Band.UNRATED else _share(reading.row.rate)


def _day(flat: Flat) -> date:
    return flat.cell.reading.row.date


FIELDS = (
    Field(_("Store"), lambda f: f.line.store.name),
    Field(_("Site"), lambda f: f.line.site),
    Field(_("Metric"), lambda f: metric_name(f.cell.reading.row.metric), code=_row("metric")),
    Field(_("Programme"), lambda f: programme_name(f.cell.reading.row.programme), code=_row("programme")),
    Field(_("Report of"), _day),
    Field(_("Bad"), _bad),
    Field(_("Looked at"), _row("total")),
    Field(_("More allowed"), lambda f: f.cell.reading.standing.room),
    Field(_("Rate"), _rate),
    Field(_("Target"), lambda f: _share(f.cell.reading.level.target if f.cell.reading.level else None)),
    Field(_("Operator"), lambda f: OPERATORS.get(f.cell.reading.level.operator if f.cell.reading.level else "", "")),
    Field(_("State"), lambda f: str(BANDS[f.cell.reading.band]), code=lambda f: f.cell.reading.band.value),
    Field(_("Told by"), lambda f: str(ORIGINS[f.cell.reading.origin]), code=lambda f: f.cell.reading.origin),
    Field(
        _("CSat (internal)"),
        lambda f: f.line.csat.score / 100 if f.line.csat and f.line.csat.score is not None else None,
    ),
    Field(_("Chance of a breach"), lambda f: _share(f.cell.outlook.chance) if f.cell.outlook else None),
    Field(_("Window from"), _row("window_first")),
    Field(_("Window to"), _row("window_last")),
    Field(_("At stake"), money("at_stake", "currency")),
    Field(_("Currency"), lambda f: f.currency),
)


def exported(member: Member, query: str) -> tuple[Iterator[Flat], int]:
    """(rows, how many) of what the page's query shows, all pages."""
    today, currency = timezone.localdate(), member.agency.settings.currency
    asked = lists.parse(QueryDict(query), COLUMNS, sort=DEFAULT_SORT, today=today, can=member.can)
    found = board(member, asked, currency=currency, today=today)
    flat = [Flat(line, cell, currency) for line in found.lines for cell in line.cells.values()]
    return iter(flat), len(flat)
