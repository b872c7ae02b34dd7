"""Columns that inventory tells of lists of apps below. Found by `core` at start."""

from apps.inventory.queries.products import COLUMNS, stock_of
from apps.listings.queries.told import TELLERS, Teller

TELLERS.append(Teller(COLUMNS, stock_of))
