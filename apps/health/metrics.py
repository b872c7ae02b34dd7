"""Levels an agency may set for itself, stricter than Amazon's: from them a rate is amber."""

from apps.core.metrics import judge
from apps.health.models.names import METRICS

LEVELLED = ("odr", "lsr", "cancel", "vtr", "otdr", "unit_otdr", "invoice", "ahr")

for metric in LEVELLED:
    judge(f"health.{metric}", METRICS[metric])
