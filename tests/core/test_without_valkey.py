"""Valkey is away: people and programs go on, PostgreSQL holds all there is."""

import pytest
from django.core.cache import cache, caches
from django.test import Client
from redis import ConnectionError as Unreachable

from apps.core.permissions import SCOPES, Role
from config.caches import _Client
from tests.core.test_rest import Api, key_for


@pytest.fixture
def away(settings):
    """Nobody listens there."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/1"}}
    yield
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


def test_what_a_caller_hears(away):
    assert (cache.get("a"), cache.get("a", 7), cache.get_many(["a"]), "a" in cache) == (None, 7, {}, False)
    assert (cache.add("a", 1), cache.incr("a"), cache.touch("a")) == (True, 1, False)
    cache.set("a", 1)
    cache.set_many({"a": 1})


def test_ending_something_is_not_forgiven(away):
    with pytest.raises(Unreachable):
        cache.delete("session")


def test_it_is_asked_again_after_a_moment(away, monkeypatch):
    cache.get("a")
    asked = []
    monkeypatch.setattr(type(caches["default"]._cache), "get_client", lambda *_a, **_k: asked.append(1) or 1 / 0)
    assert cache.get("a") is None
    assert not asked
    _Client.resting_until = 0.0
    with pytest.raises(ZeroDivisionError):
        cache.get("a")
