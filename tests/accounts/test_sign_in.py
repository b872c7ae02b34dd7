"""Signing in: password, lock-out, second factor, sessions; and what an agency and the platform may ask."""

import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from apps.accounts.actions.support import end_support, grant_support
from apps.accounts.models import AgencySettings, Member
from apps.core.models import Entry
from apps.core.permissions import Role
from tests.factories import UserFactory

PASSWORD = "a quiet harbour at noon"
LIMITS = {"login_failed": "10/m/ip,5/5m/key"}


@pytest.fixture
def person(acme):
    user = acme.user(Role.OWNER)
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, user, password=PASSWORD):
    return client.post("/accounts/login/", {"login": user.email, "password": password})


def a_factor(user) -> TOTP:
    return TOTP.activate(user, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")


def code_now() -> str:
    return format_hotp_value(hotp_value("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", int(time.time()) // 30))


def test_one_seat_is_entered_at_once(person, client):
    answer = sign_in(client, person)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/")["Location"] == "/acme/"


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(person, client):
    wrong, unknown = (
        sign_in(client, person, "wrong"),
        sign_in(client, UserFactory.build(email="x@example.com"), "wrong"),
    )

    def text(answer):
        return re.sub(r'(value|data-csrf)="[^"]*"', "", answer.content.decode())

    assert wrong.status_code == unknown.status_code == 200
    assert text(wrong) == text(unknown)
    assert "_auth_user_id" not in client.session


def test_after_five_wrong_passwords_even_the_right_one_waits(person, client, settings):
    settings.ACCOUNT_RATE_LIMITS = LIMITS
    cache.clear()
    for _attempt in range(5):
        sign_in(client, person, "wrong")
    answer = sign_in(client, person)
    assert "_auth_user_id" not in client.session
    assert answer.status_code in {200, 429}
    cache.clear()
    assert sign_in(client, person).status_code == 302


def test_a_second_factor_is_asked_for_and_a_wrong_code_refused(person, client):
    a_factor(person)
    assert sign_in(client, person)["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/").status_code == 302 and "_auth_user_id" not in client.session
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "_auth_user_id" not in client.session
    assert client.post("/accounts/2fa/authenticate/", {"code": code_now()}).status_code == 302
    assert client.session["_auth_user_id"] == str(person.pk)


def test_a_person_sets_up_an_authenticator_app_by_the_pages(person, client):
    sign_in(client, person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/")
    assert page.status_code == 200
    secret = client.session["mfa.totp.secret"]
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    client.post("/accounts/2fa/totp/activate/", {"code": code})
    kinds = set(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    assert kinds == {"totp", "recovery_codes"}
    assert client.get("/accounts/2fa/recovery-codes/").status_code == 200


@pytest.mark.parametrize(
    "path", ["login/", "signup/", "password/reset/", "password/reset/done/", "password/reset/key/done/"]
)
def test_pages_before_sign_in_answer_in_both_languages(path, client, db):
    for language in ("en", "zh-hans"):
        assert client.get(f"/accounts/{path}", headers={"Accept-Language": language}).status_code == 200


@pytest.mark.parametrize(
    "path", ["logout/", "email/", "password/change/", "reauthenticate/", "2fa/", "2fa/webauthn/", "sessions/"]
)
def test_pages_after_sign_in_answer(path, person, client):
    sign_in(client, person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.get(f"/accounts/{path}").status_code == 200


def test_a_passkey_can_be_asked_for_before_and_added_after_sign_in(person, client):
    assert (
        client.get("/accounts/2fa/webauthn/login/", headers={"X-Requested-With": "XMLHttpRequest"}).status_code == 200
    )
    sign_in(client, person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/webauthn/add/")
    assert page.status_code == 200
    assert b'"challenge"' in page.content


def test_nobody_signs_up_alone(client, db):
    answer = client.post("/accounts/signup/", {"email": "eve@example.com", "password1": PASSWORD})
    assert answer.status_code in {200, 403}
    assert "_auth_user_id" not in client.session


def test_a_forgotten_password_is_set_anew_by_mail_from_our_own_address(person, client, settings):
    settings.BASE_URL = "https://storewright.example"
    client.post("/accounts/password/reset/", {"email": person.email}, headers={"Host": "evil.example"})
    link = re.search(r"https?://\S+", mail.outbox[0].body)[0]
    assert link.startswith("https://storewright.example/accounts/password/reset/key/")
    page = client.get(link.removeprefix("https://storewright.example"), follow=True)
    weak = client.post(page.request["PATH_INFO"], {"password1": "short", "password2": "short"})
    assert weak.status_code == 200
    fresh = "another quiet harbour"
    client.post(page.request["PATH_INFO"], {"password1": fresh, "password2": fresh})
    person.refresh_from_db()
    assert person.check_password(fresh)


def test_an_address_nobody_has_gets_the_same_answer(client, db):
    answer = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})
    assert answer.status_code == 302


def test_a_person_sees_and_ends_their_other_sessions(person):
    here, there = Client(), Client()
    for each in (here, there):
        sign_in(each, person)
        each.get("/me/")
    assert UserSession.objects.filter(user=person).count() == 2
    other = UserSession.objects.get(session_key=there.session.session_key)
    stranger = Client()
    stranger.force_login(UserFactory(email="eve@example.com"))
    assert stranger.post(f"/me/sessions/{other.pk}/end/").status_code == 404
    here.post(f"/me/sessions/{other.pk}/end/")
    assert there.get("/me/")["Location"].startswith("/accounts/login/")
    assert here.get("/me/").status_code == 200
    sign_in(there, person)
    here.post("/me/sessions/end/")
    assert there.get("/me/").status_code == 302


def test_a_closed_seat_is_out_with_the_next_request(acme, client):
    junior, owner = Client(), client
    junior.force_login(acme.user(Role.JUNIOR))
    assert junior.get(acme.url("settings/members/")).status_code == 200
    owner.force_login(acme.user(Role.OWNER))
    owner.post(acme.url(f"settings/members/{acme.seats[Role.JUNIOR].pk}/deactivate/"))
    assert junior.get(acme.url("settings/members/")).status_code in {302, 404}
    junior.force_login(acme.user(Role.JUNIOR))
    assert junior.get(acme.url("settings/members/")).status_code == 404


# -- what an agency asks


def ask_for_factors(world):
    with world:
        AgencySettings.objects.update(mfa_required=True)


@pytest.mark.parametrize("role", [Role.OWNER, Role.JUNIOR, Role.ANALYST])
def test_without_a_second_factor_one_is_led_to_set_it_up(acme, client, role):
    ask_for_factors(acme)
    client.force_login(acme.user(role))
    assert client.get(acme.url("settings/members/"))["Location"] == "/accounts/2fa/"
    part = client.get(acme.url("settings/members/"), headers={"HX-Request": "true"})
    assert part["HX-Redirect"] == "/accounts/2fa/"
    a_factor(acme.user(role))
    assert client.get(acme.url("settings/members/")).status_code == 200


def test_recovery_codes_alone_are_no_second_factor(acme, client):
    ask_for_factors(acme)
    Authenticator.objects.create(user=acme.user(Role.OWNER), type="recovery_codes", data={})
    client.force_login(acme.user(Role.OWNER))
    assert client.get(acme.url("settings/members/")).status_code == 302


def test_another_agencys_rule_is_not_ours(acme, zeta, client):
    ask_for_factors(zeta)
    client.force_login(acme.user(Role.OWNER))
    assert client.get(acme.url("settings/members/")).status_code == 200


def test_strangers_are_led_to_sign_in_and_back(acme, client):
    answer = client.get(acme.url("settings/members/?q=1"))
    assert answer["Location"] == "/accounts/login/?next=/acme/settings/members/%3Fq%3D1"
    assert client.get("/no-such-agency/settings/members/").status_code == 302
    assert client.post(acme.url("settings/api/new/"))["Location"] == "/accounts/login/?next=/"


def test_another_agencys_pages_do_not_exist(acme, zeta, client):
    client.force_login(zeta.user(Role.OWNER))
    assert client.get(acme.url("settings/members/")).status_code == 404
    assert client.get("/no-such-agency/settings/members/").status_code == 404


def test_clients_never_reach_staff_pages_nor_staff_the_portal(acme, client):
    client.force_login(acme.user(Role.CLIENT))
    assert client.get(acme.url("settings/members/")).status_code == 404


# -- what the platform may


def supporter():
    return UserFactory(email="support@example.com", is_staff=True)


def test_platform_staff_come_in_by_a_grant_only_read_only_and_for_a_while(acme, client):
    user = supporter()
    client.force_login(user)
    assert client.get(acme.url("settings/members/")).status_code == 404
    with acme:
        grant = grant_support(user=user, reason="ticket 17", minutes=30, at=timezone.now())
        assert Entry.objects.get(verb="support.grant").reason == "ticket 17"
    assert client.get(acme.url("settings/members/")).status_code == 200
    assert client.post(acme.url("settings/api/new/"), {"name": "x"}).status_code == 403
    assert client.get("/")["Location"] == "/acme/"
    with acme:
        end_support(grant.pk, at=timezone.now())
        assert not Member.objects.get(user=user).active
    assert client.get(acme.url("settings/members/")).status_code == 404


def test_a_support_grant_runs_out_by_itself(acme, zeta, client):
    user = supporter()
    client.force_login(user)
    with acme:
        grant_support(user=user, reason="ticket 17", minutes=5, at=timezone.now() - timedelta(minutes=5, seconds=1))
    assert client.get(acme.url("settings/members/")).status_code == 404
    with zeta:
        grant_support(user=user, reason="ticket 18", minutes=5, at=timezone.now())
    assert client.get(acme.url("settings/members/")).status_code == 404
    assert client.get(zeta.url("settings/members/")).status_code == 200


def test_a_grant_does_not_open_a_closed_seat_of_somebody_who_left_the_platform(acme, client):
    user = supporter()
    with acme:
        grant_support(user=user, reason="ticket 17", minutes=30, at=timezone.now())
    user.is_staff = False
    user.save()
    client.force_login(user)
    assert client.get(acme.url("settings/members/")).status_code == 404
