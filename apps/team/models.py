"""What changes did: measured once their time is over, kept beside the ledger."""

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.tenancy import TenantModel


class ChangeEffect(TenantModel):
    """The effect of one entry of the ledger. `before` and `after` are of what was touched, `others_*` of what was not.

    Shares for days without stock, alarms a week for rules, counts else. `low` and `high` are the 95 % interval of the
    change less that of the others. `why` names the sentence that says what cannot be told, or how.
    """

    class Kind(models.TextChoices):
        MEASURED = "measured", _("Measured")
        EARLY = "early", _("Too early")
        CANNOT = "cannot", _("Cannot be measured")
        NONE = "none", _("No effect expected")

    class Verdict(models.TextChoices):
        HELPED = "helped", _("Helped")
        HURT = "hurt", _("Hurt")
        UNCLEAR = "unclear", _("No clear change")

    portal_may = ()

    pk = models.CompositePrimaryKey("agency", "number")
    number = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    measure = models.CharField(max_length=12, blank=True)  # stock, alarms, offers, defects
    why = models.CharField(max_length=20, blank=True)
    known_on = models.DateField(null=True)
    verdict = models.CharField(max_length=8, choices=Verdict.choices, blank=True)
    before = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    after = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    others_before = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    others_after = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    low = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    high = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    touched = models.IntegerField(default=0)
    others = models.IntegerField(default=0)
    money = models.BigIntegerField(null=True)  # minor units of the agency's currency
    measured_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("effect"), _("effects")
        indexes = [models.Index(fields=["agency", "kind", "verdict"], name="effect_by_verdict")]

    @property
    def change(self) -> Decimal | None:
        """After less before; of days without stock less the same of what was not touched."""
        if self.before is None or self.after is None:
            return None
        if self.measure != "stock" or self.others_before is None or self.others_after is None:
            return self.after - self.before
        return (self.after - self.before) - (self.others_after - self.others_before)
