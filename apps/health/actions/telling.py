"""Who is told what: one row for each message, written with what happened; sending comes afterwards."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from apps.accounts.models import Agency, AgencySettings, Member, Store
from apps.core.permissions import Role
from apps.core.tenancy import acting_agency
from apps.health.actions.boards import Board
from apps.health.domain.incidents import Site
from apps.health.domain.rules import quiet_until
from apps.health.models import AlertChannel, AlertDelivery, AlertHours, Incident, IncidentEvent, Severity
from apps.health.queries.stakes import People
from apps.sync.actions.bell import send
from apps.sync.actions.webhooks import emit

Kind = AlertChannel.Kind
MANY = 5  # more messages than that at once for one receiver are one
TASK, QUEUE = "apps.health.tasks.deliver_alert", "interactive"
EVENTS = {"opened": "incident.opened", "raised": "incident.raised", "eased": "incident.eased"}
EVENTS |= {"escalated": "incident.escalated", "resolved": "incident.resolved"}


@dataclass
class Teller:
    """Collects what is to be told, and hands it over at the end: a constant number of queries."""

    board: Board
    people: People
    wanted: list[tuple[Incident, str, Member | None]] = field(default_factory=list)
    told: int = 0

    def tell(self, incident: Incident, event: str, *, to: Member | None = None) -> None:
        """`to` instead of the incident's owner."""
        incident.told += 1
        self.board.touch(incident)
        self.wanted.append((incident, event, to))

    def send(self) -> None:
        if not self.wanted:
            return
        means = _Means.load(self)
        rows = [row for each in self.wanted for row in means.rows(*each)]
        _gather(rows)
        self.outdate(rows)
        AlertDelivery.objects.bulk_create(rows, ignore_conflicts=True)
        IncidentEvent.objects.bulk_create(
            IncidentEvent(incident=row.incident, at=self.board.here.at, kind=IncidentEvent.Kind.TOLD, detail=_how(row))
            for row in rows
        )
        self.told = len(self.wanted)
        ring(row.pk for row in rows if row.due_at <= self.board.here.at)

    def outdate(self, rows: list[AlertDelivery]) -> None:
        """What was not sent yet and is no news any more: an incident's newer message to the same receiver says it,
        and of one that has recovered only the end is told. One query."""
        at = self.board.here.at
        over = {incident.pk for incident, event, _to in self.wanted if event == "resolved"}
        newer = {(row.incident_id, row.channel_id, row.member_id, row.address) for row in rows}
        waiting = AlertDelivery.objects.filter(
            state=AlertDelivery.State.DUE, incident__in={i for i, *_ in newer} | over
        )
        free = waiting.filter(Q(lease_until=None) | Q(lease_until__lte=at))
        old = [
            row.pk
            for row in free
            if row.incident_id in over or (row.incident_id, row.channel_id, row.member_id, row.address) in newer
        ]
        if old:
            AlertDelivery.objects.filter(pk__in=old).update(state=AlertDelivery.State.MERGED)


def _gather(rows: list[AlertDelivery]) -> None:
    """Many at once for one receiver are told in one message."""
    together: dict[tuple[Any, ...], list[AlertDelivery]] = defaultdict(list)
    for row in rows:
        together[row.channel_id, row.member_id, row.address, row.due_at].append(row)
    for mine in together.values():
        if len(mine) > MANY:
            for row in mine:
                row.gathered = True


def _how(row: AlertDelivery) -> dict[str, str]:
    return {
        "event": row.event,
        "channel": row.channel.name,
        "kind": row.channel.kind,
        "to": str(row.member or row.address),
    }


@dataclass
class _Means:
    """Channels, people's hours and names."""

    teller: Teller
    channels: dict[str, AlertChannel]
    hours: dict[Any, AlertHours]
    stores: dict[int, Store]
    agency: Agency
    language: str
    fallback: Member | None

    @classmethod
    def load(cls, teller: Teller) -> "_Means":
        owners = [each for each in teller.people.members.values() if each.role == Role.OWNER]
        return cls(
            teller,
            {str(channel.pk): channel for channel in AlertChannel.objects.filter(active=True)},
            {each.pk: each for each in AlertHours.objects.all()},
            Store.objects.in_bulk({incident.store_id for incident, *_ in teller.wanted}),
            Agency.objects.get(pk=acting_agency()),
            AgencySettings.objects.values_list("language", flat=True).first() or settings.LANGUAGE_CODE,
            owners[0] if owners else None,
        )

    def rows(self, incident: Incident, event: str, to: Member | None) -> list[AlertDelivery]:
        """One message for each channel and receiver; a webhook's are written by the webhooks themselves."""
        payload = self.payload(incident, event)
        site = Site(incident.store_id, incident.marketplace)
        reader = to or self.teller.people.named(incident.owner_id, site) or self.fallback
        found: list[AlertDelivery] = []
        for channel in self.chosen(incident):
            if channel.kind == Kind.WEBHOOK:
                emit(EVENTS[event], payload, store=incident.store_id, at=self.teller.board.here.at)
            elif channel.kind == Kind.EMAIL:
                found += self.mails(channel, incident, event, payload, reader)
            else:
                found.append(self.row(channel, incident, event, payload))
        return found

    def chosen(self, incident: Incident) -> list[AlertChannel]:
        """The channels of the rules that speak in it, each once; of the last rule when none speaks any more."""
        signals = self.teller.board.living(incident)
        ids = [each.rule_id for each in signals] or [incident.rule_id]
        rules = [self.teller.board.rules[pk] for pk in ids if pk in self.teller.board.rules]
        keys = dict.fromkeys(key for rule in rules for key in rule.channels)
        return [self.channels[key] for key in keys if key in self.channels]

    def mails(
        self, channel: AlertChannel, incident: Incident, event: str, payload: dict[str, Any], reader: Member | None
    ) -> list[AlertDelivery]:
        if channel.addresses:
            return [self.row(channel, incident, event, payload, address=each) for each in channel.addresses]
        hours = self.hours.get(reader.pk) if reader else None
        if reader is None or (hours and not hours.email):
            return []
        return [self.row(channel, incident, event, payload, reader=reader, hours=hours)]

    def row(  # noqa: PLR0913 - named by keyword
        self,
        channel: AlertChannel,
        incident: Incident,
        event: str,
        payload: dict[str, Any],
        *,
        reader: Member | None = None,
        hours: AlertHours | None = None,
        address: str = "",
    ) -> AlertDelivery:
        at = self.teller.board.here.at
        due = at
        critical = incident.severity == Severity.CRITICAL
        if hours and not (critical and hours.urgent):
            due = quiet_until(due, hours.quiet_from, hours.quiet_to, reader.user.time_zone if reader else "")
        if not (critical and channel.urgent):
            due = quiet_until(due, channel.quiet_from, channel.quiet_to, channel.time_zone)
        whom = str(reader.pk) if reader else address
        return AlertDelivery(
            key=f"{incident.pk}:{incident.told}:{channel.pk.hex}:{whom}"[:120],
            incident=incident,
            channel=channel,
            member=reader,
            address=reader.user.email if reader else address,
            event=event,
            language=(reader.user.language if reader else "") or channel.language or self.language,
            payload=payload,
            due_at=due,
            gathered=due > at,
        )

    def payload(self, incident: Incident, event: str) -> dict[str, Any]:
        """What is told, in no language yet: numbers, keys and an address."""
        store = self.stores[incident.store_id]
        signals = self.teller.board.living(incident) or self.teller.board.by_incident[incident.pk]
        path = reverse("alert", kwargs={"agency": self.agency.slug, "number": incident.number})
        return {
            "event": event,
            "number": incident.number,
            "agency": self.agency.name,
            "store_name": store.name,
            "store_slug": store.slug,
            "marketplace": incident.marketplace,
            "cause": incident.cause,
            "severity": incident.severity,
            "band": incident.band,
            "state": incident.state,
            "at_stake": incident.at_stake,
            "currency": incident.currency,
            "sku": incident.sku,
            "since": incident.opened_at.isoformat(),
            "owner": str(self.teller.people.members.get(incident.owner_id) or ""),
            "step": incident.step,
            "url": settings.BASE_URL.rstrip("/") + path,
            "signs": [_sign(each, self.teller.board) for each in signals],
        }


def _sign(signal: Any, board: Board) -> dict[str, Any]:
    rule = board.rules.get(signal.rule_id)
    return {
        "rule": rule.name if rule else "",
        "fact": rule.fact if rule else "",
        "condition": rule.condition if rule else "",
        "sku": signal.sku,
        "metric": signal.metric,
        "programme": signal.programme,
        "value": None if signal.value is None else f"{signal.value.normalize():f}",
        "limit": None if signal.limit is None else f"{signal.limit.normalize():f}",
        "chance": signal.chance,
        "bad": signal.bad,
        "total": signal.total,
        "room": signal.room,
    }


def ring(ids: Any) -> None:
    """After the commit: tell workers that messages are due."""
    agency, chosen = acting_agency(), [str(each) for each in ids]
    transaction.on_commit(partial(_ring, chosen, agency))


def _ring(ids: list[str], agency: int) -> None:
    for each in ids:
        send(TASK, queue=QUEUE, delivery_id=each, agency_id=agency)


def ring_due(*, at: datetime, most: int = 200) -> int:
    """Ring for messages that are due and that nobody is sending; returns how many."""
    due = AlertDelivery.objects.filter(state=AlertDelivery.State.DUE, due_at__lte=at)
    free = due.filter(Q(lease_until=None) | Q(lease_until__lte=at))
    ids = list(free.order_by("due_at").values_list("pk", flat=True)[:most])
    if ids:
        ring(ids)
    return len(ids)
