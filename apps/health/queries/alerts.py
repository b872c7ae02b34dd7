"""The list of incidents, one incident's story, and what rules have earned."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db.models import Count, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.accounts.queries import colleagues, owned, site_filter, stores_for
from apps.core.findings import stake
from apps.core.lists import ListColumn, ListQuery, dom_id, ordered
from apps.core.models import Finding
from apps.core.permissions import Permission
from apps.health.findings import INCIDENT_KINDS
from apps.health.models import AlertDelivery, AlertRule, Incident, IncidentEvent, IncidentOpinion, Severity, Signal
from apps.health.queries.alert_words import signal_text
from apps.health.queries.rules import Reach, rules_for

DEFAULT_SORT = "-at_stake"
STATES = ("open", "acknowledged", "snoozed", "resolved")
COLUMNS = (
    ListColumn("incident", _("Incident"), order="number", fixed=True),
    ListColumn("at_stake", _("Money at stake"), order="rank", numeric=True),
    ListColumn("state", _("State"), order="state", fixed=True),
    ListColumn("severity", _("Severity")),
    ListColumn("signs", _("What shows")),
    ListColumn("owner", _("Owner"), order="owner__user__name"),
    ListColumn("opened", _("Since"), order="opened_at"),
    ListColumn("escalated", _("Escalated"), order="step", numeric=True),
    ListColumn("sku", _("Product"), order="sku", shown=False),
    ListColumn("changed", _("Changed"), order="changed_at", shown=False),
)


@dataclass(frozen=True)
class Row:
    """An incident as the list shows it; the worst sign first."""

    incident: Incident
    signs: list[str]

    @property
    def dom(self) -> str:
        return dom_id(str(self.incident.number))


@dataclass(frozen=True)
class Summary:
    """Tiles and segments. Money in minor units of the agency's currency."""

    counts: dict[str, int]
    at_stake: int
    mine: int
    red: int
    recovered: int


def incidents_for(member: Member) -> QuerySet[Incident]:
    """Incidents of the sites the member may see; one that names no site belongs to its whole store."""
    if member.can(Permission.ALL_STORES):
        return Incident.objects.all()
    whole = Q(marketplace="", store__in=stores_for(member))
    return Incident.objects.filter(site_filter(member) | whole)


def chosen(rows: QuerySet[Incident], query: ListQuery, member: Member) -> QuerySet[Incident]:
    """Those of the page's query, its state apart."""
    wanted = Q()
    if query.q:
        number = query.q.lstrip("#")
        wanted &= (
            Q(sku__icontains=query.q)
            | Q(store__name__icontains=query.q)
            | (Q(number=int(number)) if number.isdecimal() and len(number) < 10 else Q())
        )
    if query.markets:
        wanted &= Q(marketplace__in=query.markets)
    if query.get("store"):
        wanted &= Q(store__slug=query.get("store"))
    if query.get("cause") in Incident.Cause.values:
        wanted &= Q(cause=query.get("cause"))
    if query.get("severity") in Severity.values:
        wanted &= Q(severity=query.get("severity"))
    return rows.filter(wanted, owned(query.owner, member))


def narrowed(rows: QuerySet[Incident], status: str) -> QuerySet[Incident]:
    """Of one state; "" is what is not over, "all" is everything."""
    if status in STATES:
        return rows.filter(state=status)
    return rows if status == "all" else rows.exclude(state=Incident.State.RESOLVED)


def sorted_by(rows: QuerySet[Incident], query: ListQuery) -> QuerySet[Incident]:
    return ordered(rows, query, "-opened_at", "id").select_related("store", "owner__user", "rule")


def summary(rows: QuerySet[Incident], member: Member) -> Summary:
    """One query, and one for the money: two causes on one site put the same sales at stake."""
    week = timezone.now() - timedelta(days=7)
    living = ~Q(state=Incident.State.RESOLVED)
    found = rows.order_by().aggregate(
        **{state: Count("id", filter=Q(state=state)) for state in STATES},
        total=Count("id"),
        living=Count("id", filter=living),
        mine=Count("id", filter=living & Q(owner=member)),
        red=Count("id", filter=living & Q(band=2)),
        recovered=Count("id", filter=Q(resolved_at__gte=week)),
    )
    counts = {state: found[state] for state in STATES} | {"all": found["total"], "": found["living"]}
    money = stake(rows.filter(living).annotate(kind=Value(""), subject=Value("")))
    return Summary(counts, money, found["mine"], found["red"], found["recovered"])


def rows_of(incidents: Iterable[Incident], currency: str) -> list[Row]:
    """With their signs: one query for all."""
    incidents = list(incidents)
    signs = signals_of([each.pk for each in incidents])
    return [Row(each, [signal_text(signal, currency) for signal in _said(each, signs[each.pk])]) for each in incidents]


def _said(incident: Incident, signals: list[Signal]) -> list[Signal]:
    """The living signs; of one that is over, all there were."""
    return [each for each in signals if each.living] or signals


def signals_of(ids: Sequence[Any]) -> dict[Any, list[Signal]]:
    found: dict[Any, list[Signal]] = defaultdict(list)
    for signal in Signal.objects.filter(incident__in=ids).select_related("rule").order_by("-living", "-band", "metric"):
        found[signal.incident_id].append(signal)
    return found


def all_rows(incidents: QuerySet[Incident], currency: str, *, at_once: int = 1000) -> Iterator[Row]:
    """The same for any number, some at a time."""
    found = incidents.iterator(chunk_size=at_once)
    while some := list(islice(found, at_once)):
        yield from rows_of(some, currency)


def carded(store_id: int) -> set[tuple[str, str]]:
    """(site, rate as findings name it) of what an incident of the store speaks of that has a card in the inbox.

    Two queries.
    """
    cards = Finding.objects.filter(kind__in=INCIDENT_KINDS, store=store_id, state__in=["open", "snoozed", "dismissed"])
    numbers = [int(each) for each in cards.values_list("subject", flat=True)]
    signals = Signal.objects.filter(living=True, store=store_id, incident__number__in=numbers) if numbers else ()
    return {(each.marketplace, f"{each.metric}:{each.programme}".rstrip(":")) for each in signals}


def owners(rows: QuerySet[Incident]) -> list[Member]:
    """Who owns any of them."""
    return list(colleagues().filter(pk__in=rows.order_by().values("owner"))[:200])


def picked(rows: QuerySet[Incident], keys: Sequence[str]) -> QuerySet[Incident]:
    """Those named by a page's checkboxes."""
    return rows.filter(number__in=[int(key) for key in keys if key.isdecimal() and len(key) < 10])


# -- one incident


def events_of(incident: Incident) -> list[IncidentEvent]:
    """Its story, newest first."""
    return list(IncidentEvent.objects.filter(incident=incident).select_related("by__user").order_by("-at", "-id")[:200])


def messages_of(incident: Incident) -> list[AlertDelivery]:
    found = AlertDelivery.objects.filter(incident=incident).select_related("channel", "member__user")
    return list(found.order_by("-created_at")[:50])


def opinion_of(incident: Incident, member: Member) -> bool | None:
    return IncidentOpinion.objects.filter(incident=incident, member=member).values_list("useful", flat=True).first()


# -- rules


@dataclass(frozen=True)
class RuleRow:
    """A rule and what it did in 90 days: incidents, and how many voices found them useful."""

    rule: AlertRule
    incidents: int
    living: int
    useful: int
    voices: int
    may_change: bool = True

    @property
    def share(self) -> float | None:
        return self.useful / self.voices if self.voices else None


def rule_rows(member: Member) -> list[RuleRow]:
    """Rules that look at stores of the member's, and what they did there; however many, a constant number of queries."""
    since, mine = timezone.now() - timedelta(days=90), incidents_for(member)
    counted = Signal.objects.filter(began_at__gte=since, incident__in=mine).values_list("rule").order_by()
    signals = {
        rule: (n, living)
        for rule, n, living in counted.annotate(
            n=Count("incident", distinct=True), living=Count("incident", distinct=True, filter=Q(living=True))
        )
    }
    voices = IncidentOpinion.objects.filter(at__gte=since, incident__in=mine).values_list("incident__rule").order_by()
    useful = {rule: (yes, n) for rule, yes, n in voices.annotate(yes=Count("id", filter=Q(useful=True)), n=Count("id"))}
    reach = Reach.of(member)
    return [
        RuleRow(
            rule,
            *signals.get(rule.pk, (0, 0)),
            *useful.get(rule.pk, (0, 0)),
            may_change=reach.holds(rule.stores, rule.sites),
        )
        for rule in rules_for(member)
    ]


def messages_for(member: Member) -> QuerySet[AlertDelivery]:
    """Messages of incidents the member may see; tests are seen by who sees all, and by who asked for them."""
    if member.can(Permission.ALL_STORES):
        return AlertDelivery.objects.all()
    tests = Q(incident=None, member=member)
    return AlertDelivery.objects.filter(tests | Q(incident__in=incidents_for(member)))
