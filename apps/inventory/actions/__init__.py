"""Writes: the read model, its lines, and plans."""

from apps.inventory.actions.recompute import Recomputed, recompute_store

__all__ = ["Recomputed", "recompute_store"]
