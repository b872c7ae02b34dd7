"""Figures of account health that no report of a marketplace tells: counted from our own facts, or entered by people."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.changes import Moment
from apps.core.tenancy import TenantModel, tied

HUNDRED = Decimal(100)


def _site() -> models.ForeignKey:
    return models.ForeignKey(
        "accounts.Marketplace", models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )


class Figure(TenantModel):
    """One metric of one site and day as we or a person tell it. It stands beside what the marketplace reported and
    never overwrites it: reports are `HealthDay`.

    Numbers are those of `HealthDay`: `rate` in millionths (null: not rated), `count` alone for a score or a counter.
    `unknown`: so many more that should be looked at, of which nobody has told us how they ended (packages without a
    delivery scan). `status` is ours: good, bad, none (too few) or "" (nobody judged it).
    """

    portal_may = ("SELECT",)
    portal_hides = ("by",)

    class Origin(models.TextChoices):
        """Who says so."""

        COUNTED = "counted", _("Counted from our own orders")
        PERSON = "person", _("Entered by hand")
        FILE = "file", _("Brought by a file")

    pk = models.CompositePrimaryKey("agency", "store", "marketplace", "metric", "programme", "date", "origin")
    store = tied("accounts.Store", related_name="+", db_index=False)
    marketplace = _site()
    metric = models.CharField(max_length=60)
    programme = models.CharField(max_length=10, blank=True)
    date = models.DateField()
    origin = models.CharField(max_length=7, choices=Origin.choices)
    total = models.BigIntegerField(null=True)
    count = models.BigIntegerField(null=True)
    rate = models.BigIntegerField(null=True)
    unknown = models.BigIntegerField(null=True)
    status = models.CharField(max_length=4, blank=True, db_default="")
    window_first = models.DateField(null=True)
    window_last = models.DateField(null=True)
    by = tied("accounts.Member", null=True, related_name="+")
    as_of = models.DateTimeField()
    changed_at = models.DateTimeField(db_default=Moment(), editable=False)  # kept by the table's trigger

    class Meta:
        indexes = [
            models.Index(fields=["agency", "store", "date"], name="figure_by_date"),
            models.Index(fields=["agency", "changed_at"], name="figure_by_change"),
        ]


class Delivery(TenantModel):
    """When an order's last package arrived, as carriers tell: Amazon tells only that it did."""

    portal_may = ()

    pk = models.CompositePrimaryKey("agency", "store", "order_id")
    store = tied("accounts.Store", related_name="+", db_index=False)
    order_id = models.CharField(max_length=40)
    delivered_at = models.DateTimeField()
    as_of = models.DateTimeField()


class CsatDay(TenantModel):
    """How content buyers of one site were at the end of one UTC day: a figure of ours, Amazon has none.

    `score` in hundredths of a point (9650 is 96.5), null while nothing it is made of is known. `ncx`, `feedback`,
    `replies` are the shares it is made of, in millionths over 30 days; null: not known. `ncx_told`: a person told it
    from Amazon's own page, else it is our proxy. `weighted` is score times `basis` (orders), both null with the score:
    sums of them divide into the mean of several sites and days.
    """

    portal_may = ("SELECT",)

    pk = models.CompositePrimaryKey("agency", "store", "marketplace", "date")
    store = tied("accounts.Store", related_name="+", db_index=False)
    marketplace = _site()
    date = models.DateField()
    orders = models.BigIntegerField()
    ncx = models.BigIntegerField(null=True)
    ncx_told = models.BooleanField(default=False)
    feedback = models.BigIntegerField(null=True)
    replies = models.BigIntegerField(null=True)
    score = models.IntegerField(null=True)
    basis = models.BigIntegerField(null=True)
    weighted = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField(db_default=Moment(), editable=False)  # kept by the table's trigger

    class Meta:
        indexes = [
            models.Index(fields=["agency", "date"], name="csatday_by_date"),
            models.Index(fields=["agency", "changed_at"], name="csatday_by_change"),
        ]


class CsatTerms(TenantModel):
    """How an agency makes its CSat: points lost for each percentage point, and whether clients see it."""

    portal_may = ("SELECT",)

    ncx = models.DecimalField(
        max_digits=5, decimal_places=2, validators=[MinValueValidator(0), MaxValueValidator(HUNDRED)]
    )
    feedback = models.DecimalField(
        max_digits=5, decimal_places=2, validators=[MinValueValidator(0), MaxValueValidator(HUNDRED)]
    )
    replies = models.DecimalField(
        max_digits=5, decimal_places=2, validators=[MinValueValidator(0), MaxValueValidator(HUNDRED)]
    )
    in_portal = models.BooleanField(default=False)

    class Meta:
        verbose_name, verbose_name_plural = _("CSat terms"), _("CSat terms")
        constraints = [models.UniqueConstraint(fields=["agency"], name="one_csat_terms")]

    def __str__(self) -> str:
        return "CSat"
