"""Account health for tests: the report as Amazon writes it, files as people download them, rows of facts."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from apps.sync.loading import LOADERS, Intake, Loaded
from apps.sync.reading import kinds
from apps.sync.source import Document, Market
from apps.sync.sources.files import parse

US = Market("US", "ATVPDKIKX0DER", "America/Los_Angeles", "USD", "en-US")
CA = Market("CA", "A2EUQ1WTGCTBG2", "America/Los_Angeles", "CAD", "en-CA")
DE = Market("DE", "A1PA6795UKMFR9", "Europe/Berlin", "EUR", "de-DE")
JP = Market("JP", "A1VC38T7YXB528", "Asia/Tokyo", "JPY", "ja-JP")
AS_OF = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = AS_OF.date()


def window(first: int, last: int, day: date = TODAY) -> dict:
    """From `first` to `last` days before the report's day."""
    begin, end = (day - timedelta(days=back) for back in (first, last))
    return {"reportingDateRange": {"reportingDateFrom": f"{begin}T00:00Z", "reportingDateTo": f"{end}T23:59Z"}}


def rated(rate: float, target: float, status: str = "GOOD", condition: str = "LESS_THAN") -> dict:
    return {"status": status, "rate": rate, "targetValue": target, "targetCondition": condition}


def defects(orders: int, bad: int, rate: float, status: str = "GOOD", day: date = TODAY, **parts: int) -> dict:
    """Order defects of one programme; `parts`: claims, chargebacks, negativeFeedback."""
    return {
        **window(75, 16, day),
        "orderCount": orders,
        "orderWithDefects": {"count": bad, "status": status},
        **{
            name: {"count": parts.get(name, 0), "status": "NONE"}
            for name in ("claims", "chargebacks", "negativeFeedback")
        },
        **rated(rate, 0.01, status),
    }


def report(market: str = US.amazon_id, status: str = "NORMAL", **metrics: object) -> dict:
    return {
        "accountStatuses": [{"marketplaceId": market, "status": status}],
        "performanceMetrics": [{"marketplaceId": market, **metrics}],
    }


def read(dataset: str, path: Path, *markets: Market, as_of: datetime = AS_OF) -> list:
    """A file's batches, as the upload door would read it."""
    row = kinds.BY_KEY[dataset].row
    return list(parse(Document(path.name, row, path, as_of, markets, facts={"dataset": dataset})))


def written(folder: Path, content: object, name: str = "file") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def take(
    world, folder: Path, dataset: str, content: object, *, markets=(US, CA), hours: int = 0, days=(None, None)
) -> Loaded:
    """Read a file and load it into the world's store. `with world:` first."""
    as_of = AS_OF + timedelta(hours=hours)
    frames = read(dataset, written(folder, content), *markets, as_of=as_of)
    intake = Intake(world.store.pk, as_of, tuple(market.code for market in markets), *days)
    return LOADERS[kinds.BY_KEY[dataset].row.name](intake, iter(frames))
