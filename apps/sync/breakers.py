"""Who does not answer is left in peace: one breaker per connection and operation, shared in Valkey.

Some failures in a row that are the other side's (5xx, hangs) open it. Then nobody asks, until one call may probe: if
that is answered the breaker closes, else it stays open for twice as long. A lost Valkey forgets it: we merely ask again.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis, RedisError

from apps.sync.http import Transient
from apps.sync.source import SourceError, TryLater

FAILURES = 5  # in a row open it
FIRST_SECONDS, MOST_SECONDS = 60, 900  # how long it stays open: twice as long after each probe that failed
PROBE_SECONDS = 90  # longer than any call takes: a prober that is not back by then has died
COME_BACK = 20  # while another one probes
KEEP_SECONDS = 86_400

# One hash per connection, several fields per operation. KEYS[1] breakers · ARGV operation, now ("" = the server's clock), probe
# seconds, come back
# → {"go", 0, since} or {"no", seconds until it is worth asking again, since}
_ASK = """
local op, now = ARGV[1], tonumber(ARGV[2])
if not now then local t = redis.call('TIME'); now = t[1] + t[2] / 1000000 end
local held = redis.call('HMGET', KEYS[1], op .. ':until', op .. ':probe', op .. ':since')
local till, probe, since = tonumber(held[1]), tonumber(held[2]), held[3] or ''
if not till then return {'go', '0', since} end
if till > now then return {'no', tostring(till - now), since} end
if probe and probe > now then return {'no', tostring(math.min(probe - now, tonumber(ARGV[4]))), since} end
redis.call('HSET', KEYS[1], op .. ':probe', string.format('%.3f', now + tonumber(ARGV[3])))
return {'go', '0', since}
"""

# ARGV operation, now, failures, first, most, ttl
_FAILED = """
local op, now = ARGV[1], tonumber(ARGV[2])
if not now then local t = redis.call('TIME'); now = t[1] + t[2] / 1000000 end
local count = redis.call('HINCRBY', KEYS[1], op .. ':failures', 1)
redis.call('HSETNX', KEYS[1], op .. ':since', string.format('%.3f', now))
local held = redis.call('HMGET', KEYS[1], op .. ':until', op .. ':pause')
local till, pause = tonumber(held[1]), tonumber(held[2])
if count >= tonumber(ARGV[3]) and not (till and till > now) then
  pause = math.min(pause and 2 * pause or tonumber(ARGV[4]), tonumber(ARGV[5]))
  redis.call('HSET', KEYS[1], op .. ':pause', pause, op .. ':until', string.format('%.3f', now + pause))
  redis.call('HDEL', KEYS[1], op .. ':probe')
end
redis.call('EXPIRE', KEYS[1], ARGV[6])
return count
"""
FIELDS = ("failures", "since", "until", "pause", "probe")


class Resting(TryLater):
    """Not asked at all: the other side has not answered for a while. That is nobody's attempt."""


@dataclass(frozen=True)
class Silence:
    """An operation of a connection that is not asked now. `again`: when one call may try; in the past: one is due."""

    connection: str
    operation: str
    since: datetime
    again: datetime


class Breaker:
    """`connection` is "agency:connection", as tokens have it.

    `clock` (seconds since 1970) is for tests; without it the time of the Valkey server counts, one for all workers.
    """

    def __init__(self, redis: Redis, *, clock: Callable[[], float] | None = None) -> None:
        self.redis, self.clock = redis, clock
        self._ask = redis.register_script(_ASK)
        self._failed = redis.register_script(_FAILED)

    @contextmanager
    def watch(self, connection: str, operation: str) -> Iterator[None]:
        """Lets one call through and learns from how it ends. Raises Resting where it should not be made."""
        self.ask(connection, operation)
        try:
            yield
        except SourceError as error:
            self._learn(connection, operation, error)
            raise
        except BaseException:
            self._give_back(connection, operation)
            raise
        self.answered(connection, operation)

    def ask(self, connection: str, operation: str) -> None:
        """Raises Resting(seconds) while open. One call in a while may pass: it probes."""
        try:
            told, wait, since = self._ask(
                keys=[_key(connection)], args=[operation, self._now(), PROBE_SECONDS, COME_BACK]
            )
        except RedisError:
            return
        if told in (b"no", "no"):
            begun = f"{_moment(since):%Y-%m-%d %H:%M} UTC"
            seconds = max(1.0, float(wait))
            raise Resting(f"{operation} has not answered since {begun}: tried again in {math.ceil(seconds)} s", seconds)

    def failed(self, connection: str, operation: str) -> None:
        """One more failure of theirs."""
        args = [operation, self._now(), FAILURES, FIRST_SECONDS, MOST_SECONDS, KEEP_SECONDS]
        try:
            self._failed(keys=[_key(connection)], args=args)
        except RedisError:
            return

    def answered(self, connection: str, operation: str) -> None:
        """They answer, whatever it was: closed."""
        self._drop(connection, *(f"{operation}:{field}" for field in FIELDS))

    def silences(self, connections: Sequence[str]) -> list[Silence]:
        """What is not asked now on some connections, in one round trip; nothing where Valkey cannot be read."""
        pipe = self.redis.pipeline(transaction=False)
        for connection in connections:
            pipe.hgetall(_key(connection))
        try:
            answers = pipe.execute() if connections else []
        except RedisError:
            return []
        return [each for pair in zip(connections, answers, strict=True) for each in _silences(*pair)]

    def _learn(self, connection: str, operation: str, error: SourceError) -> None:
        """Only what came from this very call counts: a refused token or a full bucket says nothing about it."""
        call = error.call
        if call is None or call.operation != operation:
            self._give_back(connection, operation)
        elif isinstance(error, Transient) and not 400 <= call.status < 500:
            self.failed(connection, operation)
        else:
            self.answered(connection, operation)

    def _give_back(self, connection: str, operation: str) -> None:
        """The probe was not made: the next one may."""
        self._drop(connection, f"{operation}:probe")

    def _now(self) -> str:
        return "" if self.clock is None else f"{self.clock():.3f}"

    def _drop(self, connection: str, *fields: str) -> None:
        try:
            self.redis.hdel(_key(connection), *fields)
        except RedisError:
            return


def _key(connection: str) -> str:
    return f"breaker:{connection}"


def _silences(connection: str, held: dict[Any, Any]) -> Iterator[Silence]:
    kept = {_text(name): _text(value) for name, value in held.items()}
    for name, value in sorted(kept.items()):
        operation, _colon, field = name.rpartition(":")
        if field == "until" and f"{operation}:since" in kept:
            again = max(float(value), float(kept.get(f"{operation}:probe", 0)))
            yield Silence(connection, operation, _moment(kept[f"{operation}:since"]), _moment(again))


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(float(seconds or 0), UTC)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
