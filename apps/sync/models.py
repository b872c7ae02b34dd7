"""The record of everything that came in and goes out. PostgreSQL is the queue; Celery only rings the bell."""

import re
from datetime import UTC, datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.changes import Moment
from apps.core.models import uuid7
from apps.core.tenancy import TenantModel, tied
from apps.sync.rows import DATASETS, LABELS

REGULAR = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")  # the slot of a stream's own beat
PUSHED = re.compile(r"([a-z_]+) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")


def file_title(name: str) -> str:
    """A file by its name; what a program pushed by what it holds and when, by the reader's clock."""
    found = PUSHED.fullmatch(name)
    if not found or found[1] not in LABELS:
        return name
    at = timezone.localtime(datetime.fromisoformat(found[2]).replace(tzinfo=UTC))
    return f"{LABELS[found[1]]} {at:%Y-%m-%d %H:%M}"


class Connection(TenantModel):
    """One set of credentials at one source, for one store."""

    portal_may = ("SELECT",)

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        NEEDS_OWNER = "needs_owner", _("Needs you")
        PAUSED = "paused", _("Paused")
        REVOKED = "revoked", _("Disconnected")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = tied("accounts.Store", related_name="connections")
    kind = models.CharField(max_length=20)  # a key of sync.sources.SOURCES
    label = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.ACTIVE)
    problem = models.TextField(blank=True)  # the source's own words
    credentials = models.TextField(blank=True)  # v1.<key id>.<nonce>.<wrapped key>.<ciphertext>, see core.crypto
    authorised_at = models.DateTimeField(null=True, blank=True)  # consent lapses after 365 days
    application = models.CharField(max_length=200, blank=True)  # client id of an application of the agency's own
    secret_since = models.DateField(null=True, blank=True)  # since when its client secret is valid: 180 days at most
    last_ok_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("connection"), _("connections")
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="connection_tie"),
            models.UniqueConstraint(
                fields=["agency", "store", "kind"],
                condition=~models.Q(state="revoked"),
                name="one_connection_per_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.label or f"{self.kind} {self.store_id}"


class Stream(TenantModel):
    """One dataset of one connection: what we promised, how far we are. Its cursor moves with the rows it covers."""

    portal_may = ("SELECT",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = tied("sync.Connection", related_name="streams")
    store = tied("accounts.Store", related_name="+")
    dataset = models.CharField(max_length=30)  # a key of Source.datasets
    marketplace = models.CharField(max_length=2, blank=True)  # empty: one stream for all sites of the store
    every = models.PositiveIntegerField()  # seconds between slots
    promise = models.PositiveIntegerField()  # seconds: older than this is late
    cursor = models.CharField(max_length=400, blank=True)
    reached = models.DateTimeField(null=True, blank=True)  # facts hold everything up to here
    fresh_at = models.DateTimeField(null=True, blank=True)  # last success
    backfilled_to = models.DateTimeField(null=True, blank=True)  # history is complete from here on
    rows = models.BigIntegerField(default=0)
    active = models.BooleanField(default=True)
    failures = models.PositiveIntegerField(default=0)  # in a row

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="stream_tie"),
            models.UniqueConstraint(
                fields=["agency", "connection", "dataset", "marketplace"],
                name="one_stream",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Dataset and site, as people call them."""
        return f"{DATASETS.get(self.dataset, self.dataset)} {self.marketplace}".strip()


FAULTS = {
    "try_later": _("Tried again by itself"),
    "needs_owner": _("Needs you"),
    "unreadable": _("Unreadable file"),
    "crash": _("Our fault"),
}
STEPS = {"starting": _("Starting"), "asking": _("Asking"), "loading": _("Loading"), "waiting": _("Waiting")}


class Run(TenantModel):
    """One piece of work: bring one window of one stream. Unique per slot, leased by one worker at a time."""

    portal_may = ("SELECT",)

    class State(models.TextChoices):
        DUE = "due", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        EMPTY = "empty", _("Nothing new")
        NEEDS_OWNER = "needs_owner", _("Needs you")
        QUARANTINED = "quarantined", _("Unreadable file")
        DEAD = "dead", _("Given up")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stream = tied("sync.Stream", related_name="runs")
    store = tied("accounts.Store", related_name="+")
    slot = models.CharField(max_length=80)  # e.g. "2026-11-24T10:00Z", "backfill:2026-01-01", "manual:<id>"
    state = models.CharField(max_length=12, choices=State.choices, default=State.DUE)
    priority = models.SmallIntegerField(default=50)  # smaller first
    since = models.DateTimeField()
    until = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)  # counted before the work begins: a crash counts
    crashes = models.PositiveIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    cursor = models.CharField(max_length=400, blank=True)  # e.g. the report id, so that a restart resumes it
    step = models.CharField(max_length=40, blank=True)  # what it is doing, for the live page
    rows = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(default=0)
    documents = models.PositiveIntegerField(default=0)
    unlinked = models.JSONField(default=list)  # shops we were told of but nobody has linked: shown, never lost
    error = models.TextField(blank=True)
    error_kind = models.CharField(max_length=40, blank=True)
    errors = models.JSONField(default=list)  # line errors: [{"line", "column", "value", "problem"}]
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(db_default=Moment(), editable=False)  # kept by the table's trigger
    requested_by = tied("accounts.Member", null=True, blank=True, related_name="+")

    class Meta:
        verbose_name, verbose_name_plural = _("run"), _("runs")
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="run_tie"),
            models.UniqueConstraint(fields=["agency", "stream", "slot"], name="one_run_per_slot"),
        ]
        indexes = [
            models.Index(fields=["agency", "state", "due_at"], name="run_due"),
            models.Index(fields=["agency", "stream", "-created_at"], name="run_history"),
            models.Index(fields=["agency", "changed_at", "id"], name="run_by_change"),
        ]

    def __str__(self) -> str:
        return self.slot_label

    @property
    def slot_label(self) -> str:
        """Why it runs, in words; its slot is a key."""
        kind, _colon, rest = self.slot.partition(":")
        match kind:
            case "backfill":
                return gettext("History from %(day)s") % {"day": rest}
            case "pull":
                first, last, *_at = rest.split(":")
                return gettext("Asked for: %(first)s – %(last)s") % {"first": first, "last": last}
            case "upload":
                return gettext("Imported file")
        begun = timezone.localtime(datetime.fromisoformat(self.slot) if REGULAR.match(self.slot) else self.due_at)
        return gettext("Regular, %(time)s") % {"time": f"{begun:%m-%d %H:%M}"}

    @property
    def error_label(self) -> str:
        """Who has to act on its error."""
        return str(FAULTS.get(self.error_kind, self.error_kind))

    @property
    def step_label(self) -> str:
        """Where it is, in words."""
        return str(STEPS.get(self.step, self.step))


class StoredDocument(TenantModel):
    """Raw bytes as received, kept by hash before they are read. The same bytes are never loaded twice.

    `applied_at` null: not (yet) in the facts; then `quarantine` may say why.
    """

    portal_may = ("SELECT", "INSERT")  # clients leave files; the agency loads them

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = tied("sync.Connection", related_name="+")
    store = tied("accounts.Store", related_name="+")
    run = tied("sync.Run", null=True, blank=True, related_name="stored")
    name = models.CharField(max_length=200)
    row = models.CharField(max_length=30)  # a key of sync.rows.ROW_TYPES
    digest = models.CharField(max_length=64)  # SHA-256 of the decompressed bytes
    size = models.BigIntegerField()
    path = models.CharField(max_length=300)  # in document storage
    encoding = models.CharField(max_length=20, blank=True)
    media_type = models.CharField(max_length=60, blank=True)
    marketplaces = models.JSONField(default=list)
    as_of = models.DateTimeField()
    first = models.DateField(null=True, blank=True)
    last = models.DateField(null=True, blank=True)
    rows = models.BigIntegerField(default=0)
    received_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    quarantine = models.TextField(blank=True)
    errors = models.JSONField(default=list)
    columns = models.JSONField(default=dict, blank=True)  # as ColumnMap's when it was loaded; {}: by its own names
    uploaded_by = tied("accounts.Member", null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField(db_default=Moment(), editable=False)  # kept by the table's trigger

    class Meta:
        verbose_name, verbose_name_plural = _("document"), _("documents")
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="document_tie"),
            models.UniqueConstraint(fields=["agency", "connection", "row", "digest"], name="stored_once"),
        ]
        indexes = [
            models.Index(fields=["agency", "store", "-received_at"], name="document_by_store"),
            models.Index(fields=["agency", "changed_at", "id"], name="document_by_change"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Its name as people read it."""
        return file_title(self.name)

    @property
    def row_label(self) -> str:
        """What its rows are, as people call it."""
        return str(LABELS.get(self.row, self.row))


class ColumnMap(TenantModel):
    """What a person has said of files with one set of columns: remembered for the next file that has the same."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=64)  # of the header's cells, in whatever order
    header = models.JSONField(default=list)  # as in the file it was said of
    dataset = models.CharField(max_length=30)
    columns = models.JSONField(default=dict)  # our name → the header's
    by = tied("accounts.Member", null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("column mapping"), _("column mappings")
        constraints = [models.UniqueConstraint(fields=["agency", "digest"], name="one_map_per_header")]

    def __str__(self) -> str:
        return ", ".join(self.header)


class Command(TenantModel):
    """Something to be changed outside: decided, approved, then sent. Nothing else changes anything there."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PREVIEWED = "previewed", _("Previewed")
        APPROVED = "approved", _("Approved")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        CONFIRMED = "confirmed", _("Confirmed")
        AMBIGUOUS = "ambiguous", _("Unclear")
        CONFLICT = "conflict", _("Conflict")
        FAILED = "failed", _("Failed")
        UNDONE = "undone", _("Undone")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = tied("sync.Connection", related_name="+")
    store = tied("accounts.Store", related_name="+")
    kind = models.CharField(max_length=40)
    target = models.CharField(max_length=120)
    key = models.CharField(max_length=80)  # idempotency
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    by = tied("accounts.Member", null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "key"], name="one_command_per_key")]


class WebhookEndpoint(TenantModel):
    """Where an agency wants to be told. The secret is encrypted like a connection's credentials."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    url = models.URLField(max_length=500)
    events = models.JSONField(default=list)  # event names; empty: all
    secret = models.TextField()
    old_secret = models.TextField(blank=True)  # also signed with while rotating
    active = models.BooleanField(default=True)
    failures = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = tied("accounts.Member", null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "id"], name="webhook_tie")]


class WebhookDelivery(TenantModel):
    """One event for one endpoint: the row is written with the event, sent afterwards, and can be replayed."""

    class State(models.TextChoices):
        DUE = "due", _("Waiting")
        SENT = "sent", _("Delivered")
        DEAD = "dead", _("Given up")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)  # the `webhook-id`
    endpoint = tied("sync.WebhookEndpoint", related_name="deliveries")
    event = models.CharField(max_length=60)
    payload = models.JSONField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.DUE)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("webhook delivery"), _("webhook deliveries")
        indexes = [models.Index(fields=["agency", "state", "due_at"], name="delivery_due")]


class Destination(TenantModel):
    """Where Amazon is to deliver a store's notifications, and how far we are with that. One per store.

    It outlives the connection: what the seller's account was subscribed to is deleted after a connection is closed,
    and made again when the store is connected again. Amazon's ids hold for one application only.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = tied("accounts.Store", related_name="+")
    connection = tied("sync.Connection", related_name="destinations")
    wanted = models.BooleanField(default=True)
    replace = models.BooleanField(default=False)  # also what is subscribed already, but delivers elsewhere
    queue = models.CharField(max_length=300, blank=True)  # arn:aws:sqs:<region>:<account>:<name>
    bus_account = models.CharField(max_length=12, blank=True)
    bus_region = models.CharField(max_length=30, blank=True)
    queue_number = models.CharField(max_length=120, blank=True)  # Amazon's destinationId
    bus_number = models.CharField(max_length=120, blank=True)
    application = models.CharField(max_length=150, blank=True)  # the client id they were made with
    farewell = models.TextField(blank=True)  # sealed: keys of an application that has subscriptions to delete yet
    due_at = models.DateTimeField(null=True, blank=True)  # when Amazon is asked next; null: not before somebody acts
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)  # without success, in a row
    checked_at = models.DateTimeField(null=True, blank=True)  # Amazon and we agreed
    problem = models.TextField(blank=True)
    problem_kind = models.CharField(max_length=20, blank=True)  # a key of FAULTS
    trial = models.BooleanField(default=False)  # Amazon is to send a test, once all else is done
    tried_at = models.DateTimeField(null=True, blank=True)
    secret = models.TextField(blank=True)  # sealed: the key by which we read the queue ourselves
    read_at = models.DateTimeField(null=True, blank=True)
    read_until = models.DateTimeField(null=True, blank=True)  # lease of the reader
    read_problem = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="destination_tie"),
            models.UniqueConstraint(fields=["agency", "store"], name="one_destination"),
        ]
        indexes = [models.Index(fields=["agency", "due_at"], name="destination_due")]

    def __str__(self) -> str:
        return self.queue or f"{self.bus_account} {self.bus_region}".strip()


class Subscription(TenantModel):
    """What a seller's account is subscribed to at Amazon. Those that ended are kept: late notifications name them."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Subscribed")
        ENDING = "ending", _("Is being deleted")
        ENDED = "ended", _("Deleted")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = tied("accounts.Store", related_name="+")
    connection = tied("sync.Connection", related_name="+")
    type = models.CharField(max_length=60)
    number = models.CharField(max_length=120)  # Amazon's subscriptionId
    destination = models.CharField(max_length=120)  # Amazon's destinationId
    application = models.CharField(max_length=150, blank=True)  # the client id it was made with
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField()
    heard_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)  # a test of its type arrived
    lost_at = models.DateTimeField(null=True, blank=True)  # Amazon did not know its predecessor any more
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("subscription"), _("subscriptions")
        constraints = [
            models.UniqueConstraint(fields=["agency", "store", "type", "number"], name="subscription_once"),
            models.UniqueConstraint(
                fields=["agency", "store", "type"], condition=models.Q(state="active"), name="one_living_subscription"
            ),
        ]
        indexes = [models.Index(fields=["agency", "number"], name="sync_subscription_number")]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What it tells of, as people call it."""
        return str(NOTIFICATIONS.get(self.type, self.type))


NOTIFICATIONS = {
    "ACCOUNT_STATUS_CHANGED": _("Account status changed"),
    "LISTINGS_ITEM_ISSUES_CHANGE": _("Issues of a listing changed"),
}


class UnreadLetter(TenantModel):
    """What lay in a queue and could not be taken: kept with the reason, out of the way of what comes behind it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    destination = tied("sync.Destination", related_name="unread")
    store = tied("accounts.Store", related_name="+")
    number = models.CharField(max_length=120)  # the queue's id of the message
    body = models.TextField()
    reason = models.CharField(max_length=500)
    came_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "destination", "number"], name="unread_once"),
        ]
        indexes = [models.Index(fields=["agency", "destination", "-came_at"], name="unread_by_time")]
