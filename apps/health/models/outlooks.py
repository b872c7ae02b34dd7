"""What was foretold of a rate, kept so that it can be compared with what came."""

from django.db import models

from apps.core.tenancy import TenantModel, tied


class Outlook(TenantModel):
    """The forecast of one rate of one site as it was made on one day. Rates and chances in millionths.

    `chance` of a breach within 14 days; `days`, `low`, `high`: the median first day of those futures that cross within
    30 days, and the 80 % around it; `fewer`: so many defects fewer keep eight futures of ten under the limit. `inputs`:
    digest of what it was made from. `crossed_on`: the report day on which the limit was really reached, once it was.
    """

    portal_may = ("SELECT",)

    pk = models.CompositePrimaryKey("agency", "store", "marketplace", "metric", "programme", "date")
    store = tied("accounts.Store", related_name="+", db_index=False)
    marketplace = models.ForeignKey(
        "accounts.Marketplace", models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    metric = models.CharField(max_length=60)
    programme = models.CharField(max_length=10, blank=True)
    date = models.DateField()
    chance = models.IntegerField()
    days = models.SmallIntegerField(null=True)
    low = models.SmallIntegerField(null=True)
    high = models.SmallIntegerField(null=True)
    fewer = models.IntegerField(default=0)
    rate = models.IntegerField(default=0)
    method = models.CharField(max_length=60)
    version = models.SmallIntegerField()
    inputs = models.CharField(max_length=64)
    crossed_on = models.DateField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "date"], name="outlook_by_date")]
