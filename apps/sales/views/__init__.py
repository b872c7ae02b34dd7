"""Pages of orders and unit costs."""
