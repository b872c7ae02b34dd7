"""How large the benches are."""

from dataclasses import dataclass

SELLING_DAYS, STOCK_DAYS = 30, 30
PER_SKU = 2 * SELLING_DAYS + STOCK_DAYS + 2  # sales and orders, stock, product and listing


@dataclass(frozen=True)
class Sizes:
    """Lines of the report, SKUs of the planned store, facts behind the pages, facts of other stores and agencies."""

    lines: int = 1_000_000
    skus: int = 100_000
    few: int = 10_000
    facts: int = 1_000_000
    others: int = 200_000
    times: int = 40


def skus_of(facts: int) -> int:
    """How many SKUs it takes to have about so many facts."""
    return max(1, facts // PER_SKU)
