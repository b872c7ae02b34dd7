"""Parts of plan lines as rows: what a suggestion splits, what a new quantity changes."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from apps.inventory.domain.plans import Part, fitted, mode_of
from apps.inventory.domain.replenishment import Policy
from apps.inventory.models import PlanLine, PlanPart


def parts_of(line: PlanLine) -> list[Part]:
    """A line's parts, the first to arrive first; none: it travels as one."""
    rows = sorted(line.parts.all(), key=lambda row: (row.arrives_on, row.mode))
    return [Part(row.mode, row.units, row.arrives_on) for row in rows]


def suggested(line: PlanLine, policy: Policy, *, today: date) -> list[PlanPart]:
    """A suggestion by air and by sea is two shipments, each with its own day."""
    air, sea = line.inputs.get("air_units") or 0, line.inputs.get("sea_units") or 0
    if not air or not sea or air + sea != line.units:
        return []
    made = (Part("air", air, today + timedelta(days=policy.air_lead)),
            Part("sea", sea, today + timedelta(days=policy.sea_lead)))  # fmt: skip
    return [_row(line, part) for part in made]


def fit(lines: Iterable[PlanLine]) -> None:
    """Let the parts of lines add up again after their quantities changed."""
    for line in lines:
        if parts := parts_of(line):
            set_parts(line, fitted(parts, line.units))


def set_parts(line: PlanLine, parts: Sequence[Part]) -> None:
    """Replace a line's parts; the line says how it travels and when its last units arrive. One part is none."""
    line.parts.all().delete()
    line.mode, line.arrives_on = mode_of(parts), max(part.arrives_on for part in parts)
    line.save(update_fields=["mode", "arrives_on", "updated_at"])
    if len(parts) > 1:
        PlanPart.objects.bulk_create(_row(line, part) for part in parts)


def _row(line: PlanLine, part: Part) -> PlanPart:
    return PlanPart(line=line, store_id=line.store_id, mode=part.mode, units=part.units, arrives_on=part.arrives_on)
