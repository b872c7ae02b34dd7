"""The kernel's own tables: the ledger, findings, jobs and saved views."""

import os
import time
import uuid

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.tenancy import TenantModel, tied


def uuid7() -> uuid.UUID:
    """A time-ordered id (RFC 9562): ids in addresses tell nothing of how many rows other agencies have."""
    stamp = time.time_ns() // 1_000_000
    rand = int.from_bytes(os.urandom(10), "big")
    value = stamp << 80 | 0x7 << 76 | (rand >> 62 & 0xFFF) << 64 | 0b10 << 62 | rand & (1 << 62) - 1
    return uuid.UUID(int=value)


class ChainHead(TenantModel):
    """Where an agency's ledger ends: one row, locked by whoever appends."""

    portal_may = ("SELECT", "INSERT", "UPDATE")

    agency = models.OneToOneField("accounts.Agency", models.CASCADE, primary_key=True, related_name="+")
    number = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="")


class Entry(TenantModel):
    """Who did what to what, when. Written in the change's own transaction, never edited; chained by hash.

    `number` counts from 1 without gaps in each agency. `digest` is SHA-256 over the previous digest and this
    entry's canonical JSON (`core.audit.canonical`), so a removed or altered entry is found by `audit.verify`.
    """

    portal_may = ("SELECT", "INSERT")

    pk = models.CompositePrimaryKey("agency", "number")
    number = models.BigIntegerField()
    at = models.DateTimeField()
    by = tied("accounts.Member", null=True, related_name="+")  # null: the house itself
    actor = models.CharField(max_length=120)  # the name as it was then
    verb = models.CharField(max_length=60)
    kind = models.CharField(max_length=60)  # label of the target's model
    target = models.CharField(max_length=120)
    title = models.CharField(max_length=200, blank=True)
    store = tied("accounts.Store", null=True, related_name="+")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "-at"], name="entry_by_time"),
            models.Index(fields=["agency", "kind", "target"], name="entry_by_target"),
            models.Index(fields=["agency", "store", "verb", "-number"], name="entry_by_verb"),
        ]


class Finding(TenantModel):
    """Something a person should look at, worth money. Opened and closed by the data, worked by people.

    Without a store it is about the agency itself: no site, no money, and never a client's to see.
    """

    portal_may = ("SELECT",)

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        SNOOZED = "snoozed", _("Snoozed")
        DISMISSED = "dismissed", _("Dismissed")
        RECOVERED = "recovered", _("Recovered")
        DONE = "done", _("Done")

    class Grade(models.TextChoices):
        MEASURED = "A", _("Measured")
        ESTIMATED = "B", _("Estimated")
        ASSUMED = "C", _("Assumed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=60)  # a key of core.findings.KINDS
    store = tied("accounts.Store", null=True, related_name="+")
    marketplace = models.CharField(max_length=2, blank=True)
    subject = models.CharField(max_length=120, blank=True)  # SKU, dataset, ... what it is about, within kind and store
    detail = models.JSONField(default=dict)  # what the kind's sentence needs
    at_stake = models.BigIntegerField(null=True)  # minor units of `currency`; null: not a matter of money
    currency = models.CharField(max_length=3, blank=True)
    rank = models.BigIntegerField(default=0)  # at_stake in the agency's currency: the order of the inbox
    grade = models.CharField(max_length=1, choices=Grade.choices, default=Grade.MEASURED)
    due = models.DateField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    snoozed_until = models.DateField(null=True)  # null while snoozed: until the metric changes
    snoozed_rank = models.BigIntegerField(null=True)
    assigned = tied("accounts.Member", null=True, related_name="+")
    reason = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "store", "kind", "marketplace", "subject"],
                condition=models.Q(state__in=["open", "snoozed", "dismissed"]),
                nulls_distinct=False,
                name="one_living_finding",
            ),
            models.CheckConstraint(
                condition=models.Q(store__isnull=False) | models.Q(marketplace="", at_stake=None, rank=0),
                name="agency_finding_without_money",
            ),
        ]
        indexes = [models.Index(fields=["agency", "state", "-rank"], name="finding_inbox")]


class Job(TenantModel):
    """Something that takes longer than a request: an export, a recalculation, an import, a bulk change."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    by = tied("accounts.Member", null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    arguments = models.JSONField(default=dict)
    done = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    note = models.CharField(max_length=200, blank=True)
    failures = models.JSONField(default=list)  # [{"what": ..., "why": ...}] per row that could not be done
    file = models.CharField(max_length=300, blank=True)  # key in document storage
    file_name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    @property
    def finished(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED, self.State.CANCELLED}


class SavedView(TenantModel):
    """A list page's filters, sort and columns under a name; private, or shared with the agency."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = tied("accounts.Member", related_name="+")
    page = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=1000)
    shared = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "member", "page", "name"], name="one_view_per_name")]


class IdempotentCall(TenantModel):
    """An API call that had its effect, and what it was answered: sent again it is not done again."""

    member = tied("accounts.Member", related_name="+")
    key = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "member", "key"], name="one_call_per_key")]
