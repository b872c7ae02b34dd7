"""Who is told of papers by mail: each person until reached, managers where there is nobody else, clients of decisions."""

import socket
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from django.core import mail
from django.test import Client
from django.urls import reverse

from apps.core.models import Entry, Finding
from apps.core.permissions import Role
from apps.core.undo import undo
from apps.health.actions import mails, needs, paper_findings, reminders
from apps.health.actions import papers as actions
from apps.health.actions.papers import Turn
from apps.health.models import Paper, PaperMail
from apps.health.tasks import sweep_paper_mails
from apps.team.queries.inbox import cards
from tests.health.papers import NOW, in_days, known, paper


@pytest.fixture
def store(acme):
    with acme:
        known()
        yield acme.other_store


@pytest.fixture
def post_box(settings):
    """A mail server that takes what it is sent, but nothing for the addresses in `closed`."""

    class Box:
        def __init__(self):
            self.closed, self.taken = set(), []

        async def handle_RCPT(self, _server, _session, envelope, address, _options):
            if address in self.closed:
                return "451 try again later"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, _server, _session, envelope):
            self.taken += envelope.rcpt_tos
            return "250 OK"

    box = Box()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS, settings.EMAIL_HOST_USER = False, ""
    yield box
    server.stop()


def on(days):
    return NOW + timedelta(days=days)


def turn(acme, role=Role.OWNER, note=""):
    return Turn(acme.seats[role], NOW, note)


def asked(acme, days):
    return needs.ask_client(acme.other_store, "ce", turn(acme, note="Please send it"), due=in_days(days))


def to():
    return sorted(address for each in mail.outbox for address in each.to)


def test_whoever_was_not_reached_is_tried_again_and_nobody_else(acme, store, post_box):
    """One of two has it, the other does not: the first is left alone."""
    client, senior = acme.other_client.user.email, acme.user(Role.SENIOR).email
    store.owner = acme.seats[Role.SENIOR]
    store.save()
    paper(store, "ce", valid_to=in_days(50))
    post_box.closed.add(client)
    assert reminders.remind(store, at=NOW) == 1
    assert post_box.taken == [senior]
    waiting = PaperMail.objects.get(state="waiting")
    assert (waiting.member, waiting.attempts) == (acme.other_client, 1)
    assert "451" in waiting.error
    assert mails.send_waiting(store, at=NOW) == [], "not at once"
    post_box.closed.clear()
    assert reminders.remind(store, at=on(1)) == 1
    assert post_box.taken == [senior, client]
    assert reminders.remind(store, at=on(2)) == 0


def test_each_step_is_told_once_to_owner_and_client_in_one_mail_for_all_papers(acme, store):
    store.owner = acme.seats[Role.SENIOR]
    store.save()
    for kind in ("ce", "ukca"):
        paper(store, kind, valid_to=in_days(50))
    assert reminders.remind(store, at=NOW) == 2
    assert to() == sorted([acme.user(Role.SENIOR).email, acme.other_client.user.email])
    theirs = next(each for each in mail.outbox if each.to == [acme.other_client.user.email])
    assert "/portal/acme/papers/" in theirs.body
    assert theirs.body.count(str(in_days(50))) == 2
    assert reminders.remind(store, at=on(1)) == 0
    assert reminders.remind(store, at=on(21)) == 2
    assert reminders.remind(store, at=on(51)) == 2, "and once they are over"


def test_managers_hear_of_a_paper_that_nobody_looks_after(acme, store):
    acme.other_client.active = False
    acme.other_client.save()
    paper(store, "ce", valid_to=in_days(5))
    assert reminders.remind(store, at=NOW) == 1
    assert to() == [acme.user(Role.MANAGER).email]
    acme.seats[Role.MANAGER].active = False
    acme.seats[Role.MANAGER].save()
    assert reminders.remind(store, at=on(6)) == 1
    assert to() == sorted([acme.user(Role.MANAGER).email, acme.user(Role.OWNER).email])


def test_a_mail_is_given_up_after_two_days_of_trying(acme, store, post_box):
    post_box.closed |= {acme.other_client.user.email, acme.user(Role.MANAGER).email}
    paper(store, "ce", valid_to=in_days(5))
    reminders.remind(store, at=NOW)
    moment = NOW
    for _attempt in range(20):
        moment += timedelta(hours=6)
        mails.send_waiting(store, at=moment)
    found = PaperMail.objects.get()
    assert (found.state, found.attempts) == ("dead", 12)


@pytest.mark.parametrize(
    ("language", "kind"), [("en", "EU declaration of conformity (CE)"), ("zh-hans", "CE 符合性声明")]
)
def test_a_client_hears_why_their_paper_was_rejected_in_their_language(acme, store, language, kind):
    acme.other_client.user.language = language
    acme.other_client.user.save()
    theirs = paper(store, "ce", state="review", created_by=acme.other_client)
    actions.reject(theirs, turn(acme, note="It is not signed"))
    assert len(mails.send_waiting(store, at=NOW)) == 1
    body = mail.outbox[0].body
    assert "It is not signed" in body and kind in body
    Paper.objects.update(state="review")
    actions.accept(Paper.objects.get(), turn(acme))
    assert len(mails.send_waiting(store, at=NOW)) == 1
    assert len(mail.outbox) == 2


def test_what_staff_brought_themselves_is_not_told_to_the_client_and_an_undone_word_is_not_sent(acme, store):
    ours = paper(store, "ce", state="review", created_by=acme.seats[Role.OWNER])
    actions.accept(ours, turn(acme))
    assert not PaperMail.objects.exists()
    theirs = paper(store, "ukca", state="review", created_by=acme.other_client)
    actions.accept(theirs, turn(acme))
    assert PaperMail.objects.get().event == "accepted"
    undo(Entry.objects.filter(verb="paper.accept").latest("number"), by=acme.seats[Role.OWNER], at=NOW)
    assert mails.send_waiting(store, at=NOW) == []


def test_a_request_is_reminded_before_on_and_after_its_day(acme, store):
    asked(acme, 10)
    assert reminders.remind(store, at=NOW) == 0
    for days, people in ((7, 1), (8, 0), (10, 1), (11, 0), (17, 2), (30, 0)):
        assert reminders.remind(store, at=on(days)) == people, days
    assert acme.user(Role.OWNER).email in to(), "a week late whoever asked hears of it, too"
    assert "still waits" in mail.outbox[0].body


def test_what_is_owed_is_a_finding_for_who_asked(acme, store):
    request = asked(acme, 10)
    paper_findings.refresh_findings(store, at=NOW)
    assert not Finding.objects.filter(kind="paper-asked").exists()
    paper_findings.refresh_findings(store, at=on(8))
    found = Finding.objects.get(kind="paper-asked")
    assert (found.assigned, found.due) == (acme.seats[Role.OWNER], in_days(10))
    assert cards([found])[0].title == f"CE was asked for by {in_days(10)} and has not come"
    needs.cancel_request(request, turn(acme))
    paper_findings.refresh_findings(store, at=on(9))
    found.refresh_from_db()
    assert found.state == "recovered"


def test_a_request_whose_mail_failed_is_told_later(acme, store, post_box):
    post_box.closed.add(acme.other_client.user.email)
    request = asked(acme, 10)
    assert reminders.mail_request(request) == []
    post_box.closed.clear()
    waiting = PaperMail.objects.get()
    assert mails.send_waiting(store, at=waiting.due_at) == [acme.other_client.user.email]


@pytest.mark.django_db(transaction=True)
def test_the_sweep_rings_for_what_waits(acme, monkeypatch):
    with acme:
        known()
        mails.note(acme.other_store, [acme.other_client], asked(acme, 3).pk, "asked", at=NOW)
    rung = []
    monkeypatch.setattr("apps.health.tasks.send_paper_mails.apply_async", lambda *args, **_more: rung.append(args[0]))
    assert sweep_paper_mails() == 1
    assert rung == [[acme.other_store.pk]]


def test_the_page_of_a_paper_says_who_was_told(acme):
    with acme:
        known()
        theirs = paper(acme.other_store, "ce", state="review", created_by=acme.other_client)
        actions.accept(theirs, turn(acme))
        mails.send_waiting(acme.other_store, at=NOW)
    person = Client()
    person.force_login(acme.user(Role.OWNER))
    page = person.get(reverse("paper", kwargs={"agency": "acme", "store": "europe", "pk": theirs.pk}))
    assert "Who was told" in page.content.decode()
