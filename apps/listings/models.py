"""What is sold: one product per SKU of a store, one listing per SKU and site."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.tenancy import TenantModel, tied

WAYS = {"FBA": _("Amazon"), "FBM": _("Seller")}  # who ships: words for the codes of fulfilment


class Product(TenantModel):
    """A SKU of a store, as the agency knows it. Written by loaders (title, ASIN) and by people or ERPs (the rest)."""

    portal_may = ("SELECT",)

    pk = models.CompositePrimaryKey("agency", "store", "sku")
    store = tied("accounts.Store", related_name="+")
    sku = models.CharField(max_length=60)
    asin = models.CharField(max_length=12, blank=True)
    fnsku = models.CharField(max_length=20, blank=True)
    title = models.CharField(max_length=500, blank=True)
    brand = models.CharField(max_length=100, blank=True)
    category = models.CharField(max_length=100, blank=True)
    image_url = models.URLField(max_length=500, blank=True)
    supplier = models.CharField(max_length=120, blank=True)
    carton_units = models.PositiveIntegerField(null=True, blank=True)
    moq = models.PositiveIntegerField(null=True, blank=True)
    owner = tied("accounts.Member", null=True, blank=True, related_name="+")
    active = models.BooleanField(default=True)
    edited = models.JSONField(default=dict, blank=True)  # {column: when a person or an ERP said so}: loaders leave it
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "store", "asin"], name="product_by_asin")]

    def __str__(self) -> str:
        return self.sku


class Listing(TenantModel):
    """One SKU on one site, as Amazon shows it. `as_of` decides which document is newer."""

    portal_may = ("SELECT",)

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        INACTIVE = "inactive", _("Inactive")
        INCOMPLETE = "incomplete", _("Incomplete")
        GONE = "gone", _("No longer listed")

    pk = models.CompositePrimaryKey("agency", "store", "marketplace", "sku")
    store = tied("accounts.Store", related_name="+")
    marketplace = models.ForeignKey("accounts.Marketplace", models.PROTECT, related_name="+")
    sku = models.CharField(max_length=60)
    asin = models.CharField(max_length=12, blank=True)
    title = models.CharField(max_length=500, blank=True)
    price = models.BigIntegerField(null=True)  # minor units
    currency = models.CharField(max_length=3, blank=True)
    quantity = models.IntegerField(null=True)  # merchant-fulfilled offers only
    fulfilment = models.CharField(max_length=3)  # FBA or FBM
    status = models.CharField(max_length=10, choices=Status.choices)
    condition = models.CharField(max_length=30, blank=True)
    image_url = models.URLField(max_length=500, blank=True)
    opened_at = models.DateTimeField(null=True)
    as_of = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "store", "sku"], name="listing_by_sku")]

    @property
    def way(self) -> str:
        """Who ships, in words."""
        return str(WAYS.get(self.fulfilment, self.fulfilment))
