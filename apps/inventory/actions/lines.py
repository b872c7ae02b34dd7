"""What people decide about lines: quantity, transport, owner, rest. One ledger entry for each decision."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from apps.accounts.models import Member, Store
from apps.core import audit
from apps.core.models import Entry
from apps.core.undo import CannotUndo, undoes
from apps.inventory.domain.replenishment import Policy, Position, split
from apps.inventory.models import MODES, Replenishment
from apps.listings.models import Product

FIELDS = {
    "replenishment.edited": "edited",
    "replenishment.mode": "chosen_mode",
    "replenishment.assigned": "owner_id",
    "replenishment.snoozed": "snoozed_until",
}


def key_of(line: Replenishment) -> str:
    """How the ledger and the page's checkboxes name a line inside its store."""
    return f"{line.pool}/{line.sku}"


def position_of(line: Replenishment) -> Position:
    """A line's own figures as the domain sees them."""
    more = {name: int(line.inputs.get(name) or 0) for name in ("receiving", "shipped", "working", "on_order")}
    return Position(
        velocity=line.velocity,
        available=line.available,
        reserved=line.reserved,
        own=line.own,
        price=line.price,
        aged_fee=line.aged_fee,
        **more,
    )


def policy_of(line: Replenishment) -> Policy:
    """The merged policy a line was computed with."""
    stages = {f"{stage}_days": int(days) for stage, days in line.lead.items()}
    weights = {name: int(line.inputs.get(name) or 0) for name in ("weight_7", "weight_30", "weight_90")}
    return Policy(
        safety=int((line.safety_factor or 0) * 100),
        moq=line.moq or 1,
        carton_units=line.carton_units or 1,
        excess_days=int(line.inputs.get("excess_days") or 0),
        **stages,
        **weights,
    )


def edit_quantity(line: Replenishment, *, units: int | None, by: Member, at: datetime) -> list[Entry]:
    """A person's own quantity instead of the suggested one; None: as suggested."""
    return _decide("replenishment.edited", [line], units, by=by, at=at)


def set_mode(lines: Sequence[Replenishment], *, mode: str, by: Member, at: datetime) -> list[Entry]:
    """Transport by `mode` from now on; empty: as computed."""
    if mode and mode not in MODES:
        raise ValueError(mode)
    return _decide("replenishment.mode", lines, mode, by=by, at=at)


def assign(lines: Sequence[Replenishment], *, owner: Member | None, by: Member, at: datetime) -> list[Entry]:
    """Who looks after the SKUs: kept with the product, so that every site and page follows."""
    return _decide("replenishment.assigned", lines, owner.pk if owner else None, by=by, at=at)


def snooze(lines: Sequence[Replenishment], *, until: date | None, by: Member, at: datetime) -> list[Entry]:
    """Leave the lines alone until a day; None: wake them."""
    return _decide("replenishment.snoozed", lines, until, by=by, at=at)


def _decide(verb: str, lines: Sequence[Replenishment], value: Any, *, by: Member, at: datetime) -> list[Entry]:
    field, entries = FIELDS[verb], []
    for store, group in _by_store(lines).items():
        before = {key_of(line): getattr(line, field) for line in group}
        after = {key: value for key, old in before.items() if old != value}
        if not after:
            continue
        _write(store, field, [(line, value) for line in group])
        change = {"before": {"lines": {key: before[key] for key in after}}, "after": {"lines": after}}
        entries.append(audit.record(verb, store, by=by, at=at, store=store, title=", ".join(after), **change))
    return entries


def _write(store: Store, field: str, values: Iterable[tuple[Replenishment, Any]]) -> None:
    lines = []
    for line, value in values:
        setattr(line, field, value)
        _split_anew(line)
        lines.append(line)
    Replenishment.objects.bulk_update(lines, [field, "air_units", "sea_units", "mode"], batch_size=500)
    if field == "owner_id":
        _follow(store, lines)


def _split_anew(line: Replenishment) -> None:
    units = line.suggested if line.edited is None else line.edited
    if units is None or line.velocity is None:
        return
    line.air_units, line.sea_units, line.mode = split(
        units, line.gap_days or 0, line.velocity, policy_of(line), line.chosen_mode
    )


def _follow(store: Store, lines: Sequence[Replenishment]) -> None:
    """The product has the same owner, and so have its lines in other pools."""
    for owner_id in {line.owner_id for line in lines}:
        skus = [line.sku for line in lines if line.owner_id == owner_id]
        Product.objects.filter(store=store, sku__in=skus).update(owner=owner_id)
        Replenishment.objects.filter(store=store, sku__in=skus).update(owner=owner_id)


def _by_store(lines: Sequence[Replenishment]) -> dict[Store, list[Replenishment]]:
    groups: dict[int, list[Replenishment]] = {}
    for line in lines:
        groups.setdefault(line.store_id, []).append(line)
    stores = Store.objects.in_bulk(groups)
    return {stores[store_id]: group for store_id, group in groups.items()}


def _undoing(field: str, read: Callable[[Any], Any] = lambda value: value) -> Callable[[Entry], None]:
    def undo(entry: Entry) -> None:
        before, after = entry.before["lines"], entry.after["lines"]
        skus = {key.partition("/")[2] for key in before}
        lines = {key_of(line): line for line in Replenishment.objects.filter(store=entry.store_id, sku__in=skus)}
        if any(key not in lines or getattr(lines[key], field) != read(after[key]) for key in before):
            raise CannotUndo(_("The lines have changed since."))
        _write(entry.store, field, [(lines[key], read(old)) for key, old in before.items()])

    return undo


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _id(value: str | None) -> UUID | None:
    return UUID(str(value)) if value else None


undoes("replenishment.edited")(_undoing("edited"))
undoes("replenishment.mode")(_undoing("chosen_mode"))
undoes("replenishment.snoozed")(_undoing("snoozed_until", _day))
undoes("replenishment.assigned")(_undoing("owner_id", _id))
