"""Reads: how fresh the facts are, what runs, what was brought."""

from apps.sync.queries.freshness import Freshness, as_of, freshness
from apps.sync.queries.markets import markets_of

__all__ = ["Freshness", "as_of", "freshness", "markets_of"]
