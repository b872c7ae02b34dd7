"""What people want to be told, what has happened, and how they were told."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from apps.core.models import uuid7
from apps.core.permissions import Role
from apps.core.tenancy import TenantModel, tied
from apps.health.models.facts import Operator


class Severity(models.TextChoices):
    """By money, in this order; the bands are each rule's own."""

    INFO = "info", pgettext_lazy("severity", "Note")
    WARNING = "warning", pgettext_lazy("severity", "Warning")
    HIGH = "high", pgettext_lazy("severity", "High")
    CRITICAL = "critical", pgettext_lazy("severity", "Critical")


class AlertRule(TenantModel):
    """When somebody is to be told. `default`: the key of the seeded rule it came from, "" for one of their own.

    `value` is a share for rates and percents (0.01 is 1 %), minor units of the agency's currency for money, a count
    else. Percents (`amber`, `chance`, `stake_*`) are whole. Scope lists are empty for "all". `steps` is
    [[minutes, whom], ...]; whom is "store" (its owner) or a role. `channels` are ids of AlertChannel.
    """

    class Fact(models.TextChoices):
        HEALTH = "health", _("Account health")
        METRIC = "metric", _("Sales, traffic and stock")
        NOTICE = "notice", _("Open notices")

    class Condition(models.TextChoices):
        THRESHOLD = "threshold", _("passes a value")
        BAND = "band", _("comes near its limit, or breaks it")
        FORECAST = "forecast", _("is likely to break its limit within 14 days")
        ANOMALY = "anomaly", _("leaves its own habit")

    class Grain(models.TextChoices):
        SITE = "site", _("The whole site")
        SKU = "sku", _("Each product by itself")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    default = models.CharField(max_length=40, blank=True)
    active = models.BooleanField(default=True)
    fact = models.CharField(max_length=10, choices=Fact.choices)
    metric = models.CharField(max_length=60)
    programme = models.CharField(max_length=10, blank=True)
    condition = models.CharField(max_length=10, choices=Condition.choices)
    grain = models.CharField(max_length=4, choices=Grain.choices, default=Grain.SITE)
    operator = models.CharField(max_length=2, choices=Operator.choices, default=Operator.LT)
    value = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    days = models.PositiveSmallIntegerField(default=1)
    amber = models.PositiveSmallIntegerField(default=70)
    chance = models.PositiveSmallIntegerField(default=30)
    falling = models.BooleanField(default=True)  # anomaly: too little rather than too much
    stores = models.JSONField(default=list, blank=True)
    clients = models.JSONField(default=list, blank=True)
    sites = models.JSONField(default=list, blank=True)
    owner = tied("accounts.Member", null=True, blank=True, related_name="+")  # only this person's stores
    stake_amber = models.PositiveSmallIntegerField(default=25)  # percent of the site's 30-day sales
    stake_red = models.PositiveSmallIntegerField(default=100)
    notable = models.BigIntegerField(default=50_000)  # minor units of the agency's currency: a warning from here
    high = models.BigIntegerField(default=500_000)
    critical = models.BigIntegerField(default=2_500_000)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MANAGER)  # if nobody owns it
    channels = models.JSONField(default=list, blank=True)
    steps = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name, verbose_name_plural = _("alert rule"), _("alert rules")
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="alertrule_tie"),
            models.UniqueConstraint(fields=["agency", "default"], condition=~Q(default=""), name="one_default_rule"),
        ]

    def __str__(self) -> str:
        """What we named ourselves reads in the reader's language, until somebody renames it."""
        return gettext(self.name) if self.default else self.name


class Incident(TenantModel):
    """One cause on one site of one store, or of one product there, from the day it showed until it recovers.

    `band`: 1 amber, 2 red. `at_stake` in minor units of `currency`, `rank` the same in the agency's currency.
    `told_band`: what people were last told; they are told again only when it changes. `part`: the SKU it is about
    alone, "" for a whole site; `sku` is the product behind it, if one is known. Steps of escalation are counted from
    `escalates_from`: when it opened, woke or was reopened.
    """

    portal_may = ()

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ACKNOWLEDGED = "acknowledged", pgettext_lazy("incident", "Acknowledged")
        SNOOZED = "snoozed", _("Snoozed")
        RESOLVED = "resolved", pgettext_lazy("incident", "Recovered")

    class Cause(models.TextChoices):
        """In the order of what explains what: the first of several is an incident's cause."""

        ACCOUNT = "account", _("Account status")
        POLICY = "policy", _("Policy")
        LISTING = "listing", _("Listings")
        ORDERS = "odr", _("Order defects")
        DELIVERY = "delivery", _("Shipping and delivery")
        STOCK = "stock", _("Stock")
        TRAFFIC = "traffic", _("Traffic")
        SALES = "sales", _("Sales")
        SILENT = "silent", _("No reports")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.PositiveIntegerField()
    store = tied("accounts.Store", related_name="+")
    marketplace = models.CharField(max_length=2, blank=True)
    part = models.CharField(max_length=60, blank=True)
    cause = models.CharField(max_length=10, choices=Cause.choices)
    day = models.DateField()
    band = models.PositiveSmallIntegerField(default=1)
    told_band = models.PositiveSmallIntegerField(default=0)
    told = models.PositiveIntegerField(default=0)  # how often
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.INFO)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    at_stake = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    rank = models.BigIntegerField(default=0)
    grade = models.CharField(max_length=1, default="C")
    sku = models.CharField(max_length=60, blank=True)
    rule = tied("health.AlertRule", null=True, related_name="+", on_delete=models.SET_NULL)
    owner = tied("accounts.Member", null=True, related_name="+")
    step = models.PositiveSmallIntegerField(default=0)  # how often it was escalated
    escalate_at = models.DateTimeField(null=True)
    escalates_from = models.DateTimeField(null=True)
    snoozed_until = models.DateField(null=True)  # null while snoozed: until the metric changes
    snoozed_value = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("incident"), _("incidents")
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="incident_tie"),
            models.UniqueConstraint(fields=["agency", "number"], name="one_incident_number"),
            models.UniqueConstraint(
                fields=["agency", "store", "marketplace", "part", "cause"],
                condition=~Q(state="resolved"),
                name="one_living_incident",
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "state", "-rank"], name="incident_by_state"),
            models.Index(fields=["agency", "changed_at", "id"], name="incident_by_change"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.get_cause_display()}"

    @property
    def living(self) -> bool:
        return self.state != self.State.RESOLVED


class GivenRule(TenantModel):
    """A rule of the set that the agency was given, by its key. Each is given once: what people make of it is theirs."""

    portal_may = ()

    pk = models.CompositePrimaryKey("agency", "default")
    default = models.CharField(max_length=40)


class Signal(TenantModel):
    """What one rule says of one site, or of one product there, as long as it says so: the parts of an incident.

    `bad` of `total` and the `room` before a breach only where orders are so few that counts say more than the rate.
    `value` and `limit` as the rule's value. `chance` of a breach in percent. `living` ends when the metric is known
    to be well again; a metric that is not known changes nothing.
    """

    portal_may = ()

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    incident = tied("health.Incident", related_name="signals")
    rule = tied("health.AlertRule", related_name="+")
    store = tied("accounts.Store", related_name="+")
    marketplace = models.CharField(max_length=2, blank=True)
    sku = models.CharField(max_length=60, blank=True)
    programme = models.CharField(max_length=10, blank=True)
    metric = models.CharField(max_length=60)
    band = models.PositiveSmallIntegerField(default=1)
    value = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    limit = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    chance = models.PositiveSmallIntegerField(null=True)
    stake = models.PositiveSmallIntegerField(default=0)  # percent of the site's 30-day sales
    bad = models.IntegerField(null=True)
    total = models.IntegerField(null=True)
    room = models.IntegerField(null=True)
    day = models.DateField()
    living = models.BooleanField(default=True)
    began_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "rule", "store", "marketplace", "sku", "programme", "metric"],
                condition=Q(living=True),
                name="one_living_signal",
            )
        ]
        indexes = [models.Index(fields=["agency", "incident"], name="signal_by_incident")]


class IncidentEvent(TenantModel):
    """One line of an incident's story. `by` null: the house itself."""

    portal_may = ()

    class Kind(models.TextChoices):
        OPENED = "opened", pgettext_lazy("incident", "Opened")
        JOINED = "joined", _("A further sign")
        EASED = "eased", _("A sign went away")
        BAND = "band", _("Changed its band")
        TOLD = "told", _("Somebody was told")
        ACKNOWLEDGED = "acknowledged", pgettext_lazy("incident", "Acknowledged")
        SNOOZED = "snoozed", _("Snoozed")
        WOKE = "woke", _("Woke up")
        ASSIGNED = "assigned", _("Assigned")
        ESCALATED = "escalated", _("Escalated")
        PLAYBOOK = "playbook", _("Playbook started")
        NOTE = "note", _("Note")
        RESOLVED = "resolved", pgettext_lazy("incident", "Recovered")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    incident = tied("health.Incident", related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    by = tied("accounts.Member", null=True, related_name="+")
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["agency", "incident", "at"], name="event_by_incident")]


class IncidentOpinion(TenantModel):
    """Was this alert useful to one person?"""

    portal_may = ()

    incident = tied("health.Incident", related_name="opinions")
    member = tied("accounts.Member", related_name="+")
    useful = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "incident", "member"], name="one_opinion")]


class AlertChannel(TenantModel):
    """A way to tell people. The address of a bot is a secret and sealed with its signing secret in `sealed`.

    `addresses` are fixed e-mail addresses; empty: whoever the incident falls to. Quiet hours are in `time_zone`; what
    is critical comes through them if `urgent` says so.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")
        WEBHOOK = "webhook", _("Webhook")
        FEISHU = "feishu", _("Feishu bot")
        DINGTALK = "dingtalk", _("DingTalk bot")
        WECOM = "wecom", _("WeCom bot")
        SLACK = "slack", "Slack"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=80)
    default = models.CharField(max_length=20, blank=True)
    host = models.CharField(max_length=120, blank=True)  # of the sealed address, to be recognised
    sealed = models.TextField(blank=True)
    addresses = models.JSONField(default=list, blank=True)
    language = models.CharField(max_length=10, blank=True)  # "": the reader's, or the agency's
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_to = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=40, blank=True)
    urgent = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    last_ok_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("alert channel"), _("alert channels")
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="alertchannel_tie"),
            models.UniqueConstraint(fields=["agency", "default"], condition=~Q(default=""), name="one_default_channel"),
        ]

    def __str__(self) -> str:
        return gettext(self.name) if self.default else self.name


class AlertHours(TenantModel):
    """When one person does not want to be told, in their own time zone; what is critical may come through."""

    member = models.OneToOneField(
        "accounts.Member", models.CASCADE, primary_key=True, db_constraint=False, related_name="+"
    )
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_to = models.TimeField(null=True, blank=True)
    urgent = models.BooleanField(default=True)
    email = models.BooleanField(default=True)


class AlertDelivery(TenantModel):
    """One message to one receiver: the row is written with what happened, sent afterwards, tried again.

    `key` names what is told of which incident by which channel to whom: it is told once. `gathered`: it waited for the
    end of quiet hours, or came with many others; what of it is due together for one receiver is told in one message.
    """

    class State(models.TextChoices):
        DUE = "due", _("Waiting")
        SENT = "sent", _("Delivered")
        DEAD = "dead", _("Given up")
        MERGED = "merged", _("Told with a later message")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=120)
    incident = tied("health.Incident", null=True, related_name="deliveries")
    channel = tied("health.AlertChannel", related_name="deliveries")
    member = tied("accounts.Member", null=True, related_name="+")
    address = models.EmailField(blank=True)
    event = models.CharField(max_length=12)  # opened, raised, eased, escalated, resolved, test
    gathered = models.BooleanField(default=False)
    language = models.CharField(max_length=10)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=6, choices=State.choices, default=State.DUE)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("message"), _("messages")
        constraints = [models.UniqueConstraint(fields=["agency", "key"], name="told_once")]
        indexes = [models.Index(fields=["agency", "state", "due_at"], name="alertdelivery_due")]
