"""How every site stands on every day: the counts behind Amazon's performance metrics, all days at once.

The report of a UTC day knows what happened before that day began, so it is the same at any hour. An order counts on
the days of an interval, which makes a window a difference array. Windows, counted back from the report's day D, in UTC
days, both ends included:

| metric | who counts, on which day | window |
|---|---|---|
| order defects | orders placed and not cancelled, per programme; one counts once however many defects it has; a defect counts from the day after it is reported to the day it is withdrawn or denied | D-75 … D-16 |
| late shipment | merchant orders by the day they were shipped; late when after the ship-by moment | D-30 … D-1 |
| cancellation | merchant orders by the day they were placed, those the buyer cancelled left out; the seller's count from the day after | D-7 … D-1 |
| valid tracking | merchant packages by the day they were shipped | D-30 … D-1 |
| on-time delivery | merchant packages with valid tracking by the day they were shipped; on time by the deliver-by moment; per unit in the US only | D-21 … D-8 |
| invoice defects | business orders in Europe by the day they were shipped, both programmes | D-7 … D-1 |
| Seller Fulfilled Prime | what is above, of Prime orders alone, over a week: shipped in time and cancelled on every site; tracking where it has a limit of its own, elsewhere as above; delivery by the UTC day of the promise, over a week where it has a limit of its own, else D-21 … D-8 | D-7 … D-1 |
| policy | violations by the day they were opened, until the day they are resolved | D-180 … D-1 |

With fewer than ten orders (packages, units; five for invoices) a metric is not rated: status NONE. A rate that reaches its target is BAD
whatever its four digits say: the comparison is made with whole numbers, strictly, as ``targetCondition`` tells.
"""  # noqa: E501

from dataclasses import dataclass

import numpy as np

from sandbox.world import policy
from sandbox.world.marketplaces import INDEX
from sandbox.world.orders import DAY, NEVER
from sandbox.world.outcomes import (
    DEFECTS,
    INVOICE_LATE,
    INVOICE_MISSING,
    INVOICE_NONE,
    PROGRAMMES,
    SITES,
    Outcomes,
)
from sandbox.world.partners import AUTHORISATIONS
from sandbox.world.policy import Violations

FEW = 10
ODR, LATE, LATE_SHORT, CANCELLED, TRACKED, ON_TIME, INVOICE, POLICY = (
    (75, 16),
    (30, 1),
    (10, 1),
    (7, 1),
    (30, 1),
    (21, 8),
    (7, 1),
    (180, 1),
)
WEEK = (7, 1)
# Sites with limits of their own for Prime: tracking and delivery look at a week there.
PRIME_TRACKING = [INDEX[code] for code in ("FR", "JP")]
PRIME_DELIVERY = [INDEX[code] for code in ("UK", "DE", "ES", "JP")]
NORMAL, AT_RISK, DEACTIVATED = "NORMAL", "AT_RISK", "DEACTIVATED"
LAG_DAYS, GRAVE_DAYS, SERIOUS = 5, 30, 4
UNITED_STATES = INDEX["US"]


@dataclass(frozen=True)
class Target:
    """What a rate must stay below (or above): the limit is ``value`` ten-thousandths; reaching it is a breach."""

    value: int
    condition: str = "LESS_THAN"
    few: int = FEW

    def status(self, count: int, total: int) -> str:
        """GOOD, BAD, or NONE with too few to rate."""
        if total < self.few:
            return "NONE"
        share, limit = count * 10_000, total * self.value
        return "GOOD" if (share < limit if self.condition == "LESS_THAN" else share > limit) else "BAD"

    def grave(self, count: np.ndarray, total: np.ndarray) -> np.ndarray:
        """For columns: is it BAD, and by so many orders that Amazon looks at the account."""
        share, limit = count * 10_000, total * self.value
        less = self.condition == "LESS_THAN"
        wrong = count if less else total - count
        return (total >= self.few) & (wrong >= SERIOUS) & (share >= limit if less else share <= limit)


TARGETS = {
    "orderDefectRate": Target(100),
    "lateShipmentRate": Target(400),
    "preFulfillmentCancellationRate": Target(250),
    "validTrackingRate": Target(9500, "GREATER_THAN"),
    "onTimeDeliveryRate": Target(9000, "GREATER_THAN"),
    "unitOnTimeDeliveryRate": Target(9000, "GREATER_THAN"),
    "invoiceDefectRate": Target(500, few=5),
}


def rate(count: int, total: int) -> float:
    """A share with four digits, half up; 0 of none."""
    return (2 * count * 10_000 + total) // (2 * total) / 10_000 if total else 0.0


class Standing:
    """Counts per site and day: ``count(name, site, day)``."""

    def __init__(self, outcomes: Outcomes, violations: Violations, until: int) -> None:
        self.first, self.days = outcomes.start, until - outcomes.start + 1
        self.sites = np.array(sorted(a.index * SITES + INDEX[c] for a in AUTHORISATIONS for c in a.marketplaces))
        self.counts: dict[str, np.ndarray] = {}
        self._defects(outcomes)
        self._shipping(outcomes)
        self._cancellations(outcomes)
        self._prime(outcomes)
        self._invoices(outcomes)
        self._policy(outcomes, violations)
        self.status = [self._statuses(row) for row in range(len(self.sites))]

    def count(self, name: str, site: int, day: int) -> int:
        """What the report of a day says."""
        index = day - self.first
        return int(self.counts[name][self._row(site), index]) if 0 <= index < self.days else 0

    def account_status(self, site: int, day: int) -> str:
        """NORMAL, AT_RISK or DEACTIVATED."""
        index = day - self.first
        return self.status[self._row(site)][index] if 0 <= index < self.days else NORMAL

    def _row(self, site: int) -> int:
        return int(np.searchsorted(self.sites, site))

    def _add(self, name: str, site: np.ndarray, begin: np.ndarray, end: np.ndarray, weight: object = 1) -> None:
        """Count every row on the report days from ``begin`` to ``end``, both included."""
        begin = np.clip(begin - self.first, 0, self.days)
        end = np.clip(end + 1 - self.first, begin, self.days)
        size, site = len(self.sites), np.searchsorted(self.sites, site)
        weight = np.broadcast_to(np.asarray(weight), begin.shape)
        steps = np.bincount(site * (self.days + 1) + begin, weight, size * (self.days + 1))
        steps -= np.bincount(site * (self.days + 1) + end, weight, size * (self.days + 1))
        counted = np.cumsum(steps.reshape(size, -1), axis=1)[:, : self.days]
        self.counts[name] = np.rint(counted).astype(np.int64)

    def _window(self, name: str, outcomes: Outcomes, rows: np.ndarray, day: np.ndarray, window: tuple) -> None:
        self._add(name, outcomes.site[rows], day[rows] + window[1], day[rows] + window[0])

    def _defects(self, o: Outcomes) -> None:
        begin, end = o.bought + ODR[1], np.minimum(o.bought + ODR[0], o.cancelled // DAY)
        spans = []
        for reported, withdrawn in o.defects:
            spans.append((np.maximum(begin, reported // DAY + 1), np.minimum(o.bought + ODR[0], withdrawn // DAY)))
        for programme, merchant in zip(PROGRAMMES, (False, True), strict=True):
            mine = o.merchant == merchant
            self._add(f"{programme}.orders", o.site[mine], begin[mine], end[mine])
            for name, (start, stop) in zip(DEFECTS, spans, strict=True):
                rows = mine & (start <= stop)
                self._add(f"{programme}.{name}", o.site[rows], start[rows], stop[rows])
            row, start, stop = _united(spans, mine)
            self._add(f"{programme}.defective", o.site[row], start, stop)

    def _shipping(self, o: Outcomes) -> None:
        sent = o.shipped // DAY
        gone = o.merchant & (o.shipped != NEVER)
        on_time = o.tracked & (o.delivered <= o.deliver_by)
        for name, window in (("late", LATE), ("late_short", LATE_SHORT)):
            self._window(f"{name}.orders", o, gone, sent, window)
            self._window(f"{name}.late", o, gone & o.late, sent, window)
        self._window("tracking.packages", o, gone, sent, TRACKED)
        self._window("tracking.valid", o, gone & o.tracked, sent, TRACKED)
        self._window("delivery.packages", o, gone & o.tracked, sent, ON_TIME)
        self._window("delivery.on_time", o, gone & on_time, sent, ON_TIME)
        american = gone & o.tracked & (o.site % SITES == UNITED_STATES)
        for name, rows in (("delivery.units", american), ("delivery.units_on_time", american & on_time)):
            self._add(name, o.site[rows], sent[rows] + ON_TIME[1], sent[rows] + ON_TIME[0], o.units[rows])

    def _cancellations(self, o: Outcomes, name: str = "cancellation", mine: np.ndarray | None = None) -> None:
        last = o.bought + CANCELLED[0]
        ended = np.where(o.sold_by_merchant, last, np.minimum(last, o.cancelled // DAY))
        rows = o.merchant if mine is None else mine
        self._add(f"{name}.orders", o.site[rows], o.bought[rows] + CANCELLED[1], ended[rows])
        rows = rows & o.sold_by_merchant
        self._add(f"{name}.cancelled", o.site[rows], o.cancelled[rows] // DAY + 1, last[rows])

    def _prime(self, o: Outcomes) -> None:
        sent, promised = o.shipped // DAY, o.deliver_by // DAY
        gone = o.prime & (o.shipped != NEVER)
        self._window("prime.shipped", o, gone, sent, WEEK)
        self._window("prime.in_time", o, gone & ~o.late, sent, WEEK)
        self._cancellations(o, "prime.cancellation", o.prime)
        on_time = o.tracked & (o.delivered <= o.deliver_by)
        for name, rows, day, own, usual in (
            ("prime.packages", gone, sent, PRIME_TRACKING, TRACKED),
            ("prime.valid", gone & o.tracked, sent, PRIME_TRACKING, TRACKED),
            ("prime.promised", gone & o.tracked, promised, PRIME_DELIVERY, ON_TIME),
            ("prime.on_time", gone & on_time, promised, PRIME_DELIVERY, ON_TIME),
        ):
            last, first = np.where(np.isin(o.site[rows] % SITES, own)[:, None], WEEK, usual).T
            self._add(name, o.site[rows], day[rows] + first, day[rows] + last)

    def _invoices(self, o: Outcomes) -> None:
        sent = o.shipped // DAY
        self._window("invoice.orders", o, o.invoice != INVOICE_NONE, sent, INVOICE)
        self._window("invoice.missing", o, o.invoice == INVOICE_MISSING, sent, INVOICE)
        self._window("invoice.late", o, o.invoice == INVOICE_LATE, sent, INVOICE)

    def _policy(self, o: Outcomes, v: Violations) -> None:
        self._window("rating.orders", o, np.ones(len(o.bought), bool), o.bought, POLICY)
        day, last = v.opened // DAY, np.minimum(v.opened // DAY + POLICY[0], v.resolved // DAY)
        for number, name in enumerate(policy.KINDS):
            rows = v.kind == number
            self._add(f"policy.{name}", v.site[rows], day[rows] + POLICY[1], last[rows])

    # ---- account status ------------------------------------------------------------------------------------------

    def _statuses(self, row: int) -> list[str]:
        """Per day: at risk after five days in breach, deactivated after thirty days of twice the defects allowed.

        Five days without a breach lead back to normal.
        """
        odr = TARGETS["orderDefectRate"]
        pairs = [("orderDefectRate", f"{p}.defective", f"{p}.orders") for p in PROGRAMMES] + [
            ("lateShipmentRate", "late.late", "late.orders"),
            ("preFulfillmentCancellationRate", "cancellation.cancelled", "cancellation.orders"),
            ("validTrackingRate", "tracking.valid", "tracking.packages"),
        ]
        at = {name: self.counts[name][row] for _key, *names in pairs for name in names}
        bad = np.any([TARGETS[key].grave(at[count], at[total]) for key, count, total in pairs], axis=0)
        double = Target(2 * odr.value)
        grave = np.any([double.grave(at[f"{p}.defective"], at[f"{p}.orders"]) for p in PROGRAMMES], axis=0)
        return _follow(bad, grave)


def _follow(bad: np.ndarray, grave: np.ndarray) -> list[str]:
    state, breached, well, deep, told = NORMAL, 0, 0, 0, []
    for is_bad, is_grave in zip(bad.tolist(), grave.tolist(), strict=True):
        breached, well = (breached + 1, 0) if is_bad else (0, well + 1)
        deep = deep + 1 if is_grave else 0
        if deep >= GRAVE_DAYS:
            state = DEACTIVATED
        elif state == NORMAL and breached >= LAG_DAYS:
            state = AT_RISK
        elif well >= LAG_DAYS:
            state = NORMAL
        told.append(state)
    return told


def _united(spans: list[tuple], mine: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(row, begin, end) of the days on which a row has any defect: overlapping spans of a row become one."""
    parts = [(np.flatnonzero(mine & (start <= stop)), start, stop) for start, stop in spans]
    row = np.concatenate([rows for rows, _start, _stop in parts])
    start = np.concatenate([begin[rows] for rows, begin, _stop in parts])
    stop = np.concatenate([end[rows] for rows, _start, end in parts])
    order = np.lexsort((start, row))
    row, start, stop = row[order], start[order], stop[order].copy()
    for later in np.flatnonzero(np.diff(row) == 0) + 1:  # few: orders with two defects or three
        earlier = later - 1
        start[later] = max(start[later], stop[earlier] + 1)
        stop[later] = max(stop[later], stop[earlier])
    keep = start <= stop
    return row[keep], start[keep], stop[keep]
