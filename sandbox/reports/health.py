"""The V2 seller performance report (JSON): all marketplaces of the account in one file, as of a UTC day.

What counts when is told in ``sandbox.world.standing``. Rates are fractions with four digits. A metric with too few
orders has status NONE, and rate 0 only because Amazon's schema demands a number there. Late shipments over ten days
have no place in the schema: they are told by ``truth/health`` alone. ``ahrStatus`` (which the schema requires but does
not describe) and ``accountHealthRatingStatus`` (which it describes) say the same.
"""

import datetime as dt
import json
from typing import TYPE_CHECKING

from sandbox.reports.text import File
from sandbox.world import policy, standing
from sandbox.world.marketplaces import BY_CODE, INDEX
from sandbox.world.outcomes import PROGRAMMES, SITES
from sandbox.world.standing import TARGETS, Standing, Target

if TYPE_CHECKING:
    from sandbox.reports.book import Report
    from sandbox.service import Sandbox
    from sandbox.world.partners import Authorisation
    from sandbox.world.world import World

EPOCH = dt.date(1970, 1, 1)
NEW, PER_200_ORDERS, PER_VIOLATION, PER_BREACH, HEALTHY, BEST = 200, 4, 30, 100, 200, 1000


def make(sandbox: "Sandbox", report: "Report", now: int) -> File:
    """As of today, whatever marketplaces and window were asked for."""
    body = content(sandbox.world, report.auth, now // standing.DAY)
    return File(json.dumps(body).encode(), "application/json; charset=UTF-8", len(body["performanceMetrics"]))


def content(world: "World", auth: "Authorisation", day: int) -> dict:
    """The report of an account on a day (days since 1970)."""
    _outcomes, _violations, stands = world.health()
    return {
        "accountStatuses": [
            {"marketplaceId": BY_CODE[code].id, "status": stands.account_status(_site(auth, code), day)}
            for code in auth.marketplaces
        ],
        "performanceMetrics": [_Page(stands, _site(auth, code), day).content() for code in auth.marketplaces],
    }


def late_short(world: "World", auth: "Authorisation", code: str, day: int) -> dict:
    """Late shipments over ten days."""
    page = _Page(world.health()[2], _site(auth, code), day)
    return page.late("late_short", standing.LATE_SHORT)


def prime(world: "World", auth: "Authorisation", code: str, day: int) -> dict:
    """Seller Fulfilled Prime, of which no report tells: {what: {count, total, rate, rated}}, counts of good ones but
    for cancellations."""
    return _Page(world.health()[2], _site(auth, code), day).prime()


def _site(auth: "Authorisation", code: str) -> int:
    return auth.index * SITES + INDEX[code]


class _Page:
    """The metrics of one marketplace."""

    def __init__(self, stands: Standing, site: int, day: int) -> None:
        self.stands, self.site, self.day = stands, site, day
        self.marketplace = list(BY_CODE.values())[site % SITES]

    def content(self) -> dict:
        page = {
            "marketplaceId": self.marketplace.id,
            "orderDefectRate": {programme: self._order_defects(programme) for programme in PROGRAMMES},
            "lateShipmentRate": self.late("late", standing.LATE),
            "preFulfillmentCancellationRate": self._cancellations(),
            "validTrackingRate": self._tracking(),
            "onTimeDeliveryRate": self._delivery(),
            "unitOnTimeDeliveryRate": self._units(),
            "invoiceDefectRate": self._invoices(),
            **{kind: self._policy(kind) for kind in policy.KINDS},
            "warningStates": [],
        }
        return page | {"accountHealthRating": self._rating(page)}

    def _count(self, name: str) -> int:
        return self.stands.count(name, self.site, self.day)

    def _range(self, window: tuple[int, int]) -> dict:
        first, last = (EPOCH + dt.timedelta(days=self.day - back) for back in window)
        return {"reportingDateRange": {"reportingDateFrom": f"{first}T00:00Z", "reportingDateTo": f"{last}T23:59Z"}}

    def _rated(self, key: str, count: int, total: int) -> dict:
        target: Target = TARGETS[key]
        return {
            "status": target.status(count, total),
            "rate": standing.rate(count, total) if total >= target.few else 0.0,
            "targetValue": target.value / 10_000,
            "targetCondition": target.condition,
        }

    def _order_defects(self, programme: str) -> dict:
        orders, defective = self._count(f"{programme}.orders"), self._count(f"{programme}.defective")
        rated = self._rated("orderDefectRate", defective, orders)

        def part(name: str) -> dict:
            return {"count": self._count(f"{programme}.{name}"), "status": "NONE"}

        return {
            **self._range(standing.ODR),
            "orderCount": orders,
            "orderWithDefects": {"count": defective, "status": rated["status"]},
            "claims": part("claim"),
            "chargebacks": part("chargeback"),
            "negativeFeedback": part("negative_feedback"),
            "fulfillmentType": programme,
            **rated,
        }

    def late(self, name: str, window: tuple[int, int]) -> dict:
        orders, late = self._count(f"{name}.orders"), self._count(f"{name}.late")
        counts = {"orderCount": orders, "lateShipmentCount": late}
        return self._range(window) | counts | self._rated("lateShipmentRate", late, orders)

    def prime(self) -> dict:
        found = {}
        for name, good, of in (
            ("shipped_in_time", "in_time", "shipped"),
            ("cancelled", "cancellation.cancelled", "cancellation.orders"),
            ("valid_tracking", "valid", "packages"),
            ("delivered_on_time", "on_time", "promised"),
        ):
            count, total = self._count(f"prime.{good}"), self._count(f"prime.{of}")
            rated = total >= standing.FEW
            found[name] = {"count": count, "total": total, "rate": standing.rate(count, total), "rated": rated}
        return found

    def _cancellations(self) -> dict:
        orders, cancelled = self._count("cancellation.orders"), self._count("cancellation.cancelled")
        counts = {"orderCount": orders, "cancellationCount": cancelled}
        rated = self._rated("preFulfillmentCancellationRate", cancelled, orders)
        return self._range(standing.CANCELLED) | counts | rated

    def _tracking(self) -> dict:
        packages, valid = self._count("tracking.packages"), self._count("tracking.valid")
        counts = {"shipmentCount": packages, "validTrackingCount": valid}
        return self._range(standing.TRACKED) | counts | self._rated("validTrackingRate", valid, packages)

    def _delivery(self) -> dict:
        packages, on_time = self._count("delivery.packages"), self._count("delivery.on_time")
        counts = {"shipmentCountWithValidTracking": packages, "onTimeDeliveryCount": on_time}
        return self._range(standing.ON_TIME) | counts | self._rated("onTimeDeliveryRate", on_time, packages)

    def _units(self) -> dict:
        units, on_time = self._count("delivery.units"), self._count("delivery.units_on_time")
        counts = {"totalUnitCount": units, "unitOnTimeDeliveryCount": on_time}
        return self._range(standing.ON_TIME) | counts | self._rated("unitOnTimeDeliveryRate", on_time, units)

    def _invoices(self) -> dict:
        orders, missing, late = (self._count(f"invoice.{n}") for n in ("orders", "missing", "late"))
        rated = self._rated("invoiceDefectRate", missing + late, orders)
        return {
            **self._range(standing.INVOICE),
            "orderCount": orders,
            "invoiceDefect": {"count": missing + late, "status": rated["status"]},
            "missingInvoice": {"count": missing, "status": "NONE"},
            "lateInvoice": {"count": late, "status": "NONE"},
            **rated,
        }

    def _policy(self, kind: str) -> dict:
        count = self._count(f"policy.{kind}")
        status = "BAD" if count else "GOOD"
        target = {"status": status, "targetValue": 0, "targetCondition": "EQUALS"}
        return self._range(standing.POLICY) | {"defectsCount": count} | target

    def _rating(self, page: dict) -> dict:
        """Amazon's score, which the report does not tell: 200 to begin with, more with orders, less with trouble."""
        points = NEW + PER_200_ORDERS * (self._count("rating.orders") // 200)
        points = min(points, BEST) - PER_VIOLATION * sum(page[kind]["defectsCount"] for kind in policy.KINDS)
        breaches = [page["orderDefectRate"][p]["status"] for p in PROGRAMMES]
        breaches += [page[n]["status"] for n in ("lateShipmentRate", "validTrackingRate")]
        points -= PER_BREACH * breaches.count("BAD")
        status = "GREAT" if points >= HEALTHY else "WARNED"
        return {"ahrStatus": status, "accountHealthRatingStatus": status, **self._range(standing.POLICY)}
