"""Runs of playbooks, and what goes into the evidence pack."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member, Store, StoreMarketplace
from apps.accounts.queries import discreet, marketplaces_for, site_filter, stores_for
from apps.core.exports import Field
from apps.core.models import Entry
from apps.core.permissions import Permission
from apps.health.models import Crisis, CrisisStep, Defect, HealthDay, Incident, IncidentEvent, Notice, Playbook

BACK = 180  # days of facts that Amazon asks about
MOST = 20_000  # lines of one table


@dataclass(frozen=True)
class Table:
    """One file of the pack."""

    name: str
    title: Any
    fields: tuple[Field, ...]
    rows: Any


def crises_for(member: Member) -> QuerySet[Crisis]:
    """Runs of the sites the member may see; one that names no site belongs to its whole store."""
    rows = Crisis.objects.select_related("playbook", "store", "incident")
    if member.can(Permission.ALL_STORES):
        return rows
    return rows.filter(site_filter(member) | Q(marketplace="", store__in=stores_for(member)))


def sells_on(store: Store, site: str, member: Member) -> bool:
    """Whether the store sells there, and the member may see it."""
    seen = marketplaces_for(member, store)
    there = StoreMarketplace.objects.filter(store=store, marketplace=site).exists()
    return there and (seen is None or site in seen)


def counted(crises: QuerySet[Crisis], today: date) -> QuerySet[Crisis]:
    """With how many steps are settled of how many, and how many are late; the running ones with late steps first."""
    settled = Q(steps__state__in=[CrisisStep.State.DONE, CrisisStep.State.SKIPPED])
    late = Q(steps__due__lt=today, state=Crisis.State.OPEN) & ~settled
    rows = crises.annotate(
        n_steps=Count("steps"), n_settled=Count("steps", filter=settled), n_late=Count("steps", filter=late),
        next_due=Min("steps__due", filter=~settled),
    )  # fmt: skip
    return rows.order_by("-state", "-n_late", "-number")


@dataclass(frozen=True)
class Progress:
    """How far a run is. `current` is the step whose turn it is: the first that is not settled."""

    total: int
    settled: int
    late: int
    current: CrisisStep | None

    @property
    def percent(self) -> int:
        return 100 * self.settled // self.total if self.total else 0


def progress(steps: Sequence[CrisisStep], today: date) -> Progress:
    """Counted from a run's steps in their order."""
    left = [step for step in steps if not step.settled]
    late = sum(step.late(today) for step in left)
    return Progress(len(steps), len(steps) - len(left), late, left[0] if left else None)


def offered(incident: Incident) -> list[Playbook]:
    """Playbooks for an incident's cause first, then the others."""
    books = list(Playbook.objects.filter(active=True).order_by("name_en", "pk"))
    return sorted(books, key=lambda book: incident.cause not in book.causes)


def tables(crisis: Crisis, member: Member) -> Iterator[Table]:
    """What the member may know of the site: each table at most 20 000 lines, the newest first. One query each."""
    since, code = crisis.started_at.date() - timedelta(days=BACK), crisis.marketplace
    site = site_filter(member) & Q(store=crisis.store) & (Q(marketplace=code) if code else Q())
    letters = site | Q(store=crisis.store, marketplace="")  # what is written to the account as a whole
    defects = Defect.objects.filter(site, ordered_on__gte=since).order_by("-ordered_on", "order_id")
    yield Table("defects", _("Orders with defects"), DEFECTS, defects[:MOST])
    metrics = HealthDay.objects.filter(site, date__gte=since).order_by("-date", "metric")
    yield Table("metrics", _("History of the metrics"), METRICS, metrics[:MOST])
    notices = Notice.objects.filter(letters, at__date__gte=since).order_by("-at")
    yield Table("notices", _("Notices and answers"), NOTICES, notices[:MOST])
    entries = discreet(Entry.objects.filter(store=crisis.store, at__date__gte=since), member)
    yield Table("changes", _("Changes by people and programs"), CHANGES, entries.order_by("-number")[:MOST])
    events = IncidentEvent.objects.filter(incident__isnull=False, incident=crisis.incident_id)
    yield Table("incident", _("Story of the incident"), EVENTS, events.select_related("by__user").order_by("at")[:MOST])


DEFECTS = (
    Field(_("Order"), lambda r: r.order_id),
    Field(_("Kind"), lambda r: r.get_kind_display()),
    Field(_("Site"), lambda r: r.marketplace_id),
    Field("SKU", lambda r: r.sku),
    Field(_("Ordered"), lambda r: r.ordered_on),
    Field(_("Reported"), lambda r: r.reported_on),
    Field(_("Withdrawn"), lambda r: r.withdrawn_on),
    Field(_("State"), lambda r: r.get_state_display()),
    Field(_("Note"), lambda r: r.note),
)
METRICS = (
    Field(_("Day"), lambda r: r.date),
    Field(_("Site"), lambda r: r.marketplace_id),
    Field(_("Metric"), lambda r: r.metric),
    Field(_("Programme"), lambda r: r.programme),
    Field(_("Counted"), lambda r: r.count),
    Field(_("Of"), lambda r: r.total),
    Field(_("Rate, millionths"), lambda r: r.rate),
    Field(_("Target, millionths"), lambda r: r.target),
    Field(_("Status"), lambda r: r.status),
)
NOTICES = (
    Field(_("At"), lambda r: r.at),
    Field(_("Kind"), lambda r: r.get_kind_display()),
    Field(_("Site"), lambda r: r.marketplace),
    Field("SKU", lambda r: r.sku),
    Field(_("Subject"), lambda r: r.subject),
    Field(_("State"), lambda r: r.get_state_display()),
    Field(_("Answer"), lambda r: r.answer),
)
CHANGES = (
    Field(_("At"), lambda r: r.at),
    Field(_("Who"), lambda r: r.actor),
    Field(_("What"), lambda r: r.verb),
    Field(_("Object"), lambda r: r.title),
    Field(_("Reason"), lambda r: r.reason),
)
EVENTS = (
    Field(_("At"), lambda r: r.at),
    Field(_("What"), lambda r: r.get_kind_display()),
    Field(_("Who"), lambda r: str(r.by) if r.by else None),
)
