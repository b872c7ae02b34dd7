"""Kinds of findings about what everything is counted by."""

from django.utils.translation import gettext_lazy as _

from apps.core.findings import FindingKind, define_kind
from apps.core.permissions import Permission

define_kind(
    FindingKind(
        key="rate-old",
        label=_("Exchange rate is old"),
        icon="coin",
        tone="warning",
        sentence=_("{currency} is converted by a rate of {rate} from {since}: {days} days old"),
        why=_(
            "Sums in your currency, the order of the inbox and what limits compare with are off by what it moved since."
        ),
        verb=_("Set a newer rate"),
        link="store-rates",
        needs=Permission.CURRENCY_EDIT,
    )
)
