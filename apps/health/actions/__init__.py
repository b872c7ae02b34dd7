"""Writes: what documents and the floors above tell, what people do about it."""

from apps.health.actions.facts import (
    keep_last_delivery,
    load_defects,
    load_deliveries,
    load_feedback,
    load_health,
    load_shipments,
)
from apps.health.actions.figure_files import load_figures

__all__ = [
    "keep_last_delivery",
    "load_defects",
    "load_deliveries",
    "load_feedback",
    "load_figures",
    "load_health",
    "load_shipments",
]
