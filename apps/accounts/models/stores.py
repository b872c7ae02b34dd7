from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.agencies import SLUG
from apps.core.models import uuid7
from apps.core.tenancy import TenantModel, tied


class Channel(models.TextChoices):
    AMAZON = "amazon", "Amazon"
    SHOPIFY = "shopify", "Shopify"
    TIKTOK = "tiktok", "TikTok Shop"
    OTHER = "other", _("Other")


class Region(models.TextChoices):
    NA = "NA", _("North America")
    EU = "EU", _("Europe")
    FE = "FE", _("Asia Pacific")
    NONE = "", _("None")


class Marketplace(models.Model):
    """An Amazon site: its calendar, money and language. Shared; edited by platform staff."""

    portal_may = ("SELECT",)

    code = models.CharField(max_length=2, primary_key=True)
    amazon_id = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=60)
    region = models.CharField(max_length=2, choices=Region.choices)
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=40)
    language = models.CharField(max_length=10)  # of titles and reports, e.g. "de-DE"
    domain = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(default=100)
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name, verbose_name_plural = _("marketplace"), _("marketplaces")
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.code


class Store(TenantModel):
    """One selling account in one Amazon region, or one shop of another channel."""

    portal_may = ("SELECT",)

    id = models.BigAutoField(primary_key=True)
    client = tied("accounts.Client", related_name="stores", on_delete=models.PROTECT)
    slug = models.CharField(max_length=40, validators=[SLUG])  # in addresses and the API
    name = models.CharField(max_length=100)
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.AMAZON)
    region = models.CharField(max_length=2, choices=Region.choices, blank=True, default=Region.NA)
    seller_id = models.CharField(max_length=40, blank=True)  # Amazon's selling partner id
    owner = tied(
        "accounts.Member",
        null=True,
        blank=True,
        related_name="+",
        on_delete=models.PROTECT,
    )
    active = models.BooleanField(default=True)
    setting_up = models.BooleanField(default=False)  # its first steps have not been declared done
    created_at = models.DateTimeField(auto_now_add=True)
    marketplaces = models.ManyToManyField(Marketplace, through="StoreMarketplace")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="store_tie"),
            models.UniqueConstraint(fields=["agency", "slug"], name="one_store_per_slug"),
        ]

    def __str__(self) -> str:
        return self.name


class StoreMarketplace(TenantModel):
    """A site this store sells on. `pool` names sites that share one physical stock (Pan-EU): counted once."""

    portal_may = ("SELECT",)

    store = tied("accounts.Store", related_name="sites")
    marketplace = models.ForeignKey(Marketplace, models.PROTECT, related_name="+")
    active = models.BooleanField(default=True)
    pool = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "store", "marketplace"], name="one_site_per_store")]


class OwnRate(TenantModel):
    """What one US dollar costs in a currency from a day on, as the agency counts. Goes before the reference rate."""

    portal_may = ("SELECT",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    currency = models.CharField(max_length=3)
    valid_from = models.DateField()
    per_usd = models.DecimalField(max_digits=18, decimal_places=8)
    source = models.CharField(max_length=80, blank=True)  # where the agency has it from

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "currency", "valid_from"], name="one_own_rate_per_day")
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.valid_from}"


class FxRate(models.Model):
    """What one US dollar costs in a currency from a day on. Shared reference rates; edited by platform staff."""

    portal_may = ("SELECT",)

    currency = models.CharField(max_length=3)
    valid_from = models.DateField()
    per_usd = models.DecimalField(max_digits=18, decimal_places=8)
    source = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("exchange rate"), _("exchange rates")
        constraints = [models.UniqueConstraint(fields=["currency", "valid_from"], name="one_rate_per_day")]
        ordering = ["currency", "-valid_from"]

    def __str__(self) -> str:
        return f"{self.currency} {self.valid_from}"
