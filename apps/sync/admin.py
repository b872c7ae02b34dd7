"""Console tables: connections and the age of their tokens, queues, files that could not be read, webhooks."""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core.admin import ConsoleAdmin, worded
from apps.core.tenancy import tenant
from apps.sync.actions import replay
from apps.sync.actions.webhooks import EVENTS
from apps.sync.models import FAULTS, Connection, Run, StoredDocument, WebhookDelivery
from apps.sync.rows import LABELS
from apps.sync.sources import SOURCES

CONSENT_DAYS = 365  # Amazon's consent lapses after a year
STATES = {"active": "success", "needs_owner": "warning", "paused": "info", "revoked": "danger"}
RUNS = {"due": "info", "running": "info", "done": "success", "empty": "success"}


@admin.register(Connection)
class ConnectionAdmin(ConsoleAdmin):
    """Health of every connection. Credentials are not shown, not even encrypted."""

    list_display = ("agency", "door", "label", "health", "failures", "last_ok_at", "consent_left", "problem")
    list_filter = ("state", ("kind", worded({key: source.label for key, source in SOURCES.items()})))
    list_select_related = ("agency",)
    search_fields = ("label", "problem", "agency__name")
    fields = ("agency", "store", "door", "label", "state", "problem", "authorised_at", "last_ok_at", "failures")
    readonly_fields = ("door",)
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

    list_display = ("agency", "dataset", "why", "label", "attempts", "due_at", "step_label", "rows", "fault")
    list_filter = ("state", ("error_kind", worded(FAULTS)))
    list_select_related = ("agency", "stream")
    search_fields = ("slot", "error", "agency__name")
    fields = ("agency", "store", "stream", "why", "state", "step_label", "fault", "error", "errors", "since", "until")
    fields += ("due_at", "attempts", "crashes", "rows", "changed", "documents", "started_at", "finished_at")
    readonly_fields = ("why", "step_label", "fault")
    ordering = ("-created_at",)
    actions: ClassVar[list[str]] = ["again"]

    @display(description=_("Dataset"), ordering="stream__dataset")
    def dataset(self, run: Run) -> str:
        return run.stream.title

    @display(description=_("Slot"), ordering="slot")
    def why(self, run: Run) -> str:
        return run.slot_label

    @display(description=_("Who has to act"), ordering="error_kind")
    def fault(self, run: Run) -> str:
        return run.error_label

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

    list_display = ("agency", "title", "kind", "size", "received_at", "applied_at", "quarantine")
    list_filter = (
        ("applied_at", admin.EmptyFieldListFilter),
        ("quarantine", admin.EmptyFieldListFilter),
        ("row", worded(LABELS)),
    )
    list_select_related = ("agency",)
    search_fields = ("name", "digest", "agency__name")
    fields = (
        "agency",
        "store",
        "title",
        "kind",
        "marketplaces",
        "size",
        "rows",
        "first",
        "last",
        "as_of",
        "received_at",
    )
    fields += ("applied_at", "quarantine", "errors", "encoding", "media_type", "digest", "path", "uploaded_by")
    readonly_fields = ("title", "kind")
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

    list_display = ("agency", "what", "state", "attempts", "status", "created_at", "sent_at", "error")
    list_filter = ("state", ("event", worded(EVENTS)))
    list_select_related = ("agency",)
    exclude = ("payload",)
    ordering = ("-created_at",)

    @display(description=_("Event"), ordering="event")
    def what(self, delivery: WebhookDelivery) -> str:
        return str(EVENTS.get(delivery.event, delivery.event))


def _replay(run: Any) -> bool:
    """In the agency's own transaction and ledger, by nobody of its people."""
    with tenant(run.agency_id):
        return replay(run.pk, by=None, at=timezone.now())
