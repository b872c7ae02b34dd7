"""Console tables: connections and the age of their tokens, queues, files that could not be read, webhooks."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.admin import AgencyAdmin
from apps.core.admin import ConsoleAdmin, worded
from apps.core.crypto import Sealed
from apps.core.tenancy import tenant
from apps.sync.actions import pause, replay, resume, rewrap
from apps.sync.actions.webhooks import EVENTS, replay_delivery
from apps.sync.domain import ages
from apps.sync.models import FAULTS, Connection, Run, StoredDocument, Stream, WebhookDelivery
from apps.sync.rows import LABELS
from apps.sync.sources import SOURCES

STATES = {"active": "success", "needs_owner": "warning", "paused": "info", "revoked": "danger"}
RUNS = {"due": "info", "running": "info", "done": "success", "empty": "success"}


@admin.register(Connection)
class ConnectionAdmin(ConsoleAdmin):
    """Health of every connection. Credentials are not shown, not even encrypted."""

    list_display = (
        "agency",
        "door",
        "label",
        "health",
        "failures",
        "last_ok_at",
        "consent_left",
        "secret_left",
        "problem",
    )
    list_filter = ("state", ("kind", worded({key: source.label for key, source in SOURCES.items()})))
    list_select_related = ("agency",)
    search_fields = ("label", "problem", "agency__name")
    fields = ("agency", "store", "door", "label", "state", "problem", "authorised_at", "last_ok_at", "failures")
    readonly_fields = ("door",)
    ordering = ("state", "-failures")
    actions: ClassVar[list[str]] = ["pause", "resume", "seal_again"]

    @admin.action(description=_("Pause"))
    def pause(self, request: HttpRequest, doors: QuerySet[Connection]) -> None:
        self._turn(request, doors.filter(state=Connection.State.ACTIVE), pause, _("%d paused."))

    @admin.action(description=_("Resume"))
    def resume(self, request: HttpRequest, doors: QuerySet[Connection]) -> None:
        states = [Connection.State.PAUSED, Connection.State.NEEDS_OWNER]
        self._turn(request, doors.filter(state__in=states), resume, _("%d go on."))

    def _turn(self, request: HttpRequest, doors: QuerySet[Connection], turn: Any, said: Any) -> None:
        """In the agency's own transaction and ledger, by nobody of its people."""
        found = list(doors)
        for door in found:
            with tenant(door.agency_id):
                turn(Connection.objects.select_related("store").get(pk=door.pk), by=None, at=timezone.now())
        self.message_user(request, said % len(found), messages.SUCCESS)

    @admin.action(description=_("Seal credentials with the newest key"))
    def seal_again(self, request: HttpRequest, doors: QuerySet[Connection]) -> None:
        """Of the chosen connections' agencies; the command rotate_credentials does it for all."""
        changed, failed = 0, []
        for agency in sorted({door.agency_id for door in doors}):
            try:
                with tenant(agency):
                    changed += rewrap()
            except Sealed:
                failed.append(str(agency))
        self.message_user(request, _("%d secrets sealed anew.") % changed, messages.SUCCESS)
        if failed:
            text = _("Their key is missing in CREDENTIAL_KEYS: agencies %s.")
            self.message_user(request, text % ", ".join(failed), messages.ERROR)

    @display(description=_("Kind"), ordering="kind")
    def door(self, connection: Connection) -> str:
        return str(SOURCES[connection.kind].label) if connection.kind in SOURCES else connection.kind

    @display(description=_("State"), label=STATES, ordering="state")
    def health(self, connection: Connection) -> tuple[str, str]:
        return connection.state, connection.get_state_display()

    @display(description=_("Consent: days left"), ordering="authorised_at")
    def consent_left(self, connection: Connection) -> int | None:
        return ages.consent_left(connection.authorised_at, timezone.now())

    @display(description=_("Client secret: days left"), ordering="secret_since")
    def secret_left(self, connection: Connection) -> int | None:
        return ages.secret_left(connection.secret_since, timezone.now().date())


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
    actions: ClassVar[list[str]] = ["again"]

    @admin.action(description=_("Send again"))
    def again(self, request: HttpRequest, deliveries: QuerySet[WebhookDelivery]) -> None:
        """Those that were given up; what has arrived or still waits stays as it is."""
        dead = list(deliveries.filter(state=WebhookDelivery.State.DEAD))
        for each in dead:
            with tenant(each.agency_id):
                replay_delivery(WebhookDelivery.objects.get(pk=each.pk), by=None, at=timezone.now())
        self.message_user(request, _("%d will be sent again.") % len(dead), messages.SUCCESS)

    @display(description=_("Event"), ordering="event")
    def what(self, delivery: WebhookDelivery) -> str:
        return str(EVENTS.get(delivery.event, delivery.event))


def _replay(run: Any) -> bool:
    """In the agency's own transaction and ledger, by nobody of its people."""
    with tenant(run.agency_id):
        return replay(run.pk, by=None, at=timezone.now())


_ROWS = Stream._base_manager.filter(agency=OuterRef("pk")).order_by().values("agency").annotate(n=Sum("rows"))
AgencyAdmin.counted["n_rows"] = Subquery(_ROWS.values("n"), output_field=BigIntegerField())
