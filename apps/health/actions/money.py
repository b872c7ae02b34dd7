"""Incidents when the agency counts in another currency from now on."""

from decimal import Decimal

from apps.core.findings import in_other_money
from apps.core.money import digits
from apps.health.models import Incident


def tell_in(source: str, target: str, rate: Decimal) -> int:
    """What all incidents are worth in the agency's new currency; `rate`: target for one of source. How many changed."""
    factor = rate.scaleb(digits(target) - digits(source))
    return Incident.objects.exclude(rank=0).update(rank=in_other_money("rank", factor))
