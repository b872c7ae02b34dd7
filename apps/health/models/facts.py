"""What Amazon counts against a seller, order by order and as its report adds it up."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core.changes import Moment
from apps.core.models import uuid7
from apps.core.tenancy import TenantModel, tied


class Operator(models.TextChoices):
    """How a rate or count must stand to its target to be good."""

    LT = "lt", "<"
    LE = "le", "≤"
    GT = "gt", ">"
    GE = "ge", "≥"
    EQ = "eq", "="


class Programme(models.TextChoices):
    """Who fulfils: Amazon, the merchant, or the merchant under Seller Fulfilled Prime."""

    AFN = "afn", _("Fulfilled by Amazon")
    MFN = "mfn", _("Fulfilled by the seller")
    SFP = "sfp", _("Seller Fulfilled Prime")


class Work(models.TextChoices):
    """Where a person is with a defect or a notice."""

    TODO = "todo", _("To do")
    DOING = "doing", pgettext_lazy("work", "In progress")
    DONE = "done", _("Done")
    NONE = "none", _("Nothing to do")


CLOSED = frozenset({Work.DONE, Work.NONE})


class Answer(models.TextChoices):
    """How far the answer to a notice is."""

    NONE = "none", _("Not answered")
    DRAFT = "draft", _("Answer being written")
    GIVEN = "given", _("Answered")


def _site(**options: object) -> models.ForeignKey:
    return models.ForeignKey(
        "accounts.Marketplace", models.PROTECT, db_index=False, db_constraint=False, related_name="+", **options
    )


class HealthDay(TenantModel):
    """One metric of one site as the marketplace's report of one local day has it.

    `total` is what was looked at (orders, packages, units), `count` what counts for the metric (defects; for tracking
    and delivery the good ones). `rate` in millionths as Amazon gives it, null when it gives none: not rated, which
    is not 0. `target` in millionths too, or a count where the metric is a count. A metric that the site's newest
    report does not name has no row of that day: it is unknown.

    Metrics: odr, odr_claims, odr_chargebacks, odr_feedback (programme afn or mfn); lsr ("" 30 days, "10d"), cancel,
    vtr, otdr, unit_otdr, invoice, invoice_defect, invoice_missing, invoice_late; policy_*; ahr, account_status (their
    word is the status); others under Amazon's own name with what it says in `raw`.
    """

    portal_may = ("SELECT",)

    class Status(models.TextChoices):
        """Amazon's own verdict; ahr and account_status have words of their own."""

        GOOD = "good", _("Good")
        BAD = "bad", _("Bad")
        NONE = "none", _("Not rated")
        UNKNOWN = "unknown", _("Unknown")
        GREAT = "great", _("Healthy")
        WARNED = "warned", _("Warned")
        NORMAL = "normal", pgettext_lazy("account status", "Normal")
        AT_RISK = "at_risk", _("At risk")
        DEACTIVATED = "deactivated", _("Deactivated")

    pk = models.CompositePrimaryKey("agency", "store", "marketplace", "metric", "programme", "date")
    store = tied("accounts.Store", related_name="+", db_index=False)
    marketplace = _site()
    metric = models.CharField(max_length=60)
    programme = models.CharField(max_length=10, blank=True)
    date = models.DateField()
    total = models.BigIntegerField(null=True)
    count = models.BigIntegerField(null=True)
    rate = models.BigIntegerField(null=True)
    target = models.BigIntegerField(null=True)
    operator = models.CharField(max_length=2, choices=Operator.choices, blank=True)
    status = models.CharField(max_length=30, blank=True)
    window_first = models.DateField(null=True)
    window_last = models.DateField(null=True)
    raw = models.CharField(max_length=2000, blank=True)  # JSON of a metric nobody here knows
    as_of = models.DateTimeField()
    changed_at = models.DateTimeField(db_default=Moment(), editable=False)  # kept by the table's trigger

    class Meta:
        indexes = [
            models.Index(fields=["agency", "date"], name="healthday_by_date"),
            models.Index(fields=["agency", "changed_at"], name="healthday_by_change"),
        ]


class Defect(TenantModel):
    """Something one order did wrong in Amazon's eyes. Loaders write the facts, people `owner`, `state` and `note`.

    `ordered_on` is the UTC day, as the windows of Amazon's report are; null: the order is not known here.
    `withdrawn_on`: the claim was denied or withdrawn, the feedback removed; after that day it does not count.
    """

    portal_may = ("SELECT",)
    portal_hides = ("owner", "note")

    class Kind(models.TextChoices):
        FEEDBACK = "feedback", _("Negative feedback")
        CLAIM = "claim", _("A-to-z claim")
        CHARGEBACK = "chargeback", _("Chargeback")
        LATE = "late", _("Shipped late")
        CANCELLED = "cancelled", _("Cancelled by the seller")
        UNTRACKED = "untracked", _("No valid tracking")
        UNDELIVERED = "undelivered", _("Delivered late")
        INVOICE = "invoice", _("Invoice missing or late")

    pk = models.CompositePrimaryKey("agency", "store", "order_id", "kind")
    store = tied("accounts.Store", related_name="+", db_index=False)
    order_id = models.CharField(max_length=40)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    marketplace = _site()
    programme = models.CharField(max_length=3, choices=Programme.choices, blank=True)
    sku = models.CharField(max_length=60, blank=True)
    ordered_on = models.DateField(null=True)
    reported_on = models.DateField(null=True)
    withdrawn_on = models.DateField(null=True)
    as_of = models.DateTimeField()
    owner = tied("accounts.Member", null=True, related_name="+")
    state = models.CharField(max_length=5, choices=Work.choices, default=Work.TODO, db_default=Work.TODO)
    note = models.TextField(blank=True, default="", db_default="")
    changed_at = models.DateTimeField(db_default=Moment(), editable=False)  # kept by the table's trigger

    class Meta:
        indexes = [
            models.Index(fields=["agency", "store", "ordered_on"], name="defect_by_day"),
            models.Index(fields=["agency", "changed_at"], name="defect_by_change"),
        ]


class Shipment(TenantModel):
    """A merchant-fulfilled order on its way: what was promised and what was done. Null: not known, or not yet.

    `cancelled_by` is "seller" or "buyer", `ordered_on` the UTC day. `packages` were handed over, `valid_packages` of
    them with a tracking number the carrier knows; null: nobody said whether they were valid.
    """

    pk = models.CompositePrimaryKey("agency", "store", "order_id")
    store = tied("accounts.Store", related_name="+", db_index=False)
    order_id = models.CharField(max_length=40)
    marketplace = _site()
    programme = models.CharField(max_length=3, choices=Programme.choices, default=Programme.MFN)
    ordered_at = models.DateTimeField()
    ordered_on = models.DateField()
    ship_by = models.DateTimeField(null=True)
    shipped_at = models.DateTimeField(null=True)
    deliver_by = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.CharField(max_length=10, blank=True)
    units = models.IntegerField(default=0)
    packages = models.IntegerField(null=True)
    valid_packages = models.IntegerField(null=True)
    business = models.BooleanField(default=False)
    skus = models.TextField(blank=True, default="", db_default="")  # JSON {SKU: units}; "" is not known
    updated_at = models.DateTimeField()
    as_of = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "store", "ordered_on"], name="shipment_by_day")]


class Feedback(TenantModel):
    """What a buyer said of the seller. Names and e-mail addresses of buyers are never kept."""

    pk = models.CompositePrimaryKey("agency", "store", "order_id")
    store = tied("accounts.Store", related_name="+", db_index=False)
    order_id = models.CharField(max_length=40)
    marketplace = _site()
    rated_on = models.DateField()
    rating = models.SmallIntegerField()  # 1 to 5; 1 and 2 count as negative
    comment = models.TextField(blank=True)
    response = models.TextField(blank=True)
    as_of = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "store", "rated_on"], name="feedback_by_day")]


class ReturnLine(TenantModel):
    """One line of a return. `ordinal` parts equal lines of one order, SKU and day (from 1)."""

    pk = models.CompositePrimaryKey("agency", "store", "order_id", "sku", "returned_on", "programme", "ordinal")
    store = tied("accounts.Store", related_name="+", db_index=False)
    order_id = models.CharField(max_length=40)
    sku = models.CharField(max_length=60)
    returned_on = models.DateField()  # FBA: received back; merchant: asked for
    programme = models.CharField(max_length=3, choices=Programme.choices)
    ordinal = models.SmallIntegerField(default=1)
    marketplace = _site()
    asin = models.CharField(max_length=12, blank=True)
    ordered_on = models.DateField(null=True)
    quantity = models.IntegerField()
    reason = models.CharField(max_length=80, blank=True)
    disposition = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=60, blank=True)
    comment = models.TextField(blank=True)
    claimed = models.BooleanField(default=False)  # an A-to-z claim came with it
    as_of = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "store", "returned_on"], name="returnline_by_day")]


class Notice(TenantModel):
    """Something a marketplace wrote to the seller, by notification or imported. A hint: facts are read again.

    `origin` with `key` is what the sender calls it: told twice it is one notice. People write owner, state, due, answer.
    `text` is what was written, without names and addresses of buyers; `file` the document it stands in.
    """

    portal_may = ("SELECT",)
    portal_hides = ("owner", "text", "file")

    class Kind(models.TextChoices):
        ACCOUNT_STATUS = "account_status", _("Account status changed")
        LISTING_ISSUE = "listing_issue", _("Listing issue")
        PERFORMANCE = "performance", _("Performance notice")
        POLICY = "policy", _("Policy violation")
        DOCUMENTS = "documents", _("Documents requested")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = tied("accounts.Store", related_name="+")
    origin = models.CharField(max_length=20)  # "notification", "file", "person" or "program"
    key = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    marketplace = models.CharField(max_length=2, blank=True)
    sku = models.CharField(max_length=60, blank=True)
    asin = models.CharField(max_length=12, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True, db_default="", default="")
    case_id = models.CharField(max_length=40, blank=True, db_default="", default="")
    file = tied("health.NoticeFile", null=True, related_name="notices")
    detail = models.JSONField(default=dict)
    at = models.DateTimeField()
    due = models.DateField(null=True)
    state = models.CharField(max_length=5, choices=Work.choices, default=Work.TODO)
    owner = tied("accounts.Member", null=True, related_name="+")
    answer = models.TextField(blank=True)
    changed_at = models.DateTimeField(db_default=Moment(), editable=False)  # kept by the table's trigger

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "store", "origin", "key"], name="one_notice")]
        indexes = [
            models.Index(fields=["agency", "state", "-at"], name="notice_by_state"),
            models.Index(fields=["agency", "changed_at"], name="notice_by_change"),
        ]

    @property
    def answer_state(self) -> Answer:
        """How far the answer is: what is written goes for given once the notice is done."""
        if not self.answer:
            return Answer.NONE
        return Answer.GIVEN if self.state == Work.DONE else Answer.DRAFT


class NoticeFile(TenantModel):
    """A letter or a table of notices as somebody brought it, kept by its hash before it is read.

    `digest` is the hash of what was brought. `struck`: something of a buyer stood in it, so what lies under `path` is a
    copy without. `loaded_at` null: only looked at so far.
    """

    portal_may = ()

    class Form(models.TextChoices):
        MAIL = "mail", _("E-mail")
        TEXT = "text", _("Text")
        TABLE = "table", _("Table")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = tied("accounts.Store", related_name="+")
    form = models.CharField(max_length=5, choices=Form.choices)
    name = models.CharField(max_length=200)
    path = models.CharField(max_length=300)
    digest = models.CharField(max_length=64)
    size = models.BigIntegerField()
    struck = models.BooleanField(default=False)
    uploaded_by = tied("accounts.Member", null=True, related_name="+")
    uploaded_at = models.DateTimeField()
    loaded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("notice file"), _("notice files")
        constraints = [models.UniqueConstraint(fields=["agency", "id"], name="noticefile_tie")]

    def __str__(self) -> str:
        return self.name


class Standard(models.Model):
    """What a metric is judged by on a site from a day on. Shared; edited by platform staff.

    `target` in millionths for rates, plain for counts. Empty `marketplace` or `programme`: all of them. `official`:
    the marketplace says so; otherwise it is our own level, and shown as such.
    """

    portal_may = ("SELECT",)

    metric = models.CharField(max_length=60)
    marketplace = models.CharField(max_length=2, blank=True)
    programme = models.CharField(max_length=10, blank=True)
    operator = models.CharField(max_length=2, choices=Operator.choices)
    target = models.BigIntegerField()
    window_days = models.PositiveSmallIntegerField(null=True, blank=True)
    lag_days = models.PositiveSmallIntegerField(default=0)
    valid_from = models.DateField()
    official = models.BooleanField(default=True)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("standard"), _("standards")
        ordering = ["metric", "marketplace", "programme", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["metric", "marketplace", "programme", "valid_from"], name="one_standard")
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.metric, self.marketplace, self.programme)))
