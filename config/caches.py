"""Valkey as a cache that may be missing: people sign in and out, pages, the API and the health checks answer without it.

Meanwhile each process counts for itself: what is limited (wrong passwords, calls of a key) or may be done once (a code of
an authenticator app) is so in each process, no longer over all of them. Nothing is kept in the cache that must be ended:
sessions lie in PostgreSQL.
"""

import time
from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import ConnectionError as Unreachable
from redis import RedisError
from redis import TimeoutError as Silent
from redis.exceptions import OutOfMemoryError as Full
from redis.exceptions import ReadOnlyError as Replica

log = structlog.get_logger(__name__)
REST = 1.0  # seconds in which a Valkey that did not answer is not asked again
# What callers send, nobody needs to be let go of early: a counter pushed out would be a limit that is none.
ALONE = LocMemCache("without-valkey", {"OPTIONS": {"MAX_ENTRIES": 100_000}})


def _counted(key: str, delta: int) -> int:
    """As Valkey's: but what it has begun to count is begun anew here."""
    ALONE.add(key, 0)
    return ALONE.incr(key, delta)


INSTEAD: dict[str, Callable[..., Any]] = {
    "get": ALONE.get,
    "get_many": ALONE.get_many,
    "has_key": ALONE.has_key,
    "add": ALONE.add,
    "set": ALONE.set,
    "set_many": ALONE.set_many,
    "touch": ALONE.touch,
    "incr": _counted,
    "delete": ALONE.delete,
    "delete_many": ALONE.delete_many,
}


class _Client(RedisCacheClient):
    """Answers from INSTEAD when Valkey does not. Emptying it is not forgiven."""

    resting_until = 0.0

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """Django's, made once: each new one would copy the table of all commands there are, for one question."""
        return self._made

    @cached_property
    def _made(self) -> Any:
        return super().get_client(write=True)


def _forgiving(name: str) -> Callable[..., Any]:
    ask = getattr(RedisCacheClient, name)

    @wraps(ask)
    def asked(self: _Client, *words: Any) -> Any:
        if time.monotonic() >= _Client.resting_until:
            try:
                return ask(self, *words)
            except (Unreachable, Silent, Full, Replica) as error:
                _Client.resting_until = time.monotonic() + REST
                log.warning("cache_missing", error=str(error))
        return INSTEAD[name](*words)

    return asked


for _name in INSTEAD:
    setattr(_Client, _name, _forgiving(_name))


class ForgivingCache(RedisCache):
    """Django's own, with a client that forgives."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client

    def answers(self) -> bool:
        """Whether Valkey itself is there."""
        try:
            return bool(self._cache.get_client(write=True).ping())
        except RedisError:
            return False
