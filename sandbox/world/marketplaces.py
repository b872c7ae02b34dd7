"""The marketplaces the sandbox knows: ids, currencies, time zones, tax habits, encodings."""

from dataclasses import dataclass
from statistics import median_low


@dataclass(frozen=True)
class Marketplace:
    """One Amazon marketplace.

    ``decimals`` is the number of minor-unit digits of the currency, ``level`` the price of one US dollar's worth of
    goods in whole currency units, ``tax_permille`` the usual rate and ``tax_inside`` whether prices include it.
    """

    code: str
    id: str
    country: str
    name: str
    currency: str
    zone: str
    language: str
    region: str
    domain: str
    level: float
    tax_permille: int
    tax_inside: bool
    weight: float
    clock: tuple[str, str]

    @property
    def decimals(self) -> int:
        """Digits after the point of the currency: none for the yen."""
        return 0 if self.currency == "JPY" else 2

    @property
    def channel(self) -> str:
        """The value of the sales-channel cell, e.g. ``Amazon.de``."""
        return "A" + self.domain.removeprefix("www.")[1:]


_ROWS = (
    (
        "US",
        "ATVPDKIKX0DER",
        "US",
        "Amazon.com",
        "USD",
        "America/Los_Angeles",
        "en_US",
        "NA",
        "www.amazon.com",
        1.0,
        72,
        False,
        10.0,
        ("PST", "PDT"),
    ),
    (
        "CA",
        "A2EUQ1WTGCTBG2",
        "CA",
        "Amazon.ca",
        "CAD",
        "America/Los_Angeles",
        "en_CA",
        "NA",
        "www.amazon.ca",
        1.35,
        130,
        False,
        1.6,
        ("PST", "PDT"),
    ),
    (
        "MX",
        "A1AM78C64UM0Y8",
        "MX",
        "Amazon.com.mx",
        "MXN",
        "America/Los_Angeles",
        "es_MX",
        "NA",
        "www.amazon.com.mx",
        18.0,
        160,
        True,
        0.7,
        ("PST", "PDT"),
    ),
    (
        "UK",
        "A1F83G8C2ARO7P",
        "GB",
        "Amazon.co.uk",
        "GBP",
        "Europe/London",
        "en_GB",
        "EU",
        "www.amazon.co.uk",
        0.85,
        200,
        True,
        3.2,
        ("GMT", "BST"),
    ),
    (
        "DE",
        "A1PA6795UKMFR9",
        "DE",
        "Amazon.de",
        "EUR",
        "Europe/Berlin",
        "de_DE",
        "EU",
        "www.amazon.de",
        0.98,
        190,
        True,
        4.2,
        ("MET", "MEST"),
    ),
    (
        "FR",
        "A13V1IB3VIYZZH",
        "FR",
        "Amazon.fr",
        "EUR",
        "Europe/Paris",
        "fr_FR",
        "EU",
        "www.amazon.fr",
        0.99,
        200,
        True,
        2.1,
        ("MET", "MEST"),
    ),
    (
        "IT",
        "APJ6JRA9NG5V4",
        "IT",
        "Amazon.it",
        "EUR",
        "Europe/Rome",
        "it_IT",
        "EU",
        "www.amazon.it",
        0.99,
        220,
        True,
        1.7,
        ("MET", "MEST"),
    ),
    (
        "ES",
        "A1RKKUPIHCS9HS",
        "ES",
        "Amazon.es",
        "EUR",
        "Europe/Madrid",
        "es_ES",
        "EU",
        "www.amazon.es",
        0.97,
        210,
        True,
        1.4,
        ("MET", "MEST"),
    ),
    (
        "NL",
        "A1805IZSGTT6HS",
        "NL",
        "Amazon.nl",
        "EUR",
        "Europe/Amsterdam",
        "nl_NL",
        "EU",
        "www.amazon.nl",
        1.0,
        210,
        True,
        0.5,
        ("MET", "MEST"),
    ),
    (
        "SE",
        "A2NODRKZP88ZB9",
        "SE",
        "Amazon.se",
        "SEK",
        "Europe/Stockholm",
        "sv_SE",
        "EU",
        "www.amazon.se",
        11.2,
        250,
        True,
        0.3,
        ("MET", "MEST"),
    ),
    (
        "PL",
        "A1C3SOZRARQ6R3",
        "PL",
        "Amazon.pl",
        "PLN",
        "Europe/Warsaw",
        "pl_PL",
        "EU",
        "www.amazon.pl",
        4.3,
        230,
        True,
        0.4,
        ("MET", "MEST"),
    ),
    (
        "BE",
        "AMEN7PMS3EDWL",
        "BE",
        "Amazon.com.be",
        "EUR",
        "Europe/Brussels",
        "fr_BE",
        "EU",
        "www.amazon.com.be",
        1.0,
        210,
        True,
        0.25,
        ("MET", "MEST"),
    ),
    (
        "IE",
        "A28R8C7NBKEWEA",
        "IE",
        "Amazon.ie",
        "EUR",
        "Europe/Dublin",
        "en_IE",
        "EU",
        "www.amazon.ie",
        1.0,
        230,
        True,
        0.25,
        ("GMT", "IST"),
    ),
    (
        "JP",
        "A1VC38T7YXB528",
        "JP",
        "Amazon.co.jp",
        "JPY",
        "Asia/Tokyo",
        "ja_JP",
        "FE",
        "www.amazon.co.jp",
        145.0,
        100,
        True,
        4.5,
        ("JST", "JST"),
    ),
    (
        "AU",
        "A39IBJ37TRP1C6",
        "AU",
        "Amazon.com.au",
        "AUD",
        "Australia/Sydney",
        "en_AU",
        "FE",
        "www.amazon.com.au",
        1.5,
        100,
        True,
        0.8,
        ("AEST", "AEDT"),
    ),
    (
        "SG",
        "A19VAU5U5O7RUS",
        "SG",
        "Amazon.sg",
        "SGD",
        "Asia/Singapore",
        "en_SG",
        "FE",
        "www.amazon.sg",
        1.35,
        90,
        True,
        0.4,
        ("SGT", "SGT"),
    ),
)

MARKETPLACES: tuple[Marketplace, ...] = tuple(Marketplace(*row) for row in _ROWS)
BY_CODE = {m.code: m for m in MARKETPLACES}
BY_ID = {m.id: m for m in MARKETPLACES}
INDEX = {m.code: i for i, m in enumerate(MARKETPLACES)}
# {currency: what one US dollar's worth of goods costs}; of several sites with one currency the middle one's.
LEVELS = {
    currency: median_low(m.level for m in MARKETPLACES if m.currency == currency)
    for currency in dict.fromkeys(m.currency for m in MARKETPLACES)
}


def charset(codes: list[str]) -> tuple[str, str]:
    """Return (name as Amazon declares it, Python codec) for a tab-separated file of these marketplaces."""
    if "JP" in codes:
        return "Shift_JIS", "cp932"
    if "PL" in codes:
        return "UTF-8", "utf-8"
    return "Cp1252", "cp1252"
