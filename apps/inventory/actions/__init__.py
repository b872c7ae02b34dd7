"""Writes: the read model, its lines, and plans."""

from apps.inventory.actions.attention import STALE_AFTER, refresh_findings
from apps.inventory.actions.recompute import Recomputed, recompute_store

__all__ = ["STALE_AFTER", "Recomputed", "recompute_store", "refresh_findings"]
