"""Reads about sales, orders and costs."""

from apps.sales.queries.cost import cost_at, costs_on
from apps.sales.queries.sums import Totals, as_of, sales_by_day, store_totals

__all__ = ["Totals", "as_of", "cost_at", "costs_on", "sales_by_day", "store_totals"]
