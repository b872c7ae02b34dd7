"""Child processes that never outlive us."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1


def _dies_with_us(by: signal.Signals) -> Callable[[], None] | None:
    """Linux only: the kernel sends `by` to the child when we are gone, even by SIGKILL."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: the child may not load anything
    return lambda: libc.prctl(PR_SET_PDEATHSIG, int(by))


@dataclass(frozen=True)
class Child:
    """One running program, its log and the signal that ends it in good order."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path
    stop: signal.Signals

    @classmethod
    def start(
        cls,
        name: str,
        command: Sequence[object],
        log: Path,
        stop: signal.Signals = signal.SIGTERM,
        env: Mapping[str, str] | None = None,
        **popen: Any,
    ) -> "Child":
        """Start in a session of its own: a Ctrl-C in the terminal reaches us only, and we decide the order."""
        with log.open("ab") as out:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_dies_with_us(stop),
                env=dict(env) if env is not None else None,
                **popen,
            )
        return cls(name, process, log, stop)

    def wait_until(self, ready: Callable[[], bool], seconds: float = 60) -> None:
        """Return when `ready()`; raise SystemExit with the end of the log if it ends first or takes too long."""
        end = time.monotonic() + seconds
        while not ready():
            if self.popen.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{self.name} did not start:\n{self.tail()}")
            time.sleep(0.02)

    def tail(self, characters: int = 2000) -> str:
        return self.log.read_text(errors="replace")[-characters:]

    def ask(self) -> None:
        if self.popen.poll() is None:
            self.popen.send_signal(self.stop)

    def finish(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic seconds), then leave nothing of its session alive."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(max(0.05, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()


class Kept:
    """A program that is started again when it dies, but not for ever."""

    MOST_RESTARTS = 5
    WITHIN_SECONDS = 60.0

    def __init__(self, start: Callable[[], Child]) -> None:
        self._start = start
        self._restarts: list[float] = []
        self.child = start()

    def check(self) -> str:
        """Restart it if it died. Returns a sentence about that, or nothing; SystemExit when it dies again and again."""
        code = self.child.popen.poll()
        if code is None:
            return ""
        now = time.monotonic()
        self._restarts = [at for at in self._restarts if at > now - self.WITHIN_SECONDS] + [now]
        self.child.finish(now)  # what it left behind of its session
        if len(self._restarts) > self.MOST_RESTARTS:
            raise SystemExit(f"{self.child.name} ended {len(self._restarts)} times:\n{self.child.tail()}")
        time.sleep(min(2.0, 0.1 * 2 ** len(self._restarts)))
        self.child = self._start()
        return f"{self.child.name} ended with {code} and was started again (see {self.child.log})"


def stop_all(kept: Sequence[Kept], seconds: float) -> None:
    """Ask all, the last started first; nothing of them is left after `seconds`."""
    deadline = time.monotonic() + seconds
    for each in reversed(kept):
        each.child.ask()
    for each in reversed(kept):
        each.child.finish(deadline)
