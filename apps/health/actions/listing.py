"""Incidents in the inbox: one finding for each, with its money; what is done there counts here, too."""

from collections import defaultdict
from typing import Any

from apps.accounts.models import Store
from apps.core.findings import Candidate, update_findings
from apps.core.models import Finding
from apps.health.actions.boards import Board
from apps.health.findings import COVERED, INCIDENT_KINDS, kind_of
from apps.health.models import Incident, IncidentEvent
from apps.health.queries.led import Subject, subject_of

LIVING = ("open", "snoozed", "dismissed")
State, Kind = Incident.State, IncidentEvent.Kind
SETTLED = {Finding.State.DISMISSED, Finding.State.DONE}


def adopt(board: Board) -> None:
    """Take over what people did in the inbox since: gave it to somebody, put it aside, or settled it. One query.

    Of each incident the newest finding counts: one that was done before has been opened anew.
    """
    if not board.incidents:
        return
    by_number = {each.number: each for each in board.incidents.values()}
    rows = Finding.objects.filter(kind__in=INCIDENT_KINDS, subject__in=map(str, by_number))
    newest = {each.subject: each for each in rows.exclude(state=Finding.State.RECOVERED).order_by("opened_at")}
    for finding in newest.values():
        _adopt(board, by_number[int(finding.subject)], finding)


def _adopt(board: Board, incident: Incident, finding: Finding) -> None:
    _adopt_state(board, incident, finding)
    if finding.assigned_id and finding.assigned_id != incident.owner_id:
        incident.owner_id = finding.assigned_id
        board.note(incident, Kind.ASSIGNED)


def _adopt_state(board: Board, incident: Incident, finding: Finding) -> None:
    if finding.state in SETTLED and incident.state == State.OPEN:
        incident.state, incident.escalate_at = State.ACKNOWLEDGED, None
        board.note(incident, Kind.ACKNOWLEDGED, reason=finding.reason)
    elif finding.state == Finding.State.SNOOZED and incident.state != State.SNOOZED:
        incident.state, incident.escalate_at = State.SNOOZED, None
        incident.snoozed_until = finding.snoozed_until
        worst = board.living(incident)
        incident.snoozed_value = worst[0].value if worst else None
        board.note(incident, Kind.SNOOZED, until=str(finding.snoozed_until or ""))
    elif finding.state == Finding.State.OPEN and incident.state == State.SNOOZED:
        incident.state, incident.snoozed_until = State.OPEN, None
        board.restart(incident)
        board.note(incident, Kind.WOKE)


def take_over(board: Board, opened: set[Any]) -> None:
    """A new incident begins as people left the finding about account health that it now leads. One query."""
    fresh = {subject: board.incidents[pk] for pk in opened for subject in _subjects(board, board.incidents[pk])}
    for finding in Finding.objects.filter(kind__in=COVERED, state__in=LIVING) if fresh else ():
        if incident := fresh.get((finding.store_id, finding.marketplace, finding.subject)):
            _adopt(board, incident, finding)


def list_findings(board: Board) -> None:
    """Make the inbox say what the incidents say: one card for each, and none beside it. Where nothing changed one
    query is all."""
    there = list(Finding.objects.filter(kind__in=(*INCIDENT_KINDS, *COVERED), state__in=LIVING))
    living = [each for each in board.incidents.values() if each.living]
    _close_led(board, {subject for each in living for subject in _subjects(board, each)}, there)
    wanted: dict[tuple[int, str], list[Candidate]] = defaultdict(list)
    for incident in living:
        wanted[incident.store_id, kind_of(incident.cause)].append(_candidate(board, incident))
    have: dict[tuple[int, str], list[tuple[Any, ...]]] = defaultdict(list)
    for finding in there:
        if finding.kind not in COVERED:
            have[finding.store_id, finding.kind].append(_facts(finding))
    stale = [key for key in {*wanted, *have} if sorted(map(_facts, wanted[key])) != sorted(have[key])]
    stores = Store.objects.in_bulk({store for store, _kind in stale}) if stale else {}
    for store, kind in sorted(stale):
        update_findings(kind, stores[store], wanted[store, kind], at=board.here.at)
    if stale or board.touched:
        _follow(board.touched.values())


def _close_led(board: Board, led: set[Subject], there: list[Finding]) -> None:
    """Findings about account health end where an incident speaks of the same."""
    mine = [f.pk for f in there if f.kind in COVERED and (f.store_id, f.marketplace, f.subject) in led]
    if mine:
        at = board.here.at
        Finding.objects.filter(pk__in=mine).update(state=Finding.State.RECOVERED, closed_at=at, changed_at=at)


def _subjects(board: Board, incident: Incident) -> set[Subject]:
    health = {pk for pk, rule in board.rules.items() if rule.fact == "health"}
    return {subject_of(each) for each in board.living(incident) if each.rule_id in health}


def _facts(one: Any) -> tuple[Any, ...]:
    return (one.subject, one.marketplace, str(sorted(one.detail.items())), one.at_stake or 0, one.currency, one.rank)


def _candidate(board: Board, incident: Incident) -> Candidate:
    signals = board.living(incident)
    return Candidate(
        subject=str(incident.number),
        marketplace=incident.marketplace,
        detail={
            "number": incident.number,
            "site": incident.marketplace,
            "sku": incident.sku,
            "part": incident.part,
            "signs": len(signals),
            "since": incident.day.isoformat(),
        },
        at_stake=incident.at_stake,
        currency=incident.currency,
        rank=incident.rank,
        grade=incident.grade,
    )


def follow(incident: Incident) -> None:
    """At once: the finding goes to whom the incident was given, and sleeps as long as it sleeps."""
    _follow([incident])


def _follow(incidents: Any) -> None:
    by_number = {str(each.number): each for each in incidents if each.living}
    if not by_number:
        return
    mine = list(Finding.objects.filter(kind__in=INCIDENT_KINDS, subject__in=by_number, state__in=LIVING))
    for finding in mine:
        incident = by_number[finding.subject]
        snoozed = incident.state == State.SNOOZED
        finding.assigned_id = incident.owner_id
        # Put aside in the inbox it stays so, until the incident is opened again: by somebody, or for it got worse.
        if finding.state != Finding.State.DISMISSED or incident.state != State.ACKNOWLEDGED:
            finding.state = Finding.State.SNOOZED if snoozed else Finding.State.OPEN
            finding.snoozed_until = incident.snoozed_until if snoozed else None
            finding.snoozed_rank = incident.rank if snoozed else None
    Finding.objects.bulk_update(mine, ["assigned", "state", "snoozed_until", "snoozed_rank"], batch_size=500)
