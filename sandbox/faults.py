"""Trouble on demand: faults of the service, of the connection, of the token and of the content of reports."""

import random
import threading
import time
from dataclasses import asdict, dataclass, field

SERVICE = ("429_storm", "500", "503_html", "hang", "reset", "slow")
TOKEN = ("revoked_token", "expired_token")
CONTENT = ("truncated_gzip", "bad_crc", "restated_rows", "vanished_rows", "fatal_report", "cancelled_report")
KINDS = SERVICE + TOKEN + CONTENT


@dataclass
class Fault:
    """One switched-on fault. ``rate`` is a share: of calls, or of rows for restated and vanished rows."""

    kind: str
    rate: float = 1.0
    operation: str | None = None
    partner: str | None = None
    times: int | None = None
    seconds: float | None = None
    until: float | None = None
    hits: int = field(default=0)

    def covers(self, operation: str, partner: str | None) -> bool:
        """Does the fault apply to this call now (before chance)."""
        if self.until is not None and time.monotonic() > self.until:
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        named = self.partner is None or (partner is not None and self.partner in (partner, partner.split(":")[0]))
        return named and self.operation in (None, operation)


class Faults:
    """The list of faults that are on."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, spec: dict) -> Fault:
        """Switch a fault on. ValueError names what is wrong with the specification."""
        known = {"kind", "rate", "operation", "partner", "times", "for_seconds", "seconds"}
        if spec.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if unknown := set(spec) - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        rate = float(spec.get("rate", 1.0))
        if not 0 <= rate <= 1:
            raise ValueError("rate must be between 0 and 1")
        lasting = spec.get("for_seconds")
        until = time.monotonic() + float(lasting) if lasting is not None else None
        fault = Fault(
            spec["kind"],
            rate,
            spec.get("operation"),
            spec.get("partner"),
            spec.get("times"),
            spec.get("seconds"),
            until,
        )
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Switch all off."""
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[dict]:
        """What is on, for the control endpoint."""
        with self._lock:
            return [asdict(f) for f in self._faults]

    def strike(self, kinds: tuple[str, ...], operation: str, partner: str | None) -> Fault | None:
        """The first fault of these kinds that hits this call, by chance; it counts as a hit."""
        with self._lock:
            for fault in self._faults:
                if fault.kind not in kinds or not fault.covers(operation, partner):
                    continue
                share_of_rows = fault.kind in ("restated_rows", "vanished_rows")
                if share_of_rows or self._random.random() < fault.rate:
                    fault.hits += 1
                    return fault
        return None
