"""Levels an agency may set for itself, stricter than Amazon's: from them a rate is amber. And CSat, a metric of ours."""

from django.utils.translation import gettext_lazy as _

from apps.core.metrics import Measure, Metric, Unit, define, judge, ratio
from apps.health.models.names import METRICS

LEVELLED = ("odr", "lsr", "cancel", "vtr", "otdr", "unit_otdr", "invoice", "ahr", "on_time_ship", "buy_shipping")
LEVELLED += ("replies", "contact_response", "ncx")

for metric in LEVELLED:
    judge(f"health.{metric}", METRICS[metric])

define(
    Metric(
        key="csat",
        label=_("CSat (internal, not an Amazon metric)"),
        unit=Unit.COUNT,
        inputs=(Measure("health.CsatDay", "weighted"), Measure("health.CsatDay", "basis")),
        formula=lambda weighted, orders: None if (mean := ratio(weighted, orders)) is None else round(mean / 100, 2),
        explanation=_("100 points less NCX, negative feedback and late replies, each by its weight; weighed by orders"),
        source=_("Our own arithmetic from feedback, returns and figures entered by people"),
    )
)
