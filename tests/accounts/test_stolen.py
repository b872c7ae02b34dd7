"""What a thief has from what lies about: a backup, a log, a session left open, a seat of the platform."""

import json
import logging
import re
import time
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from apps.accounts.actions.factors import open_factor, rewrap_factors
from apps.accounts.actions.invitations import Offer, invite
from apps.accounts.models import User
from apps.core.permissions import Role
from apps.sync.models import Connection, WebhookEndpoint
from tests.accounts.test_sign_in import LIMITS, PASSWORD, a_factor, code_now, person, sign_in
from tests.factories import UserFactory

__all__ = ["person"]
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


# -- a backup


def test_seeds_of_authenticator_apps_are_sealed(person):
    a_factor(person)
    kept = Authenticator.objects.get(user=person).data["secret"]
    assert kept.startswith("v1.") and SEED not in kept
    assert open_factor(kept) == SEED


def test_seeds_from_before_go_on_working_and_are_sealed_by_the_command(person, client, settings):
    a_factor(person)
    Authenticator.objects.create(user=person, type="recovery_codes", data={"seed": "plain", "used_mask": 0})
    Authenticator.objects.filter(type="totp").update(data={"secret": SEED})
    sign_in(client, person)
    assert client.post("/accounts/2fa/authenticate/", {"code": code_now()}).status_code == 302
    call_command("rotate_credentials", stdout=StringIO())
    settings.CREDENTIAL_KEYS = ["next:" + "A" * 43 + "=", *settings.CREDENTIAL_KEYS]
    assert rewrap_factors() == 2
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]
    found = {each.type: each.data for each in Authenticator.objects.filter(user=person)}
    assert open_factor(found["totp"]["secret"]) == SEED
    assert (open_factor(found["recovery_codes"]["seed"]), found["recovery_codes"]["used_mask"]) == ("plain", 0)
    assert rewrap_factors() == 0


# -- a log


@pytest.fixture
def written():
    """What is written to the log, as the installation writes it."""
    lines = StringIO()
    copy = logging.StreamHandler(lines)
    copy.setFormatter(
        next(h.formatter for h in logging.getLogger().handlers if "Processor" in type(h.formatter).__name__)
    )
    root, usual = logging.getLogger(), logging.getLogger().level
    root.addHandler(copy)
    root.setLevel(logging.INFO)  # the other tests write less
    yield lines
    root.setLevel(usual)
    root.removeHandler(copy)


def test_links_and_codes_that_let_one_in_are_not_in_the_log(acme, client, written):
    with acme:
        _offer, token = invite("new@example.com", Offer(Role.JUNIOR), by=acme.seats[Role.OWNER], at=timezone.now())
    assert client.get(f"/invite/{token}/").status_code == 200
    assert client.post(f"/invite/{token}/", {"name": ""}).status_code == 422
    client.get("/accounts/password/reset/key/3-hushhush/")
    client.get("/accounts/amazon/consent/?spapi_oauth_code=hushhush&state=hushhush")
    said = written.getvalue()
    requests = {json.loads(line).get("request") for line in said.splitlines()}
    told = {"GET /invite/…/", "GET /accounts/amazon/consent/?spapi_oauth_code=…&state=…"}
    assert told <= requests, "requests are logged"
    assert token not in said and "hushhush" not in said


# -- many tries


def test_another_spelling_of_the_host_gives_no_more_tries(person, client, settings):
    settings.ACCOUNT_RATE_LIMITS = LIMITS
    cache.clear()
    words = {"login": person.email, "password": "wrong"}
    for port in range(5):
        client.post("/accounts/login/", words, headers={"Host": f"storewright.example:{8000 + port}"})
    client.post("/accounts/login/", words | {"password": PASSWORD}, headers={"Host": "Storewright.example"})
    assert "_auth_user_id" not in client.session
    cache.clear()
    client.post("/accounts/login/", words | {"password": PASSWORD}, headers={"Host": "Storewright.example"})
    assert "_auth_user_id" in client.session


# -- a session


def test_a_changed_factor_or_password_ends_the_other_sessions(person, django_capture_on_commit_callbacks):
    here, there = Client(), Client()
    for each in (here, there):
        sign_in(each, person)
        each.get("/me/")
    here.post("/accounts/reauthenticate/", {"password": PASSWORD})
    here.get("/accounts/2fa/totp/activate/")
    code = format_hotp_value(hotp_value(here.session["mfa.totp.secret"], int(time.time()) // 30))
    with django_capture_on_commit_callbacks(execute=True):
        assert here.post("/accounts/2fa/totp/activate/", {"code": code}).status_code == 302
    assert (here.get("/me/").status_code, there.get("/me/").status_code) == (200, 302)
    there.force_login(person)
    there.get("/me/")
    fresh = "another quiet harbour"
    words = {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh}
    assert here.post("/accounts/password/change/", words).status_code == 302
    assert here.get("/me/").context["sessions"] == 1
    assert there.get("/me/").status_code == 302


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("stores/north/connections/new/sp_api/", {}),
        ("stores/north/connections/consent/", {}),
        ("stores/north/connections/{door}/disconnect/", {}),
        ("stores/north/off-board/", {"reason": "No"}),
        ("settings/webhooks/new/", {"url": "https://hooks.example.com/", "events": ["plan.approved"]}),
        (
            "settings/webhooks/{hook}/",
            {"url": "https://thief.example.com/", "events": ["plan.approved"], "active": "on"},
        ),
        ("settings/webhooks/{hook}/rotate/", {}),
    ],
)
def test_who_finds_an_open_session_changes_no_door(acme, person, client, path, body):
    with acme:
        hook = WebhookEndpoint.objects.create(
            url="https://hooks.example.com/", secret="", created_by=acme.seats[Role.OWNER]
        )
        door = acme.connection.pk
    sign_in(client, person)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        answer = client.post(acme.url(path.format(hook=hook.pk, door=door)), body)
        assert answer.status_code == 302 and answer["Location"].startswith("/accounts/reauthenticate/")
        part = client.post(acme.url(path.format(hook=hook.pk, door=door)), body, headers={"HX-Request": "true"})
        assert part["HX-Redirect"].startswith("/accounts/reauthenticate/")
        back = re.search(r"next=%2F(acme%2F[^&]+)", answer["Location"])[1].replace("%2F", "/")
        assert client.get(f"/{back}").status_code == 200
    with acme:
        assert [each.url for each in WebhookEndpoint.objects.all()] == ["https://hooks.example.com/"]
        assert Connection.objects.get(pk=door).state == acme.connection.state


# -- a seat of the platform


@pytest.mark.django_db(transaction=True, databases=["default", "platform"])
def test_platform_staff_take_nobody_over(transactional_db):
    owner = UserFactory(email="owner@example.com")
    staff = UserFactory(email="staff@example.com", is_staff=True)
    console = Client()
    console.force_login(staff)
    form = {
        "email": "staff+owner@example.com",
        "name": "Owner",
        "language": "en",
        "time_zone": "UTC",
        "is_active": "on",
    }
    path = f"/platform/accounts/user/{owner.pk}/change/"
    assert console.post(path, form | {"is_staff": "on"}).status_code == 302
    owner.refresh_from_db()
    assert (owner.email, owner.is_staff, owner.name) == ("owner@example.com", False, "Owner")
    User.objects.filter(pk=staff.pk).update(is_superuser=True)
    assert console.post(path, form | {"is_staff": "on"}).status_code == 302
    owner.refresh_from_db()
    assert (owner.email, owner.is_staff) == ("owner@example.com", True)
