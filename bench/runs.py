"""Which benches there are, in their order."""

from collections.abc import Callable, Sequence

from bench import ground, loading, odr, pages, papers, replenishing, sim_n
from bench.measure import tell, timed, title
from bench.sizes import Sizes

__all__ = ["RUNS", "Sizes", "run"]
RUNS: dict[str, Callable[[Sizes], None]] = {
    "load": loading.run,
    "replenish": replenishing.run,
    "pages": pages.run,
    "papers": papers.run,
    "foresee": odr.run,
    "alarms": sim_n.run,
}


def run(names: Sequence[str], sizes: Sizes) -> None:
    ground.migrated()
    title(f"{ground.server()}, {ground.machine()}; figures of this run only")
    with timed() as watch:
        for name in names:
            RUNS[name](sizes)
    title("All of it")
    tell("seconds", f"{watch.seconds:.0f} s")
