"""Console tables: connections and the age of their tokens, queues, files that could not be read, webhooks."""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core.admin import ConsoleAdmin
from apps.core.tenancy import tenant
from apps.sync.actions import replay
from apps.sync.models import Connection, Run, StoredDocument, WebhookDelivery
from apps.sync.sources import SOURCES

CONSENT_DAYS = 365  # Amazon's consent lapses after a year
STATES = {"active": "success", "needs_owner": "warning", "paused": "info", "revoked": "danger"}
RUNS = {"due": "info", "running": "info", "done": "success", "empty": "success"}


@admin.register(Connection)
class ConnectionAdmin(ConsoleAdmin):
    """Health of every connection. Credentials are not shown, not even encrypted."""

    list_display = ("agency", "door", "label", "health", "failures", "last_ok_at", "consent_left", "problem")
    list_filter = ("state", "kind")
    list_select_related = ("agency",)
    search_fields = ("label", "problem", "agency__name")
    exclude = ("credentials",)
    ordering = ("state", "-failures")

    @display(description=_("Kind"), ordering="kind")
    def door(self, connection: Connection) -> str:
        return str(SOURCES[connection.kind].label) if connection.kind in SOURCES else connection.kind

    @display(description=_("State"), label=STATES, ordering="state")
    def health(self, connection: Connection) -> tuple[str, str]:
        return connection.state, connection.get_state_display()

    @display(description=_("Consent: days left"), ordering="authorised_at")
    def consent_left(self, connection: Connection) -> int | None:
        if connection.authorised_at is None:
            return None
        return (connection.authorised_at + timedelta(days=CONSENT_DAYS) - timezone.now()).days


@admin.register(Run)
class RunAdmin(ConsoleAdmin):
    """The queue of record: what waits, runs, failed."""

    list_display = ("agency", "dataset", "slot", "label", "attempts", "due_at", "step_label", "rows", "error_kind")
    list_filter = ("state", "error_kind")
    list_select_related = ("agency", "stream")
    search_fields = ("slot", "error", "agency__name")
    ordering = ("-created_at",)
    actions: ClassVar[list[str]] = ["again"]

    @display(description=_("Dataset"), ordering="stream__dataset")
    def dataset(self, run: Run) -> str:
        return run.stream.title

    @display(description=_("Step"))
    def step_label(self, run: Run) -> str:
        return run.step_label

    @display(description=_("State"), label=RUNS, ordering="state")
    def label(self, run: Run) -> tuple[str, str]:
        return run.state, run.get_state_display()

    @admin.action(description=_("Replay"))
    def again(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        count = sum(_replay(run) for run in runs)
        self.message_user(request, _("%d will run again.") % count, messages.SUCCESS)


@admin.register(StoredDocument)
class DocumentAdmin(ConsoleAdmin):
    """Files as they came. The console sees names, sizes and errors, not what is inside."""

    list_display = ("agency", "title", "kind", "size", "as_of", "received_at", "applied_at", "quarantine")
    list_filter = (("applied_at", admin.EmptyFieldListFilter), ("quarantine", admin.EmptyFieldListFilter), "row")
    list_select_related = ("agency",)
    search_fields = ("name", "digest", "agency__name")
    ordering = ("-received_at",)
    actions: ClassVar[list[str]] = ["again"]

    @display(description=_("File"), ordering="name")
    def title(self, document: StoredDocument) -> str:
        return document.title

    @display(description=_("Kind"), ordering="row")
    def kind(self, document: StoredDocument) -> str:
        return document.row_label

    @admin.action(description=_("Read again"))
    def again(self, request: HttpRequest, documents: QuerySet[StoredDocument]) -> None:
        runs = [document.run for document in documents.select_related("run") if document.run]
        count = sum(_replay(run) for run in runs)
        self.message_user(request, _("%d will be read again.") % count, messages.SUCCESS)


@admin.register(WebhookDelivery)
class DeliveryAdmin(ConsoleAdmin):
    """What agencies are told, and whether it arrived."""

    list_display = ("agency", "event", "state", "attempts", "status", "created_at", "sent_at", "error")
    list_filter = ("state", "event")
    list_select_related = ("agency",)
    exclude = ("payload",)
    ordering = ("-created_at",)


def _replay(run: Any) -> bool:
    """In the agency's own transaction and ledger, by nobody of its people."""
    with tenant(run.agency_id):
        return replay(run.pk, by=None, at=timezone.now())
