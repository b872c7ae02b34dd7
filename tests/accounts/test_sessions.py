"""Sessions end by themselves: after a while without a sign of their person, and after a day's work in any case."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from apps.accounts.models import Member
from apps.accounts.queries import sessions_of
from apps.accounts.tasks import forget_sessions
from apps.core.permissions import Role

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 3, 2, 6, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PAGES = {Role.OWNER: "/acme/", Role.CLIENT: "/portal/acme/"}


class Reader:
    """Somebody who signed in at six."""

    def __init__(self, world, role: Role, clock) -> None:
        self.client, self.role, self.clock = Client(), role, clock
        self.client.force_login(world.user(role))
        self.user = world.user(role)
        assert self.is_in_after(timedelta())

    def is_in_after(self, since: timedelta, **headers: str) -> bool:
        """Ask for a page so long after six."""
        self.clock.move_to(MORNING + since)
        return self.client.get(PAGES[self.role], headers=headers).status_code == 200


@pytest.fixture
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.mark.parametrize(("role", "idle"), [(Role.OWNER, 8 * HOUR), (Role.CLIENT, 2 * HOUR)])
def test_who_gives_no_sign_is_signed_out(acme, clock, role, idle):
    assert Reader(acme, role, clock).is_in_after(idle - MINUTE)
    assert not Reader(acme, role, clock_at(clock)).is_in_after(idle + MINUTE)


def clock_at(clock):
    clock.move_to(MORNING)
    return clock


@pytest.mark.parametrize("role", [Role.OWNER, Role.CLIENT])
def test_who_is_busy_stays_until_the_longest_time_is_over(acme, clock, role):
    reader = Reader(acme, role, clock)
    assert all(reader.is_in_after(hours * HOUR) for hours in range(1, 12))
    assert reader.is_in_after(12 * HOUR - MINUTE)
    assert not reader.is_in_after(12 * HOUR + MINUTE)


def test_the_limits_are_settings(acme, clock, settings):
    settings.SESSION_IDLE, settings.SESSION_COOKIE_AGE = 3600, 5400
    assert not Reader(acme, Role.OWNER, clock).is_in_after(HOUR + MINUTE)
    reader = Reader(acme, Role.OWNER, clock_at(clock))
    assert reader.is_in_after(50 * MINUTE)
    assert not reader.is_in_after(91 * MINUTE)


def test_changing_something_in_a_session_does_not_make_it_longer(acme, clock):
    reader = Reader(acme, Role.OWNER, clock)
    for hours in (5, 10):
        clock.move_to(MORNING + hours * HOUR)
        session = reader.client.session
        session["something"] = hours
        session.save()
    assert Session.objects.get(pk=session.session_key).expire_date == MORNING + 12 * HOUR


def test_what_a_page_asks_by_the_clock_is_no_sign(acme, clock):
    reader = Reader(acme, Role.OWNER, clock)
    assert reader.is_in_after(7 * HOUR, **{"X-Unattended": "1"})
    assert not reader.is_in_after(8 * HOUR + MINUTE, **{"X-Unattended": "1"})


def test_who_became_a_client_has_a_clients_time_from_the_next_sign_on(acme, zeta, clock):
    reader = Reader(acme, Role.OWNER, clock)
    with zeta:
        Member.objects.create(user=reader.user, agency=zeta.agency, role=Role.CLIENT, client=zeta.client)
    assert reader.is_in_after(HOUR)
    assert not reader.is_in_after(3 * HOUR + MINUTE)


def test_a_session_is_noted_at_once_and_then_every_few_minutes(acme, clock):
    reader = Reader(acme, Role.OWNER, clock)
    reader.is_in_after(MINUTE)
    first = UserSession.objects.get(user=reader.user)
    reader.is_in_after(4 * MINUTE)
    assert UserSession.objects.get(user=reader.user).last_seen_at == first.last_seen_at
    reader.is_in_after(7 * MINUTE)
    assert UserSession.objects.get(user=reader.user).last_seen_at == MORNING + 7 * MINUTE


def test_the_list_holds_living_sessions_only(acme, clock):
    old = Reader(acme, Role.OWNER, clock)
    clock.move_to(MORNING + 9 * HOUR)
    new = Client()
    new.force_login(old.user)
    new.get("/me/")
    assert [each.session_key for each in sessions_of(old.user.pk)] == [new.session.session_key]
    assert new.get("/me/").context["sessions"] == 1
    assert len(new.get("/accounts/sessions/").context["sessions"]) == 1


@pytest.mark.parametrize(("language", "said"), [("en", "Your session has ended"), ("zh-hans", "登录状态已结束")])
def test_the_sign_in_page_says_once_what_happened_and_leads_back(acme, clock, language, said):
    reader = Reader(acme, Role.OWNER, clock)
    reader.client.cookies["django_language"] = language
    clock.move_to(MORNING + 9 * HOUR)
    away = reader.client.get("/acme/inbox/", headers={"HX-Request": "true"})
    assert away["HX-Redirect"] == "/accounts/login/?next=/acme/inbox/"
    assert away["Clear-Site-Data"] == '"cache", "storage"'
    page = reader.client.get(away["HX-Redirect"])
    assert said in page.content.decode()
    assert said not in reader.client.get("/accounts/login/").content.decode()


def test_strangers_and_people_who_signed_out_hear_nothing(acme, clock):
    assert "session has ended" not in Client().get("/accounts/login/").content.decode()
    reader = Reader(acme, Role.OWNER, clock)
    answer = reader.client.post("/accounts/logout/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    page = reader.client.get(answer["Location"])
    assert "session has ended" not in page.content.decode()
    assert not page.has_header("Clear-Site-Data")


def test_keys_of_sessions_do_not_lie_in_the_cache(acme, clock):
    reader = Reader(acme, Role.OWNER, clock)
    reader.is_in_after(MINUTE)
    key = reader.client.session.session_key
    names = [name.decode() for name in cache._cache.get_client().keys("*")]
    assert names and not [name for name in names if key in name]


def test_ended_sessions_are_forgotten_and_living_ones_kept(acme, clock):
    old = Reader(acme, Role.OWNER, clock)
    clock.move_to(MORNING + 9 * HOUR)
    new = Client()
    new.force_login(old.user)
    new.get("/me/")
    assert forget_sessions() == 1
    key = new.session.session_key
    assert list(Session.objects.values_list("pk", flat=True)) == [key]
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [key]
