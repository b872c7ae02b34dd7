"""CSat worked out and kept day by day, and the terms by which an agency makes it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import Member, Store
from apps.core import audit, copying
from apps.core.models import Entry
from apps.core.tenancy import acting_agency
from apps.core.undo import CannotUndo, undoes
from apps.health.domain.csat import csat
from apps.health.models import CsatDay, CsatTerms
from apps.health.queries.csat import INPUTS, TREND_DAYS, Shares, made_of, shares, weights

_KEY = ("marketplace_id", "date")
_VALUES = ("orders", "ncx", "ncx_told", "feedback", "replies", "score", "basis", "weighted")
FIELDS = (*INPUTS, "in_portal")
VERB = "csat.terms"
# Who makes anew what is made of the terms, after the commit: `follower(agency_id=, store_id=)`.
FOLLOWERS: list[Callable[..., None]] = []


def reckon_csat(store: Store, *, at: datetime) -> int:
    """Work out CSat of the store's last 90 whole days and write what differs; the number of days written.

    Safe to run twice: the same facts and terms give the same days.
    """
    copying.lock(store.pk, "csat")
    last = at.date() - timedelta(days=1)
    first, weight = last - timedelta(days=TREND_DAYS - 1), weights(at.date())
    mine = CsatDay.objects.filter(store=store, date__gte=first)
    had = {row[:2]: row[2:] for row in mine.values_list(*_KEY, *_VALUES)}
    wanted = {(each.site, each.day): _day(store, each, weight) for each in shares(store.pk, first=first, last=last)}
    changed = [row for key, row in wanted.items() if had.get(key) != tuple(getattr(row, name) for name in _VALUES)]
    CsatDay.objects.bulk_create(
        changed, update_conflicts=True, update_fields=_VALUES, batch_size=2000,
        unique_fields=["agency", "store", "marketplace", "date"],
    )  # fmt: skip
    for site, day in set(had) - set(wanted):
        mine.filter(marketplace=site, date=day).delete()
    return len(changed)


def _day(store: Store, told: Shares, weight: Mapping[str, float]) -> CsatDay:
    score = csat(made_of(told), weight).score
    points = None if score is None else round(score * 100)
    return CsatDay(
        store=store, marketplace_id=told.site, date=told.day, orders=told.orders, ncx=told.ncx, ncx_told=told.told,
        feedback=told.feedback, replies=told.replies, score=points,
        basis=None if points is None else told.orders, weighted=None if points is None else points * told.orders,
    )  # fmt: skip


# -- terms


def set_terms(values: Mapping[str, Any], *, by: Member, at: datetime) -> CsatTerms:
    """The agency's own weights, and whether clients see CSat. `values`: all of FIELDS, weights of 0 to 100."""
    old = CsatTerms.objects.first()
    before = {name: getattr(old, name) for name in FIELDS} if old else {}
    after = {name: values[name] for name in FIELDS}
    if old and before == after:
        return old
    terms, _new = CsatTerms.objects.update_or_create(defaults=after)
    audit.record(VERB, terms, by=by, at=at, before=before, after=after, title="CSat")
    _ring()
    return terms


@undoes(VERB)
def _undo(entry: Entry) -> None:
    now = CsatTerms.objects.first()
    if now is None or audit.plain({name: _read(name, getattr(now, name)) for name in entry.after}) != audit.plain(
        {name: _read(name, value) for name, value in entry.after.items()}
    ):
        raise CannotUndo(_("It has changed since."))
    if entry.before:
        CsatTerms.objects.update(**{name: _read(name, value) for name, value in entry.before.items()})
    else:
        now.delete()
    _ring()


def _read(name: str, value: Any) -> Any:
    """A value as the ledger keeps it, as the column wants it."""
    return bool(value) if name == "in_portal" else Decimal(value).quantize(Decimal("0.01"))


def _ring() -> None:
    """Every store's days are made of the terms."""
    agency = acting_agency()
    for store in Store.objects.filter(active=True).values_list("pk", flat=True):
        for follower in FOLLOWERS:
            transaction.on_commit(partial(follower, agency_id=agency, store_id=store), robust=True)
