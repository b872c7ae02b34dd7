"""Buckets in a real Valkey, with a clock that the test moves."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.conf import settings

from apps.sync.http import Throttled
from apps.sync.limits import HEADROOM, Bucket, Limiter


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def valkey():
    return redis.Redis.from_url(settings.RATES_URL)


@pytest.fixture
def bucket():
    return Bucket("app", uuid.uuid4().hex, "createReport")


def granted(limiter: Limiter, bucket: Bucket, tries: int = 40, **options) -> int:
    return sum(limiter.reserve(bucket, patience=0, **options)[0] for _ in range(tries))


def test_the_burst_then_the_published_rate(valkey, bucket):
    clock = Clock()
    limiter = Limiter(valkey, clock=clock)
    assert granted(limiter, bucket) == 15
    clock.now += 3600
    # 0.0167 per second would be 60 in an hour, but a bucket holds no more than its burst.
    assert granted(limiter, bucket) == 15
    clock.now += 301 / HEADROOM
    assert granted(limiter, bucket) == 5


def test_a_refusal_names_the_wait_and_takes_nothing(valkey, bucket):
    clock = Clock()
    limiter = Limiter(valkey, clock=clock)
    granted(limiter, bucket)
    with pytest.raises(Throttled) as caught:
        limiter.acquire(bucket)
    assert 1 / 0.0167 <= caught.value.seconds <= 70
    clock.now += 61.2
    assert granted(limiter, bucket) == 1


def test_short_waits_are_served_in_turn(valkey):
    clock, slept = Clock(), []
    bucket = Bucket("app", uuid.uuid4().hex, "getReport")
    limiter = Limiter(valkey, clock=clock, sleep=slept.append)
    for _ in range(18):
        limiter.acquire(bucket)
    assert [round(wait, 2) for wait in slept] == [0.51, 1.02, 1.53]


def test_other_connections_and_operations_have_their_own(valkey, bucket):
    limiter = Limiter(valkey, clock=Clock())
    granted(limiter, bucket)
    assert granted(limiter, Bucket("app", uuid.uuid4().hex, "createReport")) == 15
    assert granted(limiter, Bucket("app", bucket.connection, "getReport")) == 15


def test_the_rate_that_amazon_names_is_taken_over(valkey, bucket):
    clock = Clock()
    limiter = Limiter(valkey, clock=clock)
    granted(limiter, bucket)
    limiter.learn(bucket, {"x-amzn-ratelimit-limit": "2.0"})
    clock.now += 3 / HEADROOM + 0.01
    assert granted(limiter, bucket) == 6
    limiter.learn(bucket, {"x-amzn-ratelimit-limit": "nonsense"})
    clock.now += 1 / HEADROOM + 0.001
    assert granted(limiter, bucket) == 2


def test_after_a_429_the_bucket_is_closed(valkey, bucket):
    clock = Clock()
    limiter = Limiter(valkey, clock=clock)
    assert limiter.exhausted(bucket, 30) == 30
    clock.now += 29
    assert granted(limiter, bucket) == 0
    assert limiter.exhausted(bucket) == pytest.approx(1 / (0.0167 * HEADROOM))


def test_the_important_keeps_its_share_and_a_restart_may_begin_empty(valkey, bucket):
    limiter = Limiter(valkey, clock=Clock())
    assert granted(limiter, bucket, keep=5) == 10
    assert granted(limiter, bucket) == 5
    fresh = Bucket("app", uuid.uuid4().hex, "createReport")
    assert granted(Limiter(valkey, clock=Clock(), cold_start_empty=True), fresh) == 0


def test_many_workers_share_one_bucket(valkey, bucket):
    clock = Clock()
    with ThreadPoolExecutor(8) as pool:
        counts = pool.map(lambda _n: granted(Limiter(valkey, clock=clock), bucket, 10), range(8))
        assert sum(counts) == 15


def test_without_valkey_nothing_is_sent_unlimited(bucket):
    with pytest.raises(Throttled):
        Limiter(redis.Redis(port=9)).acquire(bucket)
