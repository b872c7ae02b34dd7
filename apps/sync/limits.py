"""How often we may ask: one token bucket per application, connection and operation, shared in Valkey.

A bucket holds up to `burst` tokens and gains `rate` per second. A short wait is *reserved* (the bucket goes below
zero), so that those who wait are served in turn; a long one is not, the work goes back to its queue instead.
"""

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from redis import Redis, RedisError

from apps.sync.http import Throttled

# Published rate per second and burst of the operations that we use. Amazon may grant more or less: see `learn`.
PUBLISHED: dict[str, tuple[float, int]] = {
    "createReport": (0.0167, 15),
    "getReport": (2.0, 15),
    "getReports": (0.0222, 10),
    "getReportDocument": (0.0167, 15),
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "getInventorySummaries": (2.0, 2),
    "searchListingsItems": (5.0, 5),
    "getMarketplaceParticipations": (0.016, 15),
    "createDestination": (1.0, 5),
    "getDestinations": (1.0, 5),
    "createSubscription": (1.0, 5),
    "getSubscription": (1.0, 5),
    "deleteSubscriptionById": (1.0, 5),
    "sendTestNotification": (1.0, 5),
}
UNPUBLISHED = (1.0, 5)
# The header rounds the rate to four places (1/60 reads 0.0167): stay a little below it.
HEADROOM = 0.98
KEEP_SECONDS = 3 * 86400

# KEYS[1] bucket · ARGV rate, burst, patience, keep, cold, now ("" = the server's clock), ttl
# → {"ok", seconds to sleep} or {"no", seconds until it is worth asking again}
_TAKE = """
local now = tonumber(ARGV[6])
if not now then local t = redis.call('TIME'); now = t[1] + t[2] / 1000000 end
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'rate', 'until')
local rate = tonumber(held[3]) or tonumber(ARGV[1])
local burst, patience, keep = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local tokens = tonumber(held[1])
if not tokens then tokens = (ARGV[5] == '1') and 0 or burst end
local at = tonumber(held[2]) or now
if now > at then tokens = math.min(burst, tokens + (now - at) * rate) else now = at end
local wait = 0
if tokens < 1 + keep then wait = (1 + keep - tokens) / rate end
local frozen = tonumber(held[4])
if frozen and frozen - now > wait then wait = frozen - now end
local told = 'no'
if wait <= patience then tokens = tokens - 1; told = 'ok' end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.9f', tokens), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], ARGV[7])
return {told, string.format('%.6f', wait)}
"""

# After a 429: whatever we believed, the bucket is empty now. ARGV rate, seconds (or ""), now, ttl
_EMPTY = """
local now = tonumber(ARGV[3])
if not now then local t = redis.call('TIME'); now = t[1] + t[2] / 1000000 end
local held = redis.call('HMGET', KEYS[1], 'tokens', 'rate')
local rate = tonumber(held[2]) or tonumber(ARGV[1])
local tokens = math.min(0, tonumber(held[1]) or 0)
local wait = tonumber(ARGV[2]) or (1 / rate)
redis.call('HSET', KEYS[1], 'tokens', string.format('%.9f', tokens), 'at', string.format('%.6f', now),
  'until', string.format('%.6f', now + wait))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return string.format('%.6f', wait)
"""


@dataclass(frozen=True)
class Bucket:
    """Whose limit it is. `application` is our client id: two customers of ours share nothing else."""

    application: str
    connection: str
    operation: str

    @property
    def key(self) -> str:
        return f"rate:{self.application}:{self.connection}:{self.operation}"

    @property
    def published(self) -> tuple[float, int]:
        return PUBLISHED.get(self.operation, UNPUBLISHED)


class Limiter:
    """`cold_start_empty`: an unknown bucket counts as used up, because a restart must not double a burst.

    `clock` (seconds) is for tests; without it the time of the Valkey server counts, one clock for all workers.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        cold_start_empty: bool = False,
        patience: float = 3.0,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.redis = redis
        self.cold = cold_start_empty
        self.patience = patience
        self.clock = clock
        self.sleep = sleep
        self._take = redis.register_script(_TAKE)
        self._empty = redis.register_script(_EMPTY)

    def reserve(self, bucket: Bucket, *, keep: int = 0, patience: float | None = None) -> tuple[bool, float]:
        """(True, seconds to sleep before calling) or (False, seconds after which to ask again).

        `keep` leaves that many tokens to more important work of the same connection.
        """
        rate, burst = bucket.published
        args: list[str | int | float] = [
            rate * HEADROOM,
            burst,
            self.patience if patience is None else patience,
            min(keep, burst - 1),
            int(self.cold),
            self._now(),
            KEEP_SECONDS,
        ]
        try:
            told, wait = self._take(keys=[bucket.key], args=args)
        except RedisError:
            raise Throttled(f"{bucket.operation}: the shared rate limit cannot be read", 10) from None
        return told in (b"ok", "ok"), float(wait)

    def acquire(self, bucket: Bucket, *, keep: int = 0) -> None:
        """Take one token, sleeping for a moment if need be. Raises Throttled(seconds) where that is not enough."""
        granted, wait = self.reserve(bucket, keep=keep)
        if not granted:
            jitter = random.uniform(0, min(5.0, 0.1 * wait))
            raise Throttled(f"{bucket.operation}: next call in {math.ceil(wait)} s", wait + jitter)
        if wait > 0:
            self.sleep(wait)

    def learn(self, bucket: Bucket, headers: Mapping[str, str]) -> None:
        """Take over the rate that an answer names (it is a rate per second: neither burst nor what is left)."""
        try:
            rate = float(headers.get("x-amzn-ratelimit-limit", ""))
        except ValueError:
            return
        if not 0.0001 <= rate <= 1000:
            return
        try:
            self.redis.hset(bucket.key, "rate", f"{rate * HEADROOM:.9f}")
            self.redis.expire(bucket.key, KEEP_SECONDS)
        except RedisError:
            return

    def exhausted(self, bucket: Bucket, seconds: float | None = None) -> float:
        """After a 429: empty the bucket and close it for `seconds`, or for as long as one token takes."""
        args = [
            bucket.published[0] * HEADROOM,
            "" if seconds is None else seconds,
            self._now(),
            KEEP_SECONDS,
        ]
        try:
            return float(self._empty(keys=[bucket.key], args=args))
        except RedisError:
            return seconds or 1 / bucket.published[0]

    def _now(self) -> str:
        return "" if self.clock is None else f"{self.clock():.6f}"
