"""Runs of playbooks: who may see which, and how far they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Min, Q, QuerySet

from apps.accounts.models import Member, Store, StoreMarketplace
from apps.accounts.queries import marketplaces_for, site_filter, stores_for
from apps.core.permissions import Permission
from apps.health.models import Crisis, CrisisStep, Incident, Playbook


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


def sites_for(member: Member) -> list[str]:
    """Sites a run may be about, in their usual order."""
    every = StoreMarketplace.objects.filter(site_filter(member), active=True).order_by("marketplace__position")
    return list(dict.fromkeys(every.values_list("marketplace", flat=True)))


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
