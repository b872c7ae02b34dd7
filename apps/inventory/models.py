"""Stock, what it should be, and the plans that make it so."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import uuid7
from apps.core.tenancy import TenantModel, tied

# Ways of transport.
MODES = {"sea": _("Sea"), "air": _("Air"), "air+sea": _("Air + sea")}


class StockDay(TenantModel):
    """What one SKU had at FBA for one site at the end of one local day. Null: the report did not say."""

    portal_may = ("SELECT",)

    pk = models.CompositePrimaryKey("agency", "store", "marketplace", "sku", "date")
    store = tied("accounts.Store", related_name="+", db_index=False)
    marketplace = models.ForeignKey(
        "accounts.Marketplace",
        models.PROTECT,
        db_index=False,
        db_constraint=False,
        related_name="+",
    )
    sku = models.CharField(max_length=60)
    date = models.DateField()
    fnsku = models.CharField(max_length=20, blank=True)
    available = models.IntegerField()
    reserved = models.IntegerField(default=0)
    unsellable = models.IntegerField(default=0)
    inbound_working = models.IntegerField(default=0)
    inbound_shipped = models.IntegerField(default=0)
    inbound_receiving = models.IntegerField(default=0)
    researching = models.IntegerField(default=0)
    as_of = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "store", "date"], name="stockday_by_date")]


class StockAge(TenantModel):
    """The newest FBA planning row of one SKU on one site: ages, fees and Amazon's own recommendation."""

    portal_may = ("SELECT",)

    pk = models.CompositePrimaryKey("agency", "store", "marketplace", "sku")
    store = tied("accounts.Store", related_name="+")
    marketplace = models.ForeignKey("accounts.Marketplace", models.PROTECT, db_constraint=False, related_name="+")
    sku = models.CharField(max_length=60)
    date = models.DateField()
    age_0_90 = models.IntegerField(null=True)
    age_91_180 = models.IntegerField(null=True)
    age_181_270 = models.IntegerField(null=True)
    age_271_365 = models.IntegerField(null=True)
    age_365_plus = models.IntegerField(null=True)
    days_of_supply = models.IntegerField(null=True)
    amazon_recommended = models.IntegerField(null=True)
    amazon_ship_by = models.DateField(null=True)
    aged_fee = models.BigIntegerField(null=True)
    storage_fee = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    alert = models.CharField(max_length=60, blank=True)
    as_of = models.DateTimeField()


class OwnStock(TenantModel):
    """The newest count of one SKU in one warehouse of the seller's own (ERP, API or file)."""

    portal_may = ("SELECT",)

    pk = models.CompositePrimaryKey("agency", "store", "warehouse", "sku")
    store = tied("accounts.Store", related_name="+")
    warehouse = models.CharField(max_length=60)
    sku = models.CharField(max_length=60)
    available = models.IntegerField()
    reserved = models.IntegerField(default=0)
    inbound = models.IntegerField(default=0)
    date = models.DateField()
    updated_at = models.DateTimeField()


class Policy(TenantModel):
    """How to restock: an agency's default, a store's, or one SKU's. Null: as the wider level says.

    The brief's figures are the built-in defaults (`inventory.domain.replenishment.DEFAULTS`), tagged as such.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = tied("accounts.Store", null=True, blank=True, related_name="+")
    marketplace = models.CharField(max_length=2, blank=True)
    sku = models.CharField(max_length=60, blank=True)
    safety_factor = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    production_days = models.PositiveSmallIntegerField(null=True, blank=True)
    inspection_days = models.PositiveSmallIntegerField(null=True, blank=True)
    sea_days = models.PositiveSmallIntegerField(null=True, blank=True)
    air_days = models.PositiveSmallIntegerField(null=True, blank=True)
    receiving_days = models.PositiveSmallIntegerField(null=True, blank=True)
    review_days = models.PositiveSmallIntegerField(null=True, blank=True)  # between two orders
    moq = models.PositiveIntegerField(null=True, blank=True)
    carton_units = models.PositiveIntegerField(null=True, blank=True)
    excess_days = models.PositiveSmallIntegerField(null=True, blank=True)
    weight_7 = models.DecimalField(max_digits=4, decimal_places=3, null=True, blank=True)
    weight_30 = models.DecimalField(max_digits=4, decimal_places=3, null=True, blank=True)
    weight_90 = models.DecimalField(max_digits=4, decimal_places=3, null=True, blank=True)
    updated_at = models.DateTimeField()
    updated_by = tied("accounts.Member", null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "store", "marketplace", "sku"],
                name="one_policy",
                nulls_distinct=False,
            )
        ]


class Replenishment(TenantModel):
    """Where one SKU stands today and what to do: the read model of the replenishment page, one row per stock pool.

    `pool` is the site's code, or the name of a pool of sites that share one physical stock (Pan-EU).
    """

    portal_may = ("SELECT",)

    class Status(models.TextChoices):
        URGENT = "urgent", _("Urgent")
        REORDER = "reorder", _("Reorder")
        HEALTHY = "healthy", _("Healthy")
        EXCESS = "excess", _("Excess")
        NO_DATA = "no_data", _("Too little data")

    pk = models.CompositePrimaryKey("agency", "store", "pool", "sku")
    store = tied("accounts.Store", related_name="+")
    pool = models.CharField(max_length=20)
    sku = models.CharField(max_length=60)
    marketplaces = models.JSONField(default=list)
    asin = models.CharField(max_length=12, blank=True)
    title = models.CharField(max_length=500, blank=True)
    image_url = models.URLField(max_length=500, blank=True)
    supplier = models.CharField(max_length=120, blank=True)
    owner = tied("accounts.Member", null=True, blank=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices)
    priority = models.SmallIntegerField()  # 1 is first
    velocity = models.BigIntegerField(null=True)  # thousandths of a unit per in-stock day; null: too little data
    velocity_7 = models.BigIntegerField(null=True)
    velocity_30 = models.BigIntegerField(null=True)
    velocity_90 = models.BigIntegerField(null=True)
    in_stock_days = models.SmallIntegerField(default=0)  # of the last 90
    trend = models.JSONField(default=list)  # units per day, last 30 days
    available = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    inbound = models.IntegerField(default=0)
    own = models.IntegerField(default=0)
    need = models.IntegerField(null=True)
    shortfall = models.IntegerField(null=True)
    suggested = models.IntegerField(null=True)
    cartons = models.IntegerField(null=True)
    edited = models.IntegerField(null=True)  # a person's own quantity, kept until the plan is made
    air_units = models.IntegerField(null=True)
    sea_units = models.IntegerField(null=True)
    mode = models.CharField(max_length=10, blank=True)  # sea, air, air+sea
    chosen_mode = models.CharField(max_length=10, blank=True, default="")  # a person's own, kept; "": as computed
    cycle_days = models.SmallIntegerField(null=True)
    safety_factor = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    carton_units = models.PositiveIntegerField(null=True)
    moq = models.PositiveIntegerField(null=True)
    cover_days = models.IntegerField(null=True)
    cover_fba_days = models.IntegerField(null=True)
    out_on = models.DateField(null=True)
    order_by = models.DateField(null=True)
    gap_days = models.SmallIntegerField(null=True)
    at_stake = models.BigIntegerField(null=True)  # minor units of `currency`
    price = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    unit_cost = models.BigIntegerField(null=True)
    cost_currency = models.CharField(max_length=3, blank=True)
    aged_units = models.IntegerField(null=True)
    aged_fee = models.BigIntegerField(null=True)
    amazon_recommended = models.IntegerField(null=True)
    lead = models.JSONField(default=dict)  # stage → days
    inputs = models.JSONField(default=dict)  # everything else the addition shows
    snoozed_until = models.DateField(null=True)
    stock_as_of = models.DateTimeField(null=True)
    sales_as_of = models.DateTimeField(null=True)
    computed_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["agency", "store", "priority"], name="replenishment_by_priority"),
            models.Index(fields=["agency", "store", "status"], name="replenishment_by_status"),
        ]


class Calculation(TenantModel):
    """When a store's lines were last made, or found to be right still, and from what (`actions.prints`)."""

    portal_may = ("SELECT",)

    pk = models.CompositePrimaryKey("agency", "store")
    store = tied("accounts.Store", related_name="+")
    inputs = models.CharField(max_length=32)
    lines = models.CharField(max_length=60)
    sales_as_of = models.DateTimeField(null=True)  # how far orders were known; null: as the lines say
    checked_at = models.DateTimeField()


class Plan(TenantModel):
    """A set of quantities to order or ship, on its way from draft to received. `number` counts per agency."""

    portal_may = ("SELECT", "UPDATE")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Waiting for approval")
        CLIENT = "client", _("Waiting for the client")
        APPROVED = "approved", _("Approved")
        ORDERED = "ordered", _("Ordered")
        SHIPPED = "shipped", _("Shipped")
        RECEIVED = "received", _("Received")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.PositiveIntegerField()
    store = tied("accounts.Store", related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    title = models.CharField(max_length=120, blank=True)
    note = models.TextField(blank=True)
    created_by = tied("accounts.Member", null=True, related_name="+")
    created_at = models.DateTimeField()
    submitted_by = tied("accounts.Member", null=True, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    decided_by = tied("accounts.Member", null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)  # raised by each change: two people editing meet a 409

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="plan_tie"),
            models.UniqueConstraint(fields=["agency", "number"], name="plan_number"),
        ]
        indexes = [models.Index(fields=["agency", "store", "state"], name="plan_by_state")]

    def __str__(self) -> str:
        return f"#{self.number}"


class PlanLine(TenantModel):
    """One SKU of a plan. `suggested` and `inputs` are what the addition said when the line was made."""

    portal_may = ("SELECT", "UPDATE (updated_at)")  # a client's yes or no is news of every line

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    plan = tied("inventory.Plan", related_name="lines")
    store = tied("accounts.Store", related_name="+")
    pool = models.CharField(max_length=20)
    sku = models.CharField(max_length=60)
    title = models.CharField(max_length=500, blank=True)
    units = models.PositiveIntegerField()
    suggested = models.IntegerField(null=True)
    carton_units = models.PositiveIntegerField(null=True)
    mode = models.CharField(max_length=10, blank=True)
    unit_cost = models.BigIntegerField(null=True)
    cost_currency = models.CharField(max_length=3, blank=True)
    at_stake = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    arrives_on = models.DateField(null=True)
    received = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=200, blank=True)
    inputs = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="planline_tie"),
            models.UniqueConstraint(fields=["agency", "plan", "pool", "sku"], name="one_line_per_sku"),
        ]


class PlanPart(TenantModel):
    """Units of a plan's line that travel by themselves. A line has none, or parts that add up to its units."""

    portal_may = ("SELECT",)

    class Mode(models.TextChoices):
        SEA = "sea", _("Sea")
        AIR = "air", _("Air")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    line = tied("inventory.PlanLine", related_name="parts")
    store = tied("accounts.Store", related_name="+")
    mode = models.CharField(max_length=3, choices=Mode.choices)
    units = models.PositiveIntegerField()
    arrives_on = models.DateField()

    class Meta:
        ordering = ["arrives_on", "mode"]
        indexes = [models.Index(fields=["agency", "line"], name="planpart_by_line")]
