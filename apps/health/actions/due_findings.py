"""What has its day, as findings: answers to notices that are due, and steps of crises that are late.

They fall to whom the notice or step is given. Who is given one in the inbox keeps it until it is given to somebody else
where it is worked on.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from apps.accounts.models import Store
from apps.core.findings import Candidate, update_findings
from apps.core.models import Finding
from apps.health.findings import DUE, STEP
from apps.health.models import Crisis, CrisisStep, Notice
from apps.health.models.facts import Work
from apps.health.queries.money import Money, money_by_site

DUE_WITHIN = timedelta(days=3)
LIVING = ("open", "snoozed", "dismissed")


def refresh_due(store: Store, *, at: datetime, money: Mapping[str, Money] | None = None) -> None:
    """Answers that are due within three days, or overdue."""
    _tell(DUE.key, store, list(_notices(store, at.date(), money or money_by_site(store, at))), at)


def refresh_steps(store: Store, *, at: datetime, money: Mapping[str, Money] | None = None) -> None:
    """Steps of running playbooks that should be settled by now."""
    _tell(STEP.key, store, list(_steps(store, at.date(), money or money_by_site(store, at))), at)


def _notices(store: Store, today: date, money: Mapping[str, Money]) -> Iterator[Candidate]:
    open_ones = Notice.objects.filter(store=store, state__in=[Work.TODO, Work.DOING], due__lte=today + DUE_WITHIN)
    for notice in open_ones.defer("text"):
        detail = {"kind": notice.kind, "subject": notice.subject or notice.sku, "due": str(notice.due)}
        # Today is a day that is left; after it there is none.
        detail |= {"days": max(0, (notice.due - today).days + 1), "owner": _text(notice.owner_id)}
        yield _candidate(str(notice.pk), notice.marketplace, detail, notice.due, money)


def _steps(store: Store, today: date, money: Mapping[str, Money]) -> Iterator[Candidate]:
    late = CrisisStep.objects.filter(
        crisis__store=store, crisis__state=Crisis.State.OPEN, state__in=[CrisisStep.State.TODO, CrisisStep.State.CHECK],
        due__lt=today,
    ).select_related("crisis__playbook")  # fmt: skip
    for step in late.order_by("crisis", "position"):
        crisis, book = step.crisis, step.crisis.playbook
        detail = {"number": crisis.number, "step": step.position, "en": step.en, "zh": step.zh, "due": str(step.due)}
        detail |= {"book_en": book.name_en, "book_zh": book.name_zh, "owner": _text(step.owner_id)}
        yield _candidate(str(step.pk), crisis.marketplace, detail, step.due, money)


def _candidate(
    subject: str, site: str, detail: dict[str, Any], due: date | None, money: Mapping[str, Money]
) -> Candidate:
    mine = money.get(site, Money())
    return Candidate(
        subject=subject, marketplace=site, detail=detail, at_stake=mine.amount, currency=mine.currency, rank=mine.rank,
        due=due,
    )  # fmt: skip


def _text(owner: Any) -> str:
    return str(owner) if owner else ""


def _tell(kind: str, store: Store, candidates: list[Candidate], at: datetime) -> None:
    """Update the findings, then hand over those whose owner is new."""
    living = Finding.objects.filter(kind=kind, store=store, state__in=LIVING)
    before = {finding.subject: finding.detail.get("owner", "") for finding in living}
    update_findings(kind, store, candidates, at=at)
    for each in candidates:
        if before.get(each.subject, "") != (owner := each.detail["owner"]):
            living.filter(subject=each.subject).update(assigned=owner or None, changed_at=at)
