"""What may need a person, said once per kind, and the one way findings are opened and closed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise

from apps.core.models import Finding
from apps.core.permissions import Permission


@dataclass(frozen=True)
class FindingKind:
    """One kind of finding. `sentence` and `why` are format strings over `Finding.detail`.

    `link` is a URL name taking (agency, store) where the work is done; `verb` is its button's label.
    `needs` is the permission a member must hold to see it; `words` puts codes of the detail into the reader's words.
    `at_zero` are other sentences, for where the detail so named is 0. `settle` is what else one must hold to put it
    aside or end it.
    """

    key: str
    label: str | Promise
    icon: str
    tone: str  # danger, warning, info, excess
    sentence: str | Promise
    why: str | Promise
    verb: str | Promise
    link: str
    needs: Permission
    portal: bool = False
    words: Callable[[dict[str, Any]], dict[str, Any]] = dict
    at_zero: Mapping[str, str | Promise] = field(default_factory=dict)
    settle: Permission | None = None

    def says(self, detail: Mapping[str, Any]) -> str | Promise:
        """The sentence that fits a finding's detail."""
        return next((words for name, words in self.at_zero.items() if detail.get(name) == 0), self.sentence)


@dataclass(frozen=True)
class Candidate:
    """What the data says is the case now."""

    subject: str
    marketplace: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    at_stake: int | None = None
    currency: str = ""
    rank: int = 0
    grade: str = Finding.Grade.MEASURED
    due: date | None = None


KINDS: dict[str, FindingKind] = {}

# Who is told of new findings, in the transaction that opens them: `follower(kind, store, findings, at=)`.
OPENED: list[Callable[..., None]] = []

# A snooze "until the metric changes" ends when the money moved by this share.
CHANGED_BY = 0.25


def define_kind(kind: FindingKind) -> FindingKind:
    if kind.key in KINDS:
        raise ValueError(f"finding kind {kind.key!r} is defined twice")
    KINDS[kind.key] = kind
    return kind


def update_findings(kind: str, store: Any, candidates: Iterable[Candidate], *, at: datetime) -> None:
    """Make the store's living findings of one kind equal to `candidates`: open, refresh, wake or recover.

    Dismissed findings stay dismissed while the cause lasts, and may open anew once it was gone.
    """
    living = Finding.objects.filter(kind=kind, store=store, state__in=["open", "snoozed", "dismissed"])
    have = {(f.marketplace, f.subject): f for f in living}
    wanted = {(c.marketplace, c.subject): c for c in candidates}
    new = [_opened(kind, store, c, at) for key, c in wanted.items() if key not in have]
    Finding.objects.bulk_create(new, batch_size=1000)
    for follower in OPENED if new else ():
        follower(kind, store, new, at=at)
    changed = [_refreshed(have[key], c, at) for key, c in wanted.items() if key in have]
    fields = [
        "detail",
        "at_stake",
        "currency",
        "rank",
        "grade",
        "due",
        "state",
        "snoozed_until",
        "changed_at",
    ]
    Finding.objects.bulk_update([f for f in changed if f], fields, batch_size=500)
    gone = [f.pk for key, f in have.items() if key not in wanted]
    Finding.objects.filter(pk__in=gone).update(state=Finding.State.RECOVERED, closed_at=at, changed_at=at)


def wake(*, today: date, at: datetime) -> int:
    """Re-open findings whose snooze has run out; returns how many."""
    over = Q(state=Finding.State.SNOOZED, snoozed_until__lte=today)
    return Finding.objects.filter(over).update(state=Finding.State.OPEN, snoozed_until=None, changed_at=at)


def _opened(kind: str, store: Any, c: Candidate, at: datetime) -> Finding:
    return Finding(kind=kind, store=store, opened_at=at, changed_at=at, **_facts(c))


def _refreshed(finding: Finding, c: Candidate, at: datetime) -> Finding | None:
    facts = _facts(c)
    same = all(getattr(finding, name) == value for name, value in facts.items())
    for name, value in facts.items():
        setattr(finding, name, value)
    if _moved(finding):
        finding.state, finding.snoozed_until, same = Finding.State.OPEN, None, False
    if same:
        return None
    finding.changed_at = at
    return finding


def _moved(finding: Finding) -> bool:
    """Snoozed until the metric changes, and it did."""
    if finding.state != Finding.State.SNOOZED or finding.snoozed_until or finding.snoozed_rank is None:
        return False
    return abs(finding.rank - finding.snoozed_rank) > CHANGED_BY * max(abs(finding.snoozed_rank), 1)


def _facts(c: Candidate) -> dict[str, Any]:
    return {
        "marketplace": c.marketplace,
        "subject": c.subject,
        "detail": c.detail,
        "at_stake": c.at_stake,
        "currency": c.currency,
        "rank": c.rank,
        "grade": c.grade,
        "due": c.due,
    }
