"""Writes: what documents and the floors above tell, what people do about it."""

from apps.health.actions.facts import load_defects, load_feedback, load_health, load_shipments

__all__ = ["load_defects", "load_feedback", "load_health", "load_shipments"]
