"""Forecasts made and kept, and what became of them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from apps.accounts.models import Store
from apps.core import copying
from apps.core.tenancy import acting_agency
from apps.health.domain.forecast import AT_ONCE, HORIZON, History, foresee, learn_delay
from apps.health.domain.headroom import WHOLE
from apps.health.models import Figure, HealthDay, Outlook
from apps.health.models.names import FORETOLD
from apps.health.queries.figures import current, joined
from apps.health.queries.latest import latest
from apps.health.queries.newest import Reading, readings
from apps.health.queries.series import Known, Series, known

MORE_DAYS = 35  # beyond the window: what a recent rate is compared with, and weekdays are learned from

# A forecast comes true on the first report day within its horizon whose rate reaches the limit.
_CAME = """
    UPDATE health_outlook o SET crossed_on = h.day FROM (
        SELECT o.marketplace_id, o.metric, o.programme, o.date, min(d.date) AS day
        FROM health_outlook o JOIN (
            SELECT agency_id, store_id, marketplace_id, metric, programme, date, status FROM health_healthday
            UNION ALL SELECT agency_id, store_id, marketplace_id, metric, programme, date, status FROM health_figure
            WHERE origin = 'counted'
        ) d USING (agency_id, store_id, marketplace_id, metric, programme)
        WHERE o.agency_id = %(agency)s AND o.store_id = %(store)s AND o.crossed_on IS NULL AND o.date > %(since)s
            AND d.date > o.date AND d.date <= o.date + %(horizon)s AND d.status = 'bad'
        GROUP BY 1, 2, 3, 4
    ) h WHERE o.agency_id = %(agency)s AND o.store_id = %(store)s
        AND (o.marketplace_id, o.metric, o.programme, o.date) = (h.marketplace_id, h.metric, h.programme, h.date)"""


@dataclass(frozen=True)
class _Asked:
    reading: Reading
    series: Series
    told: Known


def look_ahead(store: Store, *, at: datetime) -> int:
    """Forecast every rate of the store's newest reports, and those we count, from our own facts; how many were made.

    Safe to run twice: the same facts give the same forecast. A rate without facts of our own gets none.
    """
    copying.lock(store.pk, "outlook")
    counted = Figure.objects.filter(store=store, metric__in=FORETOLD, origin=Figure.Origin.COUNTED)
    reported = latest(HealthDay.objects.filter(store=store, metric__in=FORETOLD))
    found = readings(joined(reported, current(counted, on=at.date())))
    rated = [each for each in found if each.window and each.row.total and each.limit]
    made = [_foretold(asked, store, at) for asked in _asked(store, rated)]
    Outlook.objects.bulk_create(
        made,
        update_conflicts=True,
        unique_fields=["agency", "store", "marketplace", "metric", "programme", "date"],
        update_fields=[
            "chance", "days", "low", "high", "fewer", "rate", "method", "version", "inputs", "made_at",
        ],
    )  # fmt: skip
    _compare(store, at.date())
    return len(made)


def _asked(store: Store, rated: list[Reading]) -> list[_Asked]:
    """Each rate with what was known on its report's day: sites report on the same days, mostly."""
    told: dict[date, Known] = {}
    found = []
    for each in rated:
        row, window = each.row, each.window
        assert window is not None
        days = window.days + window.lag + MORE_DAYS
        if row.date not in told:
            told[row.date] = known(store.pk, before=row.date, days=max(days, 120))
        series = told[row.date].series.get((row.marketplace_id, row.metric, row.programme))
        if series is not None and series.total.any():
            found.append(_Asked(each, series, told[row.date]))
    return found


def _foretold(asked: _Asked, store: Store, at: datetime) -> Outlook:
    row, window, limit = asked.reading.row, asked.reading.window, asked.reading.limit
    assert window is not None
    assert limit is not None
    delay = learn_delay(asked.told.delays[row.programme]) if row.metric == "odr" else AT_ONCE
    history = History(asked.series.total, asked.series.bad, window, delay)
    seen = foresee(history, limit)
    digest = sha256(asked.series.total.tobytes() + asked.series.bad.tobytes())
    digest.update(repr((window, limit, delay)).encode())
    return Outlook(
        store=store, marketplace_id=row.marketplace_id, metric=row.metric, programme=row.programme, date=row.date,
        chance=round(seen.probability * WHOLE), days=seen.days, low=seen.low, high=seen.high, fewer=seen.fewer,
        rate=min(WHOLE, round(seen.rate * WHOLE)), method=seen.method, version=seen.version,
        inputs=digest.hexdigest(), made_at=at,
    )  # fmt: skip


def _compare(store: Store, today: date) -> int:
    """Note which forecasts came true; the number of them."""
    values = {"agency": acting_agency(), "store": store.pk, "horizon": HORIZON}
    return copying.run(_CAME, values=values | {"since": today - timedelta(days=2 * HORIZON)})
