"""What stock means, said once."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from apps.core.metrics import Latest, Metric, Unit, define, total

AVAILABLE = Latest("inventory.StockDay", "available")
INBOUND = (
    Latest("inventory.StockDay", "inbound_working"),
    Latest("inventory.StockDay", "inbound_shipped"),
    Latest("inventory.StockDay", "inbound_receiving"),
)
_STOCK_REPORT = _("Amazon FBA inventory report, newest snapshot of the period")


def added(*parts: int | None) -> Decimal | None:
    """The sum of the parts that are known; None when none is."""
    known = [part for part in parts if part is not None]
    return Decimal(sum(known)) if known else None


define(
    Metric(
        "stock_available",
        _("Available at FBA"),
        Unit.COUNT,
        (AVAILABLE,),
        total,
        _("Units that can be sold now"),
        _STOCK_REPORT,
        "fba_stock",
    )
)
define(
    Metric(
        "stock_inbound",
        _("Inbound to FBA"),
        Unit.COUNT,
        INBOUND,
        added,
        _("Units being prepared, under way and being received"),
        _STOCK_REPORT,
        "fba_stock",
    )
)
