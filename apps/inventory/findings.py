"""What about stock may need a person."""

from django.utils.translation import gettext_lazy as _

from apps.core.findings import FindingKind, define_kind
from apps.core.permissions import Permission

RESTOCK = define_kind(
    FindingKind(
        key="restock-urgent",
        label=_("Stock-out ahead"),
        icon="package",
        tone="danger",
        sentence=_("Out in {cover} d, order {units}: {title} ({sku})"),
        why=_("{gap} days without stock before the fastest order arrives, at {velocity} units a day"),
        verb=_("Restock"),
        link="store-replenishment",
        needs=Permission.PLAN_VIEW,
        product=True,
        portal=True,
        at_zero={
            "available": _("Out now, order {units}: {title} ({sku})"),
            "cover": _("Out today, order {units}: {title} ({sku})"),
        },
    )
)
HURRY = define_kind(
    FindingKind(
        key="restock-hurry",
        label=_("Gap before the inbound"),
        icon="package",
        tone="danger",
        sentence=_("Out in {cover} d, before {inbound} on the way arrive: {title} ({sku})"),
        why=_("{gap} days without stock, at {velocity} units a day; enough is ordered, it must come sooner"),
        verb=_("See the stock"),
        link="store-replenishment",
        needs=Permission.PLAN_VIEW,
        product=True,
        portal=True,
        at_zero={
            "available": _("Out now, before {inbound} on the way arrive: {title} ({sku})"),
            "cover": _("Out today, before {inbound} on the way arrive: {title} ({sku})"),
        },
    )
)
AGED = define_kind(
    FindingKind(
        key="excess-aged",
        label=_("Aged stock"),
        icon="clock",
        tone="excess",
        sentence=_("{aged} units older than 180 days: {title} ({sku})"),
        why=_("Stock lasts {cover} days; Amazon charges for its age every month"),
        verb=_("See the stock"),
        link="store-replenishment",
        needs=Permission.PLAN_VIEW,
        product=True,
    )
)
STALE = define_kind(
    FindingKind(
        key="stock-stale",
        label=_("Stock not up to date"),
        icon="refresh",
        tone="warning",
        sentence=_("The newest stock report is {hours} hours old"),
        why=_("Plans cannot be approved on stock older than 24 hours"),
        verb=_("See the stock"),
        link="store-replenishment",
        needs=Permission.STOCK_VIEW,
    )
)
