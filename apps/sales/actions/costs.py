"""Unit costs as people say them."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import Member, Store
from apps.core import audit, copying
from apps.core.models import Entry
from apps.core.undo import CannotUndo, undoes
from apps.sales.models import Cost
from apps.sync.actions.documents import tell
from apps.sync.loading import Loaded
from apps.sync.rows import COST


@dataclass(frozen=True)
class CostLine:
    """What one unit of a SKU costs from a day on; minor units of `currency`."""

    sku: str
    valid_from: date
    unit_cost: int
    currency: str
    freight: int | None = None
    note: str = ""


def set_costs(store: Store, lines: Collection[CostLine], *, by: Member, at: datetime) -> Entry | None:
    """Write unit costs of a store as a person said them. One ledger entry for all; None if nothing was new.

    The last line of a repeated (sku, valid_from) stands. Costs that are as said already are not written.
    """
    wanted = {(line.sku, line.valid_from): line for line in lines}
    before = _known(store.pk, {sku for sku, _day in wanted})
    news = [line for key, line in wanted.items() if key not in before or _said(before[key]) != _said(line)]
    if not news:
        return None
    _write(store.pk, news, at)
    old = {_name(line): _said(before[key]) for line in news if (key := (line.sku, line.valid_from)) in before}
    new = {_name(line): _said(line) for line in news}
    skus = ", ".join(dict.fromkeys(line.sku for line in news))
    return audit.record("costs.set", store, by=by, at=at, store=store, before=old, after=new, title=skus)


def drop_cost(cost: Cost, *, by: Member, at: datetime) -> Entry:
    """Take a cost away: from its day on the one before it holds again, if there is one."""
    store, before = cost.store, {_name(cost): _said(cost)}
    Cost.objects.filter(pk=cost.pk).delete()
    tell(COST.name, store_id=store.pk, loaded=Loaded())
    after = dict.fromkeys(before)
    return audit.record("costs.drop", store, by=by, at=at, store=store, before=before, after=after, title=cost.sku)


def _known(store_id: int, skus: Collection[str]) -> dict[tuple[str, date], Cost]:
    """The costs of these SKUs, kept as they are until the end of the transaction."""
    copying.lock(store_id, "sales_cost")
    return {(cost.sku, cost.valid_from): cost for cost in Cost.objects.filter(store=store_id, sku__in=skus)}


def _write(store_id: int, lines: Collection[CostLine], at: datetime) -> None:
    Cost.objects.bulk_create(
        [Cost(store_id=store_id, updated_at=at, **asdict(line)) for line in lines],
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["agency", "store", "sku", "valid_from"],
        update_fields=["unit_cost", "freight", "currency", "note", "updated_at"],
    )
    tell(COST.name, store_id=store_id, loaded=Loaded())


@undoes("costs.set", "costs.drop")
def _undo(entry: Entry) -> None:
    after = {_key(name): said for name, said in entry.after.items()}
    known = _known(entry.store_id, {sku for sku, _day in after})
    if any((_said(known[key]) if key in known else None) != said for key, said in after.items()):
        raise CannotUndo(_("The costs have changed since."))
    before: Mapping[tuple[str, date], Any] = {_key(name): said for name, said in entry.before.items()}
    old = [CostLine(sku, day, said[0], said[1], said[2], said[3]) for (sku, day), said in before.items()]
    for sku, day in set(after) - set(before):
        Cost.objects.filter(store=entry.store_id, sku=sku, valid_from=day).delete()
    _write(entry.store_id, old, timezone.now())


def _said(cost: Cost | CostLine) -> list[object]:
    return [cost.unit_cost, cost.currency, cost.freight, cost.note]


def _name(line: Cost | CostLine) -> str:
    return f"{line.sku} {line.valid_from.isoformat()}"


def _key(name: str) -> tuple[str, date]:
    sku, _space, day = name.rpartition(" ")
    return sku, date.fromisoformat(day)
