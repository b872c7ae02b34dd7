"""What the floors above told of offers and orders: health itself does not know listings and sales."""

from django.db import models

from apps.core.tenancy import TenantModel, tied
from apps.health.models.facts import Programme


class Offer(TenantModel):
    """One SKU on one site with what it sold in the last 30 days. Minor units of `currency`; null: not known."""

    portal_may = ("SELECT",)
    portal_hides = ("owner",)

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
    fulfilment = models.CharField(max_length=3, blank=True)  # FBA or FBM
    active = models.BooleanField(default=True)
    owner = tied("accounts.Member", null=True, related_name="+")
    sales_30d = models.BigIntegerField(null=True)
    units_30d = models.IntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    told_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "store", "asin"], name="offer_by_asin")]


class OrderDay(TenantModel):
    """How many orders came in on one site on one UTC day, by who fulfils them. Cancelled ones are not counted.

    UTC, because the windows of Amazon's performance report are: a rate over them must count the same orders.
    """

    portal_may = ("SELECT",)

    pk = models.CompositePrimaryKey("agency", "store", "marketplace", "programme", "date")
    store = tied("accounts.Store", related_name="+", db_index=False)
    marketplace = models.ForeignKey(
        "accounts.Marketplace", models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    programme = models.CharField(max_length=3, choices=Programme.choices)
    date = models.DateField()
    orders = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["agency", "date"], name="orderday_by_date")]
