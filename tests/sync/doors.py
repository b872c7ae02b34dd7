"""A source on this machine's disk: no network, and no database, exactly what `sync.source.Source` asks for.

`Told` lets a test decide what the outside says: documents, or one of the three failures, or a broken program.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from apps.sync.rows import LISTING, ORDER_LINE
from apps.sync.source import Document, LineError, Market, Task, Unreadable
from apps.sync.sources import SOURCES, Dataset, SourceKind
from tests.sales.rows import frame

US = Market("US", "ATVPDKIKX0DER", "America/Los_Angeles", "USD", "en-US")


@dataclass
class Told:
    """What the outside says next: each entry is a text file's content, an exception to raise, or something to do."""

    answers: list[Any] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    before_load: Callable[[], None] = lambda: None


class Outside:
    """Lines `order,quantity,price in cents`; the line `broken` cannot be read."""

    kind: ClassVar[str] = "told"
    datasets: ClassVar[dict] = {"orders": ORDER_LINE, "listings": LISTING}

    def __init__(self, told: Told, folder: Path) -> None:
        self.told, self.folder = told, folder

    def fetch(self, task: Task) -> Iterator[Document]:
        self.told.tasks.append(task)
        while self.told.answers:
            answer = self.told.answers.pop(0)
            if isinstance(answer, BaseException):
                raise answer
            if callable(answer):
                answer()
                continue
            text, as_of = answer
            path = self.folder / f"told-{len(self.told.answers)}"
            path.write_text(text)
            yield Document("told", ORDER_LINE, path, as_of, (US,), cursor=f"c{len(self.told.answers)}")

    def parse(self, document: Document) -> Iterator[pl.DataFrame]:
        rows = []
        for number, line in enumerate(document.path.read_text().split(), start=1):
            if line == "broken":
                raise Unreadable("a line is broken", (LineError(number, "quantity", line, "not a number"),))
            order, quantity, price = line.split(",")
            rows.append(
                {
                    "order_id": order,
                    "marketplace": "US",
                    "sku": "A",
                    "ordinal": 1,
                    "status": "Shipped",
                    "fulfilment": "FBA",
                    "quantity": int(quantity),
                    "currency": "USD",
                    "price": int(price),
                    "updated_at": document.as_of,
                }
            )
            self.told.before_load()
        yield frame(ORDER_LINE, *rows)


def install(told: Told, monkeypatch: Any) -> None:
    """Add the kind "told" to the table of sources for one test."""
    plan = Dataset("orders", "Orders", ORDER_LINE, 900, 3600, history=90, window=30, overlap=7200, priority=10)
    monkeypatch.setitem(
        SOURCES,
        "told",
        SourceKind(
            "told",
            "Told",
            {"orders": plan},
            (),
            lambda credentials, *, name, region, folder: Outside(told, folder),
            lambda *a, **k: None,
        ),
    )


def text(*lines: tuple[str, int, int]) -> str:
    return "\n".join(f"{order},{quantity},{price}" for order, quantity, price in lines)


def answer(as_of: datetime, *lines: tuple[str, int, int]) -> tuple[str, datetime]:
    return text(*lines), as_of
