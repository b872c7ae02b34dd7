"""The platform's reference rates by file: looked at, loaded whole, kept in the console's log, and taken back.

`using` is the database login that writes: the console's.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _

from apps.accounts.actions.rates import RateLine, in_words
from apps.accounts.actions.refusal import Refused
from apps.accounts.models import FxRate, User

LOAD, UNDONE = "load", "undone-"  # what the log calls a load, and with its number the step that took it back
NAMED = 5  # rates that the log and a refusal name

Told = list[Any]  # what the log keeps of a rate: currency, day, [per_usd, source] before (null: none), the same after
Key = tuple[str, date]


@dataclass(frozen=True)
class Planned:
    """A line of a file beside the rate that counts on its day so far; None: there is none."""

    line: RateLine
    was: FxRate | None

    @property
    def replaces(self) -> bool:
        """A rate of the same day makes way for it."""
        return self.was is not None and self.was.valid_from == self.line.valid_from

    @property
    def same(self) -> bool:
        return self.replaces and in_words(self.was) == in_words(self.line)

    @property
    def change(self) -> Decimal | None:
        """By how many percent it differs from the rate so far."""
        return None if self.was is None else (self.line.per_usd / self.was.per_usd - 1) * 100


def plan_rates(lines: Iterable[RateLine], *, using: str) -> list[Planned]:
    """What loading these lines would do, in their order. One query."""
    lines = list(lines)
    known: dict[str, list[FxRate]] = {}
    for row in _known({line.currency for line in lines}, using).order_by("valid_from"):
        known.setdefault(row.currency, []).append(row)

    def before(line: RateLine) -> FxRate | None:
        return next((row for row in reversed(known.get(line.currency, ())) if row.valid_from <= line.valid_from), None)

    return [Planned(line, before(line)) for line in lines]


def load_rates(lines: Sequence[RateLine], *, name: str, user: User, using: str) -> int:
    """Put all lines of the file `name` in place with one entry in the console's log; the number that changed anything."""
    with transaction.atomic(using=using):
        had = _locked({_key(line) for line in lines}, using)
        changed = [line for line in lines if in_words(had.get(_key(line))) != in_words(line)]
        if not changed:
            return 0
        told = [
            [line.currency, line.valid_from.isoformat(), in_words(had.get(_key(line))), in_words(line)]
            for line in changed
        ]
        _write(changed, using)
        _log(LOAD, name, told, user=user, using=using)
    return len(changed)


def last_load(*, using: str) -> LogEntry | None:
    """The newest load that nobody took back yet."""
    log = _entries(using)
    name = Concat(Value(UNDONE), Cast(OuterRef("pk"), CharField()), output_field=CharField())
    return log.filter(object_id=LOAD).exclude(Exists(log.filter(object_id=name))).order_by("-pk").first()


def undo_load(number: int, *, user: User, using: str) -> int:
    """Take the last load back: replaced rates stand again, added ones go; how many. Raises Refused where one was changed
    since, or where `number` is not the last load's."""
    with transaction.atomic(using=using):
        # One at a time: who waited here finds the step that took it back.
        entry = _entries(using).select_for_update().filter(pk=number).first()
        if entry is None or entry != last_load(using=using):
            raise Refused(_("This load was taken back already, or another one came after it."))
        told: list[Told] = json.loads(entry.change_message)[0]["rates"]
        now = _locked({_key_of(each) for each in told}, using)
        if moved := [each for each in told if in_words(now.get(_key_of(each))) != each[3]]:
            raise Refused(
                _("Nothing was taken back: these rates have changed since. %(rates)s") % {"rates": _named(moved)}
            )
        added = [now[_key_of(each)].pk for each in told if each[2] is None]
        FxRate.objects.using(using).filter(pk__in=added).delete()
        _write([_line(each) for each in told if each[2] is not None], using)
        back = [[currency, day, after, before] for currency, day, before, after in told]
        _log(f"{UNDONE}{entry.pk}", entry.object_repr, back, user=user, using=using)
    return len(told)


def _known(currencies: set[str], using: str) -> QuerySet[FxRate]:
    return FxRate.objects.using(using).filter(currency__in=currencies)


def _locked(keys: set[Key], using: str) -> dict[Key, FxRate]:
    rows = _known({currency for currency, _day in keys}, using).select_for_update()
    return {_key(row): row for row in rows if _key(row) in keys}


def _write(lines: Iterable[RateLine], using: str) -> None:
    rows = [
        FxRate(currency=line.currency, valid_from=line.valid_from, per_usd=line.per_usd, source=line.source)
        for line in lines
    ]
    FxRate.objects.using(using).bulk_create(
        rows, update_conflicts=True, unique_fields=["currency", "valid_from"], update_fields=["per_usd", "source"]
    )


def _entries(using: str) -> QuerySet[LogEntry]:
    return LogEntry.objects.using(using).filter(content_type=_kind())


def _kind() -> int:
    return ContentType.objects.get_for_model(FxRate).pk


def _log(what: str, name: str, told: list[Told], *, user: User, using: str) -> None:
    """`changed` is what Django's log reads out, `rates` what an undo needs."""
    message = [{"changed": {"fields": [_named(told)]}, "rates": told}]
    LogEntry.objects.using(using).create(
        user_id=user.pk, content_type_id=_kind(), object_id=what, object_repr=name[:200], action_flag=CHANGE,
        change_message=json.dumps(message),
    )  # fmt: skip


def _key(rate: FxRate | RateLine) -> Key:
    return rate.currency, rate.valid_from


def _key_of(told: Told) -> Key:
    return told[0], date.fromisoformat(told[1])


def _line(told: Told) -> RateLine:
    """The rate as it was before."""
    currency, day = _key_of(told)
    return RateLine(currency, day, Decimal(told[2][0]), told[2][1])


def _named(told: list[Told]) -> str:
    more = len(told) - NAMED
    return ", ".join(f"{each[0]} {each[1]}" for each in told[:NAMED]) + (f" +{more}" if more > 0 else "")
