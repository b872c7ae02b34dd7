"""Money as we keep it: whole minor units and a currency. No float comes near it."""

from collections.abc import Mapping
from datetime import date
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


class Rates(dict[str, Decimal]):
    """{currency: units of `target` for one unit of it}, and since when each counts. It remembers what a page asked for:
    `used` are the currencies that were converted, `missing` those there is no rate for."""

    def __init__(self, target: str, prices: Mapping[str, Decimal], since: Mapping[str, date] | None = None) -> None:
        super().__init__(prices)
        self.target, self.since = target, dict(since or {})
        self.used: set[str] = set()
        self.missing: set[str] = set()

    def __getitem__(self, currency: str) -> Decimal:
        self.used.add(currency)
        return super().__getitem__(currency)

    def converted(self, minor: int, source: str) -> int | None:
        """Minor units of the target; None, and noted as missing, where there is no rate."""
        if source == self.target or not minor:
            return minor
        if source not in self:
            self.missing.add(source)
            return None
        return convert(minor, source=source, target=self.target, rate=self[source])

    def told(self) -> list[tuple[str, Decimal, date | None]]:
        """(currency, its rate, since when) of what was converted, by name."""
        asked = sorted(self.used - {self.target})
        return [(code, price, self._since(code)) for code in asked if (price := self.get(code)) is not None]

    def _since(self, code: str) -> date | None:
        """The older of the two quotations a cross rate is made of."""
        days = [self.since[each] for each in (code, self.target) if each in self.since]
        return min(days, default=None)
