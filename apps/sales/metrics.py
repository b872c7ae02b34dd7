"""What sales and traffic mean, said once."""

from django.utils.translation import gettext_lazy as _

from apps.core.metrics import Measure, Metric, Unit, define, ratio, total

UNITS = Measure("sales.SalesDay", "units")
CANCELLED = Measure("sales.SalesDay", "cancelled")
REVENUE = Measure("sales.StoreDay", "revenue", money=True)
ORDERS = Measure("sales.StoreDay", "orders")
REVENUE_OF_SKU = Measure("sales.SalesDay", "revenue", money=True)
ORDERS_WITH_SKU = Measure("sales.SalesDay", "orders")
SESSIONS = Measure("sales.TrafficDay", "sessions")
TRAFFIC_UNITS = Measure("sales.TrafficDay", "units")

_ORDER_REPORT = _("Amazon all-orders report, by last update")
_TRAFFIC_REPORT = _("Amazon Sales and Traffic report, by day and SKU")


def cancellation(cancelled: int | None, units: int | None):  # type: ignore[no-untyped-def]
    """Cancelled units over all units ordered; unknown without orders."""
    return None if cancelled is None or units is None else ratio(cancelled, cancelled + units)


define(
    Metric(
        "units",
        _("Units sold"),
        Unit.COUNT,
        (UNITS,),
        total,
        _("Sum of the quantities of order lines that were not cancelled"),
        _ORDER_REPORT,
        "orders",
    )
)
define(
    Metric(
        "orders",
        _("Orders"),
        Unit.COUNT,
        (ORDERS,),
        total,
        _("Distinct orders with at least one line that was not cancelled, by local day of purchase"),
        _ORDER_REPORT,
        "orders",
        of_sku=(ORDERS_WITH_SKU,),
    )
)
define(
    Metric(
        "revenue",
        _("Sales"),
        Unit.MONEY,
        (REVENUE,),
        total,
        _("Item prices minus promotions, without tax and shipping, of lines that were not cancelled"),
        _ORDER_REPORT,
        "orders",
        of_sku=(REVENUE_OF_SKU,),
    )
)
define(
    Metric(
        "aov",
        _("Average order value"),
        Unit.MONEY,
        (REVENUE, ORDERS),
        ratio,
        _("Sales divided by orders"),
        _ORDER_REPORT,
        "orders",
    )
)
define(
    Metric(
        "cancellation_share",
        _("Cancelled units"),
        Unit.PERCENT,
        (CANCELLED, UNITS),
        cancellation,
        _("Cancelled units divided by all units ordered"),
        _ORDER_REPORT,
        "orders",
        up_is_good=False,
    )
)
define(
    Metric(
        "sessions",
        _("Sessions"),
        Unit.COUNT,
        (SESSIONS,),
        total,
        _("Sum of daily sessions"),
        _TRAFFIC_REPORT,
        "traffic",
    )
)
define(
    Metric(
        "conversion",
        _("Conversion rate"),
        Unit.PERCENT,
        (TRAFFIC_UNITS, SESSIONS),
        ratio,
        _("Units ordered divided by sessions"),
        _TRAFFIC_REPORT,
        "traffic",
    )
)
