"""The running sandbox: world, clock, sign-in, throttle, faults, reports, and the log of calls."""

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

from sandbox.clock import Clock
from sandbox.faults import TOKEN, Fault, Faults
from sandbox.lwa import Login
from sandbox.post import Post
from sandbox.reports.book import Book
from sandbox.throttle import Throttle
from sandbox.world.catalog import HISTORY_DAYS
from sandbox.world.orders import DAY
from sandbox.world.partners import BY_ID
from sandbox.world.world import World

FAST = 100.0  # of the published rates: a first sync of years should not take a newcomer all morning


@dataclass(frozen=True)
class Options:
    """What the command line says. ``now`` is epoch seconds or None for the state's clock, else this machine's."""

    folder: Path
    seed: int = 7
    now: float | None = None
    speed: float | None = None
    scale: float = 1.0
    fast: bool = False


class Sandbox:
    """Everything a request handler may use."""

    def __init__(self, options: Options) -> None:
        options.folder.mkdir(parents=True, exist_ok=True)
        self.options, self.folder = options, options.folder
        self.clock = Clock(options.folder, options.now, options.speed)
        self.login = Login(options.seed)
        self.throttle = Throttle(FAST if options.fast else 1.0)
        self.faults = Faults(options.seed)
        self.world = self._world()
        self.calls: Counter[tuple[str, str, int]] = Counter()
        self.recent: deque[dict] = deque(maxlen=500)
        self.changes: list[dict] = []
        self._dirty = False
        self._lock = threading.Lock()
        self.book = Book(self)
        self.post = Post(self)

    def _world(self) -> World:
        now = self.clock.now()
        world = World.load(self.folder, self.options.seed, self.options.scale)
        if world is None or world.next_day - 1 > now // DAY:
            world = World(self.options.seed, self.options.scale, now // DAY - HISTORY_DAYS)
        before = world.next_day
        world.advance(now)
        if world.next_day != before:
            world.save(self.folder)
        return world

    def now(self) -> int:
        """Sandbox seconds; brings the world up to this moment first."""
        now = self.clock.now()
        if now // DAY >= self.world.next_day:
            self.world.advance(now)
            self._dirty = True
        return now

    def changed(self, change: dict) -> None:
        """A client changed the world: note it for the truth and for keeping."""
        with self._lock:
            self.changes.append(change)
            self._dirty = True

    def keep(self) -> None:
        """Write the world if it changed since the last time."""
        if self._dirty:
            self._dirty = False
            self.world.save(self.folder)

    def keep_every(self, seconds: float) -> None:
        """Keep the world now and then, for as long as the process lives."""
        while True:
            time.sleep(seconds)
            self.keep()

    def revoked(self, account: str) -> bool:
        """Is the consent of this account withdrawn now."""
        return self.faults.strike(("revoked_token",), "token", account) is not None

    def token_fault(self, operation: str, account: str) -> Fault | None:
        """A fault of the token that hits this call."""
        return self.faults.strike(TOKEN, operation, account)

    def log(self, operation: str, account: str, status: int, seconds: float) -> None:
        """Note one call."""
        with self._lock:
            self.calls[(operation, account, status)] += 1
            self.recent.append(
                {
                    "at": time.time(),
                    "operation": operation,
                    "account": account,
                    "status": status,
                    "seconds": round(seconds, 4),
                }
            )

    def accounts(self, partner: str) -> list:
        """Authorisations named by ``partner`` or ``partner:REGION``; all when empty."""
        return [a for a in BY_ID.values() if not partner or partner in (a.id, a.partner.id, a.partner.name)]
