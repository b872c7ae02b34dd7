"""Playbooks started, worked through and closed. What goes to Amazon is seen by two people first."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import Member, Store
from apps.core import audit, copying
from apps.core.models import uuid7
from apps.core.storage import documents
from apps.core.tenancy import acting_agency
from apps.health.actions.due_findings import refresh_steps
from apps.health.domain.playbooks import PLAYBOOKS
from apps.health.models import Crisis, CrisisStep, Incident, IncidentEvent, Playbook, Signal
from apps.health.queries.alert_words import signal_text

State = CrisisStep.State
PLAN = ("root", "corrective", "preventive")
MOST_STEPS = 100


class Not(Exception):
    """Says to a person why this cannot be done now."""


@dataclass(frozen=True)
class NewStep:
    """A step that the playbook did not foresee."""

    text: str
    owner: Member | None = None
    due: date | None = None
    four_eyes: bool = False
    evidence: bool = False


def ensure_playbooks() -> None:
    """Give an agency without playbooks the set."""
    if Playbook.objects.exists():
        return
    Playbook.objects.bulk_create(
        [
            Playbook(
                default=key,
                name_en=one["en"],
                name_zh=one["zh"],
                causes=one["causes"],
                steps=one["steps"],
                starts=one.get("starts", False),
            )
            for key, one in PLAYBOOKS.items()
        ],
        ignore_conflicts=True,
    )


def change_playbook(playbook: Playbook, values: dict[str, Any], *, by: Member, at: datetime) -> None:
    """Change the agency's copy; runs that have begun keep their steps."""
    before = {name: getattr(playbook, name) for name in values}
    for name, value in values.items():
        setattr(playbook, name, value)
    playbook.save()
    if before != values:
        audit.record("playbook.change", playbook, by=by, at=at, before=before, after=values)


def start(
    playbook: Playbook, store: Store, *, marketplace: str, incident: Incident | None, by: Member | None, at: datetime
) -> Crisis:
    """Begin a run, its steps owned by the incident's owner; the one that is running already where there is one.

    `by` None: it began by itself.
    """
    copying.lock("crises")
    place = {"playbook": playbook, "store": store, "marketplace": marketplace}
    running = Crisis.objects.filter(**place, state=Crisis.State.OPEN).first()
    if running:
        if incident and running.incident_id != incident.pk and by is None:
            _tell_incident(incident, running, by, at)  # so that it is not begun anew for this one once that is closed
        return running
    number = (Crisis.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    plan = draft(store, marketplace, incident)
    crisis = Crisis.objects.create(**place, number=number, incident=incident, plan=plan, started_by=by, started_at=at)
    owner = (incident.owner_id if incident else None) or store.owner_id or (by.pk if by and by.user_id else None)
    CrisisStep.objects.bulk_create(
        CrisisStep(
            crisis=crisis, position=place, en=each["en"], zh=each["zh"], four_eyes=bool(each.get("four_eyes")),
            evidence=bool(each.get("evidence")), due=at.date() + timedelta(days=int(each["days"])), owner_id=owner,
        )
        for place, each in enumerate(playbook.steps, start=1)
    )  # fmt: skip
    if incident:
        _tell_incident(incident, crisis, by, at)
    audit.record("crisis.start", crisis, by=by, at=at, store=store, after={"playbook": str(playbook)})
    return crisis


def _tell_incident(incident: Incident, crisis: Crisis, by: Member | None, at: datetime) -> None:
    detail = {"text": str(crisis), "playbook": str(crisis.playbook_id)}
    IncidentEvent.objects.create(incident=incident, at=at, kind=IncidentEvent.Kind.PLAYBOOK, by=by, detail=detail)


def draft(store: Store, marketplace: str, incident: Incident | None) -> dict[str, str]:
    """The plan of action's first words, from facts only; people write the rest."""
    where = f"{store.name} {marketplace}".strip()
    lines = [_("Account: %s") % where]
    if incident:
        signals = Signal.objects.filter(incident=incident).select_related("rule").order_by("-band", "metric")
        lines += [f"- {signal_text(each)}" for each in signals]
        lines.append(_("First seen on %s.") % incident.day.isoformat())
        if incident.sku:
            lines.append(_("Most defects come from %s.") % incident.sku)
    lines.append(_("Cause: (to be written: what failed, since when, why it was not noticed)"))
    corrective = _("What was done at once, with dates and the proof in the pack:")
    preventive = _("What keeps it from happening again, who checks it and how often:")
    return {"root": "\n".join(lines), "corrective": corrective, "preventive": preventive}


def save_plan(crisis: Crisis, texts: dict[str, str], *, by: Member, at: datetime) -> None:
    """The plan of action as it reads now."""
    _open(crisis)
    before, crisis.plan = crisis.plan, {name: texts[name] for name in PLAN}
    crisis.save(update_fields=["plan"])
    audit.record("crisis.plan", crisis, by=by, at=at, store=crisis.store, before=before, after=crisis.plan)


def finish(step: CrisisStep, *, by: Member, at: datetime) -> None:
    """A step is done; one with four eyes waits for somebody else to confirm it."""
    _ready(step)
    if step.evidence and not step.files:
        raise Not(_("This step asks for a file as proof. Add it first."))
    if step.state == State.CHECK:
        raise Not(_("Somebody else has to confirm this step."))
    step.state = State.CHECK if step.four_eyes else State.DONE
    step.done_by, step.done_at = by, at
    _save(step, "crisis.step", by=by, at=at)


def confirm(step: CrisisStep, *, by: Member, at: datetime) -> None:
    """The second pair of eyes: never the person who did it."""
    _ready(step)
    if step.state != State.CHECK:
        raise Not(_("There is nothing to confirm here."))
    if step.done_by_id == by.pk:
        raise Not(_("Four eyes: somebody else than %s has to confirm this.") % by)
    step.state, step.confirmed_by = State.DONE, by
    _save(step, "crisis.confirm", by=by, at=at)


def skip(step: CrisisStep, reason: str, *, by: Member, at: datetime) -> None:
    """Leave a step out, and say why."""
    _ready(step)
    if not reason.strip():
        raise Not(_("Say why this step is left out."))
    step.state, step.reason, step.done_by, step.done_at = State.SKIPPED, reason.strip()[:500], by, at
    _save(step, "crisis.skip", by=by, at=at)


def edit(step: CrisisStep, owner: Member | None, due: date | None, *, by: Member, at: datetime) -> None:
    """Give an unsettled step to somebody, and a day. Both may be nobody's and none."""
    _ready(step)
    before = {"owner_id": step.owner_id, "due": step.due}
    after = {"owner_id": owner.pk if owner else None, "due": due}
    if before == after:
        return
    step.owner, step.due = owner, due
    step.save(update_fields=["owner", "due"])
    changed = [name for name in after if before[name] != after[name]]
    said = {"step": step.position, **{name: after[name] for name in changed}}
    was = {"step": step.position, **{name: before[name] for name in changed}}
    audit.record("crisis.edit", step.crisis, by=by, at=at, store=step.crisis.store, before=was, after=said)
    refresh_steps(step.crisis.store, at=at)


def add(crisis: Crisis, new: NewStep, *, by: Member, at: datetime) -> CrisisStep:
    """A step of one's own, at the end of a run. Raises Not for a closed run, or one with too many steps."""
    locked = Crisis.objects.select_for_update().get(pk=crisis.pk)
    _open(locked)
    last = CrisisStep.objects.filter(crisis=locked).aggregate(last=Max("position"))["last"] or 0
    if last >= MOST_STEPS:
        raise Not(_("A run has at most %d steps.") % MOST_STEPS)
    values = {"owner": new.owner, "due": new.due, "four_eyes": new.four_eyes, "evidence": new.evidence}
    step = CrisisStep.objects.create(crisis=locked, position=last + 1, en=new.text, zh=new.text, **values)
    after = {"step": step.position, "text": new.text, "due": new.due}
    audit.record("crisis.add", locked, by=by, at=at, store=crisis.store, after=after)
    refresh_steps(crisis.store, at=at)
    return step


def attach(step: CrisisStep, name: str, path: Path, *, by: Member, at: datetime) -> None:
    """Keep a file as the step's proof. What waits for a second person waits anew: they confirm what they have seen."""
    _ready(step)
    step.state, step.done_by, step.done_at = State.TODO, None, None
    key = f"agency/{acting_agency()}/crises/{step.crisis_id}/{uuid7().hex}"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    documents().save(key, path)
    said = {"by": str(by), "at": at.isoformat(timespec="seconds")}
    one = {"path": key, "name": name[:200], "digest": digest, "size": path.stat().st_size, **said}
    step.files = [*step.files, one]
    _save(step, "crisis.file", by=by, at=at)


def close(crisis: Crisis, *, by: Member, at: datetime) -> None:
    """End a run: every step is done or left out with its reason."""
    _open(crisis)
    left = CrisisStep.objects.filter(crisis=crisis, state__in=[State.TODO, State.CHECK]).count()
    if left:
        said = ngettext("%(n)d step is neither done nor skipped.", "%(n)d steps are neither done nor skipped.", left)
        raise Not(said % {"n": left})
    crisis.state, crisis.closed_at = Crisis.State.CLOSED, at
    crisis.save(update_fields=["state", "closed_at"])
    audit.record("crisis.close", crisis, by=by, at=at, store=crisis.store)
    refresh_steps(crisis.store, at=at)


def _open(crisis: Crisis) -> None:
    if crisis.state != Crisis.State.OPEN:
        raise Not(_("This run is closed."))


def _ready(step: CrisisStep) -> None:
    _open(step.crisis)
    if step.state in {State.DONE, State.SKIPPED}:
        raise Not(_("This step is settled already."))


def _save(step: CrisisStep, verb: str, *, by: Member, at: datetime) -> None:
    step.save()
    after = {"step": step.position, "state": step.state, "reason": step.reason, "files": len(step.files)}
    audit.record(verb, step.crisis, by=by, at=at, store=step.crisis.store, after=after)
    refresh_steps(step.crisis.store, at=at)
