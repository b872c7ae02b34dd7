from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.middleware import RESERVED
from apps.core.models import uuid7
from apps.core.permissions import Role
from apps.core.tenancy import TenantModel, tied

SLUG = RegexValidator(r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$", _("3 to 40 small letters, digits and hyphens."))


def not_reserved(slug: str) -> None:
    """Raises ValidationError for a first word of the house's own addresses."""
    if slug in RESERVED:
        raise ValidationError(_("This address belongs to the house itself. Choose another one."))


class Agency(models.Model):
    """A tenant. Shared table: it is looked up by its address before anybody acts, so it holds a name and no more."""

    portal_may = ("SELECT",)
    portal_hides = ("plan",)

    slug = models.CharField(max_length=40, unique=True, validators=[SLUG, not_reserved])  # never changes
    name = models.CharField(max_length=100)
    plan = models.CharField(max_length=40, blank=True)  # what the platform has agreed with it, in words
    active = models.BooleanField(default=True)  # false: suspended by the platform
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("agency"), _("agencies")

    def __str__(self) -> str:
        return self.name


class AgencySettings(TenantModel):
    """What an agency decided for itself."""

    portal_may = ("SELECT",)

    agency = models.OneToOneField(Agency, models.CASCADE, primary_key=True, related_name="settings")
    currency = models.CharField(max_length=3, default="USD")  # of mixed sums
    language = models.CharField(max_length=10, default="zh-hans")
    time_zone = models.CharField(max_length=40, default="Asia/Shanghai")
    mfa_required = models.BooleanField(default=False)
    brand_colour = models.CharField(max_length=7, default="#2453d4")
    logo = models.CharField(max_length=80, blank=True)  # the stored picture's name: hash and ending; "": none
    staff_names_in_portal = models.BooleanField(default=False)


class Client(TenantModel):
    """A seller the agency works for: the owner of stores, and the company behind portal logins."""

    portal_may = ("SELECT",)
    portal_hides = ("monthly_fee", "fee_currency", "contract", "note")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    contract = models.CharField(max_length=120, blank=True)
    monthly_fee = models.BigIntegerField(null=True, blank=True)  # minor units of fee_currency
    fee_currency = models.CharField(max_length=3, blank=True)
    since = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)  # in which their portal tells money; "": the agency's
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="client_tie"),
            models.UniqueConstraint(fields=["agency", "name"], name="one_client_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class RoleLimit(TenantModel):
    """How much a role may approve alone. `most` in minor units of the agency's currency; null: no limit."""

    role = models.CharField(max_length=10, choices=Role.choices)
    action = models.CharField(max_length=40)  # e.g. "plan.approve"
    most = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "role", "action"], name="one_limit_per_role")]


class Threshold(TenantModel):
    """An agency's own value for a limit that a metric is judged by; `marketplace` empty: all of them."""

    portal_may = ("SELECT",)

    metric = models.CharField(max_length=60)
    marketplace = models.CharField(max_length=2, blank=True)
    programme = models.CharField(max_length=40, blank=True)
    value = models.DecimalField(max_digits=14, decimal_places=4, default=Decimal(0))

    class Meta:
        verbose_name, verbose_name_plural = _("threshold"), _("thresholds")
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "metric", "marketplace", "programme"],
                name="one_threshold",
            )
        ]


class SupportGrant(TenantModel):
    """The only way platform staff see an agency's data: a reason, at most an hour, told to the owner, logged."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    reason = models.CharField(max_length=300)
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    member = tied("accounts.Member", null=True, blank=True, related_name="+")

    class Meta:
        verbose_name, verbose_name_plural = _("support access"), _("support accesses")
