"""Who is told of papers: what a client is asked for, what ends soon, and what was asked for and has not come."""

from collections.abc import Iterable
from datetime import date, datetime

from django.utils import timezone

from apps.accounts.models import Store
from apps.health.actions import mails
from apps.health.domain.validity import days_left, due_step, step_of
from apps.health.models import Paper, PaperRequest
from apps.health.queries.papers import clients_of


def mail_request(asked: PaperRequest) -> list[str]:
    """Tell the client's people what is asked of them; returns their addresses, none if no mail could go out yet.

    Whoever could not be reached is tried again later.
    """
    at = timezone.now()
    mails.note(asked.store, clients_of(asked.store), asked.pk, "asked", at=at)
    return mails.send_waiting(asked.store, at=at)


def remind(store: Store, *, at: datetime) -> int:
    """Tell of papers that have reached a new step (90, 60, 30, 7 days) or have ended, and of requests near or after
    their day. Each step once to each person; only the newest one. Returns the number of mails that went out.
    """
    today, clients = at.date(), list(clients_of(store))
    for paper in _accepted(store):
        stage = _stage(paper, today)
        if stage is not None:
            mails.note(store, mails.heard(store, paper.owner, clients), paper.pk, f"end:{stage}", at=at)
    for asked in PaperRequest.objects.filter(store=store, state="open").select_related("asked_by__user"):
        step = due_step(asked.due, today)
        if step is not None:
            people = clients if step >= 0 else mails.heard(store, asked.asked_by, clients)
            mails.note(store, people or mails.heard(store, asked.asked_by, []), asked.pk, f"due:{step}", at=at)
    return len(mails.send_waiting(store, at=at))


def _accepted(store: Store) -> Iterable[Paper]:
    return Paper.objects.filter(store=store, state="accepted", valid_to__isnull=False).select_related("owner__user")


def _stage(paper: Paper, today: date) -> int | None:
    """The step it has reached; 0 once it is over."""
    left = days_left(paper.valid_to, today)
    return 0 if left is not None and left < 0 else step_of(paper.valid_to, today)
