"""Account health: what marketplaces count, the facts behind it, and what sales and listings told of offers."""

from apps.health.models.facts import (
    Defect,
    Feedback,
    HealthDay,
    Notice,
    ReturnLine,
    Shipment,
    Standard,
    Subscription,
)
from apps.health.models.offers import Offer, OrderDay
from apps.health.models.outlooks import Outlook
from apps.health.models.papers import (
    CategoryTraits,
    Coverage,
    CoverageSum,
    CoverState,
    OwnPaperKind,
    OwnPaperRule,
    Paper,
    PaperFile,
    PaperGroup,
    PaperKind,
    PaperRequest,
    PaperRule,
    PaperWaiver,
    SkuTraits,
)

__all__ = [
    "CategoryTraits",
    "CoverState",
    "Coverage",
    "CoverageSum",
    "Defect",
    "Feedback",
    "HealthDay",
    "Notice",
    "Offer",
    "OrderDay",
    "Outlook",
    "OwnPaperKind",
    "OwnPaperRule",
    "Paper",
    "PaperFile",
    "PaperGroup",
    "PaperKind",
    "PaperRequest",
    "PaperRule",
    "PaperWaiver",
    "ReturnLine",
    "Shipment",
    "SkuTraits",
    "Standard",
    "Subscription",
]
