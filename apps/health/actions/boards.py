"""The agency's living incidents and signals in memory, while they are looked at anew."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from apps.health.domain.incidents import Site
from apps.health.domain.rules import Verdict, step_at
from apps.health.models import AlertRule, Incident, IncidentEvent, Signal
from apps.health.queries.ground import Ground
from apps.health.queries.stakes import Stake

SignalKey = tuple[Any, Site, str, str]  # rule, site, metric, programme
SIGNAL_FIELDS = (
    "band", "value", "limit", "chance", "stake", "bad", "total", "room", "living", "changed_at", "ended_at",
)  # fmt: skip
INCIDENT_FIELDS = (
    "band", "told_band", "told", "severity", "state", "at_stake", "currency", "rank", "grade", "sku", "owner", "rule",
    "step", "escalate_at", "escalates_from", "snoozed_until", "snoozed_value", "changed_at", "resolved_at",
)  # fmt: skip


@dataclass
class Board:
    """What there is, and what becomes of it; nothing is written before `write`."""

    here: Ground
    rules: dict[Any, AlertRule]
    stakes: dict[Site, Stake]
    incidents: dict[Any, Incident] = field(default_factory=dict)
    signals: dict[SignalKey, Signal] = field(default_factory=dict)
    by_incident: dict[Any, list[Signal]] = field(default_factory=lambda: defaultdict(list))
    new: list[tuple[SignalKey, Verdict]] = field(default_factory=list)
    changed: dict[Any, Signal] = field(default_factory=dict)
    events: list[IncidentEvent] = field(default_factory=list)
    touched: dict[Any, Incident] = field(default_factory=dict)

    @classmethod
    def load(cls, here: Ground, rules: dict[Any, AlertRule], found: dict[Site, Stake]) -> "Board":
        """Two queries."""
        board = cls(here, rules, found)
        for incident in Incident.objects.exclude(state=Incident.State.RESOLVED).order_by("number"):
            board.incidents[incident.pk] = incident
        for signal in Signal.objects.filter(living=True):
            board.take(signal)
        return board

    def take(self, signal: Signal) -> None:
        place = Site(signal.store_id, signal.marketplace, signal.sku)
        self.signals[signal.rule_id, place, signal.metric, signal.programme] = signal
        self.by_incident[signal.incident_id].append(signal)

    def living(self, incident: Incident) -> list[Signal]:
        """The worst first."""
        return sorted(
            (each for each in self.by_incident[incident.pk] if each.living), key=lambda s: (-s.band, s.metric)
        )

    def restart(self, incident: Incident) -> None:
        """Escalation begins anew, from now."""
        rule = self.rules.get(incident.rule_id)
        incident.step, incident.escalates_from = 0, self.here.at
        incident.escalate_at = step_at(rule.steps if rule else [], 0, self.here.at)

    def note(self, incident: Incident, kind: str, **detail: Any) -> None:
        self.events.append(IncidentEvent(incident=incident, at=self.here.at, kind=kind, detail=detail))
        self.touch(incident)

    def touch(self, incident: Incident) -> None:
        incident.changed_at = self.here.at
        self.touched[incident.pk] = incident

    def write(self) -> None:
        """Signals, incidents and their story: three statements."""
        Signal.objects.bulk_update(self.changed.values(), SIGNAL_FIELDS, batch_size=500)
        Incident.objects.bulk_update(self.touched.values(), INCIDENT_FIELDS, batch_size=500)
        IncidentEvent.objects.bulk_create(self.events, batch_size=500)
