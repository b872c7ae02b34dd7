"""Somebody leaves: what they look after goes to another person in one step, with a list to print.

What that is nobody has to name: every table of any app whose rows have an `owner` or somebody `assigned`. What is over
(it has an end of its own) stays with whom it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Member, Store
from apps.core import audit
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.core.tenancy import TenantModel
from apps.core.undo import CannotUndo, undoes

HOLDING = ("owner", "assigned")
ENDS = ("closed_at", "done_at", "resolved_at")  # a row with one of them set is over
VERB = "member.handed_over"


@dataclass(frozen=True)
class Estate:
    """What one table says somebody looks after: `rows` are theirs and not over."""

    model: type[models.Model]
    field: str
    rows: QuerySet[Any]

    @property
    def key(self) -> str:
        return f"{self.model._meta.label_lower}.{self.field}"

    @property
    def label(self) -> str:
        return str(self.model._meta.verbose_name_plural)


def estates(member: Member) -> Iterator[Estate]:
    """Of every table that knows of somebody who looks after its rows: one query each, when it is read."""
    for model in sorted(apps.get_models(), key=lambda each: each._meta.label_lower):
        fields = {field.name: field for field in model._meta.local_fields}
        for name in HOLDING:
            field = fields.get(name)
            if field is None or not issubclass(model, TenantModel) or field.related_model is not Member:
                continue
            over = {f"{end}__isnull": True for end in ENDS if end in fields}
            yield Estate(model, name, model.objects.filter(**{name: member}, **over))


def hand_over(member: Member, to: Member, *, by: Member, at: datetime) -> Entry | None:
    """Give all that to another person; its entry, None if there was nothing. The lists stand in the entry, by key.

    Raises Refused for oneself, for a client's or a closed seat.
    """
    if to.pk == member.pk or not to.active or to.user_id is None or to.role == Role.CLIENT:
        raise Refused(_("Choose a colleague with an open seat."))
    given: dict[str, dict[str, str]] = {}
    for estate in estates(member):
        rows = list(estate.rows.select_for_update(of=("self",)))
        if not rows:
            continue
        given[estate.key] = {_key(row): named(row) for row in rows}
        estate.rows.update(**{estate.field: to}, **_stamp(estate.model, at))
    if not given:
        return None
    counts = {key: len(rows) for key, rows in given.items()}
    after = {"who": str(to), "to": str(to.pk), "handed": counts, "given": given}
    return audit.record(VERB, member, by=by, at=at, before={"who": str(member)}, after=after)


def _stamp(model: type[models.Model], at: datetime) -> dict[str, datetime]:
    """When it changed, where the table says so and does not keep it by itself."""
    fields = {field.name: field for field in model._meta.local_fields}
    kept_here = "changed_at" in fields and fields["changed_at"].db_default is models.NOT_PROVIDED
    return {"changed_at": at} if kept_here else {}


@undoes(VERB)
def _undo(entry: Entry) -> None:
    """What is still with the person it was given to goes back."""
    back = Member.objects.filter(pk=entry.target, active=True).first()
    if back is None:
        raise CannotUndo(_("The seat it was taken from is closed. Open it first."))
    for key, rows in entry.after["given"].items():
        label, _dot, field = key.rpartition(".")
        model: Any = apps.get_model(label)
        theirs = model.objects.filter(**{field: entry.after["to"]})
        keys = [_parsed(model, each) for each in rows]
        theirs.filter(pk__in=keys).update(**{field: back})


def _key(row: Any) -> str:
    return "|".join(map(str, row.pk)) if isinstance(row.pk, tuple) else str(row.pk)


def _parsed(model: Any, key: str) -> Any:
    fields = model._meta.pk_fields
    if len(fields) == 1:
        return key
    return tuple(field.to_python(part) for field, part in zip(fields, key.split("|", len(fields) - 1), strict=True))


def named(row: Any) -> str:
    """What a person knows it by, where the table has such a column."""
    if isinstance(row, Store):
        return row.name
    words = [
        str(value) for name in ("kind", "sku", "subject", "number", "order_id") if (value := getattr(row, name, ""))
    ]
    return " ".join(words) or str(getattr(row, "name", "") or row)[:120]
