"""Money as we keep it: whole minor units and a currency. No float comes near it."""

from decimal import ROUND_HALF_EVEN, Decimal

# ISO 4217 currencies without minor units, among those our marketplaces and agencies use.
WHOLE_UNITS = frozenset({"JPY", "KRW", "VND", "CLP"})


def digits(currency: str) -> int:
    """Decimal places of a currency: 2, or 0 for yen and the like."""
    return 0 if currency in WHOLE_UNITS else 2


def to_minor(amount: Decimal, currency: str) -> int:
    """A decimal amount in whole minor units, half-even at the last place."""
    return int((amount.scaleb(digits(currency))).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def to_decimal(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-digits(currency))


def convert(minor: int, *, source: str, target: str, rate: Decimal) -> int:
    """Minor units of `source` in minor units of `target`; `rate` is target units for one source unit."""
    return to_minor(to_decimal(minor, source) * rate, target)
