"""The sandbox clock: runs at a speed, can stand still (0) or jump, survives a restart."""

import datetime as dt
import json
import threading
import time
from pathlib import Path


class Clock:
    """Sandbox time in epoch seconds. ``moved`` counts jumps, so that tests can tell."""

    def __init__(self, folder: Path, now: float | None = None, speed: float | None = None) -> None:
        self._path = folder / "clock.json"
        self._lock = threading.Lock()
        self._wall, self._anchor, self.speed = time.time(), time.time(), 1.0
        if self._path.exists():
            kept = json.loads(self._path.read_text())
            self._wall, self._anchor, self.speed = kept["wall"], kept["anchor"], kept["speed"]
            # A restart with the same ``--now`` goes on from where the clock was.
            now = None if now is not None and now < self._at() else now
        if now is not None or speed is not None or not self._path.exists():
            self.set(now=now, speed=speed)

    def now(self) -> int:
        """Sandbox seconds since 1970."""
        with self._lock:
            return int(self._at())

    def _at(self) -> float:
        return self._anchor + (time.time() - self._wall) * self.speed

    def set(self, now: float | None = None, advance: float = 0.0, speed: float | None = None) -> int:
        """Jump to ``now``, or ahead by ``advance`` seconds, and/or change the speed. Never goes back (ValueError)."""
        with self._lock:
            current = self._at()
            target = current + advance if now is None else now
            if target < current - 1 and self._path.exists():
                raise ValueError("the sandbox clock cannot go back")
            self._wall, self._anchor = time.time(), target
            self.speed = self.speed if speed is None else speed
            self._path.write_text(json.dumps({"wall": self._wall, "anchor": self._anchor, "speed": self.speed}))
            return int(target)


def parse(text: str) -> float:
    """Epoch seconds of an ISO 8601 text; without an offset it is UTC. ValueError when it is no date."""
    moment = dt.datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace(" ", "+"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def iso(seconds: float) -> str:
    """``2026-06-16T00:00:00Z``."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
