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
from apps.health.models.outlooks import Outlook

__all__ = [
    "Defect",
    "Feedback",
    "HealthDay",
    "Notice",
    "Offer",
    "OrderDay",
    "Outlook",
    "ReturnLine",
    "Shipment",
    "Standard",
]
