"""Valkey is stopped while people work: they sign in and out, and are still locked out after wrong passwords."""

import pytest
from django.core.cache import cache
from django.test import Client

from config.caches import ALONE, _Client
from stack import valkey
from stack.place import Place
from tests.accounts.test_sign_in import LIMITS, a_factor, code_now, person, sign_in
from tests.factories import UserFactory

__all__ = ["person"]


class Server:
    """A Valkey of the test's own."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.start()

    def start(self) -> None:
        self.child = valkey.start(self.place)
        _Client.resting_until = 0.0

    def stop(self) -> None:
        self.child.popen.kill()
        self.child.popen.wait()


@pytest.fixture
def server(tmp_path, settings, db):
    place = Place("test", tmp_path)
    running = Server(place)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"{valkey.url(place)}?db=1"}}
    settings.ACCOUNT_RATE_LIMITS = LIMITS
    ALONE.clear()
    yield running
    running.stop()
    place.wipe()
    ALONE.clear()
    _Client.resting_until = 0.0


def test_people_sign_in_and_out_and_end_sessions(person, server):
    before, during = Client(), Client()
    sign_in(before, person)
    before.get("/me/")
    cache.set("there", 1)
    server.stop()
    assert cache.get("there") is None, "it is really gone"
    assert before.get("/me/").status_code == 200, "who was signed in stays so"
    assert sign_in(during, person).status_code == 302
    assert during.get("/acme/").status_code == 200
    assert "2" in during.get("/me/").content.decode()
    session = before.session.session_key
    assert during.get("/accounts/sessions/").status_code == 200
    during.post("/me/sessions/end/")
    assert before.get("/me/").status_code == 302
    copied = during.cookies["session"].value
    assert during.post("/accounts/logout/").status_code == 302
    server.start()
    assert cache.get("there") is None and cache.add("back", 1)
    for key in (session, copied):
        thief = Client()
        thief.cookies["session"] = key
        assert thief.get("/me/").status_code == 302, "what was ended does not come back with the cache"


def test_wrong_passwords_are_counted_and_others_come_in(person, server):
    server.stop()
    other = UserFactory(email="other@example.com")
    other.set_password("another quiet harbour")
    other.save()
    client = Client()
    for _attempt in range(5):
        sign_in(client, person, "wrong")
    sign_in(client, person)
    assert "_auth_user_id" not in client.session
    assert sign_in(client, other, "another quiet harbour").status_code == 302


def test_a_code_of_an_authenticator_app_counts_once(person, server):
    a_factor(person)
    server.stop()
    code, entered = code_now(), []
    for client in (Client(), Client()):
        sign_in(client, person)
        client.post("/accounts/2fa/authenticate/", {"code": code})
        entered.append("_auth_user_id" in client.session)
    assert entered == [True, False]


def test_a_full_valkey_keeps_nobody_out(person, server):
    cache._cache.get_client().config_set("maxmemory", "1")
    client = Client()
    assert sign_in(client, person).status_code == 302
    assert client.get("/acme/").status_code == 200
    assert client.post("/accounts/logout/").status_code == 302
