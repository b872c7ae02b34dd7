"""A plan's line in several shipments: part by air, the rest by sea. Units neither come nor go by it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.models import Entry
from apps.core.undo import CannotUndo, undoes
from apps.inventory.actions.parts import parts_of, set_parts
from apps.inventory.actions.plans import NotAllowed, Turn, locked, name_of, note_down, raise_version
from apps.inventory.domain.plans import MOST_PARTS, SPLITTABLE, Part, missing
from apps.inventory.models import Plan, PlanLine, PlanPart


def split(line: PlanLine, parts: Sequence[Part], turn: Turn) -> Plan:
    """Let a line travel in these parts. Raises NotAllowed unless they add up to its units, Conflict like every step."""
    plan = locked(line.plan, turn)
    if plan.state not in SPLITTABLE:
        raise NotAllowed(_("This plan is on its way; how it travels stands."), plan)
    line = plan.lines.get(pk=line.pk)
    _refuse_odd(line, parts, plan)
    before = _told(_as_is(line))
    set_parts(line, parts)
    after = _told(_as_is(line))
    if before != after:
        raise_version(plan)
        note_down("plan.split", plan, turn, before={"parts": {name_of(line): before}},
                  after={"parts": {name_of(line): after}})  # fmt: skip
    return plan


def _refuse_odd(line: PlanLine, parts: Sequence[Part], plan: Plan) -> None:
    if not 1 <= len(parts) <= MOST_PARTS or any(part.units <= 0 for part in parts):
        raise NotAllowed(_("A line travels in one to %d shipments, each with units.") % MOST_PARTS, plan)
    values = {"sum": sum(part.units for part in parts), "units": line.units}
    if (short := missing(line.units, parts)) > 0:
        words = ngettext(
            "The shipments add up to %(sum)d, the line has %(units)d units: %(short)d is missing.",
            "The shipments add up to %(sum)d, the line has %(units)d units: %(short)d are missing.",
            short,
        )
        raise NotAllowed(words % (values | {"short": short}), plan)
    if short < 0:
        words = ngettext(
            "The shipments add up to %(sum)d, the line has %(units)d units: %(over)d is too many.",
            "The shipments add up to %(sum)d, the line has %(units)d units: %(over)d are too many.",
            -short,
        )
        raise NotAllowed(words % (values | {"over": -short}), plan)


def _as_is(line: PlanLine) -> list[Part]:
    """Also of a line that travels as one, so that undoing can bring that back."""
    whole = Part(line.mode, line.units, line.arrives_on) if line.arrives_on else None
    return parts_of(line) or ([whole] if whole else [])


def _told(parts: Sequence[Part]) -> list[str]:
    """As the ledger keeps them: mode, units, day."""
    return [f"{part.mode or '-'} {part.units} {part.arrives_on}" for part in parts]


def _read(told: Sequence[str]) -> list[Part]:
    words = [each.split() for each in told]
    return [Part(mode.strip("-"), int(units), date.fromisoformat(day)) for mode, units, day in words]


@undoes("plan.split")
def _together(entry: Entry) -> None:
    """The parts as they were, as long as the line has the same units and the same parts."""
    ((name, told),) = entry.after["parts"].items()
    pool, _sep, sku = name.partition("/")
    line = PlanLine.objects.select_for_update().filter(plan=entry.target, pool=pool, sku=sku).first()
    plans = Plan.objects.filter(pk=entry.target, state__in=SPLITTABLE)
    before: list[Any] = _read(entry.before["parts"][name])
    if line is None or not plans.exists() or _told(_as_is(line)) != told or missing(line.units, before):
        raise CannotUndo(_("The plan has moved on since."))
    _restore(line, before)
    plans.update(version=F("version") + 1)
    PlanLine.objects.filter(plan=entry.target).update(updated_at=timezone.now())


def _restore(line: PlanLine, before: Sequence[Part]) -> None:
    if before:
        set_parts(line, before)
    else:  # it had no day at all
        PlanPart.objects.filter(line=line).delete()
