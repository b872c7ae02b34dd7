"""What was sold. Orders by line, sums by day, traffic by day, unit costs."""

from django.db import models

from apps.core.changes import Moment
from apps.core.tenancy import TenantModel, acting_agency, tied


class Fact(TenantModel):
    """A row that documents bring by the million. The walls check its agency and its loader the store, once a document:
    foreign keys would look both up again for every row, and their indexes serve no question."""

    agency = models.ForeignKey(
        "accounts.Agency",
        models.CASCADE,
        default=acting_agency,
        editable=False,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        abstract = True


# Lines that are not simply on their way from Amazon's warehouse: few, where most are.
UNUSUAL = (
    ~models.Q(status__startswith="Shipped") | models.Q(item_status__startswith="Cancel") | ~models.Q(fulfilment="FBA")
)


class OrderLine(Fact):
    """One line of an order as the newest document says. `ordinal` parts equal SKUs of one order (from 1).

    `purchased_on` is the day in the site's own calendar. Money in minor units of `currency`, for the whole line.
    """

    pk = models.CompositePrimaryKey("agency", "store", "order_id", "sku", "ordinal")
    store = tied("accounts.Store", related_name="+", db_index=False)
    order_id = models.CharField(max_length=40)
    sku = models.CharField(max_length=60)
    ordinal = models.SmallIntegerField(default=1)
    marketplace = models.ForeignKey(
        "accounts.Marketplace",
        models.PROTECT,
        db_index=False,
        related_name="+",
        db_constraint=False,
    )
    asin = models.CharField(max_length=12, blank=True)
    purchased_at = models.DateTimeField()
    purchased_on = models.DateField()
    updated_at = models.DateTimeField()
    status = models.CharField(max_length=30)
    item_status = models.CharField(max_length=30, blank=True)
    fulfilment = models.CharField(max_length=3)
    quantity = models.IntegerField()
    currency = models.CharField(max_length=3, blank=True)
    price = models.BigIntegerField(null=True)
    tax = models.BigIntegerField(null=True)
    shipping = models.BigIntegerField(null=True)
    shipping_tax = models.BigIntegerField(null=True)
    promotion = models.BigIntegerField(null=True)
    ship_country = models.CharField(max_length=2, blank=True)
    business = models.BooleanField(default=False)
    as_of = models.DateTimeField()
    changed_at = models.DateTimeField(db_default=Moment(), editable=False)  # here, by our clock

    class Meta:
        indexes = [
            models.Index(fields=["agency", "store", "purchased_on"], name="order_by_day"),
            models.Index(fields=["agency", "store", "purchased_on"], condition=UNUSUAL, name="order_unusual"),
            models.Index(fields=["agency", "changed_at", "store"], name="order_by_change"),
        ]


class SalesDay(Fact):
    """What one SKU sold on one site on one local day in one currency: a sum over order lines that were not cancelled.

    There are further currencies beside the site's only where orders were paid in them.

    `orders` counts distinct orders holding the SKU. `revenue` is item price after promotions, without tax.
    """

    portal_may = ("SELECT",)

    pk = models.CompositePrimaryKey("agency", "store", "marketplace", "sku", "date", "currency")
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
    units = models.IntegerField(default=0)
    orders = models.IntegerField(default=0)
    revenue = models.BigIntegerField(default=0)
    tax = models.BigIntegerField(default=0)
    promotion = models.BigIntegerField(default=0)
    cancelled = models.IntegerField(default=0)  # units
    currency = models.CharField(max_length=3)

    class Meta:
        indexes = [models.Index(fields=["agency", "store", "date"], name="salesday_by_date")]


class StoreDay(TenantModel):
    """The roll-up of SalesDay that overview and charts read: one row per store, site, day and currency."""

    portal_may = ("SELECT",)

    pk = models.CompositePrimaryKey("agency", "store", "marketplace", "date", "currency")
    store = tied("accounts.Store", related_name="+", db_index=False)
    marketplace = models.ForeignKey(
        "accounts.Marketplace",
        models.PROTECT,
        db_index=False,
        db_constraint=False,
        related_name="+",
    )
    date = models.DateField()
    units = models.IntegerField(default=0)
    orders = models.IntegerField(default=0)  # distinct orders of the day, not a sum over SKUs
    revenue = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)

    class Meta:
        indexes = [models.Index(fields=["agency", "date"], name="storeday_by_date")]


class TrafficDay(Fact):
    """Sessions and Buy Box of one SKU on one site on one local day (Sales and Traffic report)."""

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
    asin = models.CharField(max_length=12, blank=True)
    date = models.DateField()
    sessions = models.IntegerField()
    page_views = models.IntegerField()
    buy_box = models.IntegerField(null=True)  # basis points of page views with our offer featured
    units = models.IntegerField()
    revenue = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    as_of = models.DateTimeField()


class Cost(TenantModel):
    """What one unit costs from a day on, freight to FBA apart. Minor units of `currency`."""

    pk = models.CompositePrimaryKey("agency", "store", "sku", "valid_from")
    store = tied("accounts.Store", related_name="+")
    sku = models.CharField(max_length=60)
    valid_from = models.DateField()
    unit_cost = models.BigIntegerField()
    freight = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    note = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField()
