"""How many cells of the matrix were walked, over all workers: told at the end of a run."""

from typing import Any

CELLS: list[str] = []  # the methods of the requests this process has made
FROM_WORKERS: list[int] = []


def pytest_sessionfinish(session: Any) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["cells"] = len(CELLS)


def pytest_testnodedown(node: Any) -> None:
    FROM_WORKERS.append(getattr(node, "workeroutput", {}).get("cells", 0))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if walked := len(CELLS) + sum(FROM_WORKERS):
        terminalreporter.write_line(f"matrix: {walked} cells walked")
