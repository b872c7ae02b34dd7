"""An invitation's life: sent, opened, accepted once; expired, revoked or somebody else's explained."""

import re
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from django.core import mail
from django.test import Client
from django.utils import timezone

from apps.accounts.actions import invitations
from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Invitation, Member, StoreGrant, User
from apps.core.models import Entry
from apps.core.permissions import Role
from tests.factories import UserFactory

PASSWORD = "a quiet harbour at noon"


def offered(world, email="new@example.com", role=Role.JUNIOR, *, at=None, client=None, stores=None):
    """(invitation, address of its page)"""
    stores = ((world.store.pk, "US"),) if stores is None else stores
    with world:
        offer = invitations.Offer(role, client, stores)
        made, token = invitations.invite(email, offer, by=world.seats[Role.OWNER], at=at or timezone.now())
    return made, f"/invite/{token}/"


def test_only_a_digest_of_the_link_is_kept(acme):
    made, address = offered(acme)
    token = address.split("/")[2]
    with acme:
        row = Invitation.objects.values().get(pk=made.pk)
        assert token not in repr(row)
        assert token not in repr(list(Entry.objects.values()))


def test_a_new_person_names_themselves_and_is_in(acme, client):
    _made, address = offered(acme, "New@Example.com")
    assert "new@example.com" in client.get(address).content.decode()
    answer = client.post(address, {"name": "Lin Wei", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/acme/")
    person = User.objects.get(email="new@example.com")
    assert client.session["_auth_user_id"] == str(person.pk)
    with acme:
        seat = Member.objects.get(user=person)
        assert (seat.role, seat.active) == (Role.JUNIOR, True)
        assert StoreGrant.objects.values_list("store", "marketplace").get(member=seat) == (acme.store.pk, "US")
        assert Entry.objects.filter(verb="invitation.accept").count() == 1


def test_a_weak_password_is_refused_and_nobody_is_made(acme, client):
    _made, address = offered(acme)
    answer = client.post(address, {"name": "Lin Wei", "password": "short"})
    assert answer.status_code == 422
    assert not User.objects.filter(email="new@example.com").exists()


def test_a_link_works_once(acme):
    _made, address = offered(acme)
    Client().post(address, {"name": "Lin", "password": PASSWORD})
    again = Client()
    assert again.get(address).status_code == 410
    assert again.post(address, {"name": "Eve", "password": PASSWORD}).status_code == 410
    assert not again.session.get("_auth_user_id")


def test_a_known_person_signs_in_first_and_then_accepts(acme, zeta, client):
    person = zeta.user(Role.SENIOR)
    _made, address = offered(acme, person.email)
    assert "/accounts/login/?next=" in client.get(address).content.decode()
    assert client.post(address, {"name": "Eve", "password": PASSWORD}).status_code == 200  # still not in
    client.force_login(person)
    assert client.post(address)["Location"] == "/acme/"
    with acme:
        assert Member.objects.get(user=person).role == Role.JUNIOR
    with zeta:
        assert Member.objects.get(user=person).role == Role.SENIOR


def test_somebody_else_cannot_take_it(acme, client):
    made, address = offered(acme)
    client.force_login(UserFactory(email="eve@example.com"))
    assert "eve@example.com" in client.get(address).content.decode()
    assert client.post(address).status_code == 200
    with acme:
        assert not Member.objects.filter(user__email="eve@example.com").exists()
        with pytest.raises(Refused):
            invitations.accept(made, user=UserFactory(email="eve@example.com"), at=timezone.now())


def test_after_72_hours_it_is_over(acme, client):
    _made, address = offered(acme, at=timezone.now() - timedelta(hours=72, seconds=1))
    assert client.get(address).status_code == 410
    assert client.post(address, {"name": "Lin", "password": PASSWORD}).status_code == 410
    assert not User.objects.filter(email="new@example.com").exists()


def test_sending_again_kills_the_old_link_and_revoking_kills_both(acme, client):
    made, address = offered(acme)
    with acme:
        token = invitations.resend(made, by=acme.seats[Role.OWNER], at=timezone.now())
    assert client.get(address).status_code == 404
    assert client.get(f"/invite/{token}/").status_code == 200
    with acme:
        invitations.revoke(made, by=acme.seats[Role.OWNER], at=timezone.now())
        with pytest.raises(Refused):
            invitations.resend(made, by=acme.seats[Role.OWNER], at=timezone.now())
    assert client.get(f"/invite/{token}/").status_code == 410


def test_nobody_is_invited_twice(acme):
    offered(acme)
    with pytest.raises(Refused):
        offered(acme)
    with pytest.raises(Refused):
        offered(acme, acme.user(Role.JUNIOR).email)


def test_a_client_seat_names_its_client_and_leads_to_the_portal(acme, client):
    with pytest.raises(Refused):
        offered(acme, role=Role.CLIENT)
    _made, address = offered(acme, role=Role.CLIENT, client=acme.client)
    answer = client.post(address, {"name": "Seller", "password": PASSWORD})
    assert answer["Location"] == "/portal/acme/"


def test_a_store_of_another_agency_is_not_offered(acme, zeta):
    made, _address = offered(acme, stores=((zeta.store.pk, None), (acme.store.pk, None)))
    assert made.stores == [[acme.store.pk, None]]


def test_a_closed_seat_comes_back_by_invitation(acme, client):
    junior = acme.seats[Role.JUNIOR]
    with acme:
        Member.objects.filter(pk=junior.pk).update(active=False)
    _made, address = offered(acme, junior.user.email, Role.ANALYST, stores=())
    client.force_login(junior.user)
    client.post(address)
    with acme:
        seat = Member.objects.get(pk=junior.pk)
        assert (seat.active, seat.role) == (True, Role.ANALYST)
        assert not StoreGrant.objects.filter(member=seat).exists()


def test_the_owner_invites_by_the_page_and_the_mail_carries_the_link(acme, client):
    client.force_login(acme.user(Role.OWNER))
    data = {"email": "lin@example.com", "role": "junior", "grant": [f"{acme.store.pk}:US", "x", "9:ZZ"]}
    assert client.post(acme.url("settings/invitations/new/"), data).status_code == 302
    assert mail.outbox[0].to == ["lin@example.com"]
    path = re.search(r"/invite/[\w-]+/", mail.outbox[0].body)[0]
    assert Client().get(path).status_code == 200
    with acme:
        made = Invitation.objects.get()
        assert made.stores == [[acme.store.pk, "US"]]
    assert client.post(acme.url("settings/invitations/new/"), data).status_code == 422
    client.post(acme.url(f"settings/invitations/{made.pk}/resend/"))
    assert len(mail.outbox) == 2
    assert Client().get(path).status_code == 404
    client.post(acme.url(f"settings/invitations/{made.pk}/revoke/"))
    with acme:
        assert Invitation.objects.get().revoked_at


class Sink:
    """A mail server that keeps what it gets."""

    def __init__(self):
        self.got = []

    async def handle_DATA(self, server, session, envelope):
        self.got.append(envelope)
        return "250 OK"


def test_the_mail_really_leaves_by_smtp(acme, client, settings):
    sink = Sink()
    server = Controller(sink, hostname="127.0.0.1", port=8949)
    server.start()
    try:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 8949, False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        client.force_login(acme.user(Role.OWNER))
        client.post(acme.url("settings/invitations/new/"), {"email": "lin@example.com", "role": "analyst"})
    finally:
        server.stop()
    assert [envelope.rcpt_tos for envelope in sink.got] == [["lin@example.com"]]
    assert b"multipart/alternative" in sink.got[0].content


def test_a_dead_mail_server_loses_no_invitation(acme, client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 8948
    client.force_login(acme.user(Role.OWNER))
    answer = client.post(acme.url("settings/invitations/new/"), {"email": "lin@example.com", "role": "analyst"})
    assert answer.status_code == 302
    with acme:
        assert Invitation.objects.count() == 1


def test_pages_at_the_door_have_one_heading(acme, client):
    """The frame brings one from the page's title; a page with its own says so."""
    for address in ("/invite/nonsense/", offered(acme)[1], "/accounts/login/"):
        assert client.get(address).content.decode().count("<h1") == 1, address
