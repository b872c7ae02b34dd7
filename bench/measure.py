"""Stopwatch, peak memory, and one line per figure."""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Watch:
    """Wall seconds of a block."""

    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Watch]:
    watch = Watch()
    start = time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - start


def peak_megabytes() -> int:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def tell(what: str, value: str, note: str = "") -> None:
    sys.stdout.write(f"  {what:<46}{value:>16}  {note}\n")
    sys.stdout.flush()


def title(text: str) -> None:
    sys.stdout.write(f"\n{text}\n")
    sys.stdout.flush()


def percentile(seconds: list[float], share: float) -> float:
    ranked = sorted(seconds)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))]


def repeated(action: Callable[[], object], times: int) -> list[float]:
    """Seconds of each of `times` calls."""
    taken = []
    for _ in range(times):
        with timed() as watch:
            action()
        taken.append(watch.seconds)
    return taken
