"""Compliance: which papers a product needs on which site, the papers there are, and how far they reach."""

from django.db import models
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from apps.core.models import uuid7
from apps.core.tenancy import TenantModel, tied
from apps.health.models.known_words import in_words


class PaperGroup(models.TextChoices):
    """The columns of the coverage page."""

    EPR = "epr", _("EPR")
    MARK = "mark", _("CE / UKCA")
    PERSON = "person", _("Responsible person")
    JAPAN = "japan", _("PSE and Japan")
    AMERICA = "america", _("US and Canada")
    OTHER = "other", pgettext_lazy("papers", "Other")


class KindFields(models.Model):
    """A kind of paper. `short` is kept as it is, and shown as `label`; `parts` are the files it is made of, as
    [{"key", "en", "zh"}]; `number_pattern` is a regular expression for the whole number, empty where no format is sure.
    `months`: how long such a paper holds from its first day where nobody says its last (empty: without an end).
    `unsure`: written from memory, to be checked with a lawyer.
    """

    code = models.SlugField(max_length=40)
    group = models.CharField(max_length=10, choices=PaperGroup.choices, default=PaperGroup.OTHER)
    short = models.CharField(max_length=40)
    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    number_pattern = models.CharField(max_length=120, blank=True)
    number_hint = models.CharField(max_length=60, blank=True)
    needs_number = models.BooleanField(default=False)
    needs_person = models.BooleanField(default=False)
    months = models.PositiveSmallIntegerField(null=True, blank=True)
    unsure = models.BooleanField(default=False, db_default=False)
    parts = models.JSONField(default=list, blank=True)
    source = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=100)
    active = models.BooleanField(default=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.short

    @property
    def label(self) -> str:
        """The short name; where it is one of words, in the reader's language."""
        return in_words(self.short)

    @property
    def told_source(self) -> str:
        """The law as it is called; what is no law in the reader's language."""
        return in_words(self.source)

    @property
    def name(self) -> str:
        """In the reader's language."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


class PaperKind(KindFields):
    """A kind that every agency knows. Shared; edited by platform staff."""

    portal_may = ("SELECT",)

    class Meta:
        verbose_name, verbose_name_plural = _("kind of paper"), _("kinds of papers")
        ordering = ["position", "code"]
        constraints = [models.UniqueConstraint(fields=["code"], name="one_paper_kind")]


class OwnPaperKind(TenantModel, KindFields):
    """An agency's own kind of paper. Its code begins with "own-": it never meets a shared one."""

    portal_may = ("SELECT",)

    class Meta:
        ordering = ["position", "code"]
        constraints = [models.UniqueConstraint(fields=["agency", "code"], name="one_own_paper_kind")]


class RuleFields(models.Model):
    """Which products need a paper on which sites: one of `kinds` will do.

    `wants` maps traits to yes or no ({"electric": true, "pse-specified": false}); all must hold. A product whose trait
    is not known is asked about. `categories` and `brands` (small letters) narrow the rule, empty: all; `skus` name the
    products themselves. It holds from `valid_from` on, empty: always. One that is not `binding` is advice: it never
    blocks a sale. `unsure`: written from memory, to be checked with a lawyer.
    """

    code = models.SlugField(max_length=40)
    marketplaces = models.JSONField(default=list)
    wants = models.JSONField(default=dict, blank=True)
    categories = models.JSONField(default=list, blank=True)
    brands = models.JSONField(default=list, blank=True)
    skus = models.JSONField(default=list, blank=True)
    kinds = models.JSONField(default=list)
    note_en = models.CharField(max_length=300, blank=True)
    note_zh = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    binding = models.BooleanField(default=True, db_default=True)
    unsure = models.BooleanField(default=False, db_default=False)
    position = models.PositiveSmallIntegerField(default=100)
    active = models.BooleanField(default=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.code

    @property
    def told_source(self) -> str:
        """The law as it is called; what is no law in the reader's language."""
        return in_words(self.source)

    @property
    def note(self) -> str:
        """In the reader's language."""
        return self.note_zh if (get_language() or "").startswith("zh") else self.note_en


class PaperRule(RuleFields):
    """A rule that holds for every agency. Shared; edited by platform staff."""

    portal_may = ("SELECT",)

    class Meta:
        verbose_name, verbose_name_plural = _("requirement"), _("requirements")
        ordering = ["position", "code"]
        constraints = [models.UniqueConstraint(fields=["code"], name="one_paper_rule")]


class OwnPaperRule(TenantModel, RuleFields):
    """An agency's own rule, or its own version of a shared one of the same code (also to switch that off)."""

    class Meta:
        ordering = ["position", "code"]
        constraints = [models.UniqueConstraint(fields=["agency", "code"], name="one_own_paper_rule")]


class CategoryTraits(TenantModel):
    """What an agency knows of all products of a category (small letters): {"electric": true, "battery": false}."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    category = models.CharField(max_length=100)
    traits = models.JSONField(default=dict)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "category"], name="one_category_traits")]

    def __str__(self) -> str:
        return self.category


class SkuTraits(TenantModel):
    """What is known of one product; stands before its category's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = tied("accounts.Store", related_name="+")
    sku = models.CharField(max_length=60)
    traits = models.JSONField(default=dict)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "store", "sku"], name="one_sku_traits")]

    def __str__(self) -> str:
        return self.sku


class PaperWaiver(TenantModel):
    """“This product does not need that paper”: asked with a reason, and in force once somebody else has agreed."""

    class State(models.TextChoices):
        ASKED = "asked", _("Waiting for review")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = tied("accounts.Store", related_name="+")
    marketplace = models.CharField(max_length=2, blank=True)  # "": every site
    sku = models.CharField(max_length=60)
    rule = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    reason = models.CharField(max_length=500)
    asked_by = tied("accounts.Member", null=True, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = tied("accounts.Member", null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "store", "marketplace", "sku", "rule"], name="one_paper_waiver")
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.rule}"


class Paper(TenantModel):
    """One version of a paper of a store. `series` is shared by its versions; at most one of them is accepted.

    It reaches the products of `scope` (all of the store, brands, categories or SKUs in `reach`) on `marketplaces`
    (empty: wherever such a paper counts). Whether it is expiring or expired is told by its days.
    """

    portal_may = ("SELECT", "INSERT", "UPDATE (parts, state, updated_at, submitted_at)")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        REVIEW = "review", _("In review")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")
        SUPERSEDED = "superseded", _("Superseded")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Scope(models.TextChoices):
        ALL = "all", _("All products of the store")
        BRAND = "brand", _("Brands")
        CATEGORY = "category", _("Categories")
        SKU = "sku", _("SKUs")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = tied("accounts.Store", related_name="+")
    series = models.UUIDField(default=uuid7, editable=False)
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=40)
    number = models.CharField(max_length=80, blank=True)
    issuer = models.CharField(max_length=120, blank=True)
    person = models.CharField(max_length=300, blank=True)  # responsible person: name and address
    marketplaces = models.JSONField(default=list, blank=True)
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.SKU)
    reach = models.JSONField(default=list, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)  # empty: without an end
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    parts = models.JSONField(default=list, blank=True)  # keys of the parts there is a file of
    owner = tied("accounts.Member", null=True, blank=True, related_name="+")
    created_by = tied("accounts.Member", null=True, related_name="+")
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    decided_by = tied("accounts.Member", null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=500, blank=True)  # the client reads it, too
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="paper_tie"),
            models.UniqueConstraint(fields=["agency", "series", "version"], name="paper_version"),
            models.UniqueConstraint(
                fields=["agency", "series"], condition=models.Q(state="accepted"), name="one_accepted_version"
            ),
        ]
        indexes = [models.Index(fields=["agency", "store", "state"], name="paper_by_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}".strip()


class PaperFile(TenantModel):
    """A file of a paper, as it was handed over. `found` are numbers and days read from its text: suggestions only."""

    portal_may = ("SELECT", "INSERT")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = tied("accounts.Store", related_name="+")
    paper = tied("health.Paper", related_name="files")
    part = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=300)  # in document storage
    digest = models.CharField(max_length=64)
    size = models.BigIntegerField()
    media = models.CharField(max_length=60)
    found = models.JSONField(default=dict, blank=True)
    uploaded_by = tied("accounts.Member", null=True, related_name="+")
    uploaded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "paper"], name="file_by_paper")]

    def __str__(self) -> str:
        return self.name


class PaperRequest(TenantModel):
    """“Please upload …”: what the agency asks a client for, and the paper it was answered with."""

    portal_may = ("SELECT", "UPDATE (state, paper_id, answered_at)")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("request", "Open")
        ANSWERED = "answered", _("Handed over")
        DONE = "done", pgettext_lazy("request", "Done")
        CANCELLED = "cancelled", pgettext_lazy("request", "Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = tied("accounts.Store", related_name="+")
    kind = models.CharField(max_length=40)
    marketplaces = models.JSONField(default=list, blank=True)
    skus = models.JSONField(default=list, blank=True)
    text = models.CharField(max_length=500, blank=True)
    due = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    asked_by = tied("accounts.Member", null=True, related_name="+")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    paper = tied("health.Paper", null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["agency", "store", "state"], name="paperrequest_by_state")]

    def __str__(self) -> str:
        return self.kind


class PaperMail(TenantModel):
    """One mail to one person about a paper or a request: waiting until the mail server has taken it, or given up.

    `event` is "asked", "accepted", "rejected", or "end:30" and "due:3" for steps on the way to a day ("end:0": it is
    over, "due:-7": late by a week). Each event is told to each person once.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("mail", "Waiting")
        SENT = "sent", pgettext_lazy("mail", "Sent")
        DEAD = "dead", pgettext_lazy("mail", "Given up")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = tied("accounts.Store", related_name="+")
    member = tied("accounts.Member", related_name="+")
    about = models.UUIDField()  # the paper, or the request
    event = models.CharField(max_length=12)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "about", "event", "member"], name="one_paper_mail"),
        ]
        indexes = [models.Index(fields=["agency", "state", "due_at"], name="papermail_by_state")]

    def __str__(self) -> str:
        return f"{self.event} {self.about}"


class CoverState(models.TextChoices):
    """How one product stands to one requirement on one site; the worst first."""

    EXPIRED = "expired", _("Expired")
    MISSING = "missing", _("Missing")
    ASK = "ask", pgettext_lazy("papers", "Ask")
    REVIEW = "review", _("In review")
    EXPIRING = "expiring", _("Expiring")
    COMING = "coming", _("Coming")
    COVERED = "covered", _("Covered")
    ADVISED = "advised", _("Advised")
    WAIVED = "waived", _("Not needed")
    NONE = "none", _("No rule")


_WORST_FIRST = ("rank", models.F("at_stake").desc(nulls_last=True), "marketplace", "sku")


class Coverage(TenantModel):
    """The read model of the coverage page: one SKU on one site, made anew by `actions.coverage.recompute_store`.

    `cells` maps a rule's code to {"s": state, "p": id of the best paper, "u": its last day, "m": missing parts, "f": the
    day a rule that is coming holds from}. `state` is the worst of them, `rank` its place among states. `at_stake` are the
    30 days' sales of an offer that is blocked (expired, missing) or will be (expiring, coming).
    """

    portal_may = ("SELECT",)

    pk = models.CompositePrimaryKey("agency", "store", "marketplace", "sku")
    store = tied("accounts.Store", related_name="+", db_index=False)
    marketplace = models.ForeignKey(
        "accounts.Marketplace", models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    sku = models.CharField(max_length=60)
    asin = models.CharField(max_length=12, blank=True)
    title = models.CharField(max_length=500, blank=True)
    brand = models.CharField(max_length=100, blank=True)
    category = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=10, choices=CoverState.choices)
    rank = models.PositiveSmallIntegerField()
    cells = models.JSONField(default=dict)
    until = models.DateField(null=True)  # the first day that one of its papers ends
    at_stake = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    computed_at = models.DateTimeField()

    class Meta:
        # The page in its own order: of one store, and of all of them.
        indexes = [
            models.Index("agency", "store", *_WORST_FIRST, name="coverage_by_rank"),
            models.Index("agency", *_WORST_FIRST, "store", name="coverage_worst"),
        ]


class CoverageSum(TenantModel):
    """How many offers of a store and site stand how to a rule, and what they sold in 30 days (null: not told).

    With the rule "" the offers themselves by their worst state. `paper`: the one that is expiring, expired or in
    review, where all of them hang on it.
    """

    portal_may = ("SELECT",)

    id = models.BigAutoField(primary_key=True)
    store = tied("accounts.Store", related_name="+")
    marketplace = models.CharField(max_length=2)
    rule = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=CoverState.choices)
    paper_id = models.UUIDField(null=True)
    offers = models.IntegerField()
    sales = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
