"""The console's first page: is the platform well, for everyone?"""

from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Agency
from apps.core.admin import PLATFORM
from apps.sync.models import Connection, Run, StoredDocument

QUEUES = {
    "command": _("Commands to marketplaces"),
    "interactive": _("What people wait for"),
    "sync": _("Data sync"),
    "bulk": _("Long work"),
}
LATE = timedelta(minutes=5)


TABLES = (
    ("accounts_agency", "apartment", _("Agencies")),
    ("accounts_user", "group", _("People")),
    ("accounts_supportgrant", "support_agent", _("Support access")),
    ("sync_connection", "cable", _("Connections")),
    ("sync_run", "sync", _("Runs")),
    ("sync_storeddocument", "description", _("Documents")),
    ("sync_webhookdelivery", "webhook", _("Webhook deliveries")),
    ("accounts_marketplace", "public", _("Marketplaces")),
    ("accounts_fxrate", "currency_exchange", _("Exchange rates")),
    ("health_standard", "rule", _("Standards")),
    ("accounts_threshold", "tune", _("Thresholds")),
    ("admin_logentry", "history", _("Console log")),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The console's side bar: its own tables only; what libraries register is not worked on here."""
    start = {"title": _("Overview"), "icon": "dashboard", "link": reverse_lazy("admin:index")}
    tables = [
        {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{table}_changelist")}
        for table, icon, title in TABLES
    ]
    return [{"items": [start, *tables]}]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Agencies, queues, connections and failed documents, over all tenants; four queries."""
    now = timezone.now()
    agencies = Agency.objects.using(PLATFORM).aggregate(active=Count("pk", filter=Q(active=True)), all=Count("pk"))
    waiting = Run._base_manager.using(PLATFORM).filter(state=Run.State.DUE, due_at__lte=now)
    runs = waiting.aggregate(n=Count("pk"), late=Count("pk", filter=Q(due_at__lt=now - LATE)), oldest=Min("due_at"))
    dead = Run._base_manager.using(PLATFORM).filter(state__in=[Run.State.DEAD, Run.State.QUARANTINED]).count()
    files = StoredDocument._base_manager.using(PLATFORM).exclude(quarantine="").filter(applied_at=None).count()
    broken = Connection._base_manager.using(PLATFORM).filter(state=Connection.State.NEEDS_OWNER).count()
    tiles = [
        (_("Active agencies"), f"{agencies['active']} / {agencies['all']}", "accounts_agency"),
        (_("Runs waiting"), runs["n"], "sync_run"),
        (_("Runs late by more than 5 minutes"), runs["late"], "sync_run"),
        (_("Runs given up"), dead, "sync_run"),
        (_("Unreadable files"), files, "sync_storeddocument"),
        (_("Connections that need their owner"), broken, "sync_connection"),
    ]
    return context | {"tiles": tiles, "queues": queue_depths(), "oldest": runs["oldest"]}


def queue_depths() -> list[tuple[str, Any, int]]:
    """(name, label, messages waiting) of each Celery queue; the work itself lies in PostgreSQL."""
    broker = redis.Redis.from_url(settings.REDIS_URL)
    return [(name, label, broker.llen(name)) for name, label in QUEUES.items()]
