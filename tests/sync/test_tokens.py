"""One token for all workers, kept encrypted, asked for once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest
import redis
from django.conf import settings

from apps.core.crypto import ShortLived
from apps.sync.http import ConnectionRevoked, Http, Throttled, Transient
from apps.sync.tokens import Grant, TokenStore
from tests.sync.amazon import Reply, counter

TOKEN = Reply({"access_token": "Atza|one", "expires_in": 3600, "token_type": "bearer"})


@pytest.fixture
def amazon():
    with counter() as desk:
        desk.say("POST /auth/o2/token", TOKEN)
        yield desk


@pytest.fixture
def name():
    return f"7:{uuid.uuid4()}"


@pytest.fixture
def valkey():
    return redis.Redis.from_url(settings.RATES_URL)


def grant(amazon, refresh: str = "Atzr|r") -> Grant:
    return Grant(amazon.url + "/auth/o2/token", "client", "hush", refresh)


def tokens(amazon, name, valkey) -> TokenStore:
    http = Http(user_agent="Test/1", plain_hosts=frozenset({amazon.host}), read_seconds=1)
    return TokenStore(http, ShortLived("token", name), valkey)


def test_many_workers_ask_once(amazon, name, valkey):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _n: tokens(amazon, name, valkey).get(name, grant(amazon)), range(24)))
    assert set(found) == {"Atza|one"}
    assert amazon.asked("POST /auth/o2/token") == 1
    form = parse_qs(amazon.calls[0][2].decode())
    assert (form["grant_type"], form["refresh_token"]) == (["refresh_token"], ["Atzr|r"])


def test_what_lies_in_valkey_is_encrypted_and_bound_to_its_connection(amazon, name, valkey):
    tokens(amazon, name, valkey).get(name, grant(amazon))
    key = f"lwa:{name}:{grant(amazon).fingerprint}"
    kept = valkey.get(key)
    assert kept and b"Atza" not in kept
    assert 0 < valkey.ttl(key) <= 3600 - 120
    other = f"8:{uuid.uuid4()}"
    valkey.set(f"lwa:{other}:{grant(amazon).fingerprint}", kept)
    tokens(amazon, other, valkey).get(other, grant(amazon))
    assert amazon.asked("POST /auth/o2/token") == 2, "another connection's token was not taken"


def test_a_new_consent_or_a_refusal_asks_anew(amazon, name, valkey):
    store = tokens(amazon, name, valkey)
    store.get(name, grant(amazon))
    store.get(name, grant(amazon, "Atzr|new"))
    store.forget(name, grant(amazon))
    store.get(name, grant(amazon))
    assert amazon.asked("POST /auth/o2/token") == 3


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply({"error": "invalid_grant", "error_description": "gone"}, 400), ConnectionRevoked),
        (Reply({"error": "unauthorized_client"}, 400), ConnectionRevoked),
        (Reply({"error": "invalid_client"}, 401), ConnectionRevoked),
        (Reply({}, 500), Transient),
        (Reply({}, 429), Throttled),
        (Reply({"expires_in": 1}), Transient),
    ],
)
def test_failures_say_who_must_act(amazon, name, valkey, reply, kind):
    amazon.say("POST /auth/o2/token", reply)
    with pytest.raises(kind):
        tokens(amazon, name, valkey).get(name, grant(amazon))
    assert valkey.get(f"lwa:{name}:{grant(amazon).fingerprint}:lock") is None, "the next one need not wait"


def test_without_valkey_it_works_with_more_calls(amazon, name):
    store = tokens(amazon, name, redis.Redis(port=9))
    assert store.get(name, grant(amazon)) == store.get(name, grant(amazon)) == "Atza|one"
    assert amazon.asked("POST /auth/o2/token") == 2


def test_a_code_becomes_a_refresh_token(amazon, name):
    amazon.say("POST /auth/o2/token", Reply({"access_token": "a", "expires_in": 1, "refresh_token": "Atzr|x"}))
    assert tokens(amazon, name, None).redeem(grant(amazon), "code", "https://here/back") == "Atzr|x"
    form = parse_qs(amazon.calls[0][2].decode())
    assert (form["grant_type"], form["code"]) == (["authorization_code"], ["code"])


def test_secrets_do_not_show(amazon):
    assert "hush" not in repr(grant(amazon))
    assert "Atzr" not in repr(grant(amazon))
