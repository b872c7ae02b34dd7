"""Writes: order lines and the sums over them, unit costs."""

from apps.sales.actions.costs import CostLine, drop_cost, set_costs
from apps.sales.actions.orders import load_orders
from apps.sales.actions.repeats import told_once

__all__ = ["CostLine", "drop_cost", "load_orders", "set_costs", "told_once"]
