"""Orders and bad ones day by day, from our own facts: what forecasts start from."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from apps.core import copying
from apps.core.tenancy import acting_agency
from apps.health.queries.counted import ODR_KINDS

# One line per site, metric, programme and day. The day is the one by which Amazon's window counts: that of the order
# for defects and cancellations, that of shipping for lateness and tracking. Bad is what was known before `before`.
_SERIES = """
    WITH known AS (
        SELECT DISTINCT marketplace_id, programme, order_id, ordered_on FROM health_defect
        WHERE agency_id = %(agency)s AND store_id = %(store)s AND kind = ANY(%(kinds)s)
            AND ordered_on >= %(since)s AND reported_on < %(before)s
            AND (withdrawn_on IS NULL OR withdrawn_on >= %(before)s)
    ), sent AS (
        SELECT *, (shipped_at AT TIME ZONE 'UTC')::date AS shipped_on FROM health_shipment
        WHERE agency_id = %(agency)s AND store_id = %(store)s AND shipped_at >= %(since)s
    )
    SELECT marketplace_id, 'odr', programme, date, orders, 0 FROM health_orderday
        WHERE agency_id = %(agency)s AND store_id = %(store)s AND date >= %(since)s AND date < %(before)s
    UNION ALL SELECT marketplace_id, 'odr', programme, ordered_on, 0, count(*) FROM known GROUP BY 1, 3, 4
    UNION ALL SELECT marketplace_id, 'lsr', '', shipped_on, count(*), count(*) FILTER (WHERE shipped_at > ship_by)
        FROM sent WHERE shipped_on < %(before)s GROUP BY 1, 4
    UNION ALL SELECT marketplace_id, 'vtr', '', shipped_on, sum(packages), sum(packages - valid_packages)
        FROM sent WHERE shipped_on < %(before)s AND packages IS NOT NULL AND valid_packages IS NOT NULL GROUP BY 1, 4
    UNION ALL SELECT marketplace_id, 'on_time_ship', programme, shipped_on, count(*),
        count(*) FILTER (WHERE shipped_at > ship_by)
        FROM sent WHERE programme = 'sfp' AND shipped_on < %(before)s GROUP BY 1, 3, 4
    UNION ALL SELECT marketplace_id, 'vtr', programme, shipped_on, sum(packages), sum(packages - valid_packages)
        FROM sent WHERE programme = 'sfp' AND shipped_on < %(before)s AND packages IS NOT NULL
            AND valid_packages IS NOT NULL GROUP BY 1, 3, 4
    UNION ALL SELECT marketplace_id, 'otdr', programme, (deliver_by AT TIME ZONE 'UTC')::date, count(*),
        count(*) FILTER (WHERE delivered_at > deliver_by)
        FROM sent WHERE programme = 'sfp' AND (deliver_by AT TIME ZONE 'UTC')::date < %(before)s
            AND (deliver_by AT TIME ZONE 'UTC')::date >= %(since)s
            AND valid_packages = packages AND delivered_at IS NOT NULL GROUP BY 1, 3, 4
    UNION ALL SELECT marketplace_id, 'cancel', programme, ordered_on, count(*),
        count(*) FILTER (WHERE cancelled_by = 'seller')
        FROM health_shipment WHERE agency_id = %(agency)s AND store_id = %(store)s AND ordered_on >= %(since)s
            AND ordered_on < %(before)s AND cancelled_by <> 'buyer' AND programme = 'sfp' GROUP BY 1, 3, 4
    UNION ALL SELECT marketplace_id, 'cancel', '', ordered_on, count(*), count(*) FILTER (WHERE cancelled_by = 'seller')
        FROM health_shipment WHERE agency_id = %(agency)s AND store_id = %(store)s AND ordered_on >= %(since)s
            AND ordered_on < %(before)s AND cancelled_by <> 'buyer' GROUP BY 1, 4"""

_DELAYS = """
    SELECT programme, min(reported_on) - ordered_on FROM health_defect
    WHERE agency_id = %(agency)s AND store_id = %(store)s AND kind = ANY(%(kinds)s)
        AND ordered_on < %(complete)s AND reported_on >= ordered_on
    GROUP BY programme, order_id, ordered_on"""

COMPLETE_AFTER = 45  # days after which nearly every defect of an order has been told
Key = tuple[str, str, str]  # site, metric, programme


@dataclass
class Series:
    """By day, oldest first: how many were looked at and how many of them are bad. The last day is `last`."""

    last: date
    total: NDArray[np.int64]
    bad: NDArray[np.int64]


@dataclass
class Known:
    """All series of a store, and the delays of its defects by programme in days."""

    series: dict[Key, Series]
    delays: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


def known(store_id: int, *, before: date, days: int) -> Known:
    """What was known of a store at the end of the day before `before`, for `days` days back; two queries."""
    since = before - timedelta(days=days)
    values = {"agency": acting_agency(), "store": store_id, "since": since, "before": before, "kinds": ODR_KINDS}
    found: dict[Key, Series] = {}
    for site, metric, programme, day, total, bad in copying.read(_SERIES, values=values):
        key = (site, metric, programme)
        if key not in found:
            found[key] = Series(before - timedelta(days=1), np.zeros(days, np.int64), np.zeros(days, np.int64))
        place = (day - since).days
        found[key].total[place] += total
        found[key].bad[place] += bad
    told = Known(found)
    values["complete"] = before - timedelta(days=COMPLETE_AFTER)
    for programme, delay in copying.read(_DELAYS, values=values):
        told.delays[programme].append(delay)
    return told
