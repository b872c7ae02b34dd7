"""Valkey is away: people and programs go on, PostgreSQL holds all there is."""

import pytest
import time_machine
from django.core.cache import cache, caches
from django.test import Client
from redis import ConnectionError as Unreachable

from apps.core.permissions import SCOPES, Role
from config.caches import ALONE, _Client
from tests.core.test_rest import Api, key_for


@pytest.fixture
def away(settings):
    """Nobody listens there."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/1"}}
    ALONE.clear()
    yield
    ALONE.clear()
    _Client.resting_until = 0.0


def test_pages_api_and_health_answer(acme, client, request):
    client.force_login(acme.user(Role.OWNER))
    request.getfixturevalue("away")
    assert client.get("/acme/").status_code == 200
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").json()["checks"] == {"postgresql": True, "valkey": False, "migrations": True}
    assert Client().get("/accounts/login/").status_code == 200
    api = Api(key_for(acme, *SCOPES))
    assert api.get("/api/v1/stores").status_code == 200


def test_a_process_goes_on_by_itself(away):
    assert (cache.get("a"), cache.get("a", 7), cache.get_many(["a"]), "a" in cache) == (None, 7, {}, False)
    assert (cache.add("a", 1), cache.add("a", 1), cache.incr("a"), cache.touch("a")) == (True, False, 2, True)
    assert (cache.incr("begun-in-valkey"), cache.incr("begun-in-valkey")) == (1, 2)
    cache.set("b", 1, 0)
    cache.set_many({"c": 1})
    assert cache.get_many(["a", "b", "c"]) == {"a": 2, "c": 1}
    assert (cache.delete("a"), cache.delete("a")) == (True, False)
    cache.delete_many(["c"])
    assert cache.get("c") is None


def test_a_key_has_so_many_calls_a_minute_also_then(acme, away):
    with time_machine.travel("2026-03-02T12:00:30Z", tick=False):
        api = Api(key_for(acme, "stores:read", "stores:all", per_minute=2))
        assert [api.get("/api/v1/stores").status_code for _call in range(3)] == [200, 200, 429]


def test_emptying_it_is_not_forgiven(away):
    with pytest.raises(Unreachable):
        cache.clear()


def test_it_is_asked_again_after_a_moment(away, monkeypatch):
    cache.get("a")
    asked = []
    monkeypatch.setattr(type(caches["default"]._cache), "get_client", lambda *_a, **_k: asked.append(1) or 1 / 0)
    assert cache.get("a") is None
    assert not asked
    _Client.resting_until = 0.0
    with pytest.raises(ZeroDivisionError):
        cache.get("a")
