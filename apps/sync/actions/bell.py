"""Rings Celery. A bell that is not heard costs time, not data: the sweep finds what is due in PostgreSQL."""

from functools import partial
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from kombu.exceptions import OperationalError
from redis import RedisError

from apps.core.tenancy import acting_agency, scoped_key

log = structlog.get_logger(__name__)


def queue_of(priority: int) -> str:
    """People wait for small numbers, history may take its time."""
    if priority < 10:
        return "interactive"
    return "sync" if priority < 60 else "bulk"


def ring(run_id: Any, *, priority: int, seconds: float = 0) -> None:
    """After the commit: tell a worker that a run is due (in `seconds`)."""
    transaction.on_commit(
        partial(
            send,
            "apps.sync.tasks.run",
            queue=queue_of(priority),
            seconds=seconds,
            run_id=str(run_id),
            agency_id=acting_agency(),
        )
    )


def rung_lately(run_id: Any) -> bool:
    """Was this run's bell rung a moment ago? A long queue must not grow by itself. Without a cache: no."""
    try:
        return not cache.add(scoped_key("rung", run_id), 1, settings.SYNC_LEASE_SECONDS // 2)
    except (RedisError, OSError):
        return False


def send(name: str, *, queue: str, seconds: float = 0, **kwargs: Any) -> None:
    """Put one message on the broker; if it is not there, say so and go on."""
    try:
        current_app.send_task(name, kwargs=kwargs, queue=queue, countdown=seconds or None, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("bell_not_rung", task=name, error=str(error))
