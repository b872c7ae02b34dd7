"""Which benches there are, in their order."""

from collections.abc import Callable, Sequence

from bench import ground, loading, pages, replenishing
from bench.measure import title

RUNS: dict[str, Callable[[], None]] = {
    "load": loading.run,
    "replenish": replenishing.run,
    "pages": pages.run,
}


def run(names: Sequence[str]) -> None:
    ground.migrated()
    title(f"{ground.server()}, figures of this run only")
    for name in names:
        RUNS[name]()
