"""What the partners sell: SKUs, listings per marketplace, stock pools. Built once from the seed, never changes.

Everything is held in columns (numpy arrays or lists of equal length): ``sku`` rows, ``listing`` rows (one per SKU and
marketplace), ``pool`` rows (one per SKU and stock pool: a country, Pan-EU, or the merchant's own shelf).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sandbox.world.hashing import digest
from sandbox.world.marketplaces import BY_CODE, INDEX, MARKETPLACES
from sandbox.world.partners import AUTHORISATIONS, PARTNERS, Authorisation, Partner

WORDS = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))
SEASONS = ("flat", "q4", "summer")
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LISTED_SHARE, MERCHANT_SHARE, INACTIVE_SHARE = 0.93, 0.09, 0.03
LINES_PER_DAY = 440.0
HISTORY_DAYS = 396


@dataclass(frozen=True)
class Sku:
    """One SKU of a partner; ``usd`` is its price level in US cents."""

    partner: Partner
    code: str
    family: str
    asin: str
    parent_asin: str
    color: int
    usd: int
    season: int
    carton: int
    upc: str
    volume_cm3: int
    weight_g: int


@dataclass
class Catalog:
    """Columns of SKUs, listings and pools."""

    skus: list[Sku]
    listing_sku: np.ndarray
    listing_auth: np.ndarray
    listing_marketplace: np.ndarray
    listing_pool: np.ndarray
    listing_merchant: np.ndarray
    listing_price: np.ndarray
    listing_active: np.ndarray
    listing_rate: np.ndarray
    listing_launch: np.ndarray
    listing_title: list[str]
    listing_id: list[str]
    pool_sku: np.ndarray
    pool_auth: np.ndarray
    pool_merchant: np.ndarray
    pool_name: list[str]
    pool_fnsku: list[str]

    def authorisation(self, listing: int) -> Authorisation:
        """The authorisation a listing belongs to."""
        return AUTHORISATIONS[int(self.listing_auth[listing])]

    def codes(self) -> list[str]:
        """SKU code of every listing."""
        return [self.skus[i].code for i in self.listing_sku]

    def find(self, auth: Authorisation, code: str) -> list[int]:
        """Listings of one SKU code in one authorisation; empty if there is none."""
        mine = np.flatnonzero(self.listing_auth == auth.index)
        return [int(i) for i in mine if self.skus[self.listing_sku[i]].code == code]


def identifier(prefix: str, width: int, *key: object) -> str:
    """A code of ``width`` characters after the prefix, e.g. ASIN ``B0`` + 8 or FNSKU ``X00`` + 7."""
    number = int(digest(*key)[:16], 16)
    return prefix + "".join(BASE36[(number // 36**i) % 36] for i in range(width))


def _skus(seed: int, partner: Partner) -> list[Sku]:
    rng = np.random.default_rng([seed, 11, PARTNERS.index(partner)])
    families = list(WORDS[partner.id].items())
    result = []
    for number in range(partner.size):
        family, words = families[number % len(families)]
        color = number // len(families)
        usd = int(words["usd"] * rng.uniform(0.85, 1.3)) // 100 * 100 + 99
        code = f"{partner.prefix}-{family[:4]}-{color + 1:02d}{BASE36[10 + number % 26]}"
        if number % 37 == 5:  # codes that need care in URLs and in percent-encoding
            code = code.replace("-", "/", 1) + "+B"
        result.append(
            Sku(
                partner,
                code,
                family,
                identifier("B0", 8, seed, partner.id, "asin", number),
                identifier("B0", 8, seed, partner.id, "parent", family),
                color,
                usd,
                SEASONS.index(words["season"]),
                int(rng.choice([6, 12, 20, 24, 40])),
                f"{int(rng.integers(10**11, 10**12))}",
                int(rng.integers(300, 9000)),
                int(rng.integers(120, 2600)),
            )
        )
    return result


def _price(usd: int, code: str) -> int:
    """Price in minor units of the marketplace's currency, with the usual endings."""
    place = BY_CODE[code]
    whole = usd / 100 * place.level
    if place.decimals == 0:
        return max(int(whole / 10) * 10 - 20, 300)
    if place.level > 3:
        return int(whole) * 100
    return int(whole) * 100 + 99


def _title(sku: Sku, code: str) -> str:
    language = BY_CODE[code].language[:2]
    words = WORDS[sku.partner.id][sku.family]
    language = language if language in words else "en"
    color = WORDS["colors"][language][sku.color % len(WORDS["colors"][language])]
    if language == "ja":
        return f"{sku.partner.name} {words[language]} {color}"
    return f"{sku.partner.name} {words[language]}, {color}"


def _pairs(seed: int, skus: list[Sku]) -> list[tuple[int, Authorisation, str, bool]]:
    """(sku, authorisation, marketplace, merchant-fulfilled) of every listing."""
    rng = np.random.default_rng([seed, 12])
    pairs = []
    for number, sku in enumerate(skus):
        merchant = rng.random() < MERCHANT_SHARE
        for auth in (a for a in AUTHORISATIONS if a.partner is sku.partner):
            for code in auth.marketplaces:
                draw = rng.random()
                if draw < LISTED_SHARE or code == auth.marketplaces[0]:
                    pairs.append((number, auth, code, merchant or draw < 0.03))
    return pairs


def _rates(seed: int, skus: list[Sku], pairs: list, scale: float) -> np.ndarray:
    """Expected order lines per day and listing; a few SKUs carry most of it, many sell now and then."""
    rng = np.random.default_rng([seed, 13])
    base = np.clip(rng.lognormal(np.log(1.5), 1.05, len(skus)), 0.02, 60.0)
    base *= np.array([s.partner.weight for s in skus])
    weight = np.array([BY_CODE[code].weight for _, _, code, _ in pairs])
    rate = base[[number for number, _, _, _ in pairs]] * weight * rng.lognormal(0, 0.35, len(pairs))
    return rate / rate.sum() * LINES_PER_DAY * scale


def _launches(seed: int, skus: list[Sku]) -> np.ndarray:
    """Days from the first day of history to each SKU's launch; most were there before, some are days old."""
    rng = np.random.default_rng([seed, 15])
    kind = rng.random(len(skus))
    recent = HISTORY_DAYS - rng.integers(4, 13, len(skus))
    during = rng.integers(30, HISTORY_DAYS - 30, len(skus))
    return np.where(kind < 0.05, recent, np.where(kind < 0.2, during, 0))


def build(seed: int, scale: float) -> Catalog:
    """The catalog of a seed. ``scale`` multiplies demand, not the number of SKUs."""
    skus = [sku for partner in PARTNERS for sku in _skus(seed, partner)]
    pairs = _pairs(seed, skus)
    pools: dict[tuple[int, int, str, bool], int] = {}
    pool_of = []
    for number, auth, code, merchant in pairs:
        key = (number, auth.index, code if merchant else auth.pool_of(code), merchant)
        pool_of.append(pools.setdefault(key, len(pools)))
    active = np.random.default_rng([seed, 14]).random(len(pairs)) >= INACTIVE_SHARE
    return Catalog(
        skus=skus,
        listing_sku=np.array([p[0] for p in pairs]),
        listing_auth=np.array([p[1].index for p in pairs]),
        listing_marketplace=np.array([INDEX[p[2]] for p in pairs]),
        listing_pool=np.array(pool_of),
        listing_merchant=np.array([p[3] for p in pairs]),
        listing_price=np.array([_price(skus[p[0]].usd, p[2]) for p in pairs], dtype=np.int64),
        listing_active=active,
        listing_rate=_rates(seed, skus, pairs, scale) * active,
        listing_launch=_launches(seed, skus)[np.array([p[0] for p in pairs])],
        listing_title=[_title(skus[p[0]], p[2]) for p in pairs],
        listing_id=[f"{p[2][0]}{identifier('', 10, seed, 'listing', i)}" for i, p in enumerate(pairs)],
        pool_sku=np.array([k[0] for k in pools]),
        pool_auth=np.array([k[1] for k in pools]),
        pool_merchant=np.array([k[3] for k in pools]),
        pool_name=[k[2] for k in pools],
        pool_fnsku=[identifier("X00", 7, seed, "fnsku", *map(str, k)) for k in pools],
    )


def marketplace(catalog: Catalog, listing: int):
    """The Marketplace of a listing."""
    return MARKETPLACES[int(catalog.listing_marketplace[listing])]
