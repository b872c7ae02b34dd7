"""Plans: from lines to quantities somebody approved, ordered and received. Every step leaves a ledger entry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import AgencySettings, Member
from apps.core import audit
from apps.core.models import Entry
from apps.core.permissions import Permission
from apps.core.tenancy import acting_agency
from apps.core.undo import CannotUndo, undoes
from apps.inventory.actions.attention import STALE_AFTER
from apps.inventory.actions.lines import key_of, policy_of
from apps.inventory.actions.parts import fit, suggested
from apps.inventory.domain.plans import EDITABLE, MOVES, RECEIVING, Step, may_move, within_limit
from apps.inventory.models import Plan, PlanLine, PlanPart, Replenishment
from apps.inventory.queries.plans import approval_limit, cost_of, stock_as_of
from apps.sync.actions import emit

Follower = Callable[..., None]
MOST_UNITS = 10_000_000
# What follows a change of a plan (recalculation, webhooks): named by `jobs`, called after the commit.
FOLLOWERS: list[Follower] = []
# Verbs of the ledger that webhooks tell of. A client's database role knows no webhooks: for it a task tells.
TOLD = {"plan.submit": "plan.submitted", "plan.approve": "plan.approved"}
TOLD_BY_TASK = {"plan.client_approve": "plan.approved"}


class PlanError(Exception):
    """Says to a person why a step was refused; `plan` is the plan as it is."""

    def __init__(self, text: str, plan: Plan | None = None) -> None:
        super().__init__(text)
        self.plan = plan


class Conflict(PlanError):
    """Somebody else changed the plan meanwhile (409)."""


class NotAllowed(PlanError):
    """The step is not open to this person or not from this state."""


@dataclass(frozen=True)
class Turn:
    """Who acts on a plan, when, and which version of it they saw."""

    by: Member
    at: datetime
    version: int | None = None
    note: str = ""


def create_plans(lines: Sequence[Replenishment], *, by: Member, at: datetime, title: str = "") -> list[Plan]:
    """A draft per store from the lines' quantities (a person's own before the suggested). Lines without are left out.

    Raises NotAllowed when nothing would be ordered.
    """
    groups: dict[int, list[Replenishment]] = {}
    for line in lines:
        if units_of(line):
            groups.setdefault(line.store_id, []).append(line)
    if not groups:
        raise NotAllowed(_("None of these lines has a quantity to order."))
    return [_create(store_id, group, title, by, at) for store_id, group in sorted(groups.items())]


def units_of(line: Replenishment) -> int:
    return (line.suggested if line.edited is None else line.edited) or 0


def _create(store_id: int, lines: Sequence[Replenishment], title: str, by: Member, at: datetime) -> Plan:
    plan = Plan.objects.create(
        number=_next_number(), store_id=store_id, title=title[:120], created_by=by, created_at=at
    )
    made = PlanLine.objects.bulk_create(_line(plan, line, at) for line in lines)
    today = at.date()
    shipments = [suggested(new, policy_of(line), today=today) for new, line in zip(made, lines, strict=True)]
    PlanPart.objects.bulk_create([part for parts in shipments for part in parts])
    units = {key_of(line): units_of(line) for line in lines}
    for line in lines:
        line.edited = None
    Replenishment.objects.bulk_update(lines, ["edited"], batch_size=500)
    note_down("plan.created", plan, Turn(by, at), before={}, after={"state": plan.state, "units": units})
    return plan


def _next_number() -> int:
    """Counts per agency; the settings' row is the lock."""
    AgencySettings.objects.select_for_update(no_key=True).get(pk=acting_agency())
    return (Plan.objects.aggregate(top=Max("number"))["top"] or 0) + 1


def _line(plan: Plan, line: Replenishment, at: datetime) -> PlanLine:
    policy = policy_of(line)
    lead = policy.air_lead if line.mode == "air" else policy.sea_lead
    return PlanLine(
        plan=plan,
        store_id=line.store_id,
        pool=line.pool,
        sku=line.sku,
        title=line.title,
        units=units_of(line),
        suggested=line.suggested,
        carton_units=line.carton_units,
        mode=line.mode,
        unit_cost=line.unit_cost,
        cost_currency=line.cost_currency,
        at_stake=line.at_stake if line.status == Replenishment.Status.URGENT else None,
        currency=line.currency,
        arrives_on=(at + timedelta(days=lead)).date(),
        inputs=line.inputs | {"velocity": line.velocity, "need": line.need, "shortfall": line.shortfall}
        | {"air_units": line.air_units, "sea_units": line.sea_units, "owned_fba": line.available, "own": line.own},
    )  # fmt: skip


def submit(plan: Plan, turn: Turn) -> Plan:
    return _move(Step.SUBMIT, plan, turn, submitted_by=turn.by, submitted_at=turn.at)


def ask_client(plan: Plan, turn: Turn) -> Plan:
    """Let the client decide: the same gates as an approval of our own, but no limit."""
    _refuse_stale(plan, turn.at)
    return _move(Step.ASK_CLIENT, plan, turn, submitted_by=turn.by, submitted_at=turn.at)


def approve(plan: Plan, turn: Turn) -> Plan:
    """Decide alone, within the role's limit and on fresh stock. Raises NotAllowed above the limit."""
    if not turn.by.can(Permission.PLAN_APPROVE):
        raise NotAllowed(_("Your role may not approve plans."), plan)
    _refuse_stale(plan, turn.at)
    amount, limit = cost_of(plan, on=turn.at.date()), approval_limit(turn.by)
    if not within_limit(amount.known, limit):
        raise NotAllowed(_("This plan is above your limit. Submit it for approval."), plan)
    return _move(Step.APPROVE, plan, turn, **_decided(turn))


def send_back(plan: Plan, turn: Turn) -> Plan:
    return _move(Step.SEND_BACK, plan, turn, **_decided(turn))


def client_approve(plan: Plan, turn: Turn) -> Plan:
    return _move(Step.CLIENT_APPROVE, plan, turn, **_decided(turn))


def client_decline(plan: Plan, turn: Turn) -> Plan:
    return _move(Step.CLIENT_DECLINE, plan, turn, **_decided(turn))


def order(plan: Plan, turn: Turn) -> Plan:
    return _move(Step.ORDER, plan, turn)


def ship(plan: Plan, turn: Turn) -> Plan:
    return _move(Step.SHIP, plan, turn)


def cancel(plan: Plan, turn: Turn) -> Plan:
    return _move(Step.CANCEL, plan, turn)


def reopen(plan: Plan, turn: Turn) -> Plan:
    return _move(Step.REOPEN, plan, turn)


STEPS: dict[Step, Callable[[Plan, Turn], Plan]] = {
    Step.SUBMIT: submit,
    Step.ASK_CLIENT: ask_client,
    Step.APPROVE: approve,
    Step.SEND_BACK: send_back,
    Step.ORDER: order,
    Step.SHIP: ship,
    Step.CANCEL: cancel,
    Step.REOPEN: reopen,
}


def edit_lines(plan: Plan, units: Mapping[str, int], turn: Turn) -> Plan:
    """New quantities by line id; 0 takes the line out. Only before a decision."""
    plan = locked(plan, turn)
    if plan.state not in EDITABLE:
        raise NotAllowed(_("This plan was decided; its quantities stand."), plan)
    lines = {str(line.pk): line for line in plan.lines.prefetch_related("parts")}
    before, after = {}, {}
    for key, wanted in units.items():
        line = lines.get(key)
        if line is None or line.units == wanted:
            continue
        before[name_of(line)], after[name_of(line)] = line.units, wanted
        line.units = min(max(wanted, 0), MOST_UNITS)
    if not after:
        return plan
    PlanLine.objects.bulk_update([line for line in lines.values() if line.units], ["units"])
    fit(line for line in lines.values() if line.units and name_of(line) in after)
    plan.lines.filter(pk__in=[line.pk for line in lines.values() if not line.units]).delete()
    raise_version(plan)
    note_down("plan.edited", plan, turn, before={"units": before}, after={"units": after})
    return plan


def describe(plan: Plan, turn: Turn, *, title: str) -> Plan:
    """The plan's name and note."""
    plan = locked(plan, turn)
    before = {"title": plan.title, "note": plan.note}
    plan.title, plan.note = title[:120], turn.note
    raise_version(plan, "title", "note")
    note_down("plan.described", plan, turn, before=before, after={"title": plan.title, "note": plan.note})
    return plan


def receive(plan: Plan, units: Mapping[str, int], turn: Turn) -> Plan:
    """Units that have arrived so far, by line id. When every line is whole the plan is received."""
    plan = locked(plan, turn)
    if plan.state not in RECEIVING:
        raise NotAllowed(_("Only an ordered or shipped plan can be received."), plan)
    lines = list(plan.lines.all())
    before = {name_of(line): line.received for line in lines}
    for line in lines:
        line.received = min(max(units.get(str(line.pk), line.received), 0), MOST_UNITS)
    PlanLine.objects.bulk_update(lines, ["received"])
    after = {name_of(line): line.received for line in lines}
    if all(line.received >= line.units for line in lines):
        plan.state = MOVES[Step.RECEIVE].after
    raise_version(plan, "state")
    note_down("plan.received", plan, turn, before={"received": before}, after={"received": after, "state": plan.state})
    return plan


def close(plan: Plan, turn: Turn) -> Plan:
    """Received for good, even if units are missing."""
    return _move(Step.RECEIVE, plan, turn)


def _decided(turn: Turn) -> dict[str, Any]:
    return {"decided_by": turn.by, "decided_at": turn.at, "decision_note": turn.note}


def _move(step: Step, plan: Plan, turn: Turn, **values: Any) -> Plan:
    plan = locked(plan, turn)
    if not may_move(step, plan.state):
        raise Conflict(_("The plan has moved on: it is now “%s”.") % plan.get_state_display(), plan)
    if step is Step.SUBMIT and not plan.lines.exists():
        raise NotAllowed(_("A plan without lines cannot be submitted."), plan)
    before = plan.state
    plan.state = MOVES[step].after
    for name, value in values.items():
        setattr(plan, name, value)
    raise_version(plan, "state", *values)
    note_down(f"plan.{step}", plan, turn, before={"state": before}, after={"state": plan.state})
    return plan


def locked(plan: Plan, turn: Turn) -> Plan:
    """The plan for whoever acts now; Conflict if it is not the one they saw."""
    fresh = Plan.objects.select_for_update(of=("self",)).select_related("store").get(pk=plan.pk)
    if turn.version is not None and fresh.version != turn.version:
        raise Conflict(_("Somebody changed this plan while you had it open."), fresh)
    return fresh


def raise_version(plan: Plan, *fields: str) -> None:
    """Programs that follow lines by `updated_since` hear of their plan's steps, too."""
    plan.version += 1
    plan.save(update_fields=[*fields, "version"])
    plan.lines.update(updated_at=timezone.now())


def note_down(verb: str, plan: Plan, turn: Turn, *, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Into the ledger, and to whoever follows."""
    audit.record(
        verb, plan, by=turn.by, at=turn.at, store=plan.store, before=before, after=after, reason=turn.note,
        title=f"#{plan.number} {plan.title}".strip(),
    )  # fmt: skip
    if event := TOLD.get(verb):
        tell_webhooks(event, plan, at=turn.at)
    told = {"plan_id": str(plan.pk), "store_id": plan.store_id, "agency_id": plan.agency_id, "event": verb}
    for follower in FOLLOWERS:
        transaction.on_commit(partial(follower, **told))


def tell_webhooks(event: str, plan: Plan, *, at: datetime) -> None:
    """For the agency's own systems: the plan as it is now."""
    sums = plan.lines.aggregate(lines=Count("pk"), units=Sum("units"))
    about = {"plan": str(plan.pk), "number": plan.number, "title": plan.title, "state": plan.state}
    emit(event, about | sums, store=plan.store_id, at=at)


def _refuse_stale(plan: Plan, at: datetime) -> None:
    known = stock_as_of(plan)
    if known is None or at - known > STALE_AFTER:
        raise NotAllowed(_("The stock behind this plan is older than 24 hours. Sync first."), plan)


def name_of(line: PlanLine) -> str:
    """A line in the ledger."""
    return f"{line.pool}/{line.sku}"


UNDOABLE = (
    "plan.submit",
    "plan.ask_client",
    "plan.approve",
    "plan.cancel",
    "plan.order",
    "plan.send_back",
    "plan.reopen",
)


@undoes(*UNDOABLE)
def _back(entry: Entry) -> None:
    """One step back, as long as nothing came after it."""
    moved = Plan.objects.filter(pk=entry.target, state=entry.after["state"])
    later = Entry.objects.filter(kind=entry.kind, target=entry.target, number__gt=entry.number)
    if later.exists() or not moved.update(state=entry.before["state"], version=F("version") + 1):
        raise CannotUndo(_("The plan has moved on since."))
    PlanLine.objects.filter(plan=entry.target).update(updated_at=timezone.now())
