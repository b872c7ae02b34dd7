"""Mail about papers: what a client is asked for, and what ends soon. The same way as invitations: plain mail, a link."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from apps.accounts.models import Member, Store
from apps.core.permissions import Role
from apps.health.domain.validity import days_left, step_of
from apps.health.models import Paper, PaperRequest
from apps.health.queries.papers import clients_of, kinds


def mail_request(asked: PaperRequest) -> list[str]:
    """Tell the client's people what is asked of them; returns their addresses, none if no mail could go out."""
    kind = kinds().get(asked.kind)
    people = list(clients_of(asked.store))
    context = {"asked": asked, "kind": kind, "store": asked.store}
    sent = [_mail(each, "request", context, lambda: _("%(agency)s asks you for a paper")) for each in people]
    return [address for address in sent if address]


def remind(store: Store, *, today: date) -> int:
    """Tell owners and clients of papers that have reached a new step (90, 60, 30, 7 days) or have ended.

    Each step once: what was mailed is kept on the paper. A mail that could not go out is tried again next time.
    Returns the number of mails.
    """
    due = [paper for paper in _accepted(store) if _stage(paper, today) not in (None, paper.reminded)]
    known, mails = kinds(), 0
    lines = {
        paper.pk: {"paper": paper, "kind": known.get(paper.kind), "left": days_left(paper.valid_to, today)}
        for paper in due
    }
    reached: set[Any] = set()
    for person, papers in _whom(store, due).items():
        context = {"lines": [lines[paper.pk] for paper in papers], "store": store}
        if _mail(person, "expiring", context, lambda: _("%(store)s: papers that end soon")):
            mails += 1
            reached |= {paper.pk for paper in papers}
    for paper in due:
        if paper.pk in reached:
            Paper.objects.filter(pk=paper.pk).update(reminded=_stage(paper, today))
    return mails


def _accepted(store: Store) -> Iterable[Paper]:
    return Paper.objects.filter(store=store, state="accepted", valid_to__isnull=False).select_related("owner__user")


def _stage(paper: Paper, today: date) -> int | None:
    """The step it has reached; 0 once it is over."""
    left = days_left(paper.valid_to, today)
    return 0 if left is not None and left < 0 else step_of(paper.valid_to, today)


def _whom(store: Store, papers: Iterable[Paper]) -> dict[Member, list[Paper]]:
    """Who hears of which papers: who looks after it (else after the store), and the client's people."""
    found: dict[Member, list[Paper]] = defaultdict(list)
    clients = list(clients_of(store))
    for paper in papers:
        owner = paper.owner or store.owner
        for person in ([owner] if owner and owner.active and owner.user_id else []) + clients:
            found[person].append(paper)
    return found


def _mail(person: Member, name: str, context: dict[str, Any], subject: Any) -> str:
    """Send one mail in the person's language; returns the address, or "" if the mail server refused."""
    portal = person.role == Role.CLIENT
    slug = person.agency.slug
    link = reverse("portal-papers" if portal else "paper-list", kwargs={"agency": slug})
    values = context | {"agency": person.agency, "link": settings.BASE_URL.rstrip("/") + link, "portal": portal}
    with translation.override(person.user.language):
        line = subject() % {"agency": person.agency, "store": context["store"]}
        mail = EmailMultiAlternatives(
            line, render_to_string(f"health/papers/mail/{name}.txt", values), to=[person.user.email]
        )
        mail.attach_alternative(render_to_string(f"health/papers/mail/{name}.html", values), "text/html")
    try:
        mail.send()
    except OSError:
        return ""
    return person.user.email
