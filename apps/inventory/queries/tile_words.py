"""How the figures above the replenishment list are made up, and of which reports."""

from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.metrics import Explanation

STOCK = _("FBA inventory and planning reports, all-orders report")
TILES: dict[str, tuple[str | Promise, str | Promise, str | Promise]] = {
    "lost": (
        _("Sales lost to stock-outs"),
        _(
            "Of every urgent SKU: days without stock before the fastest new order can arrive, within 30 days, × daily sales × "
            "price. Each SKU and stock is there once, so they add up; the agency’s currency at today’s rates."
        ),
        STOCK,
    ),
    "suggested": (
        _("Suggested"),
        _(
            "Daily sales × supply cycle × safety factor, less everything owned or on order, at least the minimum order, in "
            "whole cartons; a quantity edited by a person stands before it. Cost is units × today’s unit cost."
        ),
        _("FBA inventory and planning reports, all-orders report, own stock, plans, unit costs"),
    ),
    "fba": (
        _("FBA / inbound"),
        _("Sellable units at Amazon, and units on the way there by Amazon’s count: working, shipped and receiving."),
        _("FBA inventory report"),
    ),
    "fees": (
        _("Aged-stock fees"),
        _("Amazon’s own estimate of next month’s surcharge for stock by age, added up over SKUs."),
        _("FBA planning report"),
    ),
    "health": (
        _("Stock health"),
        _("SKUs by priority. Urgent: out before the fastest new order; excess: more than the policy’s days of excess."),
        STOCK,
    ),
}


def explained(as_of: datetime | None) -> dict[str, Explanation]:
    """{tile: formula, source and age}; `as_of`: the newest stock report of the lines."""
    return {key: Explanation(label, formula, source, as_of) for key, (label, formula, source) in TILES.items()}
