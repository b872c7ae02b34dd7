"""Tab-separated files as Amazon writes them: no quoting, CRLF, the charset of the region."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from sandbox.world.hashing import uniform
from sandbox.world.marketplaces import charset


class NoData(Exception):
    """Nothing in this window: Amazon answers CANCELLED."""


class Refused(Exception):
    """A report that cannot be made: FATAL, and the reason."""


@dataclass(frozen=True)
class File:
    """A document before compression, with the content type that the storage host will name."""

    body: bytes
    media: str
    rows: int = 0


def amount(name: str, decimals: str = "decimals") -> pl.Expr:
    """Minor units as text, empty when there is none."""
    minor = pl.col(name)
    cents = (minor // 100).cast(pl.String) + "." + (minor % 100).cast(pl.String).str.zfill(2)
    return pl.when(pl.col(decimals) == 0).then(minor.cast(pl.String)).otherwise(cents)


def stamp(name: str) -> pl.Expr:
    """Epoch seconds as ``2026-06-16T00:00:00+00:00``."""
    return pl.from_epoch(name).dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def tabs(table: pl.DataFrame, codes: list[str]) -> File:
    """A table whose columns are the header cells, as a flat file of these marketplaces."""
    name, codec = charset(codes)
    text = table.write_csv(separator="\t", quote_style="never", line_terminator="\r\n", null_value="")
    body = text.encode() if codec == "utf-8" else text.encode(codec, "replace")
    return File(body, f"text/plain; charset={name}", table.height)


def thinned(table: pl.DataFrame, share: float | None, key: int) -> pl.DataFrame:
    """Without a share of the rows, always the same ones: what a report looks like when rows vanish."""
    if share is None:
        return table
    keep = uniform(key, 77, np.arange(table.height)) >= share
    return table.filter(pl.Series(keep, dtype=pl.Boolean))
