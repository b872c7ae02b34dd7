"""Account health: what marketplaces count, the facts behind it, and what sales and listings told of offers."""

from apps.health.models.facts import (
    Defect,
    Feedback,
    HealthDay,
    Notice,
    ReturnLine,
    Shipment,
    Standard,
)
from apps.health.models.offers import Offer, OrderDay

__all__ = ["Defect", "Feedback", "HealthDay", "Notice", "Offer", "OrderDay", "ReturnLine", "Shipment", "Standard"]
