"""Mail about papers, one row for each person and event: written with what it tells of, sent after, tried again.

Several papers that end, or several things that are asked for, go to a person in one mail. Whoever could not be
reached is tried again later; who has it already is left alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from apps.accounts.models import Member, Store
from apps.core.permissions import Role
from apps.core.tenancy import acting_agency
from apps.health.domain.validity import days_left
from apps.health.models import Paper, PaperMail, PaperRequest
from apps.health.queries.papers import clients_of, kinds, managers

State = PaperMail.State
# Who rings for mails that wait, after the commit: `follower(agency_id=, store_id=)`.
FOLLOWERS: list[Callable[..., None]] = []
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=6)
MOST_ATTEMPTS = 12  # about two days
BATCH = 500

# Events by what they begin with: the mail's template and what its subject says.
SUBJECTS: dict[str, Callable[[], str]] = {
    "asked": lambda: _("%(agency)s asks you for a paper"),
    "accepted": lambda: _("%(store)s: your paper was accepted"),
    "rejected": lambda: _("%(store)s: your paper was not accepted"),
    "due": lambda: _("%(store)s: papers that are asked for"),
    "end": lambda: _("%(store)s: papers that end soon"),
}
GROUPED = ("due", "end")  # one mail for all of a person's


def note(store: Store, people: Iterable[Member], about: UUID, event: str, *, at: datetime) -> None:
    """Write down that these people are to hear of it; who was told already is not told again."""
    told = [
        PaperMail(store=store, member=person, about=about, event=event, due_at=at, created_at=at) for person in people
    ]
    PaperMail.objects.bulk_create(told, ignore_conflicts=True)


def ring(store: Store) -> None:
    """Send what waits, after the commit."""
    for follower in FOLLOWERS:
        transaction.on_commit(partial(follower, agency_id=acting_agency(), store_id=store.pk), robust=True)


def tell_decision(paper: Paper, event: str, *, at: datetime) -> None:
    """The client hears what became of a paper they handed over, or were asked for."""
    asked = PaperRequest.objects.filter(paper=paper.pk).exists()
    by = paper.created_by_id and Member.objects.filter(pk=paper.created_by_id, role=Role.CLIENT).exists()
    if asked or by:
        unsay(paper.pk, every=True)
        note(paper.store, clients_of(paper.store), paper.pk, event, at=at)
        ring(paper.store)


def unsay(about: UUID | str, *, every: bool = False) -> None:
    """What was decided is open again: nobody hears of it. With `every` it may also be told anew to who has heard."""
    found = PaperMail.objects.filter(about=about, event__in=["accepted", "rejected"])
    (found if every else found.exclude(state=State.SENT)).delete()


def heard(store: Store, owner: Member | None, people: Sequence[Member]) -> list[Member]:
    """Who looks after it and the client's people; managers where there is nobody who could read a mail."""
    mine = owner or store.owner
    found = [mine] if mine and mine.active and mine.user_id else []
    return [*found, *(each for each in people if each not in found)] or list(managers())


def send_waiting(store: Store, *, at: datetime) -> list[str]:
    """Send what is due of a store; returns the addresses that mails went to, one for each mail."""
    waiting = PaperMail.objects.select_for_update(of=("self",), skip_locked=True)
    waiting = waiting.select_related("member__user", "member__agency")
    found = waiting.filter(store=store, state=State.WAITING, due_at__lte=at).order_by("created_at", "id")[:BATCH]
    letters: dict[tuple[Any, ...], list[PaperMail]] = defaultdict(list)
    for row in found:
        kind = row.event.partition(":")[0]
        letters[row.member_id, kind, None if kind in GROUPED else row.about].append(row)
    known, sent = kinds(), []
    for (_member, kind, _about), rows in letters.items():
        if address := _letter(store, kind, rows, known, at):
            sent.append(address)
    return sent


def stores_waiting(*, at: datetime) -> Iterable[int]:
    """Stores that have a mail to send."""
    found = PaperMail.objects.filter(state=State.WAITING, due_at__lte=at).order_by("store")
    return found.values_list("store_id", flat=True).distinct()


def _letter(store: Store, kind: str, rows: list[PaperMail], known: Any, at: datetime) -> str:
    """One mail; its rows are kept as sent or, with the reason, as waiting for the next time."""
    person = rows[0].member
    lines = _lines(kind, [row.about for row in rows], known, at.date())
    if not lines or not (person.active and person.user_id):
        _kept(rows, state=State.DEAD, error="nothing to tell, or nobody to tell it")
        return ""
    context = {"lines": lines, "line": lines[0], "store": store, "event": kind}
    try:
        _send(person, kind, context)
    except OSError as problem:
        tries = rows[0].attempts + 1
        wait = min(FIRST_WAIT * 2 ** rows[0].attempts, LONGEST_WAIT)
        state = State.DEAD if tries >= MOST_ATTEMPTS else State.WAITING
        _kept(rows, state=state, attempts=tries, due_at=at + wait, error=str(problem)[:300])
        return ""
    _kept(rows, state=State.SENT, attempts=rows[0].attempts + 1, sent_at=at, error="")
    return str(person.user.email)


def _kept(rows: Iterable[PaperMail], **values: Any) -> None:
    PaperMail.objects.filter(pk__in=[row.pk for row in rows]).update(**values)


def _lines(kind: str, about: list[UUID], known: Any, today: date) -> list[dict[str, Any]]:
    """What a mail tells of, as it is now: what is no longer the case is left out."""
    if kind in {"asked", "due"}:
        open_ = PaperRequest.objects.filter(pk__in=about, state="open").select_related("asked_by__user")
        return [
            {"asked": each, "kind": known.get(each.kind), "left": days_left(each.due, today)}
            for each in open_.order_by("due", "asked_at")
        ]
    states = {"end": "accepted"}.get(kind, kind)
    papers = Paper.objects.filter(pk__in=about, state=states).order_by("valid_to", "kind")
    return [{"paper": each, "kind": known.get(each.kind), "left": days_left(each.valid_to, today)} for each in papers]


def _send(person: Member, kind: str, context: dict[str, Any]) -> None:
    """In the person's language. Raises OSError if the mail server refused (SMTP errors are such)."""
    portal = person.role == Role.CLIENT
    link = reverse("portal-papers" if portal else "paper-list", kwargs={"agency": person.agency.slug})
    values = context | {"agency": person.agency, "link": settings.BASE_URL.rstrip("/") + link, "portal": portal}
    name = "decided" if kind in {"accepted", "rejected"} else kind
    with translation.override(person.user.language):
        line = SUBJECTS[kind]() % {"agency": person.agency, "store": context["store"]}
        text = render_to_string(f"health/papers/mail/{name}.txt", values)
        mail = EmailMultiAlternatives(line, text, to=[person.user.email])
        mail.attach_alternative(render_to_string(f"health/papers/mail/{name}.html", values), "text/html")
    mail.send()
