"""Everything that runs by the clock, as one table. Each tick only rings a bell: what is due lies in PostgreSQL."""

from typing import Any

from celery.schedules import crontab
from django.conf import settings

Entry = dict[str, Any]

SCHEDULE: dict[str, Entry] = {
    # name: task, when, queue
    "sync-open-slots": {
        "task": "apps.sync.tasks.open_slots",
        "schedule": 60.0,
        "options": {"queue": "sync"},
    },
    "sync-sweep": {
        "task": "apps.sync.tasks.sweep",
        "schedule": settings.SYNC_LEASE_SECONDS / 4,
        "options": {"queue": "sync"},
    },
    "webhooks-sweep": {
        "task": "apps.sync.tasks.sweep_webhooks",
        "schedule": 15.0,
        "options": {"queue": "interactive"},
    },
    "notifications-sweep": {
        "task": "apps.sync.tasks.sweep_notifications",
        "schedule": 30.0,
        "options": {"queue": "sync"},
    },
    "jobs-sweep": {
        "task": "apps.accounts.tasks.sweep_jobs",
        "schedule": 15.0,
        "options": {"queue": "interactive"},
    },
    "rates-review": {
        "task": "apps.accounts.tasks.review_rates",
        "schedule": crontab(hour="0", minute="50"),
        "options": {"queue": "bulk"},
    },
    "sessions-forget": {
        "task": "apps.accounts.tasks.forget_sessions",
        "schedule": crontab(minute="40"),
        "options": {"queue": "bulk"},
    },
    "alerts-sweep": {
        "task": "apps.health.tasks.sweep_alerts",
        "schedule": 15.0,
        "options": {"queue": "interactive"},
    },
    "alerts-evaluate": {
        "task": "apps.health.tasks.evaluate_all",
        "schedule": crontab(minute="10,40"),
        "options": {"queue": "bulk"},
    },
    "effects-measure": {
        "task": "apps.team.tasks.measure_effects",
        "schedule": crontab(minute="35"),
        "options": {"queue": "bulk"},
    },
    "ledgers-check": {
        "task": "apps.team.tasks.check_ledgers",
        "schedule": crontab(hour="2", minute="15"),
        "options": {"queue": "bulk"},
    },
    "findings-wake": {
        "task": "apps.team.tasks.wake_findings",
        "schedule": crontab(minute="5"),
        "options": {"queue": "interactive"},
    },
    "offers-tell": {
        "task": "apps.sales.tasks.tell_all",
        "schedule": crontab(hour="3", minute="40"),
        "options": {"queue": "bulk"},
    },
    "replenishment-refresh": {
        "task": "apps.inventory.tasks.refresh_all",
        "schedule": crontab(minute="20"),
        "options": {"queue": "bulk"},
    },
    "health-refresh": {
        "task": "apps.health.tasks.refresh_all",
        "schedule": crontab(minute="40", hour="*/6"),
        "options": {"queue": "bulk"},
    },
    "papers-refresh": {
        "task": "apps.health.tasks.refresh_all_papers",
        "schedule": crontab(hour="1", minute="30"),
        "options": {"queue": "bulk"},
    },
    "papers-mails": {
        "task": "apps.health.tasks.sweep_paper_mails",
        "schedule": crontab(minute="*/10"),
        "options": {"queue": "interactive"},
    },
}
