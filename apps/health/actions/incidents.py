"""What people do with incidents; each of it is in the ledger, in the story, and in the inbox at once."""

from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from apps.accounts.models import Member
from apps.core import audit
from apps.health.actions.listing import follow
from apps.health.domain.rules import step_at
from apps.health.models import Incident, IncidentEvent, IncidentOpinion, Signal

State, Kind = Incident.State, IncidentEvent.Kind


class Over(Exception):
    """The incident has recovered meanwhile: there is nothing left to do."""


def acknowledge(incident: Incident, *, by: Member, at: datetime) -> Incident:
    """I have seen it and look after it: nobody else is told any more. An incident without an owner becomes mine."""
    mine = {"state": State.ACKNOWLEDGED, "escalate_at": None, "snoozed_until": None}
    if incident.owner_id is None and by.user_id:
        mine["owner_id"] = by.pk
    return _change(incident, "incident.acknowledge", Kind.ACKNOWLEDGED, mine, by=by, at=at)


def snooze(incident: Incident, until: date | None, *, by: Member, at: datetime) -> Incident:
    """Quiet until a day; None: until the metric moves by a quarter, or its band gets worse."""
    worst = Signal.objects.filter(incident=incident, living=True).order_by("-band", "metric").first()
    values = {"state": State.SNOOZED, "escalate_at": None, "snoozed_until": until}
    values["snoozed_value"] = worst.value if worst else None
    return _change(incident, "incident.snooze", Kind.SNOOZED, values, by=by, at=at)


def reopen(incident: Incident, *, by: Member, at: datetime) -> Incident:
    """Take an acknowledged or snoozed incident back; escalation begins anew."""
    steps = incident.rule.steps if incident.rule else []
    values = {"state": State.OPEN, "snoozed_until": None, "step": 0, "escalate_at": step_at(steps, 0, at)}
    values["escalates_from"] = at
    return _change(incident, "incident.reopen", Kind.WOKE, values, by=by, at=at)


def assign(incident: Incident, to: Member | None, *, by: Member, at: datetime) -> Incident:
    """Give it to somebody, or to nobody."""
    return _change(incident, "incident.assign", Kind.ASSIGNED, {"owner_id": to.pk if to else None}, by=by, at=at)


def hasten(incident: Incident, *, by: Member, at: datetime) -> Incident:
    """Escalate now rather than when its time comes: the next sweep tells the next in line."""
    if not incident.rule or incident.step >= len(incident.rule.steps):
        raise Over(_("There is nobody left to escalate to. Assign it to somebody instead."))
    # The steps after this one keep their distance to it, whenever the incident began.
    begun = at - timedelta(minutes=int(incident.rule.steps[incident.step][0]))
    values = {"state": State.OPEN, "escalate_at": at, "escalates_from": begun, "snoozed_until": None}
    return _change(incident, "incident.escalate", Kind.NOTE, values, by=by, at=at)


def write(incident: Incident, text: str, *, by: Member, at: datetime) -> None:
    """Add a line to its story."""
    IncidentEvent.objects.create(incident=incident, at=at, kind=Kind.NOTE, by=by, detail={"text": text})


def judge(incident: Incident, useful: bool, *, by: Member, at: datetime) -> None:
    """Was it useful? Each person has one voice and may change it."""
    values = {"useful": useful, "at": at}
    IncidentOpinion.objects.update_or_create(incident=incident, member=by, defaults=values)


def _change(incident: Incident, verb: str, kind: str, values: dict[str, Any], *, by: Member, at: datetime) -> Incident:
    locked = Incident.objects.select_for_update().get(pk=incident.pk)
    if not locked.living:
        raise Over(_("This incident has recovered meanwhile."))
    before = {name: getattr(locked, name) for name in values}
    if before == values:
        return locked
    for name, value in values.items():
        setattr(locked, name, value)
    locked.changed_at = at
    locked.save(update_fields=[*values, "changed_at"])
    detail = audit.plain({k: v for k, v in values.items() if k in {"snoozed_until", "owner_id"}})
    IncidentEvent.objects.create(incident=locked, at=at, kind=kind, by=by, detail=detail)
    audit.record(verb, locked, by=by, at=at, store=locked.store, before=before, after=values)
    follow(locked)
    return locked
