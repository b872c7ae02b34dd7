"""A tenant begins: settings, limits and the first owner's invitation; from the console and from a script."""

import re

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from apps.accounts.actions.founding import NewAgency, found_agency
from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Agency, AgencySettings, Invitation, Member, RoleLimit, User
from apps.core import audit
from apps.core.middleware import RESERVED
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.core.tenancy import tenant
from config.urls import gathered
from tests.factories import UserFactory
from tests.world import NOW, World

PASSWORD = "a quiet harbour at noon"
NEW = {"name": "Harbour", "slug": "harbour", "owner_name": "Lin Wei", "owner_email": "Lin@Example.com"}


def link() -> str:
    return re.search(r"/invite/[\w-]+/", mail.outbox[-1].body)[0]


def test_a_script_founds_an_agency_whose_owner_comes_in(db, client):
    World("acme")
    call_command("create_agency", "harbour", "Harbour", "Lin@Example.com", owner_name="Lin Wei", currency="CNY")
    assert mail.outbox[-1].to == ["lin@example.com"]
    page = client.get(link())
    assert 'value="Lin Wei"' in page.content.decode()
    assert client.post(link(), {"name": "Lin Wei", "password": PASSWORD})["Location"] == "/harbour/"
    agency = Agency.objects.get(slug="harbour")
    with tenant(agency.pk):
        assert Member.objects.get().role == Role.OWNER
        assert AgencySettings.objects.get().currency == "CNY"
        limits = dict(RoleLimit.objects.filter(action="plan.approve").values_list("role", "most"))
        assert limits == {Role.MANAGER: 35_500_000, Role.SENIOR: 7_100_000}  # 50 000 and 10 000 dollars at 7.1
        assert Entry.objects.get(verb="agency.found").after["who"] == "manage.py create_agency"
        assert audit.verify() is None
    assert client.get("/harbour/settings/invitations/").status_code == 200  # invited by nobody of the agency


@pytest.mark.parametrize("slug", ["portal", "api", "ab", "Harbour", "1st"])
def test_an_address_that_cannot_be_is_refused(db, slug):
    with pytest.raises(Refused):
        found_agency(NewAgency(**NEW | {"slug": slug}), who="x", at=NOW)
    assert not Agency.objects.exists()


def test_a_taken_address_leaves_nothing_behind(db):
    World("harbour")
    with pytest.raises(Refused):
        found_agency(NewAgency(**NEW), who="x", at=NOW)
    with pytest.raises(CommandError):
        call_command("create_agency", "harbour", "Harbour", "lin@example.com")
    assert Agency.objects.count() == 1
    assert not mail.outbox


def test_every_first_word_of_our_own_addresses_is_reserved():
    words = {str(each.pattern).partition("/")[0] for each in gathered("everyone")} - {""}
    assert words | {"accounts", "platform", "api", "portal"} <= RESERVED


def test_the_invitation_is_sent_again_until_there_is_an_owner(db, client):
    call_command("create_agency", "harbour", "Harbour", "lin@example.com")
    first = link()
    call_command("invite_owner", "harbour", "lin@example.com")
    assert client.get(first).status_code == 404
    client.post(link(), {"name": "Lin Wei", "password": PASSWORD})
    with pytest.raises(CommandError, match="has an owner"):
        call_command("invite_owner", "harbour", "somebody@example.com")
    with pytest.raises(CommandError, match="no agency"):
        call_command("invite_owner", "harbor", "somebody@example.com")


@pytest.fixture
def console(transactional_db) -> Client:
    World("acme")
    client = Client()
    client.force_login(UserFactory(email="staff@example.com", is_staff=True, is_superuser=True))
    return client


both = pytest.mark.django_db(transaction=True, databases=["default", "platform"])


@both
def test_the_console_adds_an_agency_with_its_owner(console):
    form = NEW | {"language": "en", "currency": "EUR", "plan": "Pilot"}
    reserved = console.post("/platform/accounts/agency/add/", form | {"slug": "portal"})
    assert reserved.status_code == 200
    assert "belongs to the house" in reserved.content.decode()
    answer = console.post("/platform/accounts/agency/add/", form)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    agency = Agency.objects.get(slug="harbour")
    assert (agency.plan, mail.outbox[-1].to) == ("Pilot", ["lin@example.com"])
    with tenant(agency.pk):
        assert AgencySettings.objects.values_list("language", "currency").get() == ("en", "EUR")
        assert RoleLimit.objects.count() == 2
        assert Entry.objects.get(verb="agency.found").after["who"] == "staff@example.com"
    console.post("/platform/accounts/agency/", {"action": "invite_again", "_selected_action": [agency.pk]})
    assert len(mail.outbox) == 2
    assert Client().post(link(), {"name": "Lin", "password": PASSWORD})["Location"] == "/harbour/"
    assert User.objects.filter(email="lin@example.com").exists()


@both
def test_a_refusing_mail_server_leaves_an_agency_that_can_be_invited_later(console, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "localhost",
        1,
    )
    form = NEW | {"language": "en", "currency": "USD"}
    answer = console.post("/platform/accounts/agency/add/", form, follow=True)
    assert "could not be sent" in answer.content.decode()
    with tenant(Agency.objects.get(slug="harbour").pk):
        assert Invitation.objects.count() == 1


@both
def test_the_address_stays_and_a_suspension_stands_in_the_agencys_ledger(console):
    agency = Agency.objects.get(slug="acme")
    console.post(f"/platform/accounts/agency/{agency.pk}/change/", {"name": "Acme", "slug": "taken", "plan": "Pilot"})
    agency.refresh_from_db()
    assert (agency.slug, agency.active, agency.plan) == ("acme", False, "Pilot")
    with tenant(agency.pk):
        found = {entry.verb: entry for entry in Entry.objects.all()}
        assert set(found) == {"agency.suspend", "agency.plan"}
        assert found["agency.suspend"].after == {"active": False, "who": "staff@example.com"}
