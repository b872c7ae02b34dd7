"""The seeded world: partners, listings, demand, stock and orders."""
