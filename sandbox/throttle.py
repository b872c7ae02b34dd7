"""Token buckets per (application, selling partner and region, operation) with Amazon's published rates."""

import threading
import time
from collections import Counter

RATES: dict[str, tuple[float, int]] = {
    "getMarketplaceParticipations": (0.016, 15),
    "createReport": (0.0167, 15),
    "getReport": (2.0, 15),
    "getReports": (0.0222, 10),
    "cancelReport": (0.0222, 10),
    "getReportDocument": (0.0167, 15),
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "getOrders": (0.0167, 20),
    "getOrderV0": (0.5, 30),
    "getOrderItems": (0.5, 30),
    "getListingsItem": (5.0, 10),
    "searchListingsItems": (5.0, 5),
    "patchListingsItem": (5.0, 5),
    "getInventorySummaries": (2.0, 2),
    "getDestinations": (1.0, 5),
    "createDestination": (1.0, 5),
    "getDestination": (1.0, 5),
    "deleteDestination": (1.0, 5),
    "getSubscriptions": (1.0, 5),
    "getSubscription": (1.0, 5),
    "createSubscription": (1.0, 5),
    "getSubscriptionById": (1.0, 5),
    "deleteSubscriptionById": (1.0, 5),
    "sendTestNotification": (1.0, 5),
}


class Throttle:
    """The buckets. ``factor`` multiplies every rate and burst; real time, not sandbox time, fills them."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.served: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}
        self._lock = threading.Lock()

    def rate(self, operation: str) -> float:
        """Tokens per second of an operation now."""
        return RATES.get(operation, (1.0, 5))[0] * self.factor

    def take(self, application: str, account: str, operation: str) -> bool:
        """Use one token; False when the bucket is empty."""
        rate, burst = (value * self.factor for value in RATES.get(operation, (1.0, 5)))
        key, now = (application, account, operation), time.monotonic()
        with self._lock:
            level, at = self._buckets.get(key, (burst, now))
            level = min(burst, level + (now - at) * rate)
            allowed = level >= 1
            self._buckets[key] = (level - 1 if allowed else level, now)
            (self.served if allowed else self.refused)[operation] += 1
        return allowed

    def scale(self, factor: float) -> None:
        """Change the factor and start with full buckets."""
        with self._lock:
            self.factor = factor
            self._buckets.clear()
