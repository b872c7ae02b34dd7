"""Incidents in the inbox: one finding for each, with its money; what is done there counts here, too.

An incident and a finding of account health may speak of the same rate. Whichever came first keeps the card, so that
neither seems to recover because the other one came.
"""

from collections import defaultdict
from typing import Any

from django.db.models import Q

from apps.accounts.models import Store
from apps.core.findings import Candidate, update_findings
from apps.core.models import Finding
from apps.health.actions.boards import Board
from apps.health.findings import COVERING, INCIDENT_KINDS, kind_of
from apps.health.models import Incident, IncidentEvent

LIVING = ("open", "snoozed", "dismissed")
State, Kind = Incident.State, IncidentEvent.Kind


def adopt(board: Board) -> None:
    """Take over what people did in the inbox since: gave it to somebody, put it aside, or settled it. One query."""
    if not board.incidents:
        return
    by_number = {each.number: each for each in board.incidents.values()}
    mine = Q(kind__in=INCIDENT_KINDS, subject__in=map(str, by_number))
    settled = Q(kind__in=COVERING, state=Finding.State.DONE)
    rows = list(Finding.objects.filter(mine | settled).exclude(state=Finding.State.RECOVERED).order_by("opened_at"))
    for finding in rows:
        if finding.kind in COVERING:
            _adopt_done(board, finding)
            continue
        incident = by_number[int(finding.subject)]
        _adopt_state(board, incident, finding)
        if finding.assigned_id and finding.assigned_id != incident.owner_id:
            incident.owner_id = finding.assigned_id
            board.note(incident, Kind.ASSIGNED)


def _adopt_state(board: Board, incident: Incident, finding: Finding) -> None:
    settled = finding.state in {Finding.State.DISMISSED, Finding.State.DONE}
    if settled and incident.state == State.OPEN:
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
        board.note(incident, Kind.WOKE)


def _adopt_done(board: Board, finding: Finding) -> None:
    """Who has done what account health's card asked for has taken the incident behind it."""
    about = (finding.store_id, finding.marketplace, finding.subject)
    for incident in board.incidents.values():
        since = finding.closed_at and finding.closed_at >= incident.opened_at
        if since and incident.state == State.OPEN and about in _subjects(board, incident):
            _adopt_state(board, incident, finding)


def list_findings(board: Board) -> None:
    """Make the inbox say what the incidents say. Where nothing changed one query is all."""
    there = list(Finding.objects.filter(kind__in=(*INCIDENT_KINDS, *COVERING), state__in=LIVING))
    covered = {(each.store_id, each.marketplace, each.subject) for each in there if each.kind in COVERING}
    shown = {(each.kind, each.subject) for each in there if each.kind not in COVERING}
    wanted: dict[tuple[int, str], list[Candidate]] = defaultdict(list)
    for incident in board.incidents.values():
        kind = kind_of(incident.cause)
        first = (kind, str(incident.number)) in shown or not covered & _subjects(board, incident)
        if incident.living and first:
            wanted[incident.store_id, kind].append(_candidate(board, incident))
    have: dict[tuple[int, str], list[tuple[Any, ...]]] = defaultdict(list)
    for finding in there:
        if finding.kind not in COVERING:
            have[finding.store_id, finding.kind].append(_facts(finding))
    stale = [key for key in {*wanted, *have} if sorted(map(_facts, wanted[key])) != sorted(have[key])]
    stores = Store.objects.in_bulk({store for store, _kind in stale}) if stale else {}
    for store, kind in sorted(stale):
        update_findings(kind, stores[store], wanted[store, kind], at=board.here.at)
    if stale or board.touched:
        _follow(board.touched.values())


def _subjects(board: Board, incident: Incident) -> set[tuple[int, str, str]]:
    """What a finding of account health would say of the incident's signs."""
    names = {f"{each.metric}:{each.programme}".rstrip(":") for each in board.living(incident)}
    return {(incident.store_id, incident.marketplace, name) for name in names}


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
        if finding.state != Finding.State.DISMISSED:
            finding.state = Finding.State.SNOOZED if snoozed else Finding.State.OPEN
            finding.snoozed_until = incident.snoozed_until if snoozed else None
            finding.snoozed_rank = incident.rank if snoozed else None
    Finding.objects.bulk_update(mine, ["assigned", "state", "snoozed_until", "snoozed_rank"], batch_size=500)
