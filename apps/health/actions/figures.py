"""Figures that people enter because no API tells them: written, taken out, taken back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import Member, Store
from apps.core import audit
from apps.core.models import Entry
from apps.core.tenancy import acting_agency
from apps.core.undo import CannotUndo, undoes
from apps.health.models import Figure
from apps.health.models.names import metric_name
from apps.sync.reading.figures import FIGURES, numbers, problem

ENTER, DROP = "figure.enter", "figure.drop"
NUMBERS = ("total", "count", "rate")
_KEY = ("marketplace_id", "metric", "programme", "date", "origin")
# Who works out anew what is made of figures, after the commit: `follower(agency_id=, store_id=)`.
FOLLOWERS: list[Callable[..., None]] = []


class NotAFigure(ValueError):
    """Says, as a msgid, why numbers are no figure."""


@dataclass(frozen=True)
class Wanted:
    """What a person enters. `value` in percent for a share, else the number itself; or `count` of `total`."""

    site: str
    metric: str
    programme: str
    day: date
    value: float | None = None
    count: int | None = None
    total: int | None = None


def enter(store: Store, wanted: Wanted, *, by: Member, at: datetime) -> Figure:
    """Write a figure in a person's name. One of the same metric, site and day that a person entered is replaced; what
    the marketplace reported stays. Raises NotAFigure, KeyError for a metric that cannot be entered."""
    kind = FIGURES[wanted.metric, wanted.programme]
    if why := problem(kind, wanted.value, wanted.count, wanted.total):
        raise NotAFigure(why)
    total, count, rate = numbers(kind, wanted.value, wanted.count, wanted.total)
    key = {
        "marketplace_id": wanted.site, "metric": wanted.metric, "programme": wanted.programme, "date": wanted.day,
        "origin": Figure.Origin.PERSON.value,
    }  # fmt: skip
    old = Figure.objects.filter(store=store, **key).first()
    before = _told(old) if old else {}
    values = {"total": total, "count": count, "rate": rate, "by": by, "as_of": at}
    figure, _new = Figure.objects.update_or_create(store=store, **key, defaults=values)
    audit.record(ENTER, figure, by=by, at=at, store=store, before=before, after=_told(figure), title=_title(figure))
    ring(store.pk)
    return figure


def drop(figure: Figure, *, by: Member, at: datetime) -> None:
    """Take a figure out that a person or a file told. Raises ValueError for one that we count."""
    if figure.origin == Figure.Origin.COUNTED:
        raise ValueError("counted figures come back by themselves")
    audit.record(DROP, figure, by=by, at=at, store=figure.store, before=_told(figure), title=_title(figure))
    _same(figure.store_id, _told(figure)).delete()
    ring(figure.store_id)


@undoes(ENTER)
def _unenter(entry: Entry) -> None:
    """The figure as it was before, or none."""
    now = _same(entry.store_id, entry.after).first()
    if now is None or audit.plain(_told(now)) != entry.after:
        raise CannotUndo(_("It has changed since."))
    if entry.before:
        _same(entry.store_id, entry.after).update(**{name: entry.before[name] for name in (*NUMBERS, "by_id")})
    else:
        _same(entry.store_id, entry.after).delete()
    ring(entry.store_id)


@undoes(DROP)
def _undrop(entry: Entry) -> None:
    if _same(entry.store_id, entry.before).exists():
        raise CannotUndo(_("It has changed since."))
    told = entry.before
    Figure.objects.create(
        store_id=entry.store_id, **{name: told[name] for name in (*_KEY, *NUMBERS, "by_id")},
        as_of=datetime.fromisoformat(told["as_of"]) if told.get("as_of") else timezone.now(),
    )  # fmt: skip
    ring(entry.store_id)


def _told(figure: Figure) -> dict[str, Any]:
    """What the ledger keeps of a figure."""
    told = {name: getattr(figure, name) for name in (*_KEY, *NUMBERS, "by_id")}
    return told | ({"as_of": figure.as_of.isoformat()} if figure.origin == Figure.Origin.FILE else {})


def _same(store_id: int | None, told: Mapping[str, Any]) -> Any:
    return Figure.objects.filter(store=store_id, **{name: told[name] for name in _KEY})


def _title(figure: Figure) -> str:
    return f"{metric_name(figure.metric, figure.programme)} · {figure.marketplace_id} · {figure.date}"


def ring(store_id: int | None) -> None:
    """After the commit, what is made of a store's figures is worked out anew."""
    for follower in FOLLOWERS:
        transaction.on_commit(partial(follower, agency_id=acting_agency(), store_id=store_id), robust=True)
