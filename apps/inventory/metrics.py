"""What stock means, said once."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from apps.core.metrics import Latest, Metric, Trailing, Unit, define, total

AVAILABLE = Latest("inventory.StockDay", "available")
INBOUND = (
    Latest("inventory.StockDay", "inbound_working"),
    Latest("inventory.StockDay", "inbound_shipped"),
    Latest("inventory.StockDay", "inbound_receiving"),
)
COVER_DAYS = 30
SOLD = Trailing("sales.SalesDay", "units", days=COVER_DAYS)
_STOCK_REPORT = _("Amazon FBA inventory report, newest snapshot of the period")


def added(*parts: int | None) -> Decimal | None:
    """The sum of the parts that are known; None when none is."""
    known = [part for part in parts if part is not None]
    return Decimal(sum(known)) if known else None


def cover(available: int | None, sold: int | None) -> Decimal | None:
    """Days that what is at FBA lasts at the pace of the last 30 days; unknown while nothing sells."""
    return None if available is None or not sold else Decimal(available * COVER_DAYS) / sold


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
define(
    Metric(
        "cover",
        _("Days of cover at FBA"),
        Unit.DAYS,
        (AVAILABLE, SOLD),
        cover,
        _("Units that can be sold now, divided by units sold a day over the last 30 days"),
        _("Amazon FBA inventory report and all-orders report"),
        "fba_stock",
    )
)
