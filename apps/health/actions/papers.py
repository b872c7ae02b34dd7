"""Papers: handed in, reviewed, replaced by newer versions. Every step is in the ledger; coverage follows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Member, Store
from apps.core import audit
from apps.core.models import Entry
from apps.core.tenancy import acting_agency
from apps.core.undo import CannotUndo, undoes
from apps.health.actions import files, mails
from apps.health.domain.validity import fits, last_day, parts_missing, plain_number
from apps.health.models import Paper, PaperRequest
from apps.health.queries.papers import Kind, kinds

State = Paper.State
# Who is told that a store's coverage is to be made anew, after the commit: `follower(agency_id=, store_id=)`.
FOLLOWERS: list[Callable[..., None]] = []
EDITABLE = (State.DRAFT, State.REJECTED)
FIELDS = ("kind", "number", "issuer", "person", "marketplaces", "scope", "reach", "valid_from", "valid_to")


@dataclass(frozen=True)
class Content:
    """What a paper says. `reach`: SKUs, or brands or categories in small letters, by its scope."""

    kind: str
    number: str = ""
    issuer: str = ""
    person: str = ""
    marketplaces: tuple[str, ...] = ()
    scope: str = Paper.Scope.SKU
    reach: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def values(self) -> dict[str, Any]:
        """As the table keeps them. Raises Refused for what cannot be."""
        kind = kinds().get(self.kind)
        if kind is None:
            raise Refused(_("There is no such kind of paper."))
        number = plain_number(self.number) if kind.number_pattern else " ".join(self.number.split())
        if number and not fits(number, kind.number_pattern):
            raise Refused(
                _("“%(number)s” is not a number of %(kind)s. It looks like %(hint)s.")
                % {"number": number, "kind": kind.label, "hint": kind.number_hint}
            )
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise Refused(_("It ends before it begins. Check the two days."))
        if self.scope != Paper.Scope.ALL and not self.reach:
            raise Refused(_("Say which products this paper is for."))
        values = {name: getattr(self, name) for name in FIELDS}
        if self.valid_from and not self.valid_to and kind.months:
            values["valid_to"] = last_day(self.valid_from, kind.months)
        return values | {"number": number, "marketplaces": list(self.marketplaces), "reach": _reach(self)}


@dataclass(frozen=True)
class Handed:
    """A file somebody hands over: which part of the paper it is, where it lies now, and its name."""

    part: str
    path: Path
    name: str


@dataclass(frozen=True)
class Turn:
    """Who acts on a paper, when, and what they have to say."""

    by: Member
    at: datetime
    note: str = ""


def _reach(content: Content) -> list[str]:
    if content.scope == Paper.Scope.ALL:
        return []
    kept = (each.strip() for each in content.reach)
    lowered = (each if content.scope == Paper.Scope.SKU else each.lower() for each in kept)
    return list(dict.fromkeys(each for each in lowered if each))[:10_000]


def create(
    store: Store,
    content: Content,
    handed: Sequence[Handed],
    turn: Turn,
    *,
    owner: Member | None = None,
    send: bool = False,
) -> Paper:
    """A new paper with its files; with `send` it goes to review at once. Raises Refused, and then nothing was kept."""
    paper = Paper(store=store, owner=owner, created_by=turn.by, created_at=turn.at, updated_at=turn.at)
    for name, value in content.values().items():
        setattr(paper, name, value)
    paper.save(force_insert=True)
    for each in handed:
        files.keep(paper, each.part, each.path, name=each.name, by=turn.by, at=turn.at)
    paper.parts = list(dict.fromkeys(each.part for each in handed))
    if send:
        paper.state, paper.submitted_at = State.REVIEW, turn.at
    paper.save(update_fields=["parts", "state", "submitted_at", "updated_at"])
    _record("paper.create", paper, turn, after=_shown(paper) | {"files": [each.name for each in handed]})
    changed(paper.store_id)
    return paper


def edit(paper: Paper, content: Content, turn: Turn, *, owner: Member | None = None) -> Paper:
    """Other content of a paper that nobody has accepted yet; who looks after it may change at any time.

    Raises Refused for other content of a version that was decided.
    """
    paper = _locked(paper)
    before, said = _shown(paper), content.values()
    if paper.state not in (*EDITABLE, State.REVIEW) and any(before[name] != value for name, value in said.items()):
        raise Refused(_("This version was decided. Make a new version to change it."))
    for name, value in said.items():
        setattr(paper, name, value)
    paper.owner, paper.updated_at = owner, turn.at
    paper.save()
    after = _shown(paper)
    if before != after:
        _record("paper.edit", paper, turn, **_differences(before, after))
        changed(paper.store_id)
    return paper


def add_file(paper: Paper, handed: Handed, turn: Turn) -> Paper:
    """One more file of a paper that nobody has accepted yet."""
    paper = _locked(paper)
    if paper.state not in (*EDITABLE, State.REVIEW):
        raise Refused(_("This version was decided. Make a new version to change it."))
    kept = files.keep(paper, handed.part, handed.path, name=handed.name, by=turn.by, at=turn.at)
    if handed.part not in paper.parts:
        paper.parts = [*paper.parts, handed.part]
    paper.updated_at = turn.at
    paper.save(update_fields=["parts", "updated_at"])
    _record("paper.file", paper, turn, after={"file": kept.name, "part": handed.part})
    changed(paper.store_id)
    return paper


def submit(paper: Paper, turn: Turn) -> Paper:
    """Ready to be looked at."""
    return _step("submit", paper, turn, EDITABLE, State.REVIEW, submitted_at=turn.at)


def accept(paper: Paper, turn: Turn) -> Paper:
    """It counts from now on; the version before it does no more. Raises Refused while something is missing."""
    paper = _locked(paper)
    lacking = lacks(paper, kinds().get(paper.kind))
    if lacking:
        raise Refused(_("Still missing: %(what)s.") % {"what": ", ".join(lacking)})
    older = Paper.objects.filter(series=paper.series, state=State.ACCEPTED).exclude(pk=paper.pk)
    replaced = [str(pk) for pk in older.values_list("pk", flat=True)]
    if paper.state == State.REVIEW:
        older.update(state=State.SUPERSEDED, updated_at=turn.at)
    moved = _step("accept", paper, turn, (State.REVIEW,), State.ACCEPTED, replaced=replaced, **_decided(turn))
    mails.tell_decision(moved, "accepted", at=turn.at)
    PaperRequest.objects.filter(paper=paper, state=PaperRequest.State.ANSWERED).update(state=PaperRequest.State.DONE)
    return moved


def reject(paper: Paper, turn: Turn) -> Paper:
    """It does not do, and why: whoever handed it in reads the reason."""
    if not turn.note.strip():
        raise Refused(_("Say why, so that it can be put right."))
    moved = _step("reject", paper, turn, (State.REVIEW,), State.REJECTED, **_decided(turn))
    mails.tell_decision(moved, "rejected", at=turn.at)
    PaperRequest.objects.filter(paper=paper, state=PaperRequest.State.ANSWERED).update(state=PaperRequest.State.OPEN)
    return moved


def withdraw(paper: Paper, turn: Turn) -> Paper:
    """It no longer counts; it stays in the records."""
    return _step("withdraw", paper, turn, (*EDITABLE, State.REVIEW, State.ACCEPTED), State.WITHDRAWN)


def renew(paper: Paper, turn: Turn) -> Paper:
    """A draft of the next version, with the same reach; the present one counts until that is accepted."""
    newest = Paper.objects.filter(series=paper.series).order_by("-version")[0]
    if newest.state in (*EDITABLE, State.REVIEW):
        raise Refused(_("Version %(number)d is not decided yet. Go on with that one.") % {"number": newest.version})
    values = {name: getattr(newest, name) for name in FIELDS} | {"valid_from": None, "valid_to": None}
    made = Paper.objects.create(
        store_id=paper.store_id, series=paper.series, version=newest.version + 1, owner=paper.owner, created_by=turn.by,
        created_at=turn.at, updated_at=turn.at, **values,
    )  # fmt: skip
    _record("paper.version", made, turn, after={"version": made.version})
    return made


STEPS: dict[str, Callable[[Paper, Turn], Paper]] = {
    "submit": submit,
    "accept": accept,
    "reject": reject,
    "withdraw": withdraw,
    "renew": renew,
}


def lacks(paper: Paper, kind: Kind | None) -> list[str]:
    """What a paper needs before it can be accepted, by name."""
    if kind is None:
        return [_("a known kind of paper")]
    names = {part["key"]: part for part in kind.parts}
    zh = kind.name == kind.name_zh
    found = [str(names[key]["zh" if zh else "en"]) for key in parts_missing(names, paper.parts)]
    found += [_("the number")] if kind.needs_number and not paper.number else []
    return found + ([_("the responsible person")] if kind.needs_person and not paper.person else [])


def changed(store_id: int) -> None:
    """Coverage of the store is to be made anew, after the commit."""
    for follower in FOLLOWERS:
        transaction.on_commit(partial(follower, agency_id=acting_agency(), store_id=store_id), robust=True)


def _step(
    verb: str, paper: Paper, turn: Turn, allowed: Sequence[str], to: str, *, replaced: Sequence[str] = (), **values: Any
) -> Paper:
    paper = _locked(paper)
    if paper.state not in allowed:
        raise Refused(_("The paper has moved on: it is now “%s”.") % paper.get_state_display())
    before = paper.state
    paper.state, paper.updated_at = to, turn.at
    for name, value in values.items():
        setattr(paper, name, value)
    paper.save(update_fields=["state", "updated_at", *values])
    after = {"state": paper.state} | ({"replaced": list(replaced)} if replaced else {})
    _record(f"paper.{verb}", paper, turn, before={"state": before}, after=after)
    changed(paper.store_id)
    return paper


def _decided(turn: Turn) -> dict[str, Any]:
    return {"decided_by": turn.by, "decided_at": turn.at, "decision": turn.note[:500]}


def _locked(paper: Paper) -> Paper:
    return Paper.objects.select_for_update(of=("self",)).select_related("store").get(pk=paper.pk)


def _shown(paper: Paper) -> dict[str, Any]:
    return {name: getattr(paper, name) for name in FIELDS} | {"owner_id": paper.owner_id, "state": paper.state}


def _differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in after if before[name] != after[name]]
    return {"before": {name: before[name] for name in names}, "after": {name: after[name] for name in names}}


def _record(
    verb: str, paper: Paper, turn: Turn, *, after: dict[str, Any], before: dict[str, Any] | None = None
) -> Entry:
    return audit.record(
        verb, paper, by=turn.by, at=turn.at, store=paper.store, before=before, after=after, reason=turn.note,
        title=f"{paper.kind} {paper.number or ', '.join(paper.reach[:3])}".strip(),
    )  # fmt: skip


@undoes("paper.submit", "paper.accept", "paper.reject", "paper.withdraw")
def _back(entry: Entry) -> None:
    """One step back, as long as nothing came after it."""
    later = Entry.objects.filter(kind=entry.kind, target=entry.target, number__gt=entry.number)
    moved = Paper.objects.filter(pk=entry.target, state=entry.after["state"])
    if later.exists() or not moved.update(state=entry.before["state"]):
        raise CannotUndo(_("The paper has moved on since."))
    Paper.objects.filter(pk__in=entry.after.get("replaced", []), state=State.SUPERSEDED).update(state=State.ACCEPTED)
    mails.unsay(entry.target)
    if entry.store_id:
        changed(entry.store_id)
