"""Writes: what documents and the floors above tell, what people do about it."""

from apps.health.actions.facts import (
    keep_last_delivery,
    load_defects,
    load_deliveries,
    load_feedback,
    load_health,
    load_shipments,
)

__all__ = [
    "keep_last_delivery",
    "load_defects",
    "load_deliveries",
    "load_feedback",
    "load_health",
    "load_shipments",
]
