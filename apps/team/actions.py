"""Working the inbox. Findings open and close by themselves; people assign, snooze, dismiss and finish them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from apps.accounts.actions.jobs import start_job
from apps.accounts.models import Member
from apps.core import audit
from apps.core.models import Entry, Finding, Job
from apps.core.undo import CannotUndo, undoes
from apps.team.models import ChangeEffect
from apps.team.queries.effects import measured, waiting

# What an action may change; the ledger keeps exactly these before and after.
FIELDS = ("state", "assigned_id", "snoozed_until", "snoozed_rank", "reason", "closed_at")
AT_ONCE = 100  # effects measured in one go
LIVING = (Finding.State.OPEN, Finding.State.SNOOZED)


def check_ledger(*, by: Member | None, queue: str = "interactive") -> Job:
    """Have the chain of the ledger checked in the background; if that is on its way already, by whomever, that one."""
    running = audit.running_check()
    return running or start_job(audit.CHECK, by=by, title=_("Check of the change ledger"), queue=queue)


def check_nightly() -> None:
    """Nobody asked: of these checks only the last one is kept."""
    check_ledger(by=None, queue="bulk")
    over = Job.objects.filter(kind=audit.CHECK, by=None).exclude(finished_at=None).order_by("-finished_at")
    Job.objects.filter(pk__in=list(over.values_list("pk", flat=True)[1:])).delete()


class Gone(Exception):
    """The finding was closed meanwhile: by the data, or by somebody else."""


@dataclass(frozen=True)
class Deed:
    """Who does it, when, and why."""

    by: Member
    at: datetime
    reason: str = ""


def assign(findings: Iterable[Finding], to: Member | None, deed: Deed) -> list[Entry]:
    """Give findings to a member, or to nobody."""
    return [_change(f, "inbox.assign", deed, assigned_id=to.pk if to else None) for f in findings]


def snooze(findings: Iterable[Finding], until: date | None, deed: Deed) -> list[Entry]:
    """Put findings aside until a day; None: until their money moves by a quarter."""
    return [
        _change(f, "inbox.snooze", deed, state=Finding.State.SNOOZED, snoozed_until=until, snoozed_rank=f.rank)
        for f in findings
    ]


def dismiss(findings: Iterable[Finding], deed: Deed) -> list[Entry]:
    """Say that findings need nothing, and why; they stay away as long as their cause lasts."""
    return [_change(f, "inbox.dismiss", deed, state=Finding.State.DISMISSED, reason=deed.reason) for f in findings]


def finish(findings: Iterable[Finding], deed: Deed) -> list[Entry]:
    """Say that the work is done. If the cause is still there at the next check the finding opens anew."""
    return [_change(f, "inbox.done", deed, state=Finding.State.DONE, closed_at=deed.at) for f in findings]


def reopen(findings: Iterable[Finding], deed: Deed) -> list[Entry]:
    """Take snoozed findings back."""
    return [_change(f, "inbox.reopen", deed, state=Finding.State.OPEN, snoozed_until=None) for f in findings]


def _change(finding: Finding, verb: str, deed: Deed, **values: Any) -> Entry:
    finding = Finding.objects.select_for_update().get(pk=finding.pk)
    if finding.state not in LIVING:
        raise Gone(_("This item is closed: %s.") % finding.get_state_display())
    before = {name: getattr(finding, name) for name in values}
    for name, value in values.items():
        setattr(finding, name, value)
    finding.changed_at = deed.at
    finding.save(update_fields=[*values, "changed_at"])
    return audit.record(
        verb,
        finding,
        by=deed.by,
        at=deed.at,
        store=finding.store,
        before=before,
        after=values,
        reason=deed.reason,
        title=f"{finding.kind} {finding.subject}".strip(),
    )


@undoes("inbox.assign", "inbox.snooze", "inbox.dismiss", "inbox.done", "inbox.reopen")
def put_back(entry: Entry) -> None:
    """Restore what the action changed, unless the finding moved on since."""
    finding = Finding.objects.select_for_update().filter(pk=entry.target).first()
    if finding is None:
        raise CannotUndo(_("This item is no longer there."))
    now = audit.plain({name: getattr(finding, name) for name in entry.after})
    if now != entry.after:
        raise CannotUndo(_("Somebody changed this item since. Look at it before you change it again."))
    for name in entry.after:
        field = Finding._meta.get_field(name)
        setattr(finding, name, field.to_python(entry.before.get(name)))
    finding.save(update_fields=list(entry.after))


def keep_effects(*, today: date) -> int:
    """Measure what has become known of changes, and keep it beside the ledger; returns how many entries."""
    entries = waiting(today=today).iterator(chunk_size=AT_ONCE)
    count = 0
    names = [field.name for field in ChangeEffect._meta.concrete_fields if field.name not in {"pk", "agency", "number"}]
    while some := list(islice(entries, AT_ONCE)):
        ChangeEffect.objects.bulk_create(
            measured(some, today=today).values(),
            update_conflicts=True,
            unique_fields=["agency", "number"],
            update_fields=names,
        )
        count += len(some)
    return count
