"""Playbooks started, worked through and closed. What goes to Amazon is seen by two people first."""

import hashlib
from datetime import datetime, timedelta
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
from apps.health.domain.playbooks import PLAYBOOKS
from apps.health.models import Crisis, CrisisStep, Incident, IncidentEvent, Playbook, Signal
from apps.health.queries.alert_words import signal_text

State = CrisisStep.State
PLAN = ("root", "corrective", "preventive")


class Not(Exception):
    """Says to a person why this cannot be done now."""


def ensure_playbooks() -> None:
    """Give an agency without playbooks the set."""
    if Playbook.objects.exists():
        return
    Playbook.objects.bulk_create(
        [
            Playbook(default=key, name_en=one["en"], name_zh=one["zh"], causes=one["causes"], steps=one["steps"])
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
    playbook: Playbook, store: Store, *, marketplace: str, incident: Incident | None, by: Member, at: datetime
) -> Crisis:
    """Begin a run, its steps owned by the incident's owner; the one that is running already where there is one."""
    copying.lock("crises")
    place = {"playbook": playbook, "store": store, "marketplace": marketplace}
    running = Crisis.objects.filter(**place, state=Crisis.State.OPEN).first()
    if running:
        return running
    number = (Crisis.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    plan = draft(store, marketplace, incident)
    crisis = Crisis.objects.create(**place, number=number, incident=incident, plan=plan, started_by=by, started_at=at)
    owner = (incident.owner_id if incident else None) or store.owner_id or (by.pk if by.user_id else None)
    CrisisStep.objects.bulk_create(
        CrisisStep(
            crisis=crisis, position=place, en=each["en"], zh=each["zh"], four_eyes=bool(each.get("four_eyes")),
            evidence=bool(each.get("evidence")), due=at.date() + timedelta(days=int(each["days"])), owner_id=owner,
        )
        for place, each in enumerate(playbook.steps, start=1)
    )  # fmt: skip
    if incident:
        detail = {"text": str(crisis)}
        IncidentEvent.objects.create(incident=incident, at=at, kind=IncidentEvent.Kind.PLAYBOOK, by=by, detail=detail)
    audit.record("crisis.start", crisis, by=by, at=at, store=store, after={"playbook": str(playbook)})
    return crisis


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


def attach(step: CrisisStep, name: str, path: Path, *, by: Member, at: datetime) -> None:
    """Keep a file as the step's proof. What waits for a second person waits anew: they confirm what they have seen."""
    _ready(step)
    step.state, step.done_by, step.done_at = State.TODO, None, None
    key = f"agency/{acting_agency()}/crises/{step.crisis_id}/{uuid7().hex}"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    documents().save(key, path)
    step.files = [*step.files, {"path": key, "name": name[:200], "digest": digest, "size": path.stat().st_size}]
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
