"""Pages of stock: the replenishment list, one line, plans."""
