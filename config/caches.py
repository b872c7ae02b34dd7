"""Valkey as a cache that may be missing: pages, the API and the health checks answer without it, only slower."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import ConnectionError as Unreachable
from redis import TimeoutError as Silent

log = structlog.get_logger(__name__)
REST = 1.0  # seconds in which a Valkey that did not answer is not asked again
# What a caller hears while nobody answers: nothing is known, and whoever is first may act.
SILENCE: dict[str, Callable[..., Any]] = {
    "get": lambda _key, default=None: default,
    "get_many": lambda _keys: {},
    "has_key": lambda _key: False,
    "add": lambda *_words: True,
    "set": lambda *_words: None,
    "set_many": lambda *_words: None,
    "touch": lambda *_words: False,
    "incr": lambda _key, delta: delta,
}


class _Client(RedisCacheClient):
    """Answers from SILENCE when Valkey does not. Deleting is not forgiven: a session that was ended must not come
    back with the cache."""

    resting_until = 0.0


def _forgiving(name: str) -> Callable[..., Any]:
    ask = getattr(RedisCacheClient, name)

    @wraps(ask)
    def asked(self: _Client, *words: Any) -> Any:
        if time.monotonic() >= _Client.resting_until:
            try:
                return ask(self, *words)
            except (Unreachable, Silent) as error:
                _Client.resting_until = time.monotonic() + REST
                log.warning("cache_missing", error=str(error))
        return SILENCE[name](*words)

    return asked


for _name in SILENCE:
    setattr(_Client, _name, _forgiving(_name))


class ForgivingCache(RedisCache):
    """Django's own, with a client that forgives."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client
